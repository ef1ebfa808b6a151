"""``gazesam bridge``: trackers whose makers' software needs a process of its own."""

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.hosts.cli.bridge.player import StreamPlayer
from GazeSAMLib.hosts.cli.bridge.tobii_environment import (
    LICENCE,
    bridge_command,
    environment_folder,
    make_environment,
)
from GazeSAMLib.hosts.cli.interruption import Interruption
from GazeSAMLib.hosts.cli.terminal import tell
from GazeSAMLib.simulation.faults import Fault, deliveries

bridge = typer.Typer(
    help="Publish an eye tracker to the session, over Lab Streaming Layer.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NetworkOption = Annotated[
    bool, typer.Option("--network", help="Let other computers receive the stream.")
]


@bridge.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
    epilog="Example: gazesam bridge tobii --rate 600 --calibrate",
)
def tobii(context: typer.Context) -> None:
    """Publish a Tobii eye tracker; --help lists the options."""
    command = bridge_command(environment_folder(), context.args)
    with subprocess.Popen(command) as running:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # which the bridge gets too, and ends
                raise typer.Exit(running.wait())


@bridge.command(
    name="setup-tobii", epilog="Example: gazesam bridge setup-tobii --python python3.10"
)
def setup_tobii(
    *,
    python: Annotated[str, typer.Option(metavar="PATH", help="A Python 3.10.")],
    accept: Annotated[
        bool,
        typer.Option("--i-accept-the-licence", help="You have read Tobii's terms and accept them."),
    ] = False,
) -> None:
    """Make the environment in which Tobii's SDK runs."""
    typer.echo(LICENCE, err=True)
    if not accept:
        if not sys.stdin.isatty():
            raise TrackerError(
                "nothing was installed: read the terms above, and if you accept them, say so with "
                "--i-accept-the-licence"
            )
        if not typer.confirm("Do you accept these terms?", err=True):
            raise TrackerError("nothing was installed: Tobii's terms were not accepted")
    folder = environment_folder()
    make_environment(python, folder)
    tell(f"Tobii's SDK is set up in {folder}; try: gazesam bridge tobii --list")


@bridge.command(epilog="Example: gazesam bridge simulate monday --fault dropouts")
def simulate(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="Folder of a recording.")],
    *,
    fault: Annotated[
        list[Fault] | None, typer.Option(help="What goes wrong; may be given several times.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Of what is drawn.")] = 0,
    network: NetworkOption = False,
) -> None:
    """Play a recording as if a tracker sent it, to try things without one."""
    read = read_recording(recording)
    if len(read.samples) == 0:
        raise TrackerError(f"{recording} holds no gaze samples to play")
    with Interruption() as interruption:
        player = StreamPlayer(read, deliveries(read.samples, fault or (), seed), network=network)
        tell("the stream is open; waiting for somebody who receives it (Ctrl-C ends)")
        while not interruption.requested and not player.wait_for_reader(0.2):
            pass
        playing = True
        while playing and not interruption.requested:
            count = player.play(lambda: interruption.requested)
            tell(f"{count} samples were sent")
            playing = loop
        player.close()
