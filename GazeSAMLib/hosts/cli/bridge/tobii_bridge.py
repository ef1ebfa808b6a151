"""Publishes a Tobii eye tracker as a Lab Streaming Layer stream of type "Gaze"; calibrates it.

A program of one file, which needs Python 3.10, ``tobii_research`` and ``pylsl`` and nothing of
GazeSAM: ``python3.10 tobii_bridge.py --list``. Tobii's SDK calls back on a thread of its own
while it holds a lock, keeps 64 samples, and swallows what a callback raises: callbacks here
put what they get into a queue and return, and the main thread does the rest. Calibration shows its
targets in a window of its own, with tkinter.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import math
import os
import queue
import re
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

PROGRAM = "gazesam bridge tobii"
SILENT_S = 2.0  # without a sample for so long, the tracker is taken to be gone
RETRY_S = 2.0
MOST_WAITING = 12_000  # samples; ten seconds at 1200 Hz
LOOPBACK = (
    "[ports]\nIPv6=disable\n[multicast]\nResolveScope=machine\nListenAddress=127.0.0.1\n"
    "[log]\nlevel=-3\n"
)
LICENCE = "EyeTrackerLicenseError", "EyeTrackerSavedLicenseFailedToApplyError"
EYE_CHANNELS = (  # label after the eye, type, unit, coordinate system
    ("gaze_x", "ScreenX", "normalized", "display, origin top left"),
    ("gaze_y", "ScreenY", "normalized", "display, origin top left"),
    ("gaze_valid", "Confidence", "normalized", ""),
    ("pupil_diameter", "Diameter", "mm", ""),
    ("pupil_valid", "ValidFlag", "bool", ""),
    ("origin_x", "PositionX", "mm", "Tobii user coordinate system"),
    ("origin_y", "PositionY", "mm", "Tobii user coordinate system"),
    ("origin_z", "PositionZ", "mm", "Tobii user coordinate system"),
)
TIME_CHANNELS = ("device_time_stamp", "system_time_stamp")
TARGETS = {
    5: ((0.5, 0.5), (0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9)),
    9: ((0.5, 0.5), (0.1, 0.1), (0.5, 0.1), (0.9, 0.1), (0.1, 0.5), (0.9, 0.5), (0.1, 0.9),
        (0.5, 0.9), (0.9, 0.9)),
}  # fmt: skip
SETTLE_S = 1.0  # for the eye to get to a target, and for the target to shrink
DOT_PX, POINT_PX = 44, 6  # of a target, before and after it shrinks


class BridgeError(Exception):
    """The bridge cannot do its work; the message says why and what to do."""


class Description(NamedTuple):
    """What the stream says of the tracker."""

    manufacturer: str
    model: str
    serial: str
    firmware: str
    rate_hz: float
    display_mm: tuple[float, float] | None
    display_px: tuple[int, int] | None


def say(sentence: str) -> None:
    """Tell the user on standard error."""
    print(f"{PROGRAM}: {sentence}", file=sys.stderr, flush=True)


def module(name: str) -> ModuleType:
    """Import a package that this program needs."""
    version = "{}.{}".format(*sys.version_info)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BridgeError(
            f"{name} is not usable in this Python {version} ({error}); Tobii's SDK is made for "
            "Python 3.10: run `gazesam bridge setup-tobii --python PATH` with the path of a "
            "Python 3.10"
        ) from error
    except (OSError, RuntimeError) as error:
        raise BridgeError(f"the library of {name} does not load: {error}") from error


def sdk_errors(tr: ModuleType) -> tuple[type[Exception], ...]:
    """Return what the SDK raises; its classes have no base of their own."""
    names = [name for name in dir(tr) if name.startswith("EyeTracker") and name.endswith("Error")]
    return (*(getattr(tr, name) for name in names), ValueError)


def reason(error: Exception) -> str:
    """Return an SDK error as text, without the quotes that it puts around itself."""
    return str(getattr(error, "value", error)).strip().rstrip(".")


def find_trackers(tr: ModuleType) -> list[Any]:
    """Return the trackers that the SDK sees, ordered by address; takes some two seconds."""
    try:
        return sorted(tr.find_all_eyetrackers(), key=lambda tracker: tracker.address)
    except sdk_errors(tr) as error:
        raise BridgeError(f"Tobii's SDK cannot look for trackers: {reason(error)}") from error


def open_tracker(tr: ModuleType, address: str, serial: str = "") -> Any:  # noqa: ANN401
    """Connect to the tracker at `address`, or to the only one there is if it is empty."""
    if address:
        try:
            return tr.EyeTracker(address)
        except sdk_errors(tr) as error:
            failed = BridgeError(f"no tracker answers at {address}: {reason(error)}")
            if not serial:
                raise failed from error
    trackers = [t for t in find_trackers(tr) if serial in ("", t.serial_number)]
    if not trackers:
        raise BridgeError(
            "no Tobii eye tracker was found: check its cable and power, and that Tobii Pro Eye "
            "Tracker Manager sees it; a tracker in another network is reached with --address"
        )
    if len(trackers) > 1:
        addresses = ", ".join(tracker.address for tracker in trackers)
        raise BridgeError(f"there are several trackers: choose one with --address ({addresses})")
    return trackers[0]


def choose_rate(tr: ModuleType, tracker: Any, rate_hz: float | None) -> float:  # noqa: ANN401
    """Set the gaze frequency, or leave it as it is; return it."""
    try:
        if rate_hz is not None:
            offered = tracker.get_all_gaze_output_frequencies()
            if rate_hz not in offered:
                told = ", ".join(f"{hz:g}" for hz in sorted(offered))
                raise BridgeError(f"this tracker does not do {rate_hz:g} Hz; it does: {told}")
            tracker.set_gaze_output_frequency(rate_hz)
        return float(tracker.get_gaze_output_frequency())
    except sdk_errors(tr) as error:
        raise BridgeError(refusal(tracker, error)) from error


def refusal(tracker: Any, error: Exception) -> str:  # noqa: ANN401
    """Return why a tracker does not do what it is asked to."""
    if type(error).__name__ in LICENCE:
        return (
            f"the tracker {tracker.serial_number} refuses gaze data for want of a licence "
            f"({reason(error)}): ask Tobii for one that covers it"
        )
    return f"the tracker {tracker.serial_number} does not answer as it should: {reason(error)}"


def describe(tr: ModuleType, tracker: Any, rate_hz: float, px: Any) -> Description:  # noqa: ANN401
    """Return what the stream is to say of `tracker`."""
    try:
        area = tracker.get_display_area()
        size_mm = (float(area.width), float(area.height))
    except sdk_errors(tr):  # not every tracker has one
        size_mm = None
    firmware = tracker.firmware_version
    return Description(
        "Tobii", tracker.model, tracker.serial_number, firmware, rate_hz, size_mm, px
    )


def open_outlet(lsl: ModuleType, told: Description, *, network: bool) -> Any:  # noqa: ANN401
    """Announce the stream."""
    count = 2 * len(EYE_CHANNELS) + len(TIME_CHANNELS)
    name = f"{told.manufacturer} {told.model}"
    source_id = f"gazesam-{told.manufacturer}-{told.serial}"
    info = lsl.StreamInfo(name, "Gaze", count, told.rate_hz, lsl.cf_double64, source_id)
    channels = info.desc().append_child("channels")
    rows = [(f"{eye}_{c[0]}", eye, *c[1:]) for eye in ("left", "right") for c in EYE_CHANNELS]
    for row in (*rows, *((label, "both", "TimeStamp", "us", "") for label in TIME_CHANNELS)):
        channel = channels.append_child("channel")
        for key, text in zip(
            ("label", "eye", "type", "unit", "coordinate_system"), row, strict=True
        ):
            channel.append_child_value(key, text)
    acquisition = info.desc().append_child("acquisition")
    told_of = ("model", told.model), ("serial_number", told.serial)
    for key, text in (
        ("manufacturer", told.manufacturer),
        *told_of,
        ("firmware_version", told.firmware),
        ("application", PROGRAM),
    ):
        acquisition.append_child_value(key, text)
    display = info.desc().append_child("display")
    for unit, size in (("mm", told.display_mm), ("px", told.display_px)):
        for key, number in zip(("width", "height"), size or (), strict=False):
            display.append_child_value(f"{key}_{unit}", f"{number:g}")
    outlet = lsl.StreamOutlet(info, chunk_size=1, max_buffered=10)
    if not network:
        close_to_network()
    return outlet


def close_to_network() -> None:
    """Let this process's open ports be reached from this computer alone.

    liblsl opens its ports on every network interface and has no setting for that. On Linux
    an open port can still be bound to the loopback interface.
    """
    if not sys.platform.startswith("linux"):
        say("keep other computers out with the firewall: liblsl's ports are open to the network")
        return
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - plain names are wanted
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as port:
                if port.family in (socket.AF_INET, socket.AF_INET6):
                    port.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        except PermissionError:
            say("this Linux does not let the stream be kept to this computer: use its firewall")
            return
        except OSError:
            continue  # closed meanwhile


def values_of(gaze: dict[str, Any]) -> list[float]:
    """Return a gaze dictionary of the SDK as the stream's channels."""
    values: list[float] = []
    for eye in ("left", "right"):
        pupil_valid = gaze[f"{eye}_pupil_validity"]
        values += gaze[f"{eye}_gaze_point_on_display_area"]
        values.append(float(gaze[f"{eye}_gaze_point_validity"]))
        values += (gaze[f"{eye}_pupil_diameter"] if pupil_valid else math.nan, float(pupil_valid))
        origin = gaze[f"{eye}_gaze_origin_in_user_coordinate_system"]
        values += origin if gaze[f"{eye}_gaze_origin_validity"] else (math.nan,) * 3
    return values + [float(gaze[label]) for label in TIME_CHANNELS]


