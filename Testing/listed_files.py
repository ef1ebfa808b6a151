"""Which files the extension consists of, and which of them its CMake files list.

``python Testing/listed_files.py`` brings the lists in the CMake files up to date.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("GazeSAM", "GazeSAMLib")
NOT_PRODUCT = ("CMakeLists.txt", ".DS_Store")


def product_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the scripts and the resources under `folder`, relative to it, sorted."""
    files = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in NOT_PRODUCT
    ]
    scripts = sorted(path.as_posix() for path in files if path.suffix == ".py")
    resources = sorted(path.as_posix() for path in files if path.suffix != ".py")
    return scripts, resources


def listed_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the scripts and the resources that the folder's CMake file lists."""
    text = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    scripts = _pattern("SCRIPTS").search(text)
    resources = _pattern("RESOURCES").search(text)
    if scripts is None or resources is None:
        raise ValueError(f"{folder / 'CMakeLists.txt'} sets no MODULE_PYTHON_SCRIPTS or _RESOURCES")
    return scripts[1].split(), resources[1].split()


def update(folder: Path) -> None:
    """Rewrite the lists in the folder's CMake file."""
    cmake = folder / "CMakeLists.txt"
    text = cmake.read_text(encoding="utf-8")
    for kind, files in zip(("SCRIPTS", "RESOURCES"), product_files(folder), strict=True):
        lines = "".join(f"  {name}\n" for name in files)
        text = _pattern(kind).sub(f"set(MODULE_PYTHON_{kind}\n{lines}  )", text)
    cmake.write_text(text, encoding="utf-8")


def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(rf"set\(MODULE_PYTHON_{kind}\s(.*?)\)", re.DOTALL)


if __name__ == "__main__":
    for name in FOLDERS:
        update(ROOT / name)
