"""The command ``gazesam``: its commands are in files of their own, one each."""

from typing import Annotated

import typer

from GazeSAMLib import __version__
from GazeSAMLib.hosts.cli import (
    accuracy,
    auto,
    demo,
    engines,
    evaluate,
    export_gaze,
    export_onnx,
    export_seg,
    import_gaze,
    info,
    measure,
    prepare,
    report_gaze,
    restore,
    segment,
    simulate,
)
from GazeSAMLib.hosts.cli.bridge.commands import bridge
from GazeSAMLib.hosts.cli.edge import DEBUG_FLAG, EdgeGroup
from GazeSAMLib.hosts.cli.models import models

EPILOG = """\
Exit codes: 0 done; 1 an input cannot be used or a result cannot be written; 2 the command line
is wrong; 130 cancelled.

Begin with: gazesam demo
"""

app = typer.Typer(
    cls=EdgeGroup,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gazesam {__version__}")
        raise typer.Exit


@app.callback()
def gazesam(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG_FLAG, help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Segment medical images by looking at them. For research; not a medical device."""


app.command(epilog=segment.EPILOG)(segment.segment)
app.command(epilog=info.EPILOG)(info.info)
app.command(epilog=engines.EPILOG)(engines.engines)
app.command(epilog=demo.EPILOG)(demo.demo)
app.command(epilog=restore.EPILOG)(restore.restore)
app.command(epilog=simulate.EPILOG)(simulate.simulate)
app.command(epilog=evaluate.EPILOG)(evaluate.evaluate)
app.command(epilog=prepare.EPILOG)(prepare.prepare)
app.command(epilog=measure.EPILOG)(measure.measure)
app.command("export-seg", epilog=export_seg.EPILOG)(export_seg.export_seg)
app.command("export-onnx", epilog=export_onnx.EPILOG)(export_onnx.export_onnx)
app.command("import-gaze", epilog=import_gaze.EPILOG)(import_gaze.import_gaze)
app.command("export-gaze", epilog=export_gaze.EPILOG)(export_gaze.export_gaze)
app.add_typer(bridge, name="bridge")
app.add_typer(models, name="models")
app.command(epilog=auto.EPILOG)(auto.auto)
app.command(epilog=accuracy.EPILOG)(accuracy.accuracy)
app.command(epilog=report_gaze.EPILOG)(report_gaze.report)
