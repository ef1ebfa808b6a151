"""What Slicer's Python lacks, and how it gets there.

Nothing is installed unasked. Everything here runs on the main thread: dialogs and package
installation from any other crash Slicer.
"""

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

import slicer.util
from slicer.i18n import tr as _

from GazeSAMLib.engines.registry import engine_of
from GazeSAMLib.errors import GazeSAMError

REQUESTER = "GazeSAM"
# What an engine needs beside torch, which only the PyTorch extension may install.
ENGINE_PACKAGES = {
    "compact": ("onnxruntime>=1.19",),
    "onnx": ("onnxruntime>=1.19",),
    "sam": ("segment-anything-py>=1.0.1",),
    "mobile_sam": ("segment-anything-py>=1.0.1", "timm>=1.0.22"),
    "sam2": ("segment-anything-py>=1.0.1", "timm>=1.0.22"),
}
# What these require is for downloading weights, which GazeSAM does itself.
ALONE = ("timm",)
# What is installed for an import name that a gaze source lacks.
SOURCE_PACKAGES = {"pylsl": "pylsl>=1.17", "zmq": "pyzmq>=26", "msgpack": "msgpack>=1.0.8"}


def missing_packages(requirements: Path) -> list[str]:
    """Return the lines of a requirements file that are not fulfilled."""
    lines = [line.strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    importlib.invalidate_caches()
    return [line for line in lines if line and line[0] not in "#-" and not _is_there(line)]


def missing_for_engine(name: str) -> tuple[str, ...]:
    """Return the packages that an engine, or a model's, needs and Slicer's Python lacks."""
    importlib.invalidate_caches()
    return engine_of(name).missing


def install(packages: list[str], tell: Callable[[str], None]) -> None:
    """Install packages with Slicer's own means, which show how far they are.

    Raises
    ------
    GazeSAMError
        If it did not work. What was installed stays: doing it again goes on from there.
    """
    try:
        for number, package in enumerate(packages, start=1):
            tell(
                _("Installing {package} ({number} of {count}) …").format(
                    package=package, number=number, count=len(packages)
                )
            )
            _install_one(package)
    except (CalledProcessError, RuntimeError, OSError) as error:
        raise GazeSAMError(
            _("{package} could not be installed ({error}): check the network and try again; the "
              "error log has the details")
            .format(package=package, error=error)
        ) from error  # fmt: skip
    importlib.invalidate_caches()


def offline_advice(packages: list[str]) -> str:
    """Return how these packages get into a Slicer that has no network."""
    wanted = " ".join(f'"{package}"' for package in packages)
    return _(
        "Without a network:\n"
        "1. On a computer of the same kind with Python {version}:\n"
        "pip download --dest wheels {packages}\n"
        "2. Bring the folder 'wheels' here, close Slicer, and run where that folder lies:\n"
        "{python} -m pip install --no-index --find-links wheels {packages}\n"
        "3. Open Slicer again."
    ).format(
        version="{}.{}".format(*sys.version_info),
        packages=wanted,
        python=f'"{sys.executable}"' if sys.executable else "PythonSlicer",
    )


def install_for_engine(name: str, tell: Callable[[str], None]) -> None:
    """Install what an engine needs; torch only through the extension PyTorch.

    Raises
    ------
    GazeSAMError
        If the extension is not there, or something could not be installed.
    """
    missing = missing_for_engine(name)
    if {"torch", "torchvision"} & set(missing):
        try:
            import PyTorchUtils
        except ImportError as error:
            raise GazeSAMError(
                _("the engine '{name}' needs torch: install the extension PyTorch with the "
                  "Extensions Manager, restart Slicer and press Install again")
                .format(name=name)
            ) from error  # fmt: skip
        tell(_("Installing torch …"))
        if PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True) is None:
            raise GazeSAMError(_("torch was not installed; the error log says why"))
    packages = ENGINE_PACKAGES.get(engine_of(name).name, ())
    install([package for package in packages if not _is_there(package)], tell)


def install_for_source(missing: tuple[str, ...], tell: Callable[[str], None]) -> None:
    """Install the packages with these import names.

    Raises
    ------
    GazeSAMError
        If something could not be installed.
    """
    install([SOURCE_PACKAGES.get(name, name) for name in missing], tell)


def _install_one(package: str) -> None:
    if package.startswith(ALONE):
        slicer.util.pip_install(f"--no-deps {package}")
        return
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # before Slicer 5.11
        slicer.util.pip_install(package)
    else:
        # The user has just pressed Install.
        pip_ensure(package, requester=REQUESTER, prompt_install=False)


def _is_there(line: str) -> bool:
    try:
        from slicer.packaging import pip_check
    except ImportError:  # before Slicer 5.11
        from packaging.requirements import Requirement

        requirement = Requirement(line)
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        return requirement.specifier.contains(installed, prereleases=True)
    return bool(pip_check(line))
