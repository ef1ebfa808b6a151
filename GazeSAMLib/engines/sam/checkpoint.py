"""Loading a Segment Anything checkpoint from a file that nobody has to trust."""

from pathlib import Path
from typing import Any

from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.engines.sam.recipe import DEVIATION_RGB, MEAN_RGB
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything, import_torch
from GazeSAMLib.engines.torch_runtime.weights_file import (
    check_tensors,
    file_digest,
    read_tensors,
    recognised,
)
from GazeSAMLib.errors import CheckpointError

OURS = ("SAM-Med2D", "Segment Anything (or MedSAM)")
"""What :func:`seems_to_be` says of models that can be loaded here."""


def load_sam(path: Path) -> tuple[Any, SamArchitecture, str]:
    """Return the model, its architecture, and the file's SHA-256 as hexadecimal digits.

    Every tensor's name and shape must be the model's before any of them is used. The model has
    one buffer more than Meta's: ``dense_positions``, the positional encoding of its features.

    Raises
    ------
    CheckpointError
        If the file is not there, truncated, holds something else than tensors, or the tensors
        are those of another model.
    EngineError
        If torch or segment_anything cannot be imported.
    """
    import_segment_anything()
    torch = import_torch()
    tensors = read_tensors(path)
    try:
        architecture = recognised(tensors, SamArchitecture.of, "Segment Anything", *OURS)
        model = architecture.build("meta")
        check_tensors(tensors, model.state_dict(), "Segment Anything")
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    model.load_state_dict(tensors, assign=True)
    # Not part of a checkpoint, so still without storage.
    for name, values in (("pixel_mean", MEAN_RGB), ("pixel_std", DEVIATION_RGB)):
        model.register_buffer(name, torch.tensor(values).view(-1, 1, 1), False)
    model.float().requires_grad_(False)
    positions = model.prompt_encoder.get_dense_pe()  # the same for every prompt
    model.register_buffer("dense_positions", positions, False)
    return model, architecture, file_digest(path)
