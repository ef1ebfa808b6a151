"""The module that 3D Slicer loads. Slicer finds these classes by the name of this file."""

import importlib.util
import sys
from pathlib import Path

import qt
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

if importlib.util.find_spec("GazeSAMLib") is None:
    # In a source checkout the library lies beside this folder, and Slicer knows this folder only.
    sys.path.append(str(Path(__file__).resolve().parents[1]))

import GazeSAMLib


class GazeSAM(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = "GazeSAM"
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = []
        self.parent.contributors = ["The GazeSAM contributors"]
        self.parent.helpText = _(
            "Segment CT and MR by looking: eye tracking and promptable segmentation."
            " For research; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "GazeSAM is named for Segment Anything (Kirillov et al., 2023)."
        )


class GazeSAMWidget(ScriptedLoadableModuleWidget):
    """The module's panel: how to use this version, which runs outside Slicer's window."""

    def setup(self) -> None:
        """Build the panel; Slicer calls this when the module is first opened and on reload."""
        super().setup()
        label = qt.QLabel(panel_text())
        label.wordWrap = True
        label.textInteractionFlags = qt.Qt.TextSelectableByMouse
        self.layout.addWidget(label)
        self.layout.addStretch(1)


def panel_text() -> str:
    """Return what the panel says, as rich text."""
    return _(
        "<p><b>GazeSAM {version}</b></p>"
        "<p>Segmenting by gaze in Slicer's own views is not part of this version. It works from"
        " the command line, on a scan and a recording of gaze:</p>"
        "<p><code>gazesam segment SCAN --gaze RECORDING --output result.seg.nrrd</code></p>"
        "<p>Then drag <code>result.seg.nrrd</code> into Slicer: it opens as a segmentation with"
        " named segments. <code>gazesam demo</code> shows the whole way on a scan of its own."
        "</p><p>For research; not a medical device.</p>"
    ).format(version=GazeSAMLib.__version__)


class GazeSAMTest(ScriptedLoadableModuleTest):
    """What `Reload and Test` and ctest run inside Slicer."""

    def test_the_library_is_the_one_beside_the_module(self) -> None:
        """The library that was imported belongs to this installation."""
        library = Path(GazeSAMLib.__file__).resolve().parent
        here = Path(__file__).resolve().parent
        self.assertIn(library.parent, (here, here.parent))

    def test_the_panel_names_the_version(self) -> None:
        """The panel says which version it is."""
        self.assertIn(GazeSAMLib.__version__, panel_text())
