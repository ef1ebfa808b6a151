"""The slice views on screen now, and where a position on the desktop falls in them."""

from dataclasses import dataclass

from GazeSAMLib.frames import ImagePoint, LocalRasPoint, ScreenPoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry


@dataclass(frozen=True, eq=False)
class Hit:
    """A position on a displayed slice.

    Attributes
    ----------
    view : SliceView
        The view it lies in.
    plane : SlicePlane
        The plane that the view shows.
    grid : SliceGrid
        The slice image of that plane.
    point_local_ras : LocalRasPoint
        On the plane, mm.
    point_image_uv : ImagePoint
        In the slice image, pixels.
    """

    view: SliceView
    plane: SlicePlane
    grid: SliceGrid
    point_local_ras: LocalRasPoint
    point_image_uv: ImagePoint

    @property
    def image_px_per_screen_px(self) -> float:
        """Pixels of the slice image per logical pixel of the desktop, as the view is zoomed now."""
        _, y_mm = self.view.mm_per_view_px
        return y_mm * self.view.layout.pixel_ratio[1] / self.grid.pixel_mm


class ShownSlices:
    """The visible slice views of one volume."""

    def __init__(self, volume: VolumeGeometry) -> None:
        self._volume = volume
        self._shown: dict[str, tuple[SliceView, SlicePlane, SliceGrid | None]] = {}

    def show(self, view: SliceView) -> None:
        """Add `view`, or replace the one of the same name."""
        plane = view.geometry.plane
        self._shown[view.name] = (view, plane, slice_grid(self._volume, plane))

    def hide(self, name: str) -> None:
        """Forget the view of that name; one that is not shown is no error."""
        self._shown.pop(name, None)

    def views(self) -> list[SliceView]:
        """Return the views on screen."""
        return [view for view, _, _ in self._shown.values()]

    def planes(self) -> list[SlicePlane]:
        """Return the planes on screen."""
        return [plane for _, plane, _ in self._shown.values()]

    def still_show(self, hit: Hit) -> bool:
        """Whether the view of `hit` shows the same slice in the same grey values as then."""
        if hit.view.name not in self._shown:
            return False
        view, plane, _ = self._shown[hit.view.name]
        same_greys = (view.window, view.level) == (hit.view.window, hit.view.level)
        return same_greys and plane.key() == hit.plane.key()

    def locate(self, point_screen_px: ScreenPoint) -> Hit | None:
        """Return where a position falls on a slice; None beside all views or beside the scan."""
        for view, plane, grid in self._shown.values():
            point_view_xy = view.layout.view_from_screen(point_screen_px)
            if point_view_xy is None:
                continue
            if grid is None:
                return None
            point_local_ras = view.geometry.point_from_view(point_view_xy)
            point_image_uv = grid.image_from_point(point_local_ras)
            if not (grid.contains(point_image_uv) and self._crosses_scan_at(grid, point_local_ras)):
                return None
            return Hit(view, plane, grid, point_local_ras, point_image_uv)
        return None

    def _crosses_scan_at(self, grid: SliceGrid, point_local_ras: LocalRasPoint) -> bool:
        # The image of an oblique plane has corners in which there is no scan.
        return grid.layer is not None or self._volume.contains(
            self._volume.ijk_from_point(point_local_ras)
        )
