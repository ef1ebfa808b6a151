"""How well looks segment the labelled structures of the shared scans: the model card's table."""

from dataclasses import dataclass
from unittest import SkipTest

from GazeSAMLib.engines.compact.engine import CompactEngine
from GazeSAMLib.hosts.cli.labelled import (
    DISPLAY_MM,
    DISPLAY_PX,
    DISTANCE_MM,
    display_of_options,
    open_labelled,
)
from GazeSAMLib.scans.progress import silent
from GazeSAMLib.simulation.evaluation import EvaluationOptions, Evaluator
from GazeSAMLib.simulation.report import evaluation_json
from Testing.shared_data import SHARED_DATA

KEYS = (
    "dice_1",
    "dice_3",
    "dice_5",
    "dice_1_at_0.5deg",
    "dice_1_at_0.5deg_fourup",
    "best_minus_top",
)


@dataclass(frozen=True)
class Labelled:
    """A scan and its label maps, in the folder of shared scans.

    Attributes
    ----------
    scan : str
        File or folder.
    labels : tuple of str
        Label maps.
    slices_per_structure : int or None
        Where there is one structure alone, all of its slices are tried.
    """

    scan: str
    labels: tuple[str, ...]
    slices_per_structure: int | None = 3


SCANS = {
    "ct_abdomen": Labelled("ct_abdomen/dicom", ("ct_abdomen/labels.nii.gz",)),
    "ct_liver_seg": Labelled(
        "ct_liver_seg/dicom", ("ct_liver_seg/liver_seg.nrrd", "ct_liver_seg/spine_seg.nrrd")
    ),
    "mr_brain_oblique": Labelled(
        "mr_brain_oblique/t2.nii.gz", ("mr_brain_oblique/labels_gif.nii.gz",)
    ),
    "mr_tumour": Labelled("mr_tumour/image.nrrd", ("mr_tumour/labels.nrrd",), None),
    "mr_breast": Labelled("mr_breast/image.nrrd", ("mr_breast/labels.nrrd",), None),
}


def compact_accuracy(*, long: bool = False) -> dict[str, float]:
    """Return mean Dice of the engine `compact` on each scan, as ``gazesam evaluate`` gives it."""
    if not long:
        raise SkipTest("takes some minutes: add --long")
    if not SHARED_DATA.is_dir():
        raise SkipTest(f"the folder of labelled scans is not there: {SHARED_DATA}")
    engine = CompactEngine()
    display = display_of_options(DISPLAY_PX, DISPLAY_MM, DISTANCE_MM)
    numbers: dict[str, float] = {}
    for name, of in SCANS.items():
        labels = [SHARED_DATA / labels for labels in of.labels]
        opened = open_labelled(SHARED_DATA / of.scan, labels, None, None, silent)
        options = EvaluationOptions(display, of.slices_per_structure, most_sections=150)
        found = Evaluator(opened.scan, opened.structures, options).evaluate(engine)
        told = evaluation_json([found])
        numbers |= {f"{name}_{key}": told[key] for key in KEYS}
    return numbers
