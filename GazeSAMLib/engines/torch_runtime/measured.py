"""What was once measured on this machine, remembered in a small file."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.cache_folder import cache_folder


class Measurements:
    """Values by key in a JSON file; nothing is lost but time where it cannot be read or written.

    Parameters
    ----------
    path : Path or None
        The file; None takes ``measured.json`` in :func:`cache_folder`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or cache_folder() / "measured.json"

    def get(self, key: str) -> Mapping[str, Any] | None:
        """Return what was measured under `key`, if it was."""
        value = self._all().get(key)
        return value if isinstance(value, dict) else None

    def put(self, key: str, value: Mapping[str, Any]) -> bool:
        """Remember `value`, which is JSON; return whether that was possible.

        Of two processes that write at the same time one wins, and the other's is measured again.
        """
        text = json.dumps({**self._all(), key: value}, indent=1, sort_keys=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        except OSError:
            return False
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(beside, self._path)  # noqa: PTH105 - the name alone is at hand
        except OSError:
            Path(beside).unlink(missing_ok=True)
            return False
        return True

    def _all(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
