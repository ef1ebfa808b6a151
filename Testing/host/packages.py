"""Slicer's installer of Python packages, which here writes down what it would install."""

import importlib.metadata
import shlex
import sys
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import slicer.util
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class Packages:
    """Packages that are there, that seem missing, and that somebody asked to install.

    Attributes
    ----------
    installed : list of str
        The requirements that were to be installed.
    error : Exception or None
        What the next installation fails with.
    """

    def __init__(self) -> None:
        self.installed: list[str] = []
        self.error: Exception | None = None
        self._hidden: dict[str, str] = {}
        self._put_aside: dict[str, Any] = {}

    def hide(self, **package_by_module: str) -> None:
        """Let modules look as if they were not installed: ``hide(scipy="scipy")``."""
        self._hidden.update(package_by_module)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        for name in list(sys.modules):
            if name.partition(".")[0] in package_by_module:
                self._put_aside[name] = sys.modules.pop(name)

    def show_all(self) -> None:
        """End `hide`, and forget what was installed."""
        self._reveal(list(self._hidden))
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self.installed.clear()
        self.error = None

    def _reveal(self, modules: Sequence[str]) -> None:
        for module in modules:
            self._hidden.pop(module, None)
            for name in [one for one in self._put_aside if one.partition(".")[0] == module]:
                sys.modules[name] = self._put_aside.pop(name)

    def hides(self, package: str) -> bool:
        """Whether a package looks as if it were not there."""
        return canonicalize_name(package) in map(canonicalize_name, self._hidden.values())

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Refuse the import of what is hidden: Python asks here first."""
        if name.partition(".")[0] in self._hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

    def pip_check(self, requirement: Any) -> bool:
        """Whether every one of some requirements is met."""
        return all(self._is_met(one) for one in _requirements(requirement))

    def _is_met(self, requirement: Requirement) -> bool:
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        if self.hides(requirement.name):
            return False
        try:
            return importlib.metadata.version(requirement.name) in requirement.specifier
        except importlib.metadata.PackageNotFoundError:
            return False

    def pip_install(self, requirements: Any, **options: Any) -> None:
        """Write down what to install; hidden packages are there from now on."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        flags, given = _split_options(requirements)
        wanted = _requirements(given)
        self.installed += [" ".join((*flags, str(one))) for one in wanted]
        names = {canonicalize_name(one.name) for one in wanted}
        hidden = self._hidden.items()
        self._reveal([m for m, package in hidden if canonicalize_name(package) in names])

    def pip_ensure(
        self,
        requirements: Any,
        constraints: Any = None,
        skip_packages: Any = None,
        prompt_install: bool = True,
        prompt_restart: bool = True,
        requester: str | None = None,
        skip_in_testing: bool = True,
        show_progress: bool = True,
    ) -> None:
        """Install what is missing, after a question."""
        missing = [str(one) for one in _requirements(requirements) if not self.pip_check(one)]
        if not missing:
            return
        question = f"{requester or ''}: install {', '.join(missing)}?"
        if prompt_install and not slicer.util.confirmOkCancelDisplay(question):
            raise RuntimeError("User declined package installation")
        self.pip_install(missing)

    def module(self) -> types.ModuleType:
        """Return what ``slicer.packaging`` is."""
        module = types.ModuleType("slicer.packaging")
        module.load_requirements = _load_requirements
        module.pip_check = self.pip_check
        module.pip_ensure = self.pip_ensure
        module.pip_install = self.pip_install
        return module


def _split_options(given: Any) -> tuple[list[str], Any]:
    """Return the options for pip, such as ``--no-deps``, and what is left: it takes both as one."""
    if isinstance(given, Requirement):
        return [], given
    parts = shlex.split(given) if isinstance(given, str) else list(given)
    flags = [part for part in parts if str(part).startswith("-")]
    return flags, [part for part in parts if part not in flags]


def _requirements(given: Any) -> list[Requirement]:
    if isinstance(given, Requirement):
        return [given]
    parts = given.split() if isinstance(given, str) else given
    return [one if isinstance(one, Requirement) else Requirement(one) for one in parts]


def _load_requirements(path: Any) -> list[Requirement]:
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
