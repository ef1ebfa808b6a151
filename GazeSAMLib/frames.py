"""One frozen point type per frame, so that a point cannot be taken for another's.

=============  ================  =====================================================
type           suffix            frame
=============  ================  =====================================================
DisplayPoint   ``_display``      the tracked display, [0, 1] x [0, 1], origin top-left,
                                 y down; values beyond it mean a look beside the display
ScreenPoint    ``_screen_px``    Qt's virtual desktop, logical pixels, continuous (pixel
                                 i covers [i, i + 1)), origin top-left, y down
ViewPoint      ``_view_xy``      a slice view, device pixels, origin bottom-left, y up;
                                 integers are pixel centres
RasPoint       ``_ras``          world, mm, parent transforms applied
LocalRasPoint  ``_local_ras``    the volume's own RAS, mm
IjkPoint       ``_ijk``          continuous voxel index; integers are voxel centres
ImagePoint     ``_image_uv``     (column, row) in the slice image given to an engine;
                                 (0, 0) is the centre of the top-left pixel
=============  ================  =====================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass


class _Point:
    """What all points share: they unpack into their coordinates (``x, y = point``)."""

    __slots__: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[float]:
        return iter([getattr(self, name) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class DisplayPoint(_Point):
    """Point on the tracked display, as a fraction of its width and height."""

    x: float
    y: float

    @property
    def on_display(self) -> bool:
        """Whether the point lies on the display and not beside it."""
        return 0.0 <= self.x <= 1.0 and 0.0 <= self.y <= 1.0


@dataclass(frozen=True, slots=True)
class ScreenPoint(_Point):
    """Point on Qt's virtual desktop, logical pixels."""

    x_px: float
    y_px: float


@dataclass(frozen=True, slots=True)
class ViewPoint(_Point):
    """Point in a slice view, device pixels from the bottom-left pixel's centre."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class RasPoint(_Point):
    """Point in the world, mm."""

    r: float
    a: float
    s: float


@dataclass(frozen=True, slots=True)
class LocalRasPoint(_Point):
    """Point in the volume's own RAS, mm, without parent transforms."""

    r: float
    a: float
    s: float


@dataclass(frozen=True, slots=True)
class IjkPoint(_Point):
    """Continuous voxel index."""

    i: float
    j: float
    k: float


@dataclass(frozen=True, slots=True)
class ImagePoint(_Point):
    """Point in the slice image, pixels from the top-left pixel's centre."""

    u: float
    v: float
