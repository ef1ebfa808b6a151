"""All structures of an image at once: Segment Anything's automatic mask generator.

Prompts are its authors' grid of points, and what becomes of the masks is what their
``SamAutomaticMaskGenerator`` does (Kirillov et al. 2023, appendix B). Where that needs OpenCV or
a compiled torchvision, numpy and scipy do the same here.
"""

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.sam.embedding import SamEmbedding
from GazeSAMLib.engines.sam.engine import SamEngine
from GazeSAMLib.engines.sam.model import SamModel
from GazeSAMLib.engines.sam.recipe import SamRecipe
from GazeSAMLib.engines.sam.sifting import distinct_boxes, without_small_regions
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything, import_torch
from GazeSAMLib.errors import EngineError

Step = Callable[[int, int], None]
"""Called with how many of the points are done, and how many there are; may raise to give up."""


@dataclass(frozen=True, slots=True)
class EverythingSettings:
    """How thoroughly an image is searched; names and defaults are the original's.

    Attributes
    ----------
    points_per_side : int
        Of the grid of prompts.
    points_per_batch : int
        How many of them are answered at once: more are faster and take more memory.
    pred_iou_thresh : float
        Masks whose overlap the model expects to be less are left out.
    stability_score_thresh : float
        Masks that change more with the threshold are left out.
    stability_score_offset : float
        By how much the threshold is changed for that.
    box_nms_thresh : float
        Of masks whose boxes overlap more, the better one is kept.
    crop_n_layers : int
        How often the image is halved and the crops searched as well.
    crop_nms_thresh : float
        As `box_nms_thresh`, among masks of different crops.
    crop_overlap_ratio : float
        Share of the image's shorter side by which crops overlap.
    crop_n_points_downscale_factor : int
        By how much the grid of each further layer of crops is coarser.
    min_mask_region_area : int
        Holes and islands of fewer pixels are filled and dropped.

    Raises
    ------
    EngineError
        If no point is left for the smallest crops.
    """

    points_per_side: int = 32
    points_per_batch: int = 64
    pred_iou_thresh: float = 0.88
    stability_score_thresh: float = 0.95
    stability_score_offset: float = 1.0
    box_nms_thresh: float = 0.7
    crop_n_layers: int = 0
    crop_nms_thresh: float = 0.7
    crop_overlap_ratio: float = 512 / 1500
    crop_n_points_downscale_factor: int = 1
    min_mask_region_area: int = 0

    def __post_init__(self) -> None:
        if self.points_per_side < self.crop_n_points_downscale_factor**self.crop_n_layers:
            raise EngineError(
                f"a grid of {self.points_per_side} points a side leaves none for the smallest "
                "crops: take more points, fewer layers of crops, or a smaller factor"
            )


def check_everything(engine: object) -> SamEngine:
    """Return the engine, if it can segment everything.

    Raises
    ------
    EngineError
        If its model is none that answers points as Segment Anything does.
    """
    if isinstance(engine, SamEngine) and isinstance(engine._sam.recipe, SamRecipe):
        return engine
    raise EngineError(
        f"'{getattr(engine, 'name', engine)}' cannot segment everything: name a model of Segment "
        "Anything or MobileSAM, such as mobile_sam or sam_vit_b"
    )


def segment_everything(
    engine: SamEngine,
    image: npt.NDArray[np.uint8],
    settings: EverythingSettings,
    step: Step,
    *,
    as_rle: bool = False,
    embedding: SamEmbedding | None = None,
) -> list[dict[str, Any]]:
    """Return the masks of an image, as records of ``SamAutomaticMaskGenerator.generate``.

    Parameters
    ----------
    engine : SamEngine
        Passed :func:`check_everything`.
    image : ndarray of uint8, shape (H, W, 3)
        Red, green, blue.
    settings : EverythingSettings
        How thoroughly.
    step : callable
        Called between batches of points.
    as_rle : bool
        Whether ``segmentation`` is COCO's run-length code in place of an array.
    embedding : SamEmbedding or None
        The image's, where it is known and no crops are searched.

    Raises
    ------
    EngineError
        If the image is too small for its crops, or the model runs on no device any more.
    """
    output_mode = "coco_rle" if as_rle else "binary_mask"

    def work(model: SamModel, _placement: object) -> list[dict[str, Any]]:
        generator = _generator(model, settings, output_mode, step)
        if embedding is not None:
            generator.predictor.known = embedding.features_on(model.device)
        records: list[dict[str, Any]] = generator.generate(image)
        return records

    with import_torch().inference_mode():
        return engine._placed.run(work)


class _Predictor:
    """How ``SamPredictor`` gets its features: through the engine's model."""

    model: Any
    reset_image: Callable[[], None]
    engine_model: SamModel
    between: Callable[[], None]
    known: Any = None

    def set_torch_image(self, transformed: Any, original_size: tuple[int, ...]) -> None:  # noqa: ANN401
        """Embed an image that has the model's size already."""
        self.reset_image()
        self.original_size = original_size
        self.input_size = tuple(transformed.shape[-2:])
        self.features = self.known
        if self.features is None:
            inputs = self.model.preprocess(transformed)
            self.features = self.engine_model._features(inputs, self.between)
        self.is_image_set = True


