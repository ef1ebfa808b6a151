"""The network as an ONNX file that knows where it comes from."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch

from training.network import INPUTS, PromptNetwork

OPSET = 17
LARGEST_FILE_MB = 12
LARGEST_DIFFERENCE = 1e-3
FORMAT_VERSION = "1"


def export(network: PromptNetwork, path: Path, facts: dict[str, str]) -> dict[str, float]:
    """Write `network` to `path` with `facts` as metadata; return how far ONNX differs from torch.

    Parameters
    ----------
    network
        Its weights are not changed; normalisation is folded into the convolutions.
    path
        Replaced in one go.
    facts
        Kept in the file beside its name and version.

    Raises
    ------
    ValueError
        onnxruntime does not compute what torch computes, or the file is too large.
    """
    import onnx

    network = copy.deepcopy(network).cpu().to(memory_format=torch.contiguous_format).eval()
    example = torch.rand(2, INPUTS, 128, 128, generator=torch.Generator().manual_seed(0))
    beside = path.with_suffix(".new")
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (example,),
        str(beside),
        input_names=["x"],
        output_names=["logits", "iou"],
        dynamic_axes={"x": axes, "logits": axes, "iou": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(beside)
    onnx.helper.set_model_props(
        model, {"name": "GazeSAM compact", "version": FORMAT_VERSION, **facts}
    )
    onnx.checker.check_model(model)
    beside.write_bytes(model.SerializeToString())
    differences = parity(network, beside)
    if max(differences.values()) > LARGEST_DIFFERENCE:
        raise ValueError(f"{beside} does not compute what torch computes: {differences}")
    if beside.stat().st_size > LARGEST_FILE_MB * 1e6:
        raise ValueError(f"{beside} is larger than {LARGEST_FILE_MB} MB")
    beside.replace(path)
    return differences


def parity(network: PromptNetwork, path: Path) -> dict[str, float]:
    """Return the largest differences of logits and IoU between torch and onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    worst = {"logits": 0.0, "iou": 0.0}
    for shape in ((1, 128, 128), (3, 128, 128), (2, 96, 160)):
        x = torch.rand(shape[0], INPUTS, *shape[1:], generator=generator)
        with torch.no_grad():
            expected = network(x)
        given = session.run(None, {"x": x.numpy()})
        for name, ours, theirs in zip(worst, expected, given, strict=True):
            worst[name] = max(worst[name], float(np.abs(ours.numpy() - theirs).max()))
    return worst
