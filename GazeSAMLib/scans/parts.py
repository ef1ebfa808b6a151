"""Choosing one scan of a file that holds several: volumes, pages."""

from pathlib import Path

from GazeSAMLib.errors import ScanError


def chosen_part(path: Path, count: int, noun: str, series: str | None) -> int:
    """Return the index, from 0, of the part that `series` names by its number, from 1.

    Parameters
    ----------
    path : Path
        For the message.
    count : int
        How many parts the file holds.
    noun : str
        What they are, in the plural.
    series : str or None
        As the user gave it; None chooses the only part.

    Raises
    ------
    ScanError
        If nothing was chosen where there is a choice, or there is no such part.
    """
    if series is None:
        if count == 1:
            return 0
        raise ScanError(
            f"{path} holds {count} {noun} and a scan is one: choose it with --series 1 to {count}"
        )
    if series.isdecimal() and 1 <= int(series) <= count:
        return int(series) - 1
    raise ScanError(f"{path} has no {series!r} among its {noun}: choose --series 1 to {count}")
