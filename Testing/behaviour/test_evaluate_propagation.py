"""The looks that whole structures take, as a person asks for them."""

import json
from pathlib import Path

import pytest

from Testing.painted_scan import write_painted


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> tuple[Path, Path]:
    return write_painted(tmp_path_factory.mktemp("painted"))


def test_propagation_takes_fewer_looks_and_the_file_says_what_is_printed(
    gazesam, painted, tmp_path
) -> None:
    scan, labels = painted
    told = gazesam(
        "evaluate", scan, "--labels", labels, "--engine", "region", "--propagate",
        "--output", tmp_path / "out", "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found == json.loads((tmp_path / "out" / "propagation.json").read_text())
    assert found["engine"] == "region"
    assert found["structure_count"] == 3
    for goal in ("to_0.80", "to_0.90"):
        assert found[goal]["reached_both_ways"] == 3
        assert found[goal]["looks_propagated"] < found[goal]["looks_slice_by_slice"]
        assert found[goal]["seconds_propagated"] < found[goal]["seconds_slice_by_slice"]
    for structure in found["structures"]:
        assert structure["slices"] == 5
        assert structure["to_0.80"]["slice_by_slice"]["looks"] >= 4
        assert structure["to_0.90"]["propagated"]["dice"] >= 0.9


def test_people_read_a_line_a_structure(gazesam, painted) -> None:
    scan, labels = painted
    told = gazesam(
        "evaluate", scan, "--labels", labels, "--engine", "region", "--propagate",
        "--structure", "label 3",
    )  # fmt: skip
    assert told.code == 0, told.err
    assert "label 3" in told.out
    assert "label 1" not in told.out
    assert "times fewer" in told.out
