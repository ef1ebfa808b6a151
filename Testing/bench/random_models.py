"""Published architectures at full size with weights that mean nothing: they take the same time."""

import atexit
import functools
import importlib.util
import re
import shutil
import tempfile
from pathlib import Path
from unittest import SkipTest

from GazeSAMLib.engines.torch_runtime.imports import import_torch
from Testing.seeded_weights import seeded_weights

SAM_SHAPES = {
    "sam_vit_b": (768, 12, 12, (2, 5, 8, 11), 14, 16, 1024),
    "sam_vit_l": (1024, 24, 16, (5, 11, 17, 23), 14, 16, 1024),
    "sam_vit_h": (1280, 32, 16, (7, 15, 23, 31), 14, 16, 1024),
}


@functools.cache
def scratch() -> Path:
    """Return a folder that is there until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="gazesam-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def engine_name(model: str) -> str:
    """Return the engine that runs a model."""
    return "mobile_sam" if model == "mobile_sam" else "sam"


@functools.cache
def checkpoint(model: str) -> Path:
    """Return a checkpoint file of a model of the catalogue, as its publisher names its tensors."""
    path = scratch() / f"{model}.pth"
    network = _mobile_sam() if model == "mobile_sam" else _sam(model)
    rename = _published_name if model == "mobile_sam" else str
    shapes = {rename(name): tuple(one.shape) for name, one in network.state_dict().items()}
    import_torch().save(seeded_weights(shapes), path)
    return path


@functools.cache
def exported(model: str, precision: str = "fp32") -> Path:
    """Return the folder of a model that was exported, and found to equal PyTorch."""
    if not can_export():
        raise SkipTest("exporting needs onnx and onnxscript: pip install 'gazesam[export]'")
    from GazeSAMLib.engines.onnx.export import export_model
    from GazeSAMLib.engines.onnx.source import load_source

    folder = scratch() / f"{model}_{precision}"
    source = load_source(engine_name(model), checkpoint(model))
    export_model(source, folder, precision=precision)
    return folder


def can_export() -> bool:
    """Whether the packages are there that write ONNX files."""
    return all(importlib.util.find_spec(package) for package in ("onnx", "onnxscript"))


def meta_predictor(model: str, device: str = "cpu"):
    """Return Meta's predictor with a model of Meta's, called as its own examples call it."""
    from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything

    segment_anything = import_segment_anything()
    with import_torch().device("meta"):
        network = segment_anything.sam_model_registry[model.removeprefix("sam_")]()
    tensors = import_torch().load(checkpoint(model), weights_only=True, map_location=device)
    network.to_empty(device=device).load_state_dict(tensors)
    for name, values in (
        ("pixel_mean", (123.675, 116.28, 103.53)),
        ("pixel_std", (58.395, 57.12, 57.375)),
    ):  # no part of a checkpoint
        getattr(network, name).copy_(import_torch().tensor(values).view(-1, 1, 1))
    return segment_anything.SamPredictor(network.eval())


def _sam(model: str):
    from GazeSAMLib.engines.sam.architecture import SamArchitecture

    return SamArchitecture(*SAM_SHAPES[model]).build("meta")


def _mobile_sam():
    from GazeSAMLib.engines.mobile_sam.architecture import PUBLISHED, MobileSamArchitecture

    return MobileSamArchitecture.of_widths(PUBLISHED).build()


def _published_name(name: str) -> str:
    """Return what MobileSAM's publisher calls a tensor that `timm` calls `name`."""
    encoder = "image_encoder."
    if not name.startswith(encoder):
        return name
    inner = name.removeprefix(encoder)
    inner = re.sub(r"^patch_embed\.conv([12])\.", _of_sequence, inner)
    inner = re.sub(r"^stages\.(\d+)\.downsample\.", _of_earlier_layer, inner)
    inner = re.sub(r"^stages\.(\d+)\.blocks\.", r"layers.\1.blocks.", inner)
    return encoder + re.sub(r"\.conv\.weight$", ".c.weight", inner)


def _of_sequence(found: re.Match[str]) -> str:
    return f"patch_embed.seq.{2 * (int(found[1]) - 1)}."


def _of_earlier_layer(found: re.Match[str]) -> str:
    return f"layers.{int(found[1]) - 1}.downsample."