class _Generator:
    """What of ``SamAutomaticMaskGenerator`` is done otherwise: the same masks come of it."""

    predictor: Any
    point_grids: list[npt.NDArray[np.float64]]
    crop_n_layers: int
    crop_overlap_ratio: float
    crop_nms_thresh: float
    box_nms_thresh: float
    points_per_batch: int
    _process_batch: Callable[..., Any]

    def follow(self, step: Step) -> None:
        """Call `step` from now on."""
        self._step, self._done, self._total = step, 0, 0

    def tell(self) -> None:
        """Say how far it is."""
        self._step(self._done, self._total)

    def _generate_masks(self, image: npt.NDArray[np.uint8]) -> Any:  # noqa: ANN401
        shape, amg = image.shape[:2], _amg()
        crops, layers = amg.generate_crop_boxes(shape, self.crop_n_layers, self.crop_overlap_ratio)
        if any(left >= right or top >= bottom for left, top, right, bottom in crops):
            raise EngineError(
                f"an image of {shape[1]} x {shape[0]} pixels is too small for "
                f"{self.crop_n_layers} layers of crops"
            )
        self._total = sum(len(self.point_grids[layer]) for layer in layers)
        data = amg.MaskData()
        for crop, layer in zip(crops, layers, strict=True):
            data.cat(self._process_crop(image, crop, layer, shape))
        if len(crops) > 1:  # where two crops hold the same mask, the smaller crop's is finer
            sides = data["crop_boxes"].reshape(-1, 2, 2)
            area = (sides[:, 1] - sides[:, 0]).prod(dim=1)
            data.filter(_distinct(data["boxes"], 1.0 / area, self.crop_nms_thresh))
        data.to_numpy()
        return data

    def _process_crop(
        self, image: npt.NDArray[np.uint8], crop: list[int], layer: int, shape: tuple[int, ...]
    ) -> Any:  # noqa: ANN401
        left, top, right, bottom = crop
        part, amg = image[top:bottom, left:right], _amg()
        self.predictor.set_image(part)
        points = self.point_grids[layer] * np.array(part.shape[1::-1])
        data = amg.MaskData()
        for begin in range(0, len(points), self.points_per_batch):
            some = points[begin : begin + self.points_per_batch]
            data.cat(self._process_batch(some, part.shape[:2], crop, shape))
            self._done += len(some)
            self.tell()
        data.filter(_distinct(data["boxes"], data["iou_preds"], self.box_nms_thresh))
        data["boxes"] = amg.uncrop_boxes_xyxy(data["boxes"], crop)
        data["points"] = amg.uncrop_points(data["points"], crop)
        data["crop_boxes"] = import_torch().tensor(crop).repeat(len(data["rles"]), 1)
        return data

    @staticmethod
    def postprocess_small_regions(data: Any, min_area: int, nms_thresh: float) -> Any:  # noqa: ANN401
        """Clean the masks, and drop those that have become the same."""
        if not data["rles"]:
            return data
        torch, amg = import_torch(), _amg()
        cleaned = [without_small_regions(amg.rle_to_mask(rle), min_area) for rle in data["rles"]]
        masks = torch.as_tensor(np.stack([mask for mask, _ in cleaned]))
        boxes = amg.batched_mask_to_box(masks)
        # Of a mask that had to be cleaned and one that had not, the latter is kept.
        scores = torch.tensor([float(not changed) for _, changed in cleaned])
        kept = _distinct(boxes, scores, nms_thresh)
        for index in kept.tolist():
            if cleaned[index][1]:
                data["rles"][index] = amg.mask_to_rle_pytorch(masks[index : index + 1])[0]
                data["boxes"][index] = boxes[index].numpy()
        data.filter(kept)
        return data


def _generator(model: SamModel, settings: EverythingSettings, output_mode: str, step: Step) -> Any:  # noqa: ANN401 - of segment_anything
    original = import_segment_anything()
    options = asdict(settings)
    area = options.pop("min_mask_region_area")  # with it the original asks for OpenCV
    generator_class = type("Generator", (_Generator, original.SamAutomaticMaskGenerator), {})
    generator = generator_class(model.network, output_mode=output_mode, **options)
    generator.min_mask_region_area = area
    generator.follow(step)
    generator.predictor = type("Predictor", (_Predictor, original.SamPredictor), {})(model.network)
    generator.predictor.engine_model = model
    generator.predictor.between = generator.tell
    return generator


def _amg() -> Any:  # noqa: ANN401 - a module
    import_segment_anything()
    return importlib.import_module("segment_anything.utils.amg")


def _distinct(boxes: Any, scores: Any, threshold: float) -> Any:  # noqa: ANN401 - torch tensors
    kept = distinct_boxes(_array(boxes), _array(scores), threshold)
    return import_torch().as_tensor(kept)


def _array(values: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - a tensor, or an array already
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
