"""MobileSAM as an engine: Segment Anything's, but for the image encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.mobile_sam.checkpoint import load_mobile_sam
from GazeSAMLib.engines.mobile_sam.encoder import encode, fuse
from GazeSAMLib.engines.sam.engine import SamEngine
from GazeSAMLib.engines.sam.model import SamModel
from GazeSAMLib.engines.sam.recipe import SamRecipe
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.engines.torch_runtime.precision import lower_precision
from GazeSAMLib.engines.torch_runtime.weights_file import file_digest
from GazeSAMLib.errors import CheckpointError


class MobileSamEngine(SamEngine):
    """MobileSAM from its checkpoint file.

    Parameters
    ----------
    checkpoint : Path or None
        The weights' file; there is no default, because nothing is downloaded unasked.
    device, precision : str or None
        See :class:`GazeSAMLib.engines.torch_runtime.placed_engine.PlacedEngine`.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or not one of MobileSAM.
    EngineError
        If torch, segment_anything, timm or the device is not there.
    """

    name = "mobile_sam"

    def __init__(
        self,
        checkpoint: Path | str | None = None,
        device: str | None = None,
        precision: str | None = None,
    ) -> None:
        if checkpoint is None:
            raise CheckpointError("the engine 'mobile_sam' needs a checkpoint: give its file")
        super().__init__(checkpoint, device, precision)

    def _load(self, placement: Placement) -> SamModel:
        model = load_model(self._path, placement)
        if model.digest != self._file_digest:
            raise CheckpointError(f"{self._path} has been changed: start the engine again")
        return model


class MobileSamModel(SamModel):
    """A MobileSAM that is ready to run; it keeps nothing between calls."""

    def _features(self, inputs: Any, between: Callable[[], None]) -> Any:  # noqa: ANN401
        return encode(self.network.image_encoder, inputs, between)


def load_model(path: Path, placement: Placement) -> MobileSamModel:
    """Return the model of a checkpoint file on a placement.

    Raises
    ------
    CheckpointError
        If the file is not one of MobileSAM.
    EngineError
        If torch, segment_anything or timm cannot be imported.
    """
    network, architecture = load_mobile_sam(path)
    fuse(network.image_encoder)
    lower_precision(network.image_encoder, placement.dtype)
    network.to(placement.device)
    return MobileSamModel(network, architecture, SamRecipe(), file_digest(path))
