"""Engine `onnx`: an exported Segment Anything model on onnxruntime."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.onnx.description import DECODER, ENCODER, ModelDescription, check_files
from GazeSAMLib.engines.onnx.low_res import at_image_size
from GazeSAMLib.engines.onnx.prompt_input import decoder_input
from GazeSAMLib.engines.onnx.runtime import CPU, checked_device, checked_run, open_session
from GazeSAMLib.engines.onnx.slice_input import encoder_input
from GazeSAMLib.engines.onnx.stepping import run_in_steps
from GazeSAMLib.errors import CheckpointError, EngineError
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

_INPUTS = {
    ENCODER: {"image": 4},
    DECODER: {
        "embedding": 4,
        "points": 3,
        "labels": 2,
        "previous": 4,
        "has_previous": 1,
    },
}


@dataclass(frozen=True, eq=False)
class OnnxEmbedding:
    """The encoder's output for one slice image.

    Attributes
    ----------
    features : ndarray, shape (1, C, T, T), float32
        As the decoder takes them.
    image_shape : (int, int)
        Height and width of the slice image.
    """

    features: npt.NDArray[np.float32]
    image_shape: tuple[int, int]


class OnnxEngine:
    """A model that ``gazesam export-onnx`` wrote; needs no PyTorch.

    Parameters
    ----------
    folder : Path or None
        Where it was written to; there is no default.
    device : str or None
        ``cpu``, ``cuda`` or ``cuda:1``; None takes CUDA where that works.
    threads : int
        On how many processors it runs; 0 takes one for each core.

    Raises
    ------
    CheckpointError
        If a file in the folder is missing, damaged, replaced, or from a newer GazeSAM.
    EngineError
        If onnxruntime or the device is not there.
    """

    name = "onnx"
    batch_size = 1
    """The encoder takes one slice at a time: on processors, several gain nothing."""

    def __init__(
        self, folder: Path | str | None = None, device: str | None = None, threads: int = 0
    ) -> None:
        if folder is None:
            raise CheckpointError(
                "the engine 'onnx' needs the folder of an exported model: make one with "
                "gazesam export-onnx"
            )
        folder = Path(folder)
        self.device = checked_device(device)
        self.model = ModelDescription.read(folder)
        check_files(folder, self.model)
        self.weights_digest = self.model.digest
        try:
            self._encoder, self._decoder = _sessions(folder, self.device, int(threads))
        except EngineError:
            if device is not None or self.device == CPU:
                raise
            self.device = CPU  # onnxruntime has CUDA, and the machine no graphics card
            self._encoder, self._decoder = _sessions(folder, self.device, int(threads))
        self._check_shapes(folder)

    @property
    def runs_on(self) -> str:
        """Runtime, device and precision, for people: ``onnxruntime, cpu, fp32``."""
        return f"onnxruntime, {self.device}, {self.model.precision}"

    def embed(self, pixels: npt.NDArray[np.uint8]) -> OnnxEmbedding:
        """Run the encoder on a grey slice image, shape (H, W)."""
        feed = {"image": encoder_input(pixels, self.model)}
        (features,) = checked_run(lambda: self._encoder.run(None, feed))
        return self._embedding(features, pixels)

    def embed_in_steps(
        self, pixels: npt.NDArray[np.uint8], between: Callable[[], None]
    ) -> OnnxEmbedding:
        """Embed as `embed` does, and call `between` every few milliseconds meanwhile.

        The encoder goes on while `between` works; if it raises, the encoder ends with the
        layer that it is at and what it has computed is lost.
        """
        (features,) = run_in_steps(
            self._encoder, {"image": encoder_input(pixels, self.model)}, between
        )
        return self._embedding(features, pixels)

    def embed_batch(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[OnnxEmbedding]:
        """Return the embeddings of slice images, each of shape (H, W), one after the other."""
        return [self.embed(pixels) for pixels in images]

    def decode(self, embedding: OnnxEmbedding, prompts: PromptSet) -> MaskCandidates:
        """Return the model's three masks with its own estimates of their IoU.

        Raises
        ------
        PromptError
            If the previous mask is not one that this model returned.
        """
        shape = embedding.image_shape
        feed = {
            "embedding": embedding.features,
            **decoder_input(prompts, shape, self.model),
        }
        low_res, scores = checked_run(lambda: self._decoder.run(["low_res", "iou"], feed))
        logits = at_image_size(low_res[0], shape, self.model.image_px)
        return MaskCandidates(logits, np.clip(scores[0], 0.0, 1.0), low_res[0])

    def pack(self, embedding: OnnxEmbedding) -> PackedEmbedding:
        """Return an embedding in half the numbers' size, which changes no mask to speak of."""
        largest = float(np.finfo(np.float16).max)
        features = np.clip(embedding.features[0], -largest, largest).astype(np.float16)
        return PackedEmbedding(
            {"features": features}, {"image_shape": [int(side) for side in embedding.image_shape]}
        )

    def unpack(self, packed: PackedEmbedding) -> OnnxEmbedding:
        """Return the embedding that was packed.

        Raises
        ------
        EngineError
            If it is not one of this model.
        """
        features = packed.arrays.get("features")
        shape = packed.facts.get("image_shape")
        if (
            features is None
            or features.dtype != np.float16
            or features.shape != self.model.embedding_shape
            or not isinstance(shape, (list, tuple))
            or len(shape) != 2
            or not all(type(side) is int and side > 0 for side in shape)
        ):
            raise EngineError(
                f"a stored embedding is not one of the model '{self.model.model}' of the "
                "engine 'onnx'"
            )
        return OnnxEmbedding(features[None].astype(np.float32), (shape[0], shape[1]))

    def _embedding(
        self, features: npt.NDArray[np.float32], pixels: npt.NDArray[np.uint8]
    ) -> OnnxEmbedding:
        return OnnxEmbedding(features, (pixels.shape[0], pixels.shape[1]))

    def _check_shapes(self, folder: Path) -> None:
        """Raise unless the networks have the shapes that are described."""
        side = self.model.image_px
        taken = self._encoder.get_inputs()[0].shape
        given = self._encoder.get_outputs()[0].shape
        embedding = self._decoder.get_inputs()[0].shape
        previous = self._decoder.get_inputs()[3].shape
        expected = [1, *self.model.embedding_shape]
        if (taken, given, embedding, previous[2:]) != (
            [1, 3, side, side],
            expected,
            expected,
            [self.model.mask_px] * 2,
        ):
            raise CheckpointError(
                f"the networks in {folder} do not have the shapes that model.json describes: "
                f"the encoder makes {given} of {taken}, not {expected} of {[1, 3, side, side]}"
            )


def _sessions(folder: Path, device: str, threads: int) -> tuple[Any, Any]:
    return _session(folder / ENCODER, device, threads), _session(folder / DECODER, device, threads)


def _session(path: Path, device: str, threads: int) -> Any:  # noqa: ANN401 - onnxruntime's
    session = open_session(path, device, threads)
    found = {value.name: len(value.shape) for value in session.get_inputs()}
    if found != _INPUTS[path.name]:
        raise CheckpointError(
            f"{path} is not the {path.stem} of an exported model: it takes "
            f"{', '.join(found)}, not {', '.join(_INPUTS[path.name])}"
        )
    return session
