"""From a PyTorch model to a folder that the engine `onnx` reads."""

import importlib.metadata
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from GazeSAMLib import __version__
from GazeSAMLib.engines.onnx.description import (
    DECODER,
    ENCODER,
    FILES,
    PRECISIONS,
    ModelDescription,
    file_sha256,
)
from GazeSAMLib.engines.onnx.parity import Parity, measured_parity
from GazeSAMLib.engines.onnx.quantised import quantise
from GazeSAMLib.engines.onnx.source import ExportSource
from GazeSAMLib.engines.onnx.torch_decoder import exportable_decoder
from GazeSAMLib.engines.onnx.torch_encoder import exportable_encoder
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.errors import EngineError, OutputError

OPSET = 20
OPSETS = (18, 24)
"""The first that has all that is needed, and the last that was tried."""

LARGEST_FILE_BYTES = 1 << 30
"""Weights above that go into a file beside the network: one file of ONNX holds 2 GB at most."""

STEPS = ("decoder", "encoder", "smaller numbers", "compared with PyTorch")

Progress = Callable[[str, int, int], None]


def export_model(
    source: ExportSource,
    folder: Path,
    *,
    precision: str = "fp32",
    opset: int = OPSET,
    progress: Progress | None = None,
) -> Parity:
    """Write a model to a new folder, once it was found to equal PyTorch's.

    Parameters
    ----------
    source : ExportSource
        The model.
    folder : Path
        Made here; may exist if it is empty. It is complete, or not there.
    precision : str
        Of the encoder: ``fp32``, or ``int8`` for its matrix products.
    opset : int
        Version of ONNX's operators.
    progress : callable, optional
        Called with what is done, how many steps are, and how many there are.

    Returns
    -------
    Parity
        How far the exported model is from PyTorch's.

    Raises
    ------
    EngineError
        If a package is missing, the export fails, or its result differs from PyTorch's.
    OutputError
        If the folder is not empty or cannot be written.
    """
    check_export(folder, precision, opset)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            made = Path(scratch) / "model"
            made.mkdir()
            parity = _write(source, made, precision, opset, progress or _silent)
            if folder.exists():
                folder.rmdir()
            made.replace(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
    return parity


def check_export(folder: Path, precision: str = "fp32", opset: int = OPSET) -> None:
    """Find out before the work whether it can be done.

    Raises
    ------
    EngineError
        If a package is missing, or an option is none.
    OutputError
        If the folder cannot be written, or holds something.
    """
    if precision not in PRECISIONS:
        raise EngineError(
            f"there is no precision '{precision}' of exported models: take "
            f"{' or '.join(PRECISIONS)}"
        )
    if not OPSETS[0] <= opset <= OPSETS[1]:
        raise EngineError(f"the opset is {OPSETS[0]} to {OPSETS[1]}, not {opset}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} holds something already: name a new folder")
    if not folder.absolute().parent.is_dir():
        raise OutputError(f"the folder {folder.absolute().parent} does not exist: make it first")
    if not os.access(folder.absolute().parent, os.W_OK):
        raise OutputError(f"the folder {folder.absolute().parent} cannot be written to")
    import_torch()
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise EngineError(
                f"exporting needs {package}, not installed here; install it with: "
                "pip install 'gazesam[export]'"
            )


def _write(
    source: ExportSource, folder: Path, precision: str, opset: int, progress: Progress
) -> Parity:
    """Write all files of a model and compare it; return how far it is from PyTorch's."""
    model = source.model.eval()
    described = _described(source, precision, opset)
    steps = [step for step in STEPS if precision == "int8" or step != STEPS[2]]

    def tell(done: int) -> None:
        progress("exporting", done, len(steps))

    tell(0)
    _export_decoder(model, folder / DECODER, described)
    tell(1)
    _export_encoder(model, folder / ENCODER, described)
    tell(2)
    if precision == "int8":
        quantise(folder / ENCODER)
        tell(3)
    written = {name: file_sha256(folder / name) for name in FILES if (folder / name).exists()}
    described = replace(described, sha256=written)
    described.write(folder)
    parity = measured_parity(folder, model)
    parity.check(precision)
    replace(described, parity=asdict(parity)).write(folder)
    tell(len(steps))
    return parity


def _described(source: ExportSource, precision: str, opset: int) -> ModelDescription:
    model = source.model
    tokens = model.prompt_encoder.image_embedding_size[0]
    mean, std = (tuple(one.flatten().tolist()) for one in (model.pixel_mean, model.pixel_std))
    return ModelDescription(
        engine=source.engine,
        model=source.name,
        weights_sha256=source.weights_sha256,
        image_px=model.prompt_encoder.input_image_size[0],
        embedding_shape=(model.prompt_encoder.embed_dim, tokens, tokens),
        mask_px=model.prompt_encoder.mask_input_size[0],
        pixel_mean=mean,
        pixel_std=std,
        precision=precision,
        opset=opset,
        versions={
            "gazesam": __version__,
            **{one: importlib.metadata.version(one) for one in ("torch", "onnx", "onnxruntime")},
        },
    )


def _export_decoder(model: Any, path: Path, described: ModelDescription) -> None:  # noqa: ANN401
    torch = import_torch()
    side = described.mask_px
    _export(
        exportable_decoder(model),
        {
            "embedding": torch.zeros(1, *described.embedding_shape),
            "points": torch.zeros(1, 3, 2),
            "labels": torch.zeros(1, 3),
            "previous": torch.zeros(1, 1, side, side),
            "has_previous": torch.zeros(1),
        },
        ["low_res", "iou"],
        path,
        described.opset,
        varying=("points", "labels"),
    )


def _export_encoder(model: Any, path: Path, described: ModelDescription) -> None:  # noqa: ANN401
    side = described.image_px
    image = import_torch().zeros(1, 3, side, side)
    encoder = exportable_encoder(model.image_encoder)
    _export(encoder, {"image": image}, ["features"], path, described.opset)


def _export(
    module: Any,  # noqa: ANN401 - a torch module
    example: dict[str, Any],
    outputs: list[str],
    path: Path,
    opset: int,
    varying: tuple[str, ...] = (),
) -> None:
    """Write one network; the second axis of the inputs in `varying` may have any length."""
    torch = import_torch()
    points = torch.export.Dim("points", min=2, max=4096)
    axes = {name: {1: points} if name in varying else {} for name in example}
    size = sum(one.numel() * one.element_size() for one in module.state_dict().values())
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what an export means for us is measured afterwards
            program = torch.onnx.export(
                module,
                tuple(example.values()),
                dynamo=True,
                input_names=list(example),
                output_names=outputs,
                dynamic_shapes=tuple(axes.values()),
                opset_version=opset,
                verbose=False,
            )
            program.save(path, external_data=size > LARGEST_FILE_BYTES)
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EngineError(
            f"torch {torch.__version__} cannot export the {path.stem}: {reason:.200}"
        ) from error


def _silent(_what: str, _done: int, _total: int) -> None:
    pass
