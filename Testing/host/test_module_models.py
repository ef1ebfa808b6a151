"""Published models in the panel: they are named, and chosen as the built-in engines are."""

import pytest

from GazeSAMLib.engines.catalogue.models import all_models
from GazeSAMLib.engines.registry import choices


@pytest.fixture
def one_model_here(tmp_path, monkeypatch):
    """The file of MobileSAM lies in the folder of models; nobody looks into it."""
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path))
    entry = next(entry for entry in all_models() if entry.name == "mobile_sam")
    folder = tmp_path / "models" / entry.name
    folder.mkdir(parents=True)
    (folder / entry.file_name).write_bytes(b"weights")


def labels(selector):
    return [selector.itemText(index) for index in range(selector.count)]


@pytest.mark.usefixtures("one_model_here")
def test_models_are_offered_and_those_that_are_not_here_say_so(a_reader, a_picture):
    ui = a_reader.ui
    ui.engineSection.collapsed = False
    shown = labels(ui.engineSelector)
    assert len(shown) == len(choices())
    assert "MobileSAM" in shown
    assert "SAM ViT-B (not fetched yet)" in shown
    assert not set(shown) & set(choices())  # names for people, all of them
    a_reader.parameters.engine = "mobile_sam"
    a_reader.scroll_to(ui.deviceSelector)
    a_picture("a-model-is-chosen")
    assert ui.deviceSelector.visible
    assert not ui.checkpointEdit.visible
    ui.checkpointEdit.setCurrentPath("/data/of-another-model.pth")
    ui.deviceSelector.setCurrentIndex(1)
    choice = a_reader.panel._engine.choice()
    assert (choice.name, choice.options) == ("mobile_sam", {"device": "cpu"})


@pytest.mark.usefixtures("one_model_here")
def test_a_model_that_was_fetched_meanwhile_says_so_no_more(a_reader, tmp_path):
    entry = next(entry for entry in all_models() if entry.name == "sam_vit_b")
    file = tmp_path / "models" / entry.name / entry.file_name
    file.parent.mkdir()
    file.write_bytes(b"weights")
    a_reader.parameters.engine = "region"
    a_reader.widget.exit()
    a_reader.widget.enter()
    assert "SAM ViT-B" in labels(a_reader.ui.engineSelector)
    assert a_reader.parameters.engine == "region"


def test_an_exported_model_is_a_folder_and_a_checkpoint_a_file(a_reader, monkeypatch):
    import qt

    asked = []
    for kind, answer in (
        ("getExistingDirectory", "/a/folder"),
        ("getOpenFileName", ("/a.pth", "")),
    ):
        monkeypatch.setattr(
            qt.QFileDialog,
            kind,
            lambda *_, kind=kind, answer=answer: asked.append(kind) or answer,
        )
    edit = a_reader.ui.checkpointEdit
    for engine in ("onnx", "sam"):
        a_reader.parameters.engine = engine
        edit.browse()
    edit.setCurrentPath("")
    assert asked == ["getExistingDirectory", "getOpenFileName"]


@pytest.mark.usefixtures("one_model_here")
def test_starting_with_a_model_that_is_not_here_says_how_to_get_it(a_reader, a_ball):
    from GazeSAMLib.engines.registry import EngineEntry

    if EngineEntry("", "", "", ("torch", "segment_anything")).missing:
        pytest.skip("torch is not installed: pip install gazesam[sam]")
    a_reader.parameters.volume = a_ball
    a_reader.parameters.engine = "sam_vit_b"
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: "gazesam models pull" in a_reader.said, timeout_ms=60_000)
    assert "gazesam models pull sam_vit_b" in a_reader.said
