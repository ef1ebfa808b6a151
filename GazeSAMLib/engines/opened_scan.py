"""The scan that a host has handed over, and its digest."""

import threading
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.messages import OpenScan
from GazeSAMLib.engines.scan_file import map_voxels
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry


class OpenedScan:
    """Voxels, where they lie, and what they are called.

    Parameters
    ----------
    voxels_kji : ndarray, shape (k, j, i)
        May be a memory map.
    volume : VolumeGeometry
        The grid of `voxels_kji`.
    """

    def __init__(self, voxels_kji: npt.NDArray[np.generic], volume: VolumeGeometry) -> None:
        self.voxels_kji, self.volume = voxels_kji, volume
        self._computing = threading.Lock()
        self._digest = ""

    @classmethod
    def of(cls, order: OpenScan) -> Self:
        """Return the scan that a host hands over.

        Raises
        ------
        EngineError
            If its file cannot be used.
        GeometryError
            If its matrix describes no space.
        """
        if len(order.local_ras_from_ijk) != 16 or len(order.shape_kji) != 3:
            raise EngineError("a scan needs a shape of 3 and a matrix of 16 numbers")
        k, j, i = order.shape_kji
        volume = VolumeGeometry((k, j, i), np.reshape(order.local_ras_from_ijk, (4, 4)))
        return cls(map_voxels(Path(order.path), order.dtype, volume), volume)

    def digest(self) -> str:
        """Return the scan's digest, computed once, whichever thread asks first."""
        with self._computing:
            self._digest = self._digest or scan_digest(self.voxels_kji, self.volume)
            return self._digest
