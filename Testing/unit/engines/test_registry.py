import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from GazeSAMLib.engines import registry
from GazeSAMLib.engines.catalogue.models import MODELS
from GazeSAMLib.engines.registry import (
    DEFAULT,
    ENTRIES,
    FALLBACK,
    EngineEntry,
    choices,
    default_engine,
    engine_names,
    engine_of,
    fallback_notice,
    make_engine,
)
from GazeSAMLib.errors import EngineError, ModelError


def test_names_are_unique_and_the_default_is_first():
    names = engine_names()
    assert len(set(names)) == len(names)
    assert names[0] == DEFAULT


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_in_one_line_what_it_is(entry):
    assert entry.summary
    assert "\n" not in entry.summary


@pytest.mark.parametrize("name", [DEFAULT, FALLBACK])
def test_default_and_fallback_need_nothing_more_and_can_be_made(name):
    entry = next(entry for entry in ENTRIES if entry.name == name)
    assert (entry.missing, entry.obstacle) == ((), "")
    engine = make_engine(name)
    assert engine.name == name
    assert engine.weights_digest


def test_the_default_is_taken_where_it_can_run():
    assert default_engine() == DEFAULT
    assert fallback_notice() == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"packages": ("no_such_package_x1",)}, "no_such_package_x1 is not installed"),
        ({"weights": Path("no", "such.onnx")}, "its file such.onnx is missing"),
    ],
)
def test_what_runs_anywhere_takes_the_default_s_place_and_is_said_by_name(monkeypatch, change, why):
    entries = [replace(entry, **change) if entry.name == DEFAULT else entry for entry in ENTRIES]
    monkeypatch.setattr(registry, "ENTRIES", tuple(entries))
    assert default_engine() == FALLBACK
    assert all(part in fallback_notice() for part in (DEFAULT, FALLBACK, why))


def test_an_engine_that_lacks_a_package_says_how_to_install_it(monkeypatch):
    entries = [replace(entry, packages=("no_such_package_x1",)) for entry in ENTRIES]
    monkeypatch.setattr(registry, "ENTRIES", tuple(entries))
    with pytest.raises(EngineError, match=r"no_such_package_x1.*pip install onnxruntime"):
        make_engine(DEFAULT)
    with pytest.raises(EngineError, match=r"no_such_package_x1.*pip install 'gazesam\[sam\]'"):
        make_engine("sam")


def test_an_unknown_engine_is_refused_with_the_names_there_are():
    with pytest.raises(EngineError, match="no engine 'regoin'") as caught:
        make_engine("regoin")
    assert all(name in str(caught.value) for name in choices())


def test_an_unknown_option_is_refused_by_its_name():
    with pytest.raises(EngineError, match="no option 'checkpiont'"):
        make_engine(DEFAULT, checkpiont="vit_b.pth")


@pytest.fixture
def nothing_missing(monkeypatch, tmp_path):
    """Every package is here and no model is."""
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path))
    entries = tuple(replace(entry, packages=()) for entry in ENTRIES)
    monkeypatch.setattr(registry, "ENTRIES", entries)


def test_a_model_is_named_like_an_engine_and_each_name_is_offered_once():
    assert choices()[: len(ENTRIES)] == engine_names()
    assert len(set(choices())) == len(choices())
    assert {model.name for model in MODELS} <= set(choices())
    assert engine_of("sam_vit_b").name == "sam"
    assert engine_of("mobile_sam").name == "mobile_sam"


@pytest.mark.parametrize("name", ["sam_vit_b", "mobile_sam", "sam2.1_tiny"])
@pytest.mark.usefixtures("nothing_missing")
def test_a_model_that_is_not_here_says_how_to_get_it(name):
    with pytest.raises(ModelError, match=f"type: gazesam models pull {name}$"):
        make_engine(name, device="cpu")


@pytest.mark.usefixtures("nothing_missing")
def test_a_model_takes_no_other_weights():
    with pytest.raises(EngineError, match="name the engine 'sam' in its place"):
        make_engine("sam_vit_b", checkpoint="vit_l.pth")


@pytest.mark.usefixtures("nothing_missing")
def test_an_engine_without_weights_names_its_models():
    with pytest.raises(ModelError, match=r"'sam2' needs a checkpoint.*sam2\.1_tiny, sam2\.1_small"):
        make_engine("sam2")
    with pytest.raises(ModelError, match=r"'sam' needs a checkpoint.*medsam"):
        make_engine("sam", checkpoint=None)
    with pytest.raises(ModelError, match="export-onnx"):
        make_engine("onnx")


def test_missing_names_only_the_packages_that_are_not_installed():
    entry = EngineEntry("some", "for this test", "a:B", ("numpy", "no_such_package_x1"))
    assert entry.missing == ("no_such_package_x1",)


def test_listing_the_engines_imports_none_of_them():
    code = (
        "import sys, GazeSAMLib.engines.registry as r; r.engine_names(); "
        "[e.missing for e in r.ENTRIES]; "
        "print([m for m in sys.modules if m in ('torch', 'onnxruntime') "
        "or m.startswith(tuple(f'GazeSAMLib.engines.{e.name}' for e in r.ENTRIES))])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[]"


def test_what_is_missing_is_installed_by_the_commands_told(monkeypatch):
    entry = registry.engine_of("mobile_sam")
    alone = "pip install --no-deps 'timm>=1.0.22'"
    cases = {("timm",): alone, ("torch", "timm"): f"pip install 'gazesam[sam]' && {alone}"}
    for missing, told in cases.items():
        monkeypatch.setattr(registry.EngineEntry, "missing", missing)
        assert entry.installation == told
