"""A slice view at one moment: where it is, what it shows, and the record of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.slice import SliceGeometry, SlicePlane
from GazeSAMLib.geometry.view import ViewLayout


@dataclass(frozen=True, eq=False)
class SliceView:
    """Snapshot of a slice view.

    Attributes
    ----------
    name : str
        The slice node's layout name, such as ``Red``.
    layout : ViewLayout
        Its rectangle on the desktop and its device pixels.
    geometry : SliceGeometry
        From its pixels to the volume's own RAS.
    window, level : float
        As displayed.
    """

    name: str
    layout: ViewLayout
    geometry: SliceGeometry
    window: float
    level: float

    @property
    def mm_per_view_px(self) -> tuple[float, float]:
        """Size of a view pixel along x and y, mm of local RAS."""
        x_mm, y_mm = np.linalg.norm(self.geometry.local_ras_from_view_xy[:3, :2], axis=0).tolist()
        return (x_mm, y_mm)

    def details(self) -> dict[str, Any]:
        """Return the snapshot as the JSON values of a ``view`` event (``docs/recording.md``)."""
        layout, matrix = self.layout, self.geometry.local_ras_from_view_xy
        x_mm, y_mm = self.mm_per_view_px
        return {
            "name": self.name,
            "visible": True,
            "rectangle_screen_px": [
                layout.left_px,
                layout.top_px,
                layout.width_px,
                layout.height_px,
            ],
            "pixel_ratio": list(layout.pixel_ratio),
            "plane": {
                "origin": matrix[:3, 3].tolist(),
                "row_direction": (matrix[:3, 0] / x_mm).tolist(),
                "column_direction": (-matrix[:3, 1] / y_mm).tolist(),
            },
            "field_of_view_mm": [x_mm * layout.view_width, y_mm * layout.view_height],
            "window": self.window,
            "level": self.level,
        }

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "SliceView":
        """Return the snapshot that :meth:`details` described.

        Raises
        ------
        GeometryError
            If a value is missing, of the wrong type or describes no space.
        """
        try:
            left, top, width, height = (float(v) for v in details["rectangle_screen_px"])
            x_ratio, y_ratio = (float(v) for v in details["pixel_ratio"])
            fov_width, fov_height = (float(v) for v in details["field_of_view_mm"])
            plane = details["plane"]
            row = np.array(plane["row_direction"], dtype=np.float64)
            column = np.array(plane["column_direction"], dtype=np.float64)
            origin = np.array(plane["origin"], dtype=np.float64)
            view_width, view_height = round(width * x_ratio), round(height * y_ratio)
            matrix = np.eye(4)
            matrix[:3, 0] = row * (fov_width / view_width)
            matrix[:3, 1] = -column * (fov_height / view_height)
            matrix[:3, 2] = -SlicePlane(origin, row, column).normal
            matrix[:3, 3] = origin
            window, level = float(details["window"]), float(details["level"])
            name = str(details["name"])
        except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
            raise GeometryError(
                f"a view event is incomplete or malformed: {type(error).__name__}: {error}"
            ) from error
        layout = ViewLayout(left, top, width, height, view_width, view_height)
        return cls(name, layout, SliceGeometry(matrix), window, level)
