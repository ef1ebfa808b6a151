"""The adapters that SAM-Med2D adds to every block of the image encoder.

An adapter weighs the channels, then looks at the neighbourhood at half resolution, beside the
block's two-layer network (Cheng et al. 2023, arXiv:2308.16184, figure 3). Written anew from the
description and the tensors of the published weights.
"""

from typing import Any

from GazeSAMLib.engines.torch_runtime.imports import import_torch


def add_adapters(image_encoder: Any, hidden: int) -> None:  # noqa: ANN401 - a torch module
    """Give every block of a ``segment_anything`` image encoder an adapter, in place.

    Parameters
    ----------
    image_encoder : torch.nn.Module
        With `blocks` whose `mlp` is one side of the fork that the adapter is the other of.
    hidden : int
        Channels between the two layers that weigh the channels.
    """
    for block in image_encoder.blocks:
        width = block.norm2.normalized_shape[0]
        block.Adapter = _adapter(width, hidden)  # the name in the published weights
        block.mlp.register_forward_hook(_Beside(block.Adapter))


class _Beside:
    """Adds what the adapter makes of a layer's input to the layer's output."""

    def __init__(self, adapter: Any) -> None:  # noqa: ANN401 - a torch module
        self._adapter = adapter

    def __call__(self, _layer: object, inputs: tuple[Any, ...], output: Any) -> Any:  # noqa: ANN401
        return output + self._adapter(*inputs)


def _adapter(width: int, hidden: int) -> Any:  # noqa: ANN401 - a torch module
    nn = import_torch().nn

    class Adapter(nn.Module):  # type: ignore[misc, name-defined]
        """Weighs channels, then adds what a half-resolution detour sees."""

        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(width)
            self.channel = nn.Sequential(
                nn.Linear(width, hidden, bias=False),
                nn.ReLU(),
                nn.Linear(hidden, width, bias=False),
                nn.Sigmoid(),
            )
            self.spatial = nn.Sequential(
                nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
                nn.ReLU(),
                nn.ConvTranspose2d(width, width, 4, stride=2, padding=1, bias=False),
                nn.ReLU(),
            )

        def forward(self, tokens: Any) -> Any:  # noqa: ANN401 - a torch tensor
            """Return what is to be added to `tokens`, shape (B, rows, columns, width)."""
            weights = self.channel(tokens.mean(dim=(1, 2)))
            weighed = (tokens * weights[:, None, None, :]).movedim(3, 1)
            return self.norm(tokens + self.spatial(weighed).movedim(1, 3))

    return Adapter()
