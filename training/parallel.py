"""Processes that train one network together, each on a core of its own.

On a CPU the network's layers are too small to be shared among threads: two processes that
average their gradients are nearly twice as fast as one, two threads hardly faster.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as distributed
from torch.nn import Module


class Team:
    """The processes that train together; one alone needs no connection.

    Parameters
    ----------
    rank, size
        Number of this process, and how many there are.
    meeting_point
        A file, not there yet, through which they find each other.
    """

    def __init__(self, rank: int = 0, size: int = 1, meeting_point: Path | None = None) -> None:
        self.rank, self.size = rank, size
        if size > 1:
            if meeting_point is None:
                raise ValueError("processes that train together need a meeting point")
            distributed.init_process_group(
                "gloo", init_method=meeting_point.as_uri(), rank=rank, world_size=size
            )

    def average_gradients(self, network: Module) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        pieces = flat.split([gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))

    def agree(self, *values: float) -> list[float]:
        """Return the largest of each of the values that the processes hand in."""
        if self.size == 1:
            return list(values)
        most = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(most, distributed.ReduceOp.MAX)
        return [float(value) for value in most]

    def leave(self) -> None:
        """End the connection."""
        if self.size > 1:
            distributed.destroy_process_group()
