"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure of an example.
settings.register_profile("gazesam", deadline=None)
settings.load_profile("gazesam")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled scans that lies beside a checkout, not in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the folder of real scans is not there: {SHARED_DATA}")
    return SHARED_DATA
