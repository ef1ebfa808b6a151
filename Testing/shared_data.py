"""Where the real scans lie, beside the project: not part of it, and not always there."""

from pathlib import Path

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
