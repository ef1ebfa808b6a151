"""What the demo looks at: two real scans that come inside dependencies."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from GazeSAMLib.errors import ScanError
from GazeSAMLib.frames import IjkPoint, LocalRasPoint
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import arrange
from GazeSAMLib.simulation.planned import PlannedLook

DISPLAY = DisplayGeometry(0.0, 0.0, 2560.0, 1440.0, 597.0, 336.0, 650.0)
"""A 27-inch display at 65 cm."""

Target = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class DemoLook:
    """A look, or several in a row, and the key after it; targets in the scan's RAS, mm."""

    segment: str
    targets: tuple[Target, ...]
    key: EventKind = EventKind.ACCEPT


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A scan and the looks at it.

    Attributes
    ----------
    name, title : str
        Of its folder, and for people.
    package, file : str
        Where the scan comes from.
    series : str or None
        Which volume of it.
    looks : tuple of DemoLook
        In their order.
    seed : int
        Of the recording.
    """

    name: str
    title: str
    package: str
    file: str
    series: str | None
    looks: tuple[DemoLook, ...]
    seed: int = 1

    @property
    def path(self) -> Path:
        """The scan's file.

        Raises
        ------
        ScanError
            If the package came without it.
        """
        spec = find_spec(self.package)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin).parent / self.file
            if path.is_file():
                return path
        raise ScanError(
            f"{self.package} is here without its file {self.file}: reinstall it with pip, or give "
            "a scan and a recording of your own with --scan and --gaze"
        )

    def planned(self, scan: Scan) -> Iterator[PlannedLook]:
        """Return the looks as they are done at the demo's display."""
        views = arrange(scan, DISPLAY)
        for look in self.looks:
            targets = tuple(LocalRasPoint(*target) for target in look.targets)
            at_ijk = scan.volume.ijk_from_point(targets[-1])
            # A reader scrolls from layer to layer, not to millimetres.
            on_layer = scan.volume.point_from_ijk(IjkPoint(*map(round, at_ijk)))
            yield PlannedLook(
                views.at(on_layer).reading, targets, key=look.key, segment=look.segment
            )


LIVER, LESION = (87.5, 66.9, 28.4), (56.4, 81.3, 28.4)
RIGHT_KIDNEY, LEFT_KIDNEY = (60.8, 6.8, 28.4), (-78.8, 12.6, 28.4)
VERTEBRA, SPLEEN = (-10.1, 27.1, 28.4), (-113.5, 59.6, 28.4)

ABDOMEN = DemoCase(
    name="abdomen-mr",
    title="Abdomen, MR after contrast",
    package="pydicom",
    file="data/test_files/examples_overlay.dcm",
    series=None,
    looks=(
        # The liver, but not the lesion in it; then the lesion.
        DemoLook("Liver", (LIVER, (47.0, 72.0, 28.4)), EventKind.NEGATIVE),
        DemoLook("Liver", ((47.0, 72.0, 28.4),)),
        DemoLook("Lesion", (LIVER,), EventKind.CLEAR),
        DemoLook("Lesion", (LESION,)),
        # A kidney is bright outside and dark inside: three looks add up.
        DemoLook("Right kidney", (RIGHT_KIDNEY,), EventKind.LARGER),
        DemoLook("Right kidney", (RIGHT_KIDNEY,)),
        DemoLook("Right kidney", ((40.5, 33.5, 28.4),)),
        DemoLook("Right kidney", ((46.0, 20.0, 28.4),)),
        # Not the muscle beside it.
        DemoLook("Vertebra", (VERTEBRA, (-40.0, 27.1, 28.4)), EventKind.NEGATIVE),
        DemoLook("Vertebra", ((-40.0, 27.1, 28.4),)),
        DemoLook("Aorta", ((-24.6, 55.8, 28.4),)),
        DemoLook("Left kidney", (LEFT_KIDNEY,), EventKind.LARGER),
        DemoLook("Left kidney", (LEFT_KIDNEY,), EventKind.LARGER),
        DemoLook("Left kidney", (LEFT_KIDNEY,)),
        DemoLook("Spleen", (SPLEEN,), EventKind.LARGER),
        DemoLook("Spleen", (SPLEEN,)),
    ),
    seed=6,
)

BRAIN = DemoCase(
    name="brain-mr",
    title="Brain, MR",
    package="nibabel",
    file="tests/data/example4d.nii.gz",
    series="1",
    looks=(
        DemoLook("Lateral ventricles", ((3.9, 47.6, 53.2),)),
        DemoLook("Lateral ventricles", ((1.9, 48.0, 51.0),)),
        DemoLook("Lateral ventricles", ((-20.1, 48.0, 51.0),)),
        DemoLook("Lateral ventricles", ((-10.1, 48.3, 48.9),)),
        DemoLook("Lateral ventricles", ((-8.1, 48.7, 46.7),)),
        DemoLook("Lateral ventricles", ((-10.1, 49.0, 44.5),)),
        DemoLook("Lateral ventricles", ((-8.1, 49.4, 42.4),)),
        DemoLook("Lateral ventricles", ((-8.1, 49.4, 42.4),), EventKind.UNDO),
        DemoLook("Lateral ventricles", ((-8.1, 49.4, 42.4),), EventKind.REDO),
        DemoLook("Lateral ventricles", ((-8.1, 71.8, 41.6),)),
        DemoLook("Lateral ventricles", ((-8.1, 76.5, 37.9),)),
        DemoLook("Right pallidum", ((9.9, 64.1, 26.9),)),
        DemoLook("Left pallidum", ((-30.1, 64.1, 26.9),)),
        DemoLook("Left pallidum", ((-32.1, 64.4, 24.8),)),
        DemoLook("Right pallidum", ((11.9, 64.4, 24.8),)),
    ),
)

CASES = (ABDOMEN, BRAIN)
