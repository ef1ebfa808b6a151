"""Read a recording in any form that GazeSAM knows; what it is decides, not only its name."""

from os import PathLike
from pathlib import Path

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.bids_files import PHYSIO_SUFFIX
from GazeSAMLib.gaze.import_bids import read_bids
from GazeSAMLib.gaze.import_eyelink import read_eyelink
from GazeSAMLib.gaze.import_samples import DisplaySize
from GazeSAMLib.gaze.import_tobii import read_tobii
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_reader import read_recording

FORMS = "a folder of GazeSAM, a Tobii Pro Lab .tsv, an EyeLink .asc, or a BIDS _physio.tsv.gz"


def read_gaze(path: str | PathLike[str], told: DisplaySize | None = None) -> Recording:
    """Read the recording at `path`.

    Parameters
    ----------
    path : str or path-like
        A folder of GazeSAM, or a file of another program.
    told : DisplaySize or None
        What the user says of the display; it goes before what a foreign file says. A
        recording of GazeSAM's own describes its display itself.

    Raises
    ------
    RecordingError
        If there is nothing, its form is unknown, or it cannot be read.
    """
    path, told = Path(path), told or DisplaySize()
    if not path.is_file():
        return read_recording(path)
    if path.name.endswith(PHYSIO_SUFFIX):
        return read_bids(path, told)
    if path.suffix.lower() == ".asc":
        return read_eyelink(path, told)
    if path.suffix.lower() in (".tsv", ".txt"):
        return read_tobii(path, told)
    raise RecordingError(f"{path}: it is no recording of gaze; give {FORMS}")
