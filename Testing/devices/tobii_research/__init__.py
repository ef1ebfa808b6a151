"""Stands in for Tobii's SDK: its names, types, threads, lock and errors, without a tracker.

It lies on the module path in the SDK's place (``PYTHONPATH=Testing/devices``) and plays a
recording (`world.py`). `test_tobii_contract.py` holds it against the published package.
"""

from .calibration import (  # noqa: F401
    CalibrationEyeData,
    CalibrationPoint,
    CalibrationResult,
    CalibrationSample,
    ScreenBasedCalibration,
)
from .constants import *  # noqa: F403
from .errors import *  # noqa: F403
from .eye_tracker import (  # noqa: F401
    DisplayArea,
    EyeTracker,
    find_all_eyetrackers,
    get_system_time_stamp,
)
from .gaze_data import GazeData, StreamErrorData  # noqa: F401
