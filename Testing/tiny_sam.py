"""A Segment Anything of the real architecture, thin and shallow, with weights that mean nothing."""

from pathlib import Path

import pytest


def tiny_sam(path: Path) -> Path:
    """Write a checkpoint that embeds a slice in a fraction of a second; return `path`.

    Skips the test where torch or segment_anything is not installed.
    """
    from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
    from GazeSAMLib.errors import EngineError

    torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")
    try:
        import_segment_anything()
    except EngineError as error:
        pytest.skip(str(error))
    from GazeSAMLib.engines.sam.architecture import SamArchitecture

    torch.manual_seed(3)
    model = SamArchitecture(64, 2, 2, (1,), 14, 16, 240).build()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():  # Meta's constructor leaves these at zero
        for name, tensor in model.state_dict().items():
            if "rel_pos" in name or name.endswith("pos_embed"):
                tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
    torch.save(model.state_dict(), path)
    return path
