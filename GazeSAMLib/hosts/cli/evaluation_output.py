"""The files of an evaluation: figures, plot, failures."""

import json
from collections.abc import Sequence
from pathlib import Path

from GazeSAMLib.hosts.cli.illustrating import make_folder, write_png
from GazeSAMLib.hosts.cli.pictures.accuracy_plot import accuracy_plot
from GazeSAMLib.hosts.cli.pictures.failure_sheet import failure_sheet
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.simulation.evaluation import Evaluation, Evaluator
from GazeSAMLib.simulation.report import evaluation_json
from GazeSAMLib.simulation.trial import Condition
from GazeSAMLib.simulation.window import Layout

FIGURES_NAME = "accuracy.json"
PLOT_NAME = "dice-by-gaze-error.png"
FAILURES_SHOWN = (Condition(Layout.ONE_UP, 0.0), Condition(Layout.ONE_UP, 0.5))


def write_evaluation(
    folder: Path, evaluations: Sequence[Evaluation], evaluator: Evaluator
) -> list[Path]:
    """Write figures, plot and contact sheets into a folder; return their paths.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    make_folder(folder)
    figures, plot = folder / FIGURES_NAME, folder / PLOT_NAME
    with replacing(figures) as beside:
        text = json.dumps(evaluation_json(evaluations), indent=2)
        beside.write_text(text + "\n", encoding="utf-8")
    write_png(plot, accuracy_plot(evaluations))
    written = [figures, plot]
    for evaluation in evaluations:
        for condition in FAILURES_SHOWN:
            name = f"failures-{evaluation.engine}-{condition.gaze_error_deg:.1f}deg.png"
            write_png(folder / name, failure_sheet(evaluation, condition, evaluator.pixels))
            written.append(folder / name)
    return written
