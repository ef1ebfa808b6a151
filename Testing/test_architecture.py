"""The rules of docs/architecture.md that a reader should not have to check by eye."""

import ast
import fnmatch
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from Testing.listed_files import FOLDERS, ROOT, listed_files, product_files

# Imports point up this table: a part may import itself and the parts of the rows above its own.
ROWS = (
    ("frames", "errors"),
    ("gaze", "geometry"),
    ("signals",),
    ("prompts",),
    ("engines",),
    ("segmentation",),
    ("scans",),
    ("session",),
    ("simulation",),
    ("hosts.cli", "hosts.slicer", "hosts.worker"),
)
ROW_OF = {part: row for row, parts in enumerate(ROWS) for part in parts}

# What a part may import besides the standard library, where that is a rule.
THIRD_PARTY = {
    "frames": set(),
    "errors": set(),
    "geometry": {"numpy"},
    "segmentation": {"numpy", "scipy"},
}
SLICER = {"slicer", "vtk", "qt", "ctk"}
HEAVY = {
    "torch",
    "torchvision",
    "timm",
    "onnxruntime",
    "segment_anything",
    "tobii_research",
    "pylsl",
}

LONGEST_FILE = 300
LONGEST_MODULE_FILE = 150
MOST_METHODS = 12

LIBRARY = sorted((ROOT / "GazeSAMLib").rglob("*.py"))
MODULE = sorted((ROOT / "GazeSAM").rglob("*.py"))
TRAINING = sorted((ROOT / "training").rglob("*.py"))
SCRIPTS = [*LIBRARY, *MODULE, *TRAINING, ROOT / "run.py"]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"


def part_of(path: Path) -> str:
    """The part of the library that a file belongs to; empty for the package's own file."""
    names = path.relative_to(ROOT / "GazeSAMLib").with_suffix("").parts
    if names[0] == "__init__":
        return ""
    if names[0] == "hosts":
        return ".".join(names[:2]) if names[1] != "__init__" else ""
    return names[0]


def imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every import as (statement, full dotted name), with what `from` takes out of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, "." * node.level + f"{node.module or ''}.{alias.name}"


def imports_at_import_time(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """The imports that run when the module is imported: not those of functions or for types."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            todo.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))


def imported_part(name: str) -> str | None:
    """The part of the library that the import of `name` reaches; None for other packages."""
    names = name.split(".")
    if names[0] != "GazeSAMLib":
        return None
    for length in (3, 2):
        part = ".".join(names[1:length])
        if part in ROW_OF:
            return part
    return "" if len(names) < 3 or names[1].startswith("__") else names[1]


def test_every_part_of_the_library_stands_in_the_table() -> None:
    unknown = {part_of(path) for path in LIBRARY} - {"", *ROW_OF}
    assert not unknown, f"give {unknown} a row in docs/architecture.md and in ROWS"


def test_imports_point_one_way() -> None:
    wrong = []
    for path in LIBRARY:
        part = part_of(path)
        for node, name in imports(parsed(path)):
            target = imported_part(name)
            if name.startswith("."):
                wrong.append(f"{where(path, node)}: relative import")
            elif target in (None, "", part):
                continue
            elif target not in ROW_OF or part == "" or ROW_OF[target] >= ROW_OF[part]:
                wrong.append(f"{where(path, node)}: {part or 'package'} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_the_slicer_module_knows_its_host_alone() -> None:
    wrong = [
        f"{where(path, node)}: {name}"
        for path in MODULE
        for node, name in imports(parsed(path))
        if imported_part(name) not in (None, "", "hosts.slicer")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", THIRD_PARTY)
def test_pure_parts_stay_pure(part: str) -> None:
    allowed = {*sys.stdlib_module_names, "GazeSAMLib", *THIRD_PARTY[part]}
    wrong = [
        f"{where(path, node)}: {name}"
        for path in LIBRARY
        if part_of(path) == part
        for node, name in imports(parsed(path))
        if name.split(".")[0] not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_slicer_is_imported_by_its_host_alone() -> None:
    wrong = [
        f"{where(path, node)}: {name}"
        for path in LIBRARY
        if part_of(path) != "hosts.slicer"
        for node, name in imports(parsed(path))
        if name.split(".")[0] in SLICER
    ]
    assert not wrong, "\n".join(wrong)


def test_product_and_training_do_not_know_each_other() -> None:
    # The scorer is fitted to what the engine's own code finds: that part looks, and is not seen.
    bridge = ROOT / "training/choosing"
    wrong = [
        f"{where(path, node)}: {name}"
        for path in SCRIPTS
        if bridge not in path.parents
        for node, name in imports(parsed(path))
        if name.split(".")[0] == ("GazeSAMLib" if path in TRAINING else "training")
        or name.startswith("training.choosing")
    ]
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_are_imported_when_needed() -> None:
    wrong = [
        f"{where(path, node)}: {name}"
        for path in SCRIPTS
        if path not in TRAINING  # torch is what it is made of, and no product code imports it
        for node, name in imports_at_import_time(parsed(path))
        if name.split(".")[0] in HEAVY
    ]
    assert not wrong, "\n".join(wrong)


def test_only_hosts_catch_everything() -> None:
    wrong = [
        where(path, node)
        for path in SCRIPTS
        if path not in LIBRARY or not part_of(path).startswith("hosts")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        if node.type is None
        or {"Exception", "BaseException"} & {getattr(n, "id", "") for n in ast.walk(node.type)}
    ]
    assert not wrong, "\n".join(wrong)


def forbidden(node: ast.AST) -> str:
    """What a node does that no product code does; empty where it is fine."""
    match node:
        case ast.Global():
            return "global"
        case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return "time.sleep"
        case ast.ImportFrom(module="time", names=names) if "sleep" in {n.name for n in names}:
            return "time.sleep"
        case ast.Attribute(attr="processEvents"):
            return "processEvents"
    return ""


def test_product_code_does_not_sleep_nor_pump_events_nor_use_globals() -> None:
    wrong = [
        f"{where(path, node)}: {forbidden(node)}"
        for path in SCRIPTS
        for node in ast.walk(parsed(path))
        if forbidden(node)
    ]
    assert not wrong, "\n".join(wrong)


def test_library_code_does_not_print() -> None:
    wrong = [
        where(path, node)
        for path in LIBRARY
        if not part_of(path).startswith("hosts")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not wrong, "\n".join(wrong)


def test_a_helper_lives_with_its_concept() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc"}
    wrong = [str(path) for path in SCRIPTS if names & {path.stem.lower(), path.parent.name.lower()}]
    assert not wrong, "\n".join(wrong)


def longer_with_reason() -> set[str]:
    """The files and classes whose length docs/architecture.md explains."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = text.partition("\n## Longer than the rule\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^- `([^`]+)`", section, re.MULTILINE))


def test_files_stay_short() -> None:
    limits = dict.fromkeys(SCRIPTS, LONGEST_FILE) | dict.fromkeys(MODULE, LONGEST_MODULE_FILE)
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SCRIPTS}
    wrong = {
        path.relative_to(ROOT).as_posix(): lines
        for path, lines in lengths.items()
        if lines > limits[path]
    }
    assert set(wrong) <= longer_with_reason(), wrong


