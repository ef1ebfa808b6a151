"""An encoder's matrix products in whole numbers of 8 bits."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPERATORS = ("MatMul", "Gemm")
"""Convolutions in 8 bits are slower than in 32 on processors."""


def quantise(path: Path) -> None:
    """Make an encoder's weights 8 bits wide, in place; what they are multiplied with follows.

    Weights have one scale a column. Those that are more than a matrix stay as they are.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    had_weights = path.with_name(f"{path.name}.data").exists()
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch, _quiet():
        made = Path(scratch) / path.name
        quantize_dynamic(
            path,
            made,
            op_types_to_quantize=list(OPERATORS),
            nodes_to_exclude=_products_of_more_than_matrices(path),
            per_channel=True,
            weight_type=QuantType.QInt8,
            use_external_data_format=had_weights,
        )
        for file in sorted(made.parent.iterdir()):
            file.replace(path.with_name(file.name))


def _products_of_more_than_matrices(path: Path) -> list[str]:
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    dimensions = {one.name: len(one.dims) for one in graph.initializer}
    return [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and dimensions.get(node.input[1], 2) > 2
    ]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what onnxruntime tells developers from users."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
