"""What every parser of gaze has to hold for any bytes: errors of ours alone, times that rise.

A target takes bytes, raises where the parser does what it must not, and returns whether it
understood something. Each has examples of what is right, from which damage is made.
"""

import gzip
import json
import math
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.import_samples import DisplaySize
from GazeSAMLib.gaze.lsl_channel_file import channels_from_json
from GazeSAMLib.gaze.lsl_channels import map_channels
from GazeSAMLib.gaze.lsl_decoder import SampleDecoder, TrackedDisplay
from GazeSAMLib.gaze.lsl_description import parse_description
from GazeSAMLib.gaze.opengaze_records import LONGEST_RECORD, OpenGazeParser
from GazeSAMLib.gaze.pupil_messages import PupilParser
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.signals.drift import DriftCorrection

SCREEN = TrackedDisplay((1920.0, 1080.0), (531.0, 299.0), 650.0)
TOLD = DisplaySize(1920.0, 1080.0, 531.0, 299.0, 650.0)


@dataclass(frozen=True)
class Target:
    """A parser, what is right for it, and pieces that mean something to it."""

    run: Callable[[bytes], bool]
    examples: tuple[bytes, ...]
    words: tuple[bytes, ...]


def check(samples: Iterable[GazeSample]) -> bool:
    """Fail where times do not rise or an eye is valid and nowhere; whether there was a sample."""
    latest_ns: int | None = None
    for sample in samples:
        assert isinstance(sample.t_ns, int)
        assert latest_ns is None or sample.t_ns > latest_ns
        latest_ns = sample.t_ns
        for eye in (sample.left, sample.right):
            if eye is not None and eye.valid:
                assert all(map(math.isfinite, eye.point_display))
    return latest_ns is not None


def opengaze(data: bytes) -> bool:
    """Bytes of the Open Gaze API, cut at every zero byte."""
    parser, samples = OpenGazeParser(), []
    for number, piece in enumerate(data.split(b"\0")):
        samples += parser.feed(piece, number * 1_000_000)
        assert len(parser._rest) <= LONGEST_RECORD
    return check(samples)


def pupil(data: bytes) -> bool:
    """Payloads of Pupil's surfaces, two pieces of it."""
    parser, middle = PupilParser(), len(data) // 2
    samples = parser.feed([(b"surfaces.display", data)], 10**9)
    samples += parser.feed([(b"surfaces.display", data[:middle])], 2 * 10**9)
    return check(samples)


def lsl_description(data: bytes) -> bool:
    """A stream's XML, and samples of the stream that it describes."""
    try:
        stream = parse_description(data.decode("utf-8", "replace"))
        decoder = SampleDecoder(stream, map_channels(stream), SCREEN)
    except GazeSAMError:
        return False
    values = (0.5, math.nan, math.inf, -1e308, 1e9, 0.0)
    rows = ([values[(i + j) % len(values)] for j in range(len(stream.channels))] for i in range(6))
    return check(sample for t_ns, row in enumerate(rows) if (sample := decoder.sample(row, t_ns)))


def lsl_channel_file(data: bytes) -> bool:
    """The user's word on channels."""
    try:
        return bool(channels_from_json(json.loads(data)))
    except (GazeSAMError, ValueError, RecursionError):  # what is no JSON is told by the reader
        return False


def drift_details(data: bytes) -> bool:
    """Details of a drift event."""
    try:
        details = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(details, dict):
        return False
    try:
        return not DriftCorrection.from_details(details).is_identity
    except GazeSAMError:
        return False


def recording(data: bytes) -> bool:
    """A folder of ours; the three files are parted by a form feed."""
    parts = [*data.split(b"\f"), b"", b""][:3]
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        for name, part in zip(("recording.json", "samples.tsv", "events.tsv"), parts, strict=True):
            Path(folder, name).write_bytes(part)
        try:
            read = read_recording(folder)
        except GazeSAMError:
            return False
        return check(read.samples)


def tobii(data: bytes) -> bool:
    """An export of Tobii Pro Lab."""
    return _file("a.tsv", data)


def eyelink(data: bytes) -> bool:
    """What edf2asc writes."""
    return _file("a.asc", data)


def bids(data: bytes) -> bool:
    """A table and its JSON file, parted by a form feed; the first byte may spoil the gzip."""
    table, _, metadata = data.partition(b"\f")
    packed = table if table[:1] == b"!" else gzip.compress(table, 1)
    return _file("sub-01_task-x_recording-eye1_physio.tsv.gz", packed, metadata)


def _file(name: str, data: bytes, metadata: bytes | None = None) -> bool:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        if metadata is not None:
            Path(folder, name.replace(".tsv.gz", ".json")).write_bytes(metadata)
        try:
            read = read_gaze(path, TOLD)
        except GazeSAMError:
            return False
        return check(read.samples)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


CHANNEL = (
    "<channel><label>{0}</label><eye>left</eye><type>Screen{0}</type><unit>{1}</unit></channel>"
)
STREAM = (
    '<?xml version="1.0"?><info><name>t</name><type>Gaze</type><channel_count>2</channel_count>'
    "<nominal_srate>60</nominal_srate><channel_format>double64</channel_format><desc><channels>"
    f"{CHANNEL.format('X', 'normalized')}{CHANNEL.format('Y', 'normalized')}"
    "</channels><display><width_px>1920</width_px><height_px>1080</height_px></display>"
    "</desc></info>"
)
HEADER = {
    "schema_version": 1, "display_left_px": 0, "display_top_px": 0, "display_width_px": 1920,
    "display_height_px": 1080, "display_width_mm": 531.0, "display_height_mm": 299.0,
    "distance_mm": 650.0, "tracker": {"name": "t", "rate_hz": 60.0}, "offset_deg": [0.1, -0.2],
}  # fmt: skip
SAMPLES = (
    "t_ns\tdevice_t_ns\tleft_x_display\tleft_y_display\tleft_valid\tleft_pupil_mm\t"
    "right_x_display\tright_y_display\tright_valid\tright_pupil_mm\n"
    "1000\t1\t0.25\t0.5\t1\t3.1\t0.25\t0.5\t1\t3.1\n2000\t2\t\t\t0\t\t\t\t\t\n"
)
EVENTS = 't_ns\tevent\tdetails\n1000\taccept\t{}\n1500\tview\t{"name":"Red","visible":false}\n'
SURFACE = bytes.fromhex(
    "82a46e616d65a7646973706c6179b0676173655f6f6e5f737572666163657390"
)  # wrong on purpose: a name that is nearly right