class TargetWindow:
    """Shows the targets of a calibration, over the whole tracked display.

    Parameters
    ----------
    place : str
        Where the tracked display lies on the desktop, ``1920x1080+0+0``; None takes the display
        on which windows open.
    """

    def __init__(self, place: str | None) -> None:
        try:
            tk = importlib.import_module("tkinter")
        except ImportError as error:
            raise BridgeError(
                f"targets cannot be shown: this Python has no tkinter ({error}); install it (on "
                "Debian the package python3-tk), or calibrate with Tobii Pro Eye Tracker Manager"
            ) from error
        try:
            self._window = tk.Tk()
        except tk.TclError as error:
            raise BridgeError(f"targets cannot be shown, no window opens: {error}") from error
        window = self._window
        window.title(PROGRAM)
        if place:
            window.geometry(place)
            window.overrideredirect(True)
        else:
            window.attributes("-fullscreen", True)
        self._canvas = tk.Canvas(window, background="#808080", highlightthickness=0)
        self._canvas.pack(fill="both", expand=True)
        self._keys: set[str] = set()
        self._tick = threading.Event()
        window.bind("<Key>", lambda event: self._keys.add(event.keysym))
        window.bind("<Button-1>", lambda _: self._keys.add("space"))
        window.protocol("WM_DELETE_WINDOW", lambda: self._keys.add("Escape"))
        window.focus_force()

    def ask(self, words: str) -> None:
        """Show `words` until the reader goes on."""
        self._canvas.delete("all")
        self._canvas.update()
        middle = self._canvas.winfo_width() / 2, self._canvas.winfo_height() / 2
        self._canvas.create_text(*middle, text=words, fill="white", font=("", 20), justify="center")
        self._keys.discard("space")
        while not self._keys & {"space", "Return"}:
            self._pass_time()

    def point_at(self, x: float, y: float) -> None:
        """Show a target that shrinks to a point; return when the eye has had time to get there."""
        begun_s = time.monotonic()
        while (since_s := time.monotonic() - begun_s) < SETTLE_S:
            self._draw(x, y, DOT_PX + (POINT_PX - DOT_PX) * since_s / SETTLE_S)
            self._pass_time()
        self._draw(x, y, POINT_PX)
        self._pass_time()

    def while_shown(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Do what blocks on another thread, so that the window lives; return its result."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            working = pool.submit(work)
            while not working.done():
                self._pass_time()
            return working.result()

    def close(self) -> None:
        """Take it away."""
        self._window.destroy()

    def _draw(self, x: float, y: float, size_px: float) -> None:
        canvas = self._canvas
        canvas.delete("all")
        at_x, at_y = x * canvas.winfo_width(), y * canvas.winfo_height()
        for radius, fill in ((size_px / 2 + 3, "black"), (size_px / 2, "white"), (1.5, "#c00000")):
            canvas.create_oval(
                at_x - radius, at_y - radius, at_x + radius, at_y + radius, fill=fill, width=0
            )

    def _pass_time(self) -> None:
        self._tick.wait(0.01)
        self._window.update()
        if "Escape" in self._keys:
            raise BridgeError("the calibration was broken off; the one before holds")


def calibrate(tr: ModuleType, tracker: Any, count: int, window: TargetWindow) -> None:  # noqa: ANN401
    """Calibrate a tracker with `count` targets, 5 or 9; the tracker then uses the result."""
    try:
        calibration = tr.ScreenBasedCalibration(tracker)
        calibration.enter_calibration_mode()
        try:
            window.ask(
                "Look at the middle of each dot until it moves on.\n\n"
                "Space or a click begins, Escape breaks off."
            )
            for x, y in TARGETS[count]:
                collect(tr, calibration, window, x, y)
            result = window.while_shown(calibration.compute_and_apply)
        finally:
            calibration.leave_calibration_mode()
        left_only = result.status == tr.CALIBRATION_STATUS_SUCCESS_LEFT_EYE
        right_only = result.status == tr.CALIBRATION_STATUS_SUCCESS_RIGHT_EYE
        if result.status == tr.CALIBRATION_STATUS_SUCCESS:
            say(f"calibrated at {count} targets{off_by(tr, tracker, result)}")
        elif left_only or right_only:
            say(f"calibrated for the {'left' if left_only else 'right'} eye only")
        else:
            raise BridgeError(
                "the calibration did not succeed, and the one before holds: sit 60 to 65 cm from "
                "the tracker, without reflections on glasses, look at each dot, and try again"
            )
    except sdk_errors(tr) as error:
        raise BridgeError(f"the tracker cannot be calibrated: {reason(error)}") from error


def collect(tr: ModuleType, calibration: Any, window: TargetWindow, x: float, y: float) -> None:  # noqa: ANN401
    """Collect the gaze at one target; what fails is tried once more, as Tobii advises."""
    for _ in range(2):
        window.point_at(x, y)
        if window.while_shown(lambda: calibration.collect_data(x, y)) == (
            tr.CALIBRATION_STATUS_SUCCESS
        ):
            return
    say(f"no gaze was found at the target {x:g}, {y:g}; it is left out")


def off_by(tr: ModuleType, tracker: Any, result: Any) -> str:  # noqa: ANN401
    """Return how far the gaze lies from the targets after a calibration, as text."""
    area = tracker.get_display_area()
    distances_mm = [
        math.hypot((eye[0] - x) * area.width, (eye[1] - y) * area.height)
        for point in result.calibration_points
        for x, y in (point.position_on_display_area,)
        for sample in point.calibration_samples
        for data in (sample.left_eye, sample.right_eye)
        for eye in (data.position_on_display_area,)
        if data.validity == tr.VALIDITY_VALID_AND_USED
    ]
    if not distances_mm:
        return ""
    return f"; the gaze lies {sum(distances_mm) / len(distances_mm):.0f} mm from them on average"


def apply_calibration(tr: ModuleType, tracker: Any, path: str) -> None:  # noqa: ANN401
    """Give the tracker a calibration that was kept in a file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - plain names are wanted
            tracker.apply_calibration_data(file.read())
    except OSError as error:
        raise BridgeError(
            f"the calibration {path} cannot be read: {error.strerror}; make it with --calibrate"
        ) from error
    except sdk_errors(tr) as error:
        raise BridgeError(
            f"the tracker does not take the calibration {path}: {reason(error)}; make it anew "
            "with --calibrate"
        ) from error
    say(f"the calibration {path} is applied")


def keep_calibration(tr: ModuleType, tracker: Any, path: str) -> None:  # noqa: ANN401
    """Write the tracker's calibration into a file, whole or not at all."""
    try:
        data = tracker.retrieve_calibration_data()
        folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
        handle, beside = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(beside, path)  # noqa: PTH105
        except BaseException:
            os.unlink(beside)  # noqa: PTH108
            raise
    except OSError as error:
        raise BridgeError(f"the calibration cannot be kept in {path}: {error.strerror}") from error
    except sdk_errors(tr) as error:
        raise BridgeError(f"the tracker does not give its calibration: {reason(error)}") from error
    say(f"the calibration is kept in {path}")


def prepare(tr: ModuleType, tracker: Any, options: argparse.Namespace) -> None:  # noqa: ANN401
    """Calibrate a tracker, or apply a calibration, as the command line asks for."""
    if options.calibrate:
        window = TargetWindow(options.window)
        try:
            calibrate(tr, tracker, options.calibrate, window)
        finally:
            window.close()
        if options.calibration:
            keep_calibration(tr, tracker, options.calibration)
    elif options.calibration:
        apply_calibration(tr, tracker, options.calibration)


class Subscription:
    """What a tracker calls back with, in a queue, until it is closed."""

    def __init__(self, tr: ModuleType, tracker: Any) -> None:  # noqa: ANN401
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue(MOST_WAITING)
        self.overflows = 0
        self._tr, self._tracker = tr, tracker
        self._kinds = (
            (tr.EYETRACKER_GAZE_DATA, lambda data: self._put("gaze", data)),
            (tr.EYETRACKER_STREAM_ERRORS, lambda data: self._put("error", data)),
            *(
                (getattr(tr, f"EYETRACKER_NOTIFICATION_{name}"), self._note(name))
                for name in ("CONNECTION_LOST", "CONNECTION_RESTORED", "STREAM_BUFFER_OVERFLOW",
                             "DISPLAY_AREA_CHANGED", "GAZE_OUTPUT_FREQUENCY_CHANGED",
                             "DEVICE_FAULTS", "DEVICE_WARNINGS")
                if hasattr(tr, f"EYETRACKER_NOTIFICATION_{name}")
            ),
        )  # fmt: skip
        try:
            for kind, callback in self._kinds:
                tracker.subscribe_to(kind, callback, as_dictionary=True)
        except sdk_errors(tr) as error:
            self.close()
            raise BridgeError(refusal(tracker, error)) from error

    def close(self) -> None:
        """Unsubscribe; a tracker that is gone does not mind."""
        for kind, callback in self._kinds:
            try:
                self._tracker.unsubscribe_from(kind, callback)
            except sdk_errors(self._tr):
                continue

    def _note(self, name: str) -> Any:  # noqa: ANN401
        return lambda data: self._put(name, data)

    def _put(self, kind: str, data: Any) -> None:  # noqa: ANN401
        try:
            self.events.put_nowait((kind, data))
        except queue.Full:
            self.overflows += 1


class Bridge:
    """Keeps the stream of a tracker going.

    Parameters
    ----------
    tr, lsl : module
        ``tobii_research`` and ``pylsl``.
    options : Namespace
        The command line's.
    """

    def __init__(self, tr: ModuleType, lsl: ModuleType, options: argparse.Namespace) -> None:
        self._tr, self._lsl, self._options = tr, lsl, options
        self._address, self._serial = options.address, ""
        self._outlet: Any = None
        self._told: Description | None = None
        self._said: dict[str, float] = {}
        self._overflows = 0
        self._gone = False
        self._connect()

    def run(self) -> None:
        """Forward what the tracker sends until something stops the program."""
        try:
            while True:
                try:
                    kind, data = self._subscription.events.get(timeout=0.25)
                except queue.Empty:
                    self._look_after_tracker()
                    continue
                if kind == "gaze":
                    self._forward(data)
                else:
                    self._tell(kind, data)
        finally:
            self._subscription.close()

    def _connect(self) -> None:
        tracker = open_tracker(self._tr, self._address, self._serial)
        rate_hz = choose_rate(self._tr, tracker, self._options.rate)
        prepare(self._tr, tracker, self._options)
        self._options.calibrate = None  # not again where it is plugged in again
        self._announce(describe(self._tr, tracker, rate_hz, self._options.display_px))
        self._subscription = Subscription(self._tr, tracker)
        self._tracker = tracker
        self._address, self._serial = tracker.address, tracker.serial_number
        self._to_lsl_s = self._clock_difference_s()
        self._heard_s = self._tried_s = time.monotonic()
        say(f"streaming {tracker.model} {self._serial} at {rate_hz:g} Hz from {self._address}")

    def _announce(self, told: Description) -> None:
        if told != self._told:
            self._outlet = None  # the old stream ends before the new one begins
            try:
                self._outlet = open_outlet(self._lsl, told, network=self._options.network)
            except RuntimeError as error:
                raise BridgeError(
                    f"no stream can be opened: {error}; liblsl's ports 16572 to 16604 may be taken"
                ) from error
            self._told = told

    def _clock_difference_s(self) -> float:
        """LSL's clock minus Tobii's; they are one clock on Linux, and should be elsewhere."""
        readings = []
        for _ in range(5):
            before_s = self._lsl.local_clock()
            tobii_s = self._tr.get_system_time_stamp() / 1e6
            after_s = self._lsl.local_clock()
            readings.append((after_s - before_s, 0.5 * (before_s + after_s) - tobii_s))
        difference_s = min(readings)[1]
        return 0.0 if abs(difference_s) < 1e-3 else difference_s

    def _forward(self, gaze: dict[str, Any]) -> None:
        stamp_s = gaze["system_time_stamp"] / 1e6 + self._to_lsl_s
        self._outlet.push_sample(values_of(gaze), stamp_s)
        self._heard_s = time.monotonic()
        if self._gone:
            self._gone = False
            say(f"the tracker {self._serial} is back")
        if self._subscription.overflows > self._overflows:
            self._overflows = self._subscription.overflows
            self._say_at_times(f"{self._overflows} samples were lost: this computer is too busy")

    def _look_after_tracker(self) -> None:
        now_s = time.monotonic()
        if now_s - self._heard_s < SILENT_S or now_s - self._tried_s < RETRY_S:
            return
        if not self._gone:
            self._gone = True
            say(
                f"the tracker {self._serial} has been silent for {SILENT_S:g} s: it was unplugged, "
                "sleeps, or Tobii's service has stopped; it is being looked for"
            )
        self._subscription.close()
        try:
            self._connect()
        except BridgeError as error:
            self._say_at_times(str(error))
        self._heard_s, self._tried_s = now_s, time.monotonic()

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "error":
            why = f"{data.get('error')}: {data.get('message')}"
            if data.get("error") == self._tr.STREAM_ERROR_INSUFFICIENT_LICENSE:
                raise BridgeError(
                    f"the tracker {self._serial} refuses gaze data for want of a licence: ask "
                    "Tobii for one that covers it"
                )
            self._say_at_times(f"the tracker reports a stream error, {why}")
        elif kind in ("DISPLAY_AREA_CHANGED", "GAZE_OUTPUT_FREQUENCY_CHANGED"):
            rate_hz = choose_rate(self._tr, self._tracker, None)
            px = self._options.display_px
            self._announce(describe(self._tr, self._tracker, rate_hz, px))
            say(f"the tracker's set-up has changed; streaming at {rate_hz:g} Hz")
        else:
            details = data.get("faults") or data.get("warnings") or ""
            told = kind.lower().replace("_", " ")
            self._say_at_times(f"the tracker reports: {told} {details}".rstrip())

    def _say_at_times(self, sentence: str) -> None:
        """Say it, but the same thing every 30 seconds at most."""
        now_s = time.monotonic()
        if now_s - self._said.get(sentence, -math.inf) > 30.0:
            self._said = {told: at_s for told, at_s in self._said.items() if now_s - at_s < 30.0}
            self._said[sentence] = now_s
            say(sentence)


def size_px(text: str) -> tuple[int, int]:
    """Read ``1920x1080``."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) > 0 and int(height) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is no size such as 1920x1080")
    return int(width), int(height)


def place_px(text: str) -> str:
    """Read ``1920x1080+0+0``."""
    if not re.fullmatch(r"[1-9]\d{0,5}x[1-9]\d{0,5}[+-]\d{1,6}[+-]\d{1,6}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no place such as 1920x1080+0+0")
    return text


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Publish a Tobii eye tracker as a Lab Streaming Layer stream."
    )
    parser.add_argument("--list", action="store_true", help="list the trackers and end")
    parser.add_argument("--address", default="", help="connect to this one, as --list names it")
    parser.add_argument("--rate", type=float, metavar="HZ", help="set the gaze frequency")
    parser.add_argument(
        "--display-px", type=size_px, metavar="WxH", help="the tracked display's size in pixels"
    )
    parser.add_argument(
        "--network", action="store_true", help="let other computers receive the stream"
    )
    parser.add_argument(
        "--calibrate", type=int, choices=sorted(TARGETS), nargs="?", const=5, metavar="5|9",
        help="calibrate first, with so many targets (5), then stream",
    )  # fmt: skip
    parser.add_argument(
        "--calibration", default="", metavar="FILE",
        help="with --calibrate keep the calibration there, without it apply the one kept there",
    )  # fmt: skip
    parser.add_argument(
        "--window", type=place_px, default=None, metavar="WxH+X+Y",
        help="where the tracked display lies on the desktop (the display where windows open)",
    )  # fmt: skip
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    tr = module("tobii_research")
    if options.list:
        for tracker in find_trackers(tr) or [open_tracker(tr, "")]:
            row = (tracker.address, tracker.model, tracker.serial_number, tracker.device_name)
            print("\t".join(row))
        return
    lsl = module("pylsl")
    if not options.network and "LSLAPICFG" not in os.environ:
        lsl.set_config_content(LOOPBACK)
    Bridge(tr, lsl, options).run()


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit code: 0 ended by the user, 1 it cannot do its work."""
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(options)
    except BridgeError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
