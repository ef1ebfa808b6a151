import subprocess
import sys

import pytest

from GazeSAMLib.engines.registry import (
    DEFAULT,
    ENTRIES,
    EngineEntry,
    engine_names,
    make_engine,
)
from GazeSAMLib.errors import EngineError


def test_names_are_unique_and_the_default_is_first():
    names = engine_names()
    assert len(set(names)) == len(names)
    assert names[0] == DEFAULT


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_in_one_line_what_it_is(entry):
    assert entry.summary
    assert "\n" not in entry.summary


def test_the_default_engine_needs_nothing_more_and_can_be_made():
    entry = next(entry for entry in ENTRIES if entry.name == DEFAULT)
    assert entry.missing == ()
    engine = make_engine(DEFAULT)
    assert engine.name == DEFAULT
    assert engine.weights_digest


def test_an_unknown_engine_is_refused_with_the_names_there_are():
    with pytest.raises(EngineError, match="no engine 'regoin'") as caught:
        make_engine("regoin")
    assert all(name in str(caught.value) for name in engine_names())


def test_an_unknown_option_is_refused_by_its_name():
    with pytest.raises(EngineError, match="no option 'checkpiont'"):
        make_engine(DEFAULT, checkpiont="vit_b.pth")


def test_missing_names_only_the_packages_that_are_not_installed():
    entry = EngineEntry("some", "for this test", "a:B", ("numpy", "no_such_package_x1"))
    assert entry.missing == ("no_such_package_x1",)


def test_listing_the_engines_imports_none_of_them():
    code = (
        "import sys, GazeSAMLib.engines.registry as r; r.engine_names(); "
        "[e.missing for e in r.ENTRIES]; "
        "print([m for m in sys.modules if m in ('torch', 'onnxruntime') "
        "or m.startswith(('GazeSAMLib.engines.region', 'GazeSAMLib.engines.sam'))])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[]"
