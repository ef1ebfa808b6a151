"""``gazesam export-onnx``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.engines.onnx.export import OPSET, check_export, export_model
from GazeSAMLib.engines.onnx.source import check_exportable, load_source
from GazeSAMLib.hosts.cli.segment import JsonOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results

EPILOG = """\
Examples:

gazesam export-onnx mobile_sam --output mobile_sam_onnx

gazesam export-onnx sam --checkpoint my_vit_b.pth --output my_model --int8

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd --engine onnx --checkpoint my_model

The folder is all that another machine needs: no PyTorch, no checkpoint. It is kept only if its
masks are those of PyTorch. With --int8 the encoder is faster and its masks differ a little.
"""


def export_onnx(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="As `gazesam models list` names it; with --checkpoint: sam or mobile_sam.",
        ),
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder to write to.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of your own, in place of a model's."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Compute the encoder's matrix products in 8 bits.")
    ] = False,
    opset: Annotated[
        int, typer.Option(metavar="N", help="Version of ONNX's operators, 18 to 24.")
    ] = OPSET,
    as_json: JsonOption = False,
) -> None:
    """Write a model for machines without PyTorch (engine onnx)."""
    precision = "int8" if int8 else "fp32"
    check_exportable(model)
    check_export(output, precision, opset)
    source = load_source(model, checkpoint)
    with progress_bars() as progress:
        parity = export_model(source, output, precision=precision, opset=opset, progress=progress)
    if as_json:
        values = {"folder": str(output), "model": source.name, "precision": precision}
        typer.echo(json.dumps({**values, "parity": asdict(parity)}, indent=2))
        return
    results().print(
        escape(
            f"written: {output} ({source.name}, {precision}); beside PyTorch its embedding is "
            f"{parity.embedding_error:.1g} off, and its masks overlap by at least "
            f"{100.0 * parity.mask_iou:.2f} %"
        )
    )
