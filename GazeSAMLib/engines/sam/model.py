"""A Segment Anything model on a device: from slice images to features, from prompts to masks."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.engines.sam.attention import fuse_attention
from GazeSAMLib.engines.sam.checkpoint import load_sam
from GazeSAMLib.engines.sam.embedding import SamEmbedding, halved
from GazeSAMLib.engines.sam.recipe import Recipe, recipe_for
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.engines.torch_runtime.precision import lower_precision

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]
Masks = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Asked:
    """A prompt in numbers: one of points, or some of a box each.

    Attributes
    ----------
    points : (ndarray, shape (N, 2), and ndarray, shape (N,)) or None
        Pixels, and labels.
    boxes : ndarray, shape (B, 4), or None
        Pixels; with points or a mask to refine, one.
    previous : ndarray, shape (h, w), or None
        Low-resolution logits to refine.
    """

    points: tuple[FloatArray, npt.NDArray[np.int64]] | None = None
    boxes: FloatArray | None = None
    previous: npt.NDArray[np.float32] | None = None

    def scaled(self, scale_uv: FloatArray) -> "Asked":
        """Return the same in an image whose sides are `scale_uv` times as long."""
        points = None if self.points is None else (self.points[0] * scale_uv, self.points[1])
        boxes = None if self.boxes is None else self.boxes * np.tile(scale_uv, 2)
        return replace(self, points=points, boxes=boxes)


@dataclass(frozen=True, eq=False)
class SamModel:
    """A model that is ready to run; it keeps nothing between calls.

    Attributes
    ----------
    network : torch.nn.Module
        ``segment_anything``'s, with the positional encoding of its features in
        ``dense_positions``.
    architecture : SamArchitecture
        Its shape.
    recipe : Recipe
        How it wants its images.
    digest : str
        SHA-256 of its file.
    """

    network: Any
    architecture: SamArchitecture
    recipe: Recipe
    digest: str

    @property
    def device(self) -> Any:  # noqa: ANN401 - torch's
        """Where it is."""
        return self.network.dense_positions.device

    @property
    def tokens(self) -> int:
        """Side of its features."""
        return self.architecture.image_px // self.architecture.patch_px

    def embed(self, images: Sequence[Pixels], between: Callable[[], None]) -> list[SamEmbedding]:
        """Return the embeddings of slice images of shape (H, W), all made at once.

        `between` is called before every block of the image encoder.
        """
        torch, side_px = import_torch(), self.architecture.image_px
        squares = [
            self.recipe.normalised(torch.as_tensor(one).to(self.device), side_px)
            for one in self._resized(images)
        ]
        features = self._features(torch.cat(squares), between)
        kept = None if self.device.type == "cpu" else halved(features)
        return [
            SamEmbedding(
                features[at : at + 1],
                (pixels.shape[0], pixels.shape[1]),
                None if kept is None else kept[at],
                pixels,
            )
            for at, pixels in enumerate(images)
        ]

    def masks(self, embedding: SamEmbedding, asked: Asked) -> Masks:
        """Return logits (B, K, H, W), scores (B, K) and low-resolution logits (B, K, h, w).

        The same steps as those of ``segment_anything.SamPredictor.predict``, which keeps the
        image in the predictor and works out the positional encoding anew for every prompt.
        """
        shape, side_px = embedding.image_shape, self.architecture.image_px
        rows, columns = self.recipe.input_shape(shape, side_px)
        asked = asked.scaled(np.array((columns / shape[1], rows / shape[0])))
        torch = import_torch()
        coordinates, labels = asked.points or (None, None)
        points = None
        if coordinates is not None:
            points = self._tensor(coordinates)[None], self._tensor(labels, torch.int)[None]
        previous = self._tensor(asked.previous)
        sparse, dense = self.network.prompt_encoder(
            points=points,
            boxes=self._tensor(asked.boxes),
            masks=None if previous is None else previous[None, None],
        )
        low_res, scores = self.network.mask_decoder(
            image_embeddings=embedding.features_on(self.device),
            image_pe=self.network.dense_positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=self.recipe.several,
        )
        logits = self.recipe.restored(low_res, shape, side_px)
        return logits.cpu().numpy(), scores.cpu().numpy(), low_res.cpu().numpy()

    def _features(self, inputs: Any, between: Callable[[], None]) -> Any:  # noqa: ANN401
        """Return the image encoder's output for inputs of shape (B, 3, side, side), as float32."""
        encoder = self.network.image_encoder
        tokens = encoder.patch_embed(inputs) + encoder.pos_embed
        for block in encoder.blocks:
            between()
            tokens = block(tokens)
        between()
        return encoder.neck(tokens.permute(0, 3, 1, 2)).float()

    def _resized(self, images: Sequence[Pixels]) -> list[npt.NDArray[np.generic]]:
        side_px = self.architecture.image_px
        if len(images) == 1:
            return [self.recipe.resized(images[0], side_px)]
        with ThreadPoolExecutor(4) as pool:  # Pillow works without Python's lock
            return list(pool.map(lambda one: self.recipe.resized(one, side_px), images))

    def _tensor(self, values: npt.NDArray[Any] | None, kind: Any = None) -> Any:  # noqa: ANN401
        torch = import_torch()
        if values is None:
            return None
        return torch.tensor(values, dtype=kind or torch.float, device=self.device)


def load_model(path: Path, placement: Placement, boxes_alone: bool = False) -> SamModel:
    """Return the model of a checkpoint file, its attention fused, on a placement.

    Raises
    ------
    CheckpointError
        If the file is not one of Segment Anything.
    EngineError
        If torch or segment_anything cannot be imported.
    """
    network, architecture, digest = load_sam(path)
    fuse_attention(network.image_encoder)
    lower_precision(network.image_encoder, placement.dtype)
    recipe = recipe_for(architecture.image_px, boxes_alone)
    return SamModel(network.to(placement.device), architecture, recipe, digest)
