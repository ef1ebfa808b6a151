"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from Testing.shared_data import SHARED_DATA

# A busy machine is no failure of an example.
settings.register_profile("gazesam", deadline=None)
settings.load_profile("gazesam")


TESTING = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, keep in one what shares fixtures or the network."""
    for item in items:
        parts = item.path.relative_to(TESTING).parts
        networked = parts[0] == "devices" or "devices" in parts[-1]
        group = "network" if networked else "window" if parts[0] == "host" else "/".join(parts)
        if "onnx" in parts:  # they share a model whose export takes longer than they do
            group = "onnx"
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Models and prepared slices of whoever runs the tests are left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAZESAM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled scans that lies beside a checkout, not in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the folder of real scans is not there: {SHARED_DATA}")
    return SHARED_DATA
