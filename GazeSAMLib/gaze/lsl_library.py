"""liblsl itself: found, told to keep to this computer."""

import os
from types import ModuleType
from typing import Final

from GazeSAMLib.errors import TrackerError

LOOPBACK_CONFIGURATION: Final = """\
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[tuning]
ContinuousResolveInterval = 0.2
MulticastMinRTT = 0.1
UnicastMinRTT = 0.1
[log]
level = -3
"""
"""Settings of liblsl that find and answer streams of this computer alone, and soon."""


def load_lsl(*, network: bool = False) -> ModuleType:
    """Return ``pylsl``.

    liblsl reads its configuration once in a process, at the first use; unless the user has
    named a file in the environment variable ``LSLAPICFG``, it is kept to this computer.

    Parameters
    ----------
    network : bool
        Leave the configuration to liblsl and its files: streams of other computers too.

    Raises
    ------
    TrackerError
        If it is not installed or its library does not load.
    """
    try:
        import pylsl
    except ModuleNotFoundError as error:
        raise TrackerError(
            "Lab Streaming Layer is not installed here; install it with: "
            "pip install 'gazesam[gaze]'"
        ) from error
    except (OSError, RuntimeError) as error:  # the package without its library
        raise TrackerError(f"Lab Streaming Layer's library does not load: {error}") from error
    if not network and "LSLAPICFG" not in os.environ:
        try:
            pylsl.set_config_content(LOOPBACK_CONFIGURATION)
        except NotImplementedError as error:
            raise TrackerError(
                "the installed liblsl is too old to be kept to this computer; update it with: "
                "pip install --upgrade pylsl"
            ) from error
    module: ModuleType = pylsl
    return module
