"""Loading Meta's checkpoints of SAM 2: what their tensors are called here, and what is left out."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from GazeSAMLib.engines.sam2.architecture import Sam2Architecture, architecture_of, release_of
from GazeSAMLib.engines.sam2.network import build, prepare
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.engines.torch_runtime.precision import lower_precision
from GazeSAMLib.engines.torch_runtime.weights_file import (
    check_tensors,
    file_digest,
    read_tensors,
    recognised,
)
from GazeSAMLib.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from torch import nn

# Of videos: the memory of earlier frames and whether the object is in this one.
_OF_VIDEOS = re.compile(
    r"(memory_attention|memory_encoder|mask_downsample|obj_ptr_proj|obj_ptr_tpos_proj"
    r"|sam_mask_decoder\.pred_obj_score_head)\..+"
    r"|maskmem_tpos_enc|no_mem_pos_enc|no_obj_ptr|no_obj_embed_spatial"
)

# Meta's names and ours (those of timm and segment_anything), in this order.
_NAMES = (
    (r"^image_encoder\.trunk\.(.*)\.mlp\.layers\.0\.", r"trunk.\1.mlp.fc1."),
    (r"^image_encoder\.trunk\.(.*)\.mlp\.layers\.1\.", r"trunk.\1.mlp.fc2."),
    (r"^image_encoder\.trunk\.", "trunk."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"neck.\1."),
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^sam_mask_decoder\.(transformer\..*\.mlp)\.layers\.0\.", r"mask_decoder.\1.lin1."),
    (r"^sam_mask_decoder\.(transformer\..*\.mlp)\.layers\.1\.", r"mask_decoder.\1.lin2."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
)


def our_name(name: str) -> str | None:
    """Return what Meta's tensor `name` is called here; None if it is of videos."""
    if _OF_VIDEOS.fullmatch(name):
        return None
    for pattern, ours in _NAMES:
        renamed, count = re.subn(pattern, ours, name)
        if count:
            return renamed
    return name


@dataclass(frozen=True, eq=False)
class Sam2Model:
    """A SAM 2 ready to run.

    Attributes
    ----------
    network : nn.Module
        Of :func:`GazeSAMLib.engines.sam2.network.build`, with its weights.
    architecture : Sam2Architecture
        Its shape.
    name : str
        With the release: ``sam2.1_tiny``.
    digest : str
        SHA-256 of its file.
    """

    network: "nn.Module"
    architecture: Sam2Architecture
    name: str
    digest: str

    @property
    def device(self) -> "torch.device":
        """Where it is."""
        return self.network.image_pe.device


def load_sam2(path: Path, placement: Placement) -> Sam2Model:
    """Return the model of a checkpoint file on a device.

    Every tensor of the image path must be there with its name and shape before any is used.

    Raises
    ------
    CheckpointError
        If the file is not there, truncated, holds something else than tensors, or the tensors
        are those of another model.
    EngineError
        If torch, segment_anything or timm cannot be imported.
    """
    theirs = read_tensors(path)
    try:
        architecture = recognised(theirs, architecture_of, "SAM 2")
        network = build(architecture)
        tensors = {ours: theirs[name] for name in theirs if (ours := our_name(name)) is not None}
        check_tensors(tensors, network.state_dict(), "SAM 2")
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    network.load_state_dict(tensors, assign=True)
    prepare(network.float().requires_grad_(False))
    for part in (network.trunk, network.fine, network.coarse):
        lower_precision(part, placement.dtype)
    network.to(placement.device)
    name = f"{release_of(theirs)}_{architecture.name}"
    return Sam2Model(network, architecture, name, file_digest(path))
