"""The result of an accuracy check as a picture, drawn by Qt: Slicer has no plotting library."""

import numpy as np
import qt
from slicer.i18n import tr as _

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import Checked
from GazeSAMLib.signals.accuracy import Points, TargetGaze
from GazeSAMLib.signals.types import GazePoint

WIDTH_PX, TITLE_PX, MARGIN_PX = 960, 20, 48
MARK, GAZE, LEFT = "#c0392b", "#1b6ca8", "#2a9d5c"
# Errors are small beside a display: so many times as large they can be seen.
ENLARGED, SMALL_DEG = 4.0, 1.5


class AccuracyPicture:
    """Draws the targets, the gaze at each, and what the correction leaves.

    Parameters
    ----------
    check : Checked
        A finished check.
    display : DisplayGeometry
        The tracked display.
    """

    def __init__(self, check: Checked, display: DisplayGeometry) -> None:
        self._check, self._display = check, display
        self._scale = ENLARGED if check.result.error_deg <= SMALL_DEG else 1.0
        width_px = WIDTH_PX - 2 * MARGIN_PX
        self._size_px = width_px, width_px * display.height_mm / display.width_mm

    def drawn(self) -> "qt.QPixmap":
        """Return the picture."""
        width_px, height_px = map(round, self._size_px)
        pixmap = qt.QPixmap(WIDTH_PX, height_px + 2 * MARGIN_PX + TITLE_PX)
        pixmap.fill(qt.QColor("white"))
        painter = qt.QPainter(pixmap)
        painter.setRenderHint(qt.QPainter.Antialiasing)
        _pen(painter, "#9aa0a6", 1)
        painter.drawRect(MARGIN_PX, MARGIN_PX + TITLE_PX, width_px, height_px)
        for gaze in self._check.gazes:
            self._draw_gaze(painter, gaze)
        _pen(painter, "black", 1)
        painter.drawText(MARGIN_PX, TITLE_PX + 4, self._title())
        painter.end()
        return pixmap

    def _draw_gaze(self, painter: "qt.QPainter", gaze: TargetGaze) -> None:
        x, y = self._place(gaze.target_deg)
        _pen(painter, MARK, 2)
        painter.drawLine(x - 7, y, x + 7, y)
        painter.drawLine(x, y - 7, x, y + 7)
        if not gaze.is_usable:
            painter.drawText(x + 10, y - 6, _("no gaze"))
            return
        _pen(painter, GAZE, 2)
        for point_deg in gaze.points_deg:
            painter.drawPoint(*self._enlarged(point_deg, gaze))
        at_x, at_y = self._enlarged(gaze.centre_deg, gaze)
        painter.drawLine(x, y, at_x, at_y)
        _pen(painter, "black", 1)
        error_deg = float(((gaze.centre_deg - gaze.target_deg) ** 2).sum() ** 0.5)
        painter.drawText(x + 10, y - 8, f"{error_deg:.2f}°")
        corrected = self._check.drift.correct(GazePoint(0, *gaze.centre_deg.tolist()))
        left_x, left_y = self._enlarged(np.array((corrected.x_deg, corrected.y_deg)), gaze)
        _pen(painter, LEFT, 2)
        painter.drawEllipse(left_x - 4, left_y - 4, 8, 8)

    def _enlarged(self, at_deg: Points, gaze: TargetGaze) -> tuple[int, int]:
        return self._place(gaze.target_deg + self._scale * (at_deg - gaze.target_deg))

    def _place(self, at_deg: Points) -> tuple[int, int]:
        x_deg, y_deg = at_deg.tolist()
        point: DisplayPoint = self._display.display_from_degrees(x_deg, y_deg)
        width_px, height_px = self._size_px
        return (
            round(MARGIN_PX + point.x * width_px),
            round(MARGIN_PX + TITLE_PX + point.y * height_px),
        )

    def _title(self) -> str:
        result = self._check.result
        title = _(
            "Accuracy {error}° ({px} px), precision {rms}° RMS, {sd}° SD, {loss} % lost; "
            "corrected (green): {left}°"
        ).format(
            error=f"{result.error_deg:.2f}",
            px=round(result.error_px),
            rms=f"{result.precision_rms_deg:.2f}",
            sd=f"{result.precision_sd_deg:.2f}",
            loss=f"{100.0 * result.data_loss:.1f}",
            left=f"{result.corrected_deg:.2f}",
        )
        if self._scale == 1.0:
            return title
        return title + _("; errors {scale} times as large").format(scale=round(self._scale))


def _pen(painter: "qt.QPainter", color: str, width_px: int) -> None:
    pen = qt.QPen()
    pen.setColor(qt.QColor(color))
    pen.setWidth(width_px)
    painter.setPen(pen)


class PictureWindow:
    """Shows a picture in a window of its own; Escape or closing it takes it away.

    Parameters
    ----------
    pixmap : QPixmap
        The picture.
    title : str
        Of the window.
    """

    def __init__(self, pixmap: "qt.QPixmap", title: str) -> None:
        self._label = qt.QLabel()
        self._label.setWindowTitle(title)
        self._label.setPixmap(pixmap)
        escape = qt.QShortcut(qt.QKeySequence("Esc"), self._label)
        escape.connect("activated()", self._label.hide)
        self._label.show()

    @property
    def is_shown(self) -> bool:
        """Whether it is still on screen."""
        return self._label is not None and bool(self._label.visible)

    def close(self) -> None:
        """Take it away; closing twice is harmless."""
        if self._label is not None:
            self._label.hide()
            self._label.deleteLater()
            self._label = None
