"""A scripted module as small as one can be that uses what the window host has to offer."""

import enum
from pathlib import Path
from typing import Annotated, ClassVar

import qt
import slicer
import slicer.util
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class HostSample(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = _("Host sample")
        self.parent.categories = ["Testing"]
        self.parent.dependencies = ["Volumes", "Segmentations"]


class Mode(enum.Enum):
    SLOW = 1
    FAST = 2


@parameterNodeWrapper
class HostSampleParameterNode:
    volume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    threshold: Annotated[float, WithinRange(-50, 150)] = 30.0
    count: Annotated[int, WithinRange(0, 9)] = 4
    shown: bool = True
    label: str = "liver"
    mode: Mode = Mode.FAST
    folder: Path = Path("/tmp")


class HostSampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.log = []

    def setup(self):
        super().setup()
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/HostSample.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = HostSampleLogic()
        self.ui.byNameButton.connect("clicked(bool)", self.onByName)
        self.ui.bySignalButton.clicked.connect(self.onBySignal)
        self.ui.failingButton.clicked.connect(self.onFailing)
        self.ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onVolume)
        self.ui.segmentationSelector.connect(
            "currentNodeChanged(vtkMRMLNode*)", self.onSegmentation
        )
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.timer = qt.QTimer()
        self.timer.timerType = qt.Qt.PreciseTimer
        self.timer.interval = 10
        self.timer.timeout.connect(self.onTick)
        self.shortcut = qt.QShortcut(qt.QKeySequence("Space"), slicer.util.mainWindow())
        self.shortcut.setContext(qt.Qt.ApplicationShortcut)
        self.shortcut.connect("activated()", self.onSpace)
        self.bind()

    def bind(self):
        node = self.logic.getParameterNode()
        self.parameters = HostSampleParameterNode(node)
        self.guiTag = self.parameters.connectGui(self.ui)

    def cleanup(self):
        self.log.append("cleanup")
        self.timer.stop()
        self.shortcut.enabled = False
        self.parameters.disconnectGui(self.guiTag)
        self.removeObservers()

    def enter(self):
        self.log.append("enter")

    def exit(self):
        self.log.append("exit")

    def onByName(self, checked):
        self.log.append(("byName", checked))

    def onBySignal(self):
        self.log.append("bySignal")

    def onFailing(self):
        raise ZeroDivisionError("on purpose")

    def onTick(self):
        self.log.append("tick")

    def onSpace(self):
        self.log.append("space")

    def onVolume(self, node):
        self.log.append(("volume", node and node.GetName()))

    def onSegmentation(self, node):
        self.ui.segmentsTable.setSegmentationNode(node)

    def onSceneStartClose(self, caller, event):
        self.log.append("closing")
        self.parameters.disconnectGui(self.guiTag)

    def onSceneEndClose(self, caller, event):
        self.log.append("closed")
        self.bind()

    def ask(self, program, text):
        """Send `text` through a process that echoes what it reads."""
        self.answer = b""
        self.process = qt.QProcess()
        self.process.connect("readyReadStandardOutput()", self.onAnswer)
        self.process.connect("finished(int,QProcess::ExitStatus)", self.onFinished)
        self.process.start(program, ["-c", "import sys; print(sys.stdin.read()[::-1], end='')"])
        self.process.write(qt.QByteArray(text))
        self.process.closeWriteChannel()

    def onAnswer(self):
        self.answer += self.process.readAllStandardOutput().data()

    def onFinished(self, code, status):
        self.log.append(("finished", code))


class HostSampleLogic(ScriptedLoadableModuleLogic):
    pass


class HostSampleTest(ScriptedLoadableModuleTest):
    ran: ClassVar[list] = []

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_one(self):
        self.ran.append("one")

    def test_two(self):
        self.ran.append("two")
        self.assertEqual(slicer.util.moduleNames(), ("HostSample",))
