"""The benchmarks' frame; what they measure is not judged here."""

import ast
import json
import subprocess
import sys
from unittest import SkipTest

import pytest

from GazeSAMLib.errors import EngineError
from Testing.bench.main import BENCHMARKS, BOUNDS, is_skip, table_of
from Testing.listed_files import ROOT


def test_json_stands_alone_on_standard_output() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "Testing.bench.main", "--json", "--only", "signals_us_median"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = json.loads(done.stdout)
    assert list(numbers) == ["signals_us_median"]
    assert numbers["signals_us_median"] > 0.0
    assert "signals_us_median" in done.stderr


@pytest.mark.parametrize(("file", "function"), BENCHMARKS)
def test_every_benchmark_exists(file: str, function: str) -> None:
    tree = ast.parse((ROOT / f"Testing/bench/{file}.py").read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_missing_package_is_a_skip_and_a_missing_part_of_ours_is_not() -> None:
    assert is_skip(SkipTest("no scan here"))
    assert is_skip(ModuleNotFoundError("no torch", name="torch"))
    assert not is_skip(ModuleNotFoundError("no session", name="GazeSAMLib.session"))
    assert not is_skip(EngineError("the engine failed"))
    without_torch = EngineError("the engine 'sam' needs PyTorch")
    without_torch.__cause__ = ModuleNotFoundError("no torch", name="torch")
    assert is_skip(without_torch)


def test_the_table_says_which_bounds_hold() -> None:
    key, bound = next(iter(BOUNDS.items()))
    for value, verdict in ((bound, "pass"), (bound * 1.01, "fail")):
        (cells,) = zip(*(column.cells for column in table_of({key: value}).columns), strict=True)
        assert verdict in str(cells[3])
