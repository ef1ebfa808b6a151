"""Real Lab Streaming Layer in tests, kept apart from every other stream of this computer."""

import os
import uuid
from pathlib import Path

from GazeSAMLib.gaze.lsl_library import LOOPBACK_CONFIGURATION


def keep_apart(folder: Path) -> Path:
    """Give liblsl a session of its own, in this process and those that it starts.

    liblsl reads its configuration once in a process: the first one that was made holds.
    """
    made = os.environ.get("LSLAPICFG")
    if made and Path(made).is_file():
        return Path(made)
    path = folder / "lsl_api.cfg"
    path.write_text(f"[lab]\nSessionID = {uuid.uuid4().hex}\n{LOOPBACK_CONFIGURATION}")
    os.environ["LSLAPICFG"] = str(path)
    return path
