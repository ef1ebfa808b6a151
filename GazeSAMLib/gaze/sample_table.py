"""Many samples in little memory."""

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import overload

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

_NO_TIME = -(2**63)
_NO_EYE = -1


class SampleTable(Sequence[GazeSample]):
    """Samples as columns of numbers: 66 bytes each instead of about 500.

    An hour at 1200 Hz then takes 0.3 GB. A sample is made when it is asked for. Pupils
    that are NaN come back as None.
    """

    def __init__(self, samples: Iterable[GazeSample] = ()) -> None:
        self._t_ns = array("q")
        self._device_t_ns = array("q")
        self._left = _EyeColumns()
        self._right = _EyeColumns()
        for sample in samples:
            self.append(sample)

    def append(self, sample: GazeSample) -> None:
        """Add a sample at the end."""
        self._t_ns.append(sample.t_ns)
        self._device_t_ns.append(_NO_TIME if sample.device_t_ns is None else sample.device_t_ns)
        self._left.append(sample.left)
        self._right.append(sample.right)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._t_ns)

    @overload
    def __getitem__(self, index: int) -> GazeSample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[GazeSample]: ...
    def __getitem__(self, index: int | slice) -> GazeSample | Sequence[GazeSample]:
        """Return one sample, or several as a tuple."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        device_t_ns = self._device_t_ns[index]
        return GazeSample(
            self._t_ns[index],
            self._left.eye(index),
            self._right.eye(index),
            None if device_t_ns == _NO_TIME else device_t_ns,
        )


class _EyeColumns:
    def __init__(self) -> None:
        self._x = array("d")
        self._y = array("d")
        self._valid = array("b")
        self._pupil_mm = array("d")

    def append(self, eye: EyeSample | None) -> None:
        if eye is None:
            eye, valid = _EMPTY_EYE, _NO_EYE
        else:
            valid = int(eye.valid)
        self._x.append(eye.point_display.x)
        self._y.append(eye.point_display.y)
        self._valid.append(valid)
        self._pupil_mm.append(math.nan if eye.pupil_mm is None else eye.pupil_mm)

    def eye(self, index: int) -> EyeSample | None:
        valid = self._valid[index]
        if valid == _NO_EYE:
            return None
        pupil_mm = self._pupil_mm[index]
        return EyeSample(
            DisplayPoint(self._x[index], self._y[index]),
            bool(valid),
            None if math.isnan(pupil_mm) else pupil_mm,
        )


_EMPTY_EYE = EyeSample(DisplayPoint(math.nan, math.nan), False)
