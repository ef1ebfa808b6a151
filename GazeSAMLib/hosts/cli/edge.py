"""The outermost edge: errors become one sentence on standard error and an exit code.

====  =========================================================
code  meaning
====  =========================================================
0     done
1     an input cannot be used, or a result could not be written
2     the command line itself is wrong
130   cancelled with Ctrl-C
====  =========================================================
"""

import platform
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from GazeSAMLib import __version__
from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.cli.interruption import CancelledError
from GazeSAMLib.hosts.cli.terminal import tell, tell_error

INPUT_ERROR = 1
CANCELLED = 130
DEBUG_FLAG = "--debug"
ISSUES = "https://github.com/GazeSAM/SlicerGazeSAM/issues"


class EdgeGroup(TyperGroup):
    """The group of all commands; nothing that they raise gets past it."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - as the base class has it
        """Run a command line; usage errors and Ctrl-C are the base class's."""
        arguments = sys.argv[1:] if args is None else list(args)
        stopped: Exception
        try:
            return super().main(arguments, *rest, **options)
        except CancelledError as error:
            tell(str(error))
            sys.exit(CANCELLED)
        except GazeSAMError as error:
            stopped, told = error, str(error)
        except Exception as error:  # noqa: BLE001 - the last place that can turn it into a sentence
            stopped, told = error, _mistake(error)
        tell_error(told)
        if DEBUG_FLAG in arguments:
            traceback.print_exception(stopped)
        sys.exit(INPUT_ERROR)


def _mistake(error: Exception) -> str:
    return (
        f"this is a mistake in GazeSAM {__version__}: {type(error).__name__}: {error}. Please "
        f"report it at {ISSUES} with the command line and what `gazesam {DEBUG_FLAG} ...` says "
        f"(Python {platform.python_version()}, {platform.system()})."
    )
