"""Matrix products in fewer bits; everything else stays as exact as it was.

The weights of linear and convolutional layers, nearly all there are, become bfloat16 or float16,
and their inputs are rounded to it. What is added up along a network and its normalisations stay
in float32, as with torch's autocast, but at half the memory of it.
"""

from typing import Any

from GazeSAMLib.engines.torch_runtime.imports import import_torch


def lower_precision(module: Any, dtype: Any) -> Any:  # noqa: ANN401 - torch's module and type
    """Return `module`, changed so that its matrix products run in `dtype`.

    It takes and returns float32 as before. Parameters that belong to no layer (positions,
    tokens) stay in float32: whoever multiplies with them rounds them.
    """
    torch = import_torch()
    if dtype == torch.float32:
        return module
    nn = torch.nn
    products = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)

    def round_input(_layer: object, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(value.to(dtype) for value in inputs)

    def widen_input(_layer: object, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(value.float() if value.is_floating_point() else value for value in inputs)

    def widen_output(_module: object, _inputs: object, output: Any) -> Any:  # noqa: ANN401
        return output.float()

    for layer in module.modules():
        if isinstance(layer, products):
            layer.to(dtype)
            layer.register_forward_pre_hook(round_input)
        elif next(layer.parameters(recurse=False), None) is not None:
            layer.register_forward_pre_hook(widen_input)
    module.register_forward_hook(widen_output)
    return module
