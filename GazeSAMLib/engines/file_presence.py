"""Whether something is where it is looked for, and can be reached."""

from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether there is a file or a folder.

    Unlike `Path.exists`, it also answers where a folder on the way may not be entered: then there
    is nothing, as far as this process is concerned.
    """
    try:
        path.stat()
    except OSError:
        return False
    return True
