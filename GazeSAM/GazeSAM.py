"""The module that 3D Slicer loads. Slicer finds these classes by the name of this file."""

import importlib.util
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import slicer
import slicer.util
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

if importlib.util.find_spec("GazeSAMLib") is None:
    # In a source checkout the library lies beside this folder, and Slicer knows this folder only.
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from GazeSAMLib.hosts.slicer.panel.shell import PanelShell
from GazeSAMLib.hosts.slicer.parameters import GazeSAMParameters
from GazeSAMLib.hosts.slicer.sample_data import register_sample_data


class GazeSAM(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = "GazeSAM"
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = []
        self.parent.contributors = ["The GazeSAM contributors"]
        self.parent.helpText = _(
            "Segment CT and MR by looking: look at a structure in a slice view, see its outline,"
            " accept it with a key. Works with the mouse pointer where there is no eye tracker."
            " For research; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "GazeSAM is named for Segment Anything (Kirillov et al., 2023)."
        )
        icon = Path(self.resourcePath("Icons/GazeSAM.png"))
        slicer.app.connect("startupCompleted()", lambda: register_sample_data(icon))


class GazeSAMWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel: Slicer's hooks, handed on."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self) -> None:
        """Build the panel; Slicer calls this when the module is first opened and on reload."""
        super().setup()
        widget = slicer.util.loadUI(self.resourcePath("UI/GazeSAM.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        self.logic = GazeSAMLogic()
        requirements = Path(self.resourcePath("requirements.txt"))
        self.shell = PanelShell(self.ui, self.logic, requirements)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        if self.parent.isEntered:  # a reload calls setup, but not enter
            self.shell.enter()

    def enter(self) -> None:
        """Slicer shows the panel."""
        self.shell.enter()

    def exit(self) -> None:
        """Slicer shows another module's panel."""
        self.shell.exit()

    def cleanup(self) -> None:
        """Slicer ends, or the module is about to be reloaded."""
        self.removeObservers()
        self.shell.cleanup()

    def onSceneStartClose(self, _caller, _event) -> None:
        """Slicer is about to close the scene."""
        self.shell.scene_closes()

    def onSceneEndClose(self, _caller, _event) -> None:
        """Slicer has closed the scene; the panel goes on with an empty one if it is shown."""
        if self.parent.isEntered:
            self.shell.enter()


class GazeSAMLogic(ScriptedLoadableModuleLogic):
    """Gives the parameter node; everything else is in GazeSAMLib and needs no widget."""

    def getParameterNode(self) -> GazeSAMParameters:
        """Return the user's choices."""
        return GazeSAMParameters(super().getParameterNode())


class GazeSAMTest(ScriptedLoadableModuleTest):
    """What `Reload and Test` and ctest run inside Slicer."""

    def setUp(self) -> None:
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def bench(self) -> AbstractContextManager:
        """Return a context with a volume, the panel and a hand on the pointer."""
        from GazeSAMLib.hosts.slicer.self_test import bench

        return bench(self)  # not set up: the self-test button tears nothing down after a failure

    def test_the_library_is_the_one_beside_the_module(self) -> None:
        """The library that was imported belongs to this installation."""
        import GazeSAMLib

        library = Path(GazeSAMLib.__file__).resolve().parent
        here = Path(__file__).resolve().parent
        self.assertIn(library.parent, (here, here.parent))

    def test_a_look_and_a_key_make_a_segment(self) -> None:
        """The pointer rests on a structure, Space accepts it, Z takes it back."""
        with self.bench() as bench:
            bench.look_and_accept()

    def test_the_outline_follows_slice_layout_and_scene(self) -> None:
        """Nothing stale is left when the slice, the layout or the scene changes."""
        with self.bench() as bench:
            bench.change_everything()

    def test_a_killed_engine_process_comes_back(self) -> None:
        """The session goes on with another process; what was accepted is not touched."""
        with self.bench() as bench:
            bench.kill_the_worker()

    def test_bad_input_gets_a_sentence(self) -> None:
        """Without a usable volume the panel says what is wrong."""
        with self.bench() as bench:
            bench.give_bad_input()
