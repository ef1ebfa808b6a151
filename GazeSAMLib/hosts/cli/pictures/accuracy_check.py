"""The result of an accuracy check as a picture: marks, gaze, error vectors."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.accuracy import Accuracy, Points, TargetGaze
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import GazePoint

INCHES = (9.0, 5.6)
DOTS_PER_INCH = 110
MAGNIFIED = 4
"""Small errors are drawn so many times as large: on a display they are hardly visible."""

SMALL_DEG = 1.5
MEASURED, CORRECTED, MARK = "#1b6ca8", "#2a9d5c", "#c0392b"


def accuracy_check(
    gazes: Sequence[TargetGaze],
    found: Accuracy,
    display: DisplayGeometry,
    drift: DriftCorrection,
) -> Image.Image:
    """Draw where was looked and where the tracker saw it, in degrees from the display's centre.

    Parameters
    ----------
    gazes : sequence of TargetGaze
        The gaze at each mark.
    found : Accuracy
        What was measured.
    display : DisplayGeometry
        The tracked display.
    drift : DriftCorrection
        The correction that the check gives: what it would leave is drawn too.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import
    from matplotlib.figure import Figure

    figure = Figure(INCHES, DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    scale = MAGNIFIED if found.worst_deg <= SMALL_DEG else 1
    for number, gaze in enumerate(gazes):
        first = number == 0
        x_deg, y_deg = gaze.target_deg.tolist()

        def drawn(at_deg: Points, mark_deg: Points = gaze.target_deg) -> Points:
            return mark_deg + scale * (at_deg - mark_deg)

        panel.plot(
            x_deg, y_deg, "+", color=MARK, markersize=13, markeredgewidth=2,
            label="mark" if first else None, zorder=4,
        )  # fmt: skip
        if not gaze.is_usable:
            panel.annotate("no gaze", (x_deg, y_deg), (6, 6), textcoords="offset points")
            continue
        points, centre_deg = drawn(gaze.points_deg), gaze.centre_deg
        u, v = drawn(centre_deg).tolist()
        panel.plot(
            points[:, 0], points[:, 1], ".", color=MEASURED, markersize=2.5, alpha=0.35,
            label="gaze" if first else None,
        )  # fmt: skip
        panel.annotate(
            "", (u, v), (x_deg, y_deg), arrowprops={"arrowstyle": "->", "color": MEASURED}, zorder=3
        )
        error_deg = float(np.hypot(*(centre_deg - gaze.target_deg)))
        panel.annotate(f"{error_deg:.2f}°", (u, v), (6, -12), textcoords="offset points", size=8)
        corrected = drift.correct(GazePoint(0, *centre_deg.tolist()))
        left_u, left_v = drawn(np.array((corrected.x_deg, corrected.y_deg))).tolist()
        panel.plot(
            left_u, left_v, "o", color=CORRECTED, markersize=5, fillstyle="none",
            label="corrected" if first else None, zorder=5,
        )  # fmt: skip
    left, top = display.degrees_from_display(DisplayPoint(0.0, 0.0))
    right, bottom = display.degrees_from_display(DisplayPoint(1.0, 1.0))
    panel.plot(
        (left, right, right, left, left), (top, top, bottom, bottom, top), color="#9aa0a6", lw=1
    )
    enlarged = f"; errors {scale} times as large" if scale > 1 else ""
    panel.set(xlabel=f"degrees to the right{enlarged}", ylabel="degrees down", aspect="equal")
    panel.invert_yaxis()
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(fontsize=8, frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    panel.set_title(
        f"accuracy {found.accuracy_deg:.2f}° ({found.accuracy_px:.0f} px), precision "
        f"{found.precision_rms_deg:.2f}° RMS-S2S, {found.precision_sd_deg:.2f}° SD, "
        f"lost {100.0 * found.data_loss:.1f} %",
        fontsize=10, loc="left",
    )  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")
