"""Takes over weights: of a checkpoint, or of a file whose normalisation was folded away."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import BatchNorm2d, Conv2d

from training.checkpoint import load_checkpoint
from training.network import PromptNetwork

_HEADS = {
    "everywhere.weight": "glob.weight",
    "everywhere.bias": "glob.bias",
    "masks.weight": "head.weight",
    "masks.bias": "head.bias",
    "score.0.bias": "iou.0.bias",
    "score.2.bias": "iou.2.bias",
}


def load_weights(network: PromptNetwork, path: Path, samples: Tensor) -> None:
    """Load a checkpoint's averaged weights, or the feasibility study's ONNX file.

    Raises
    ------
    CheckpointError
        A checkpoint cannot be read.
    ValueError
        The file is of another network.
    """
    if path.suffix != ".pt":
        load_study_weights(network, path, samples)
        return
    try:
        network.load_state_dict(load_checkpoint(path)["trainer"]["average"])
    except (KeyError, TypeError, RuntimeError) as error:  # torch's word for other shapes
        raise ValueError(f"{path} is a checkpoint of another network") from error


def load_study_weights(network: PromptNetwork, path: Path, samples: Tensor) -> None:
    """Load the ONNX file `path` of the feasibility study, which has four inputs.

    The inputs that it does not know, the uncertainty of the gaze and the evidence of the
    score, get weights of zero. Each folded normalisation is taken apart again so that it
    normalises what `samples` (N, 5, H, W) make its convolution give: the network computes
    what the file computes, and can be trained as one with normalisation.

    Raises
    ------
    ValueError
        The file is of another network.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    stored = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in model.graph.initializer
    }
    folded = [tensor for name, tensor in stored.items() if name.startswith("onnx::Conv_")]
    products = [tensor for name, tensor in stored.items() if name.startswith("onnx::MatMul_")]
    layers = _layers(network)
    if len(folded) != 2 * len(layers) or len(products) != 2:
        raise ValueError(f"{path} is not an export of the feasibility study's network")
    own = network.state_dict()
    for name, theirs in _HEADS.items():
        own[name].copy_(stored[theirs])
    own["score.0.weight"].zero_()
    own["score.0.weight"][:, : len(products[0])] = products[0].T
    own["score.2.weight"].copy_(products[1].T)
    for (convolution, norm), weight, bias in zip(layers, folded[::2], folded[1::2], strict=True):
        with torch.no_grad():
            convolution.weight.zero_()
            convolution.weight[:, : weight.shape[1]] = weight
            norm.bias.copy_(bias)
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
    with torch.no_grad():
        _normalise(network, layers, samples)


def _layers(network: PromptNetwork) -> list[tuple[Conv2d, BatchNorm2d]]:
    """Return convolutions and their normalisation in the order in which data passes."""
    ordered = [network.stem, *network.down, *reversed(network.up)]
    modules = [module for part in ordered for module in part.modules()]
    convolutions = [module for module in modules if isinstance(module, Conv2d)]
    norms = [module for module in modules if isinstance(module, BatchNorm2d)]
    return list(zip(convolutions, norms, strict=True))


def _normalise(
    network: PromptNetwork, layers: list[tuple[Conv2d, BatchNorm2d]], samples: Tensor
) -> None:
    """Make identity normalisations normalise, without a change of what they compute."""
    seen: dict[Conv2d, Tensor] = {}
    hooks = [
        convolution.register_forward_hook(lambda module, _, given: seen.update({module: given}))
        for convolution, _ in layers
    ]
    network.eval()
    network(samples)
    for hook in hooks:
        hook.remove()
    for convolution, norm in layers:
        given = seen[convolution]
        mean, variance = given.mean((0, 2, 3)), given.var((0, 2, 3)) + 1e-6
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
