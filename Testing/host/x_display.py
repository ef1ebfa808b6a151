"""An X server without a screen, and a person's hands on it."""

import ctypes
import os
import signal
import subprocess
import tempfile

WIDTH, HEIGHT = 1600, 1000
WIDTH_MM, HEIGHT_MM = 423, 265


def start_server(monitors: int = 1) -> subprocess.Popen[bytes]:
    """Start Xvfb with monitors side by side on a free display; ``DISPLAY`` then names it.

    The server ends with this process, however that ends.
    """
    with tempfile.TemporaryFile() as log:
        read_end, write_end = os.pipe()
        server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write_end),
                "-screen",
                "0",
                f"{monitors * WIDTH}x{HEIGHT}x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ],
            pass_fds=[write_end],
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_parent,
        )
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()  # it writes it when it is ready
        if not number:
            log.seek(0)
            raise RuntimeError(f"Xvfb does not start: {log.read().decode(errors='replace')}")
    os.environ["DISPLAY"] = f":{number}"
    for index in range(monitors):
        place = f"{WIDTH}/{WIDTH_MM}x{HEIGHT}/{HEIGHT_MM}+{index * WIDTH}+0"
        output = "none" if index else "screen"
        subprocess.run(["xrandr", "--setmonitor", f"monitor{index}", place, output], check=True)
    return server


def _end_with_parent() -> None:
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def act(*arguments: object) -> None:
    """Let ``xdotool`` do something: real events, as from a mouse and a keyboard."""
    subprocess.run(["xdotool", *map(str, arguments)], check=True)
