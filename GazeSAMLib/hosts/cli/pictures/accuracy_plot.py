"""Dice against gaze error, as a plot."""

import io
from collections.abc import Sequence

from PIL import Image

from GazeSAMLib.simulation.accuracy import SHOWN_AFTER, at, figures
from GazeSAMLib.simulation.evaluation import GAZE_ERRORS_DEG, Evaluation
from GazeSAMLib.simulation.window import Layout

COLORS = ("#1b6ca8", "#2a9d5c", "#b8860b")  # after 1, 3 and 5 prompts
PANEL_INCHES = (4.6, 3.9)
DOTS_PER_INCH = 110


def accuracy_plot(evaluations: Sequence[Evaluation]) -> Image.Image:
    """Return a panel for each engine: a line for each number of prompts and layout.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of the same structures; at least one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import
    from matplotlib.figure import Figure

    width, height = PANEL_INCHES
    figure = Figure((width * len(evaluations), height), DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(evaluations), sharey=True, squeeze=False)[0]
    for panel, evaluation in zip(panels, evaluations, strict=True):
        every = figures(evaluation)
        for layout, style, filled in ((Layout.ONE_UP, "-", True), (Layout.FOUR_UP, "--", False)):
            found = [at(every, layout, error_deg) for error_deg in GAZE_ERRORS_DEG]
            for count, color in zip(SHOWN_AFTER, COLORS, strict=True):
                means = [each.dice[count] for each in found]
                label = f"{count} prompt{'s' if count > 1 else ''}, {layout.value}"
                values = [mean.value for mean in means]
                panel.plot(
                    GAZE_ERRORS_DEG, values, style, color=color, marker="o", markersize=4,
                    markerfacecolor=color if filled else "white", label=label,
                )  # fmt: skip
                if filled:
                    low, high = [mean.low for mean in means], [mean.high for mean in means]
                    panel.fill_between(GAZE_ERRORS_DEG, low, high, color=color, alpha=0.12, lw=0)
        panel.set(xlabel="gaze error (degrees)", ylim=(0.0, 1.0), xticks=GAZE_ERRORS_DEG)
        sections = every[0].slice_count
        panel.set_title(f"{evaluation.engine}, {sections} cross-sections", fontsize=10)
        panel.grid(color="#e3e6ea", linewidth=0.8)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("Dice, mean over structures; bands: 95 % interval")
    panels[0].legend(fontsize=7.5, frameon=False, ncols=2, loc="upper right")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")
