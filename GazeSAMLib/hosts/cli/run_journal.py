"""The journal of a run: beside its output while it runs, kept after a crash, gone when saved."""

from pathlib import Path
from types import TracebackType
from typing import Self

from GazeSAMLib.errors import JournalError
from GazeSAMLib.hosts.cli.outputs import stem
from GazeSAMLib.hosts.cli.terminal import tell
from GazeSAMLib.segmentation.journal import Journal, RecordKind, journal_path, read_journal


class RunJournal:
    """Opens a journal for one run and removes it when the run's results are saved.

    Parameters
    ----------
    output : Path
        The run's first output; the journal lies in a folder beside it.
    scan_digest : str
        Of the run's scan.

    Attributes
    ----------
    saved : bool
        To be set when the results are on disk; else the journal stays and the user is told.
    """

    def __init__(self, output: Path, scan_digest: str) -> None:
        self.saved = False
        self._output = output
        self._root = output.with_name(f"{stem(output)}.journal")
        self._scan_digest = scan_digest

    def __enter__(self) -> Self:
        """Open it; what an earlier run left is moved aside.

        Raises
        ------
        JournalError
            If it cannot be made.
        """
        self._set_aside()
        self.journal = Journal(self._root, self._scan_digest)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.journal.close()
        if self.saved or not _accepted_in(self.journal.path):
            self._remove()
        else:
            tell(self._kept(self._root, "what was accepted"))

    def _set_aside(self) -> None:
        if not self._root.exists():
            return
        if not _accepted_in(journal_path(self._root, self._scan_digest)):
            self._remove()
        if not self._root.exists():
            return
        aside = next(
            path
            for number in range(1, 10_000)
            if not (path := Path(f"{self._root}-{number}")).exists()
        )
        try:
            self._root.rename(aside)
        except OSError as error:
            raise JournalError(
                f"{self._root} of an earlier run cannot be moved away: {error.strerror or error}"
            ) from error
        tell(self._kept(aside, "an earlier run did not finish: what it accepted"))

    def _kept(self, root: Path, what: str) -> str:
        return (
            f"{what} is kept in {root}; `gazesam restore {root} SCAN --output "
            f"{self._output}` makes a segmentation of it"
        )

    def _remove(self) -> None:
        path = journal_path(self._root, self._scan_digest)
        try:
            path.unlink(missing_ok=True)
            for folder in path.parents[:2]:  # one that holds other files stays
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        except OSError as error:
            raise JournalError(f"{path} cannot be removed: {error.strerror or error}") from error


def _accepted_in(path: Path) -> bool:
    """Whether a journal holds accepted steps; one that cannot be read may."""
    if not path.exists():
        return False
    try:
        kinds = {record.kind for record in read_journal(path)}
    except JournalError:
        return True
    return bool(kinds & {RecordKind.ACCEPT, RecordKind.REMOVE})