OPENGAZE = (
    b'<REC CNT="1484" TIME="5.01366" LPOGX="0.48439" LPOGY="0.50313" LPOGV="1" RPOGX="0.49" '
    b'RPOGY="0.51" RPOGV="0" LPMM="3.1" LPMMV="1" />\r\n'
    b'<ACK ID="PRODUCT_ID" VALUE="GP3HD" BUS="USB3" RATE="150" />\r\n'
)
TOBII = (
    b"Recording timestamp [ms]\tSensor\tRecording resolution height\tRecording resolution width\t"
    b"Event\tEvent value\tGaze point left X [DACS px]\tGaze point left Y [DACS px]\tValidity left\n"
    b"1000\tEye Tracker\t1080\t1920\t\t\t960\t540\tValid\n"
    b"1002\t\t1080\t1920\tTextEvent\tgazesam accept {}\t\t\t\n"
    b"1016\tEye Tracker\t1080\t1920\t\t\t480\t270\tInvalid\n"
)
EYELINK = (
    b"** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED\nMSG\t5000 GAZE_COORDS 0.00 0.00 1919.00 "
    b"1079.00\nSAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2\n"
    b"START\t5000 \tLEFT\tRIGHT\tSAMPLES\tEVENTS\n5001\t 964.3\t 541.5\t 288.0\t 960.5\t 538.8\t "
    b"305.0\t.....\nMSG\t5001 gazesam accept {}\n5002\t  .\t  .\t   0.0\t 933.4\t 568.2\t 298.0\t"
    b".C...\nEND\t5003 \tSAMPLES\tEVENTS\tRES\t  47.75\t  45.92\n"
)
BIDS = b"0\t960.0\t540.0\t3.1\n16\t480.0\t270.0\tn/a\n\f" + json.dumps(
    {
        "SamplingFrequency": 60, "StartTime": 0, "PhysioType": "eyetrack", "RecordedEye": "left",
        "Columns": ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"],
        "timestamp": {"Units": "ms"}, "x_coordinate": {"Units": "pixel"},
        "y_coordinate": {"Units": "pixel"}, "SampleCoordinateSystem": "gaze-on-screen",
    }
).encode()  # fmt: skip
CHANNEL_FILE = json.dumps(
    {
        "version": 1,
        "streams": {"My tracker": {"unit": "pixels", "left": {"x": "a", "y": 1, "valid": 4}}},
    }
).encode()
NUMBERS = (b"nan", b"inf", b"-1", b"1e999", b"9" * 30, b"0.0", b"\xd9\xa1")


def _surfaces() -> tuple[bytes, ...]:
    import msgpack

    gaze = {
        "topic": "gaze.3d.01._on_surface", "norm_pos": [0.25, 0.75], "confidence": 0.9,
        "timestamp": 12.5,
    }  # fmt: skip
    message = {"name": "display", "gaze_on_surfaces": [gaze, gaze | {"timestamp": 12.6}]}
    return msgpack.packb(message), msgpack.packb(message | {"gaze_on_surfaces": []}), SURFACE


def targets() -> dict[str, Target]:
    """Return all targets by name; that of Pupil needs msgpack."""
    recording_file = f"{json.dumps(HEADER)}\f{SAMPLES}\f{EVENTS}".encode()
    drift = json.dumps({"offset_deg": [0.1, 2], "affine_deg": [[1, 0, 0], [0, 1, 0]]}).encode()
    tables = (b"\t", b"\n", b"\r\n", b"\f", b"\xef\xbb\xbf", b"\x00", *NUMBERS)
    json_words = (b"{", b"]", b"null", b"true", b'"', b"[" * 2000, *NUMBERS)
    return {
        "opengaze": Target(opengaze, (OPENGAZE,), (b"<REC ", b" />\r\n", b"\n", b'"', b"\0",
                                                   b"A" * 9000, *NUMBERS)),
        "pupil": Target(pupil, _surfaces(), (b"\x91" * 2000, b"\xc6\xff\xff\xff\xff", b"\xc1",
                                             b"\xcb\x7f\xf8" + b"\0" * 6, b"\xdf")),
        "lsl_description": Target(lsl_description, (STREAM.encode(),), (
            b"<channel>", b"</channel>", b"&amp;", b"<!DOCTYPE a [", b"degrees", b"pixels",
            b"string", *NUMBERS)),
        "lsl_channel_file": Target(lsl_channel_file, (CHANNEL_FILE,), json_words),
        "drift_details": Target(drift_details, (drift,), json_words),
        "recording": Target(recording, (recording_file,), (*tables, b"{", b'"')),
        "tobii": Target(tobii, (TOBII, TOBII.decode().encode("utf-16")), tables),
        "eyelink": Target(eyelink, (EYELINK,), (*tables, b"MSG\t", b"START\t", b"END\t")),
        "bids": Target(bids, (BIDS,), (*tables, b"{", b'"', b"!")),
    }  # fmt: skip
