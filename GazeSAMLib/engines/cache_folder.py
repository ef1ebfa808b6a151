"""Where downloaded models and embeddings of slices are kept on this machine."""

import os
from pathlib import Path

VARIABLE = "GAZESAM_CACHE"


def cache_folder() -> Path:
    """Return the folder of what can be fetched or computed again; it may not exist yet.

    It is what the environment variable ``GAZESAM_CACHE`` names, or else a folder of the
    user's own where the operating system wants such things.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path  # not needed before somebody asks

    return user_cache_path("GazeSAM", appauthor=False)
