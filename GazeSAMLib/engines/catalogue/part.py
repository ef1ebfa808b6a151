"""The beginning of a file of which the rest is still to come."""

from dataclasses import dataclass
from pathlib import Path

from GazeSAMLib.engines.catalogue.record import read_json
from GazeSAMLib.engines.file_presence import is_there


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a file that is still to come whole.

    Attributes
    ----------
    path : Path
        Of the part.
    """

    path: Path

    @property
    def facts_path(self) -> Path:
        """Where it stands which file this is a part of."""
        return self.path.with_name(self.path.name + ".json")

    @property
    def size_bytes(self) -> int:
        """How much has come."""
        return self.path.stat().st_size if is_there(self.path) else 0

    def version_of(self, url: str) -> str:
        """Return the version (ETag or date) it is a part of; empty if it cannot be continued."""
        facts = read_json(self.facts_path)
        return str(facts.get("version", "")) if facts.get("url") == url else ""

    def is_all_of(self, url: str) -> bool:
        """Whether nothing of the file is missing any more."""
        facts = read_json(self.facts_path)
        return facts.get("url") == url and facts.get("size") == self.size_bytes > 0

    def forget(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self.facts_path.unlink(missing_ok=True)
