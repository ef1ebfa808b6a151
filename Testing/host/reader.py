"""A person at the module's panel, and what there is to look at."""

from pathlib import Path

import numpy as np

MODULE = Path(__file__).resolve().parents[2] / "GazeSAM" / "GazeSAM.py"
INSIDE = 180
NEAR_PX = 12


def show_ball(name="Ball"):
    import slicer.util

    k, j, i = np.mgrid[-32:33, -40:41, -36:37]
    inside = (2.0 * i) ** 2 + (2.0 * j) ** 2 + (2.5 * k) ** 2 < 30.0**2
    noise = np.random.default_rng(0).normal(0.0, 8.0, inside.shape)
    voxels = (np.where(inside, INSIDE, 20) + noise).astype(np.int16)
    matrix = np.array([[-2.0, 0, 0, 72], [0, -2.0, 0, 80], [0, 0, 2.5, -80], [0, 0, 0, 1]])
    volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=matrix, name=name)
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevel(300.0, 100.0)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def bend(volume, mm=8.0):
    """Put a volume under a transform that shifts points along R, the more the higher they lie."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    field = vtk.vtkImageData()
    field.SetOrigin(-120.0, -120.0, -120.0)
    field.SetSpacing(12.0, 12.0, 12.0)
    field.SetDimensions(21, 21, 21)
    s = np.indices((21, 21, 21))[0] * 12.0 - 120.0
    shift = np.stack((mm * np.sin(s / 25.0), 0 * s, 0 * s), axis=-1).reshape(-1, 3)
    field.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(shift), deep=True))
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(field)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "bent")
    node.SetAndObserveTransformToParent(transform)
    volume.SetAndObserveTransformNodeID(node.GetID())
    return node


def actors_in_views():
    import slicer

    manager = slicer.app.layoutManager()
    views = [manager.sliceWidget(name).sliceView() for name in manager.sliceViewNames()]
    return [v.renderWindow().GetRenderers().GetFirstRenderer().GetViewProps().GetNumberOfItems()
            for v in views]  # fmt: skip


class Reader:
    """A person at the panel: looks with the mouse, presses keys, reads what the panel says."""

    def __init__(self, host, widget):
        self.host, self.widget, self.ui = host, widget, widget.ui

    @property
    def panel(self):
        return self.widget.shell.panel

    @property
    def said(self):
        return self.ui.statusLabel.text

    @property
    def state(self):
        return self.panel.session.state.value

    @property
    def parameters(self):
        return self.panel.choices.parameters

    @property
    def look_shown(self):
        run = self.panel.session.run
        return None if run is None or run.live is None else run.live.outlined

    @property
    def outlined(self):
        return None if self.look_shown is None else self.look_shown.hit.view.name

    def scroll_to(self, widget):
        """Bring a part of the panel into view."""
        self.host.wait(50)
        self.host.window.moduleSelector().panel().ensureWidgetVisible(widget)
        self.host.wait(50)

    def start(self):
        self.ui.startButton.click()
        self.host.spin(until=lambda: self.state != "preparing", timeout_ms=60_000)
        assert self.state == "running", self.said

    def look(self, name="Red", ras=(0.0, 0.0, 0.0)):
        """Rest the pointer on a point until its structure is outlined, and a little longer."""
        place = self.point_at(name, ras)
        self.host.spin(until=lambda: self.looks_at(name, place), timeout_ms=20_000)
        self.host.wait(350)

    def looks_at(self, name, place_view_xy):
        """Whether the outline that is shown is that of a look at a place in a view."""
        look = self.look_shown
        if look is None or look.hit.view.name != name:
            return False
        found = tuple(look.hit.view.geometry.view_from_point(look.hit.point_local_ras))
        return np.hypot(*np.subtract(found, place_view_xy)) < NEAR_PX

    def point_at(self, name, ras):
        """Move the pointer to a point of a view; return where that is, in view XY."""
        import slicer

        view = slicer.app.layoutManager().sliceWidget(name).sliceView()
        x, y = view.convertRASToXYZ(ras)[:2]
        width, height, _ = view.mrmlSliceNode().GetDimensions()
        x_px, y_px = (x + 0.5) * view.width / width, (height - 0.5 - y) * view.height / height
        self.host.move_mouse(view, x_px, y_px)
        return x, y

    def accept(self, name="Red", ras=(0.0, 0.0, 0.0)):
        self.look(name, ras)
        self.host.press("space")

    def truth(self):
        """Return where the volume is bright."""
        import slicer.util

        return slicer.util.arrayFromVolume(self.parameters.volume) > 100

    def voxels(self, segment_id=None):
        """Return the segment on the volume's grid."""
        import slicer.util

        node = self.parameters.segmentation
        segment_id = segment_id or self.parameters.segmentId
        array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, self.parameters.volume)
        return np.zeros(1, bool) if array is None else array > 0
