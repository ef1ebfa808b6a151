"""Whether a recording was made on the scan that it is used with."""

from pathlib import Path

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.recording_header import RecordingHeader


def check_same_scan(gaze: Path, header: RecordingHeader, scan: Path, digest: str) -> str | None:
    """Return a note where the recording does not name its scan, else None.

    Raises
    ------
    RecordingError
        If it was made on another scan.
    """
    if header.scan_digest is None:
        return f"{gaze} does not say on which scan it was made: it is taken to be {scan}"
    if header.scan_digest != digest:
        raise RecordingError(
            f"{gaze} was made on another scan (digest {header.scan_digest[:12]}...) than {scan} "
            f"({digest[:12]}...): give the scan it was made on, or another series of it "
            "(`gazesam info` lists them)"
        )
    return None
