"""Random numbers from one seeded generator, on the device where they are used."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Draws:
    """A stream of random tensors; two streams of one seed and device are equal.

    Parameters
    ----------
    seed
        Where the stream starts.
    device
        Where the tensors are made, such as ``cpu`` or ``cuda``.
    """

    def __init__(self, seed: int, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self._generator = torch.Generator(self.device).manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Return values between `low` and `high`."""
        unit = torch.rand(shape, generator=self._generator, device=self.device)
        return unit * (high - low) + low

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Return values between `low` and `high` whose logarithm is uniform."""
        return torch.exp(self.uniform(math.log(low), math.log(high), *shape))

    def normal(self, *shape: int) -> Tensor:
        """Return values of the standard normal distribution."""
        return torch.randn(shape, generator=self._generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """Return booleans that are true with `probability`."""
        return self.uniform(0, 1, *shape) < probability

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Return whole numbers from `low` to `high` - 1."""
        return torch.randint(low, high, shape, generator=self._generator, device=self.device)

    def index(self, weights: Tensor) -> Tensor:
        """Return for each row of `weights` (B, N) an index, drawn in proportion."""
        # Exponential races: multinomial() would refuse a row of zeros.
        race = -torch.log1p(-self.uniform(0, 1, *weights.shape)) + 1e-20
        return (weights / race).argmax(1)

    def state(self) -> Tensor:
        """Return where the stream stands, for `restore`."""
        return self._generator.get_state()

    def restore(self, state: Tensor) -> None:
        """Go on from where another stream of the same kind stood."""
        self._generator.set_state(state.cpu())