def test_classes_stay_small() -> None:
    wrong = {}
    for path in SCRIPTS:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                if len(methods) > MOST_METHODS:
                    wrong[node.name] = f"{where(path, node)}: {len(methods)} methods"
    assert set(wrong) <= longer_with_reason(), wrong


@pytest.mark.parametrize("folder", FOLDERS)
def test_cmake_lists_every_file(folder: str) -> None:
    listed, there = listed_files(ROOT / folder), product_files(ROOT / folder)
    assert listed == there, "run `python3 Testing/listed_files.py`"


def test_packages_hold_every_resource() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    _, resources = product_files(ROOT / "GazeSAMLib")
    left_out = [n for n in resources if not any(fnmatch.fnmatch(n, p) for p in patterns)]
    assert not left_out, f"add their kind to package-data in pyproject.toml: {left_out}"


def test_slicer_requirements_are_known_dependencies_and_not_pinned() -> None:
    lines = (ROOT / "GazeSAM/Resources/requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(wanted) <= set(project["dependencies"])
    assert not [line for line in wanted if "==" in line]


def test_the_extension_is_described_alike_everywhere() -> None:
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    set_in_cmake = dict(re.findall(r'set\(EXTENSION_(\w+) "([^"]*)"\)', cmake))
    lines = (ROOT / "GazeSAM.s4ext").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    s4ext = {keyword: value for keyword, _, value in pairs}
    entry = json.loads((ROOT / "GazeSAM.json").read_text(encoding="utf-8"))
    assert re.search(r"^project\(GazeSAM\)$", cmake, re.MULTILINE)
    for key in ("homepage", "contributors", "iconurl", "screenshoturls", "description", "depends"):
        assert s4ext[key] == set_in_cmake[key.upper()], key
    assert s4ext["scmurl"] == entry["scm_url"]
    assert s4ext["scmrevision"] == entry["scm_revision"]
    assert s4ext["category"] == entry["category"]
    assert s4ext["depends"].split() == entry["build_dependencies"] or s4ext["depends"] == "NA"


def test_pictures_of_the_extension_exist() -> None:
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    pictures = re.findall(r"/raw/main/([^\s\"]+)", cmake)
    assert pictures
    assert not [name for name in pictures if not (ROOT / name).is_file()]
