"""The SDK's calibration, of a tracker that sees what the stand-in's script says.

::

    {"calibration": {"status": "calibration_status_success", "collect": {"0.1,0.1": 1},
                     "log": "calls.txt", "off_by": [0.01, 0.0], "collect_s": 0.2}}

`collect` tells how often collecting at a target fails; `log` is a file that gets a line a call.
"""

import threading
from pathlib import Path

from .constants import (
    CALIBRATION_STATUS_FAILURE,
    CALIBRATION_STATUS_SUCCESS,
    CALIBRATION_STATUS_SUCCESS_LEFT_EYE,
    CALIBRATION_STATUS_SUCCESS_RIGHT_EYE,
    CAPABILITY_CAN_DO_SCREEN_BASED_CALIBRATION,
    VALIDITY_INVALID_AND_NOT_USED,
    VALIDITY_VALID_AND_USED,
    VALIDITY_VALID_BUT_NOT_USED,
)
from .errors import EyeTrackerInvalidOperationError
from .eye_tracker import EyeTracker
from .world import WORLD

STATUSES = (
    CALIBRATION_STATUS_FAILURE,
    CALIBRATION_STATUS_SUCCESS,
    CALIBRATION_STATUS_SUCCESS_LEFT_EYE,
    CALIBRATION_STATUS_SUCCESS_RIGHT_EYE,
)


class CalibrationEyeData:
    def __init__(self, position_on_display_area, validity):
        validities = {
            -1: VALIDITY_INVALID_AND_NOT_USED,
            0: VALIDITY_VALID_BUT_NOT_USED,
            1: VALIDITY_VALID_AND_USED,
        }
        if not isinstance(position_on_display_area, tuple) or validity not in validities:
            raise ValueError("You shouldn't create CalibrationEyeData objects yourself.")
        self.__position_on_display_area = position_on_display_area
        self.__validity = validities[validity]

    @property
    def position_on_display_area(self):
        return self.__position_on_display_area

    @property
    def validity(self):
        return self.__validity


class CalibrationSample:
    def __init__(self, left_eye, right_eye):
        self.__left_eye, self.__right_eye = left_eye, right_eye

    @property
    def left_eye(self):
        return self.__left_eye

    @property
    def right_eye(self):
        return self.__right_eye


class CalibrationPoint:
    def __init__(self, position_on_display_area, calibration_samples):
        self.__position_on_display_area = position_on_display_area
        self.__calibration_samples = calibration_samples

    @property
    def position_on_display_area(self):
        return self.__position_on_display_area

    @property
    def calibration_samples(self):
        return self.__calibration_samples


class CalibrationResult:
    def __init__(self, status, calibration_points):
        if status not in STATUSES or not isinstance(calibration_points, tuple):
            raise ValueError("You shouldn't create CalibrationResult objects yourself.")
        self.__status, self.__calibration_points = status, calibration_points

    @property
    def status(self):
        return self.__status

    @property
    def calibration_points(self):
        return self.__calibration_points


class ScreenBasedCalibration:
    def __init__(self, eyetracker):
        if not isinstance(eyetracker, EyeTracker):
            raise ValueError(
                "A ScreenBasedCalibration object must be initialized with an EyeTracker."
            )
        if CAPABILITY_CAN_DO_SCREEN_BASED_CALIBRATION not in eyetracker.device_capabilities:
            raise ValueError(
                "A ScreenBasedCalibration object must be initialized with an EyeTracker"
                "                            that supports screen based calibration."
            )
        self.__script = WORLD.script.get("calibration", {})
        self.__failures = dict(self.__script.get("collect", {}))
        self.__collected = []
        self.__entered = False

    def enter_calibration_mode(self):
        self.__log("enter")
        if self.__script.get("busy"):
            raise EyeTrackerInvalidOperationError(
                "The eye tracker is already in calibration mode. 'se_calibration_already_started'"
            )
        self.__entered = True

    def leave_calibration_mode(self):
        self.__check()
        self.__entered = False
        self.__log("leave")

    def collect_data(self, x, y):
        self.__check()
        x, y = float(x), float(y)
        self.__log(f"collect {x:g},{y:g}")
        threading.Event().wait(self.__script.get("collect_s", 0.05))
        key = f"{x:g},{y:g}"
        if self.__failures.get(key, 0) > 0:
            self.__failures[key] -= 1
            return CALIBRATION_STATUS_FAILURE
        self.__collected.append((x, y))
        return CALIBRATION_STATUS_SUCCESS

    def compute_and_apply(self):
        self.__check()
        self.__log("compute")
        status = self.__script.get("status", CALIBRATION_STATUS_SUCCESS)
        if status != CALIBRATION_STATUS_SUCCESS:
            return CalibrationResult(status, ())
        WORLD.calibration = repr(self.__collected).encode()
        off_x, off_y = self.__script.get("off_by", (0.0, 0.0))
        points = []
        for x, y in self.__collected:
            seen = CalibrationEyeData((x + off_x, y + off_y), 1)
            lost = CalibrationEyeData((float("nan"), float("nan")), -1)
            points.append(CalibrationPoint((x, y), (CalibrationSample(seen, lost),) * 3))
        return CalibrationResult(status, tuple(points))

    def discard_data(self, x, y):
        self.__check()
        self.__collected.remove((float(x), float(y)))

    def __check(self):
        if not self.__entered:
            raise EyeTrackerInvalidOperationError(
                "The eye tracker is not in calibration mode. 'se_calibration_not_started'"
            )

    def __log(self, line):
        if "log" in self.__script:
            with Path(self.__script["log"]).open("a") as file:
                file.write(line + "\n")
