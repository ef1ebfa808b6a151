"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure of an example.
settings.register_profile("gazesam", deadline=None)
settings.load_profile("gazesam")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


TESTING = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, keep in one what shares fixtures or the network."""
    for item in items:
        parts = item.path.relative_to(TESTING).parts
        networked = parts[0] == "devices" or "devices" in parts[-1]
        group = "network" if networked else "window" if parts[0] == "host" else "/".join(parts)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled scans that lies beside a checkout, not in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the folder of real scans is not there: {SHARED_DATA}")
    return SHARED_DATA
