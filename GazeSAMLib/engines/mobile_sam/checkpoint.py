"""Loading MobileSAM's checkpoint: what its tensors are called in ``timm``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from GazeSAMLib.engines.mobile_sam.architecture import MobileSamArchitecture
from GazeSAMLib.engines.torch_runtime.weights_file import check_tensors, read_tensors, recognised
from GazeSAMLib.errors import CheckpointError

if TYPE_CHECKING:
    from torch import nn

# TinyViT's classifier of photographs, which MobileSAM's file still holds and nobody asks.
_OF_CLASSIFIER = re.compile(r"image_encoder\.(norm_head|head)\.(weight|bias)")


def our_name(name: str) -> str | None:
    """Return what MobileSAM's tensor `name` is called here; None if nobody needs it."""
    if _OF_CLASSIFIER.fullmatch(name):
        return None
    encoder = "image_encoder."
    if not name.startswith(encoder):
        return name
    inner = name.removeprefix(encoder)
    inner = re.sub(r"^patch_embed\.seq\.0\.", "patch_embed.conv1.", inner)
    inner = re.sub(r"^patch_embed\.seq\.2\.", "patch_embed.conv2.", inner)
    # What leads from one stage to the next belongs to the later one in timm.
    inner = re.sub(
        r"^layers\.(\d+)\.downsample\.",
        lambda found: f"stages.{int(found[1]) + 1}.downsample.",
        inner,
    )
    inner = re.sub(r"^layers\.(\d+)\.blocks\.", r"stages.\1.blocks.", inner)
    return encoder + re.sub(r"\.c\.weight$", ".conv.weight", inner)


def load_mobile_sam(path: Path) -> "tuple[nn.Module, MobileSamArchitecture]":
    """Return ``segment_anything``'s model with MobileSAM's encoder and weights, in float32.

    Every tensor's name and shape must be MobileSAM's before any of them is used. The model has
    one buffer more than Meta's: ``dense_positions``, the positional encoding of its features.

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
        architecture = recognised(theirs, MobileSamArchitecture.of, "MobileSAM")
        model = architecture.build()
        tensors = {ours: theirs[name] for name in theirs if (ours := our_name(name)) is not None}
        check_tensors(tensors, model.state_dict(), "MobileSAM")
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    model.load_state_dict(tensors)
    model.register_buffer("dense_positions", model.prompt_encoder.get_dense_pe(), False)
    return model, architecture
