"""Slice views: what they show, where they are, and how they take the mouse and keys."""

import numpy as np
import pytest


def test_a_box_volume_is_seen_in_the_views(a_box_volume, a_host, tmp_path):
    shown = a_host.pixels("Red")
    height, width, _ = shown.shape
    assert shown[height // 2, width // 2].tolist() == [255, 255, 255]
    assert shown[height // 2, 5].tolist() == [0, 0, 0]
    picture = a_host.grab(tmp_path / "window.png")
    assert picture.stat().st_size > 5000


def test_what_is_seen_on_the_screen_is_what_was_rendered(a_box_volume, a_host, tmp_path):
    from PIL import Image

    view = a_host.view("Red")
    rendered = a_host.pixels("Red")
    with Image.open(a_host.grab(tmp_path / "window.png")) as picture:
        screen = np.asarray(picture.convert("RGB"))
    ratio = view.VTKWidget().devicePixelRatioF()
    corner = view.mapToGlobal(view.rect.topLeft()) - a_host.window.frameGeometry.topLeft()
    left, top = round(corner.x() * ratio), round(corner.y() * ratio)
    on_screen = screen[top : top + rendered.shape[0], left : left + rendered.shape[1]]
    assert (on_screen == rendered).mean() > 0.999


def cursor_xy(crosshair):
    position = [0.0, 0.0, 0.0]
    crosshair.GetCursorPositionXYZ(position)
    return position[:2]


def test_the_mouse_is_where_the_cross_hair_says(a_box_volume, a_host):
    import slicer
    import vtk

    view = a_host.view("Red")
    node = view.mrmlSliceNode()
    ratios = np.array(node.GetDimensions()[:2]) / (view.width, view.height)
    crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
    for x, y in ((view.width // 4, view.height // 3), (view.width // 2, view.height - 20)):
        a_host.move_mouse("Red", x, y)
        place = (x * ratios[0], node.GetDimensions()[1] - 1 - y * ratios[1])
        expected = pytest.approx(place, abs=ratios.max() + 0.5)
        a_host.spin(until=lambda expected=expected: cursor_xy(crosshair) == expected)
        position = cursor_xy(crosshair)
        ras = [0.0, 0.0, 0.0]
        crosshair.GetCursorPositionRAS(ras)
        matrix = vtk.vtkMatrix4x4()
        matrix.DeepCopy(node.GetXYToRAS())
        assert ras == pytest.approx(matrix.MultiplyPoint((*position, 0, 1))[:3])
        assert view.convertXYZToRAS([*position, 0]) == pytest.approx(ras)


def test_the_cursor_and_the_view_agree_where_the_pointer_is(a_host):
    import qt

    a_host.move_mouse("Green", 50, 60)
    point = a_host.view("Green").mapFromGlobal(qt.QCursor.pos())
    assert (point.x(), point.y()) == pytest.approx((50, 60), abs=1)


def test_keys_and_wheel_scroll_a_view_in_focus(a_box_volume, a_host):
    logic = a_host.app.layoutManager().sliceWidget("Red").sliceLogic()
    logic.SnapSliceOffsetToIJK()
    before = logic.GetSliceOffset()
    a_host.click("Red")
    a_host.press("Up")
    assert logic.GetSliceOffset() == pytest.approx(before + 1)
    a_host.click("Red", button=5)
    assert logic.GetSliceOffset() == pytest.approx(before)


def test_layouts_show_and_hide_views(a_host):
    manager = a_host.app.layoutManager()
    seen = []
    manager.layoutChanged.connect(seen.append)
    a_host.show_layout("OneUpRed")
    assert [name for name in manager.sliceViewNames() if a_host.view(name).isVisible()] == ["Red"]
    wide = a_host.view("Red").width
    a_host.show_layout("Conventional")
    assert all(a_host.view(name).isVisible() for name in ("Red", "Green", "Yellow"))
    assert a_host.view("Red").width < wide / 2
    assert len(seen) == 2


def test_a_slice_node_has_the_views_size_in_device_pixels(a_host):
    for name in ("Red", "Green", "Yellow"):
        view = a_host.view(name)
        size = view.size * view.VTKWidget().devicePixelRatioF()
        assert view.mrmlSliceNode().GetDimensions()[:2] == (size.width(), size.height())


def test_the_pointer_is_found_on_every_monitor(a_box_volume, a_host):
    import qt

    for monitor, screen in enumerate(qt.QApplication.screens()):
        a_host.move_window(monitor)
        view = a_host.view("Yellow")
        a_host.spin(until=lambda view=view: view.isVisible() and view.width > 100)
        node, ratio = view.mrmlSliceNode(), screen.devicePixelRatio
        dimensions = (view.size * ratio).width(), (view.size * ratio).height()
        a_host.spin(until=lambda n=node, size=dimensions: n.GetDimensions()[:2] == size)
        a_host.move_mouse("Yellow", 70, 40)
        point = view.mapFromGlobal(qt.QCursor.pos())
        assert (point.x(), point.y()) == pytest.approx((70, 40), abs=1)
        assert view.interactor().GetEventPosition() == pytest.approx(
            (70 * ratio, dimensions[1] - 1 - 40 * ratio), abs=ratio + 0.5
        )
