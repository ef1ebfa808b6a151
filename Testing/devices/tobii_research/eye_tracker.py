"""The SDK's `EyeTracker`, playing a recording from threads of its own."""

import collections
import math
import threading

from . import constants
from .errors import (
    EyeTrackerConnectionFailedError,
    EyeTrackerInternalError,
    EyeTrackerLicenseError,
)
from .gaze_data import GazeData, StreamErrorData
from .world import WORLD, system_us

BUFFERED = 64
OVERFLOW = {"system_time_stamp": 0, "notification_source_stream": "gaze"}
ADDRESS = "tobii-prp://"


class DisplayArea:
    def __init__(self, display_area):
        self.__top_left = display_area["top_left"]
        self.__top_right = display_area["top_right"]
        self.__bottom_left = display_area["bottom_left"]

    @property
    def top_left(self):
        return self.__top_left

    @property
    def top_right(self):
        return self.__top_right

    @property
    def bottom_left(self):
        return self.__bottom_left

    @property
    def width(self):
        return math.dist(self.__top_left, self.__top_right)

    @property
    def height(self):
        return math.dist(self.__top_left, self.__bottom_left)


class EyeTracker:
    def __init__(self, address):
        if not isinstance(address, str):
            raise ValueError("An EyeTracker must be initialized with a URI.")
        serial = address.removeprefix(ADDRESS)
        if serial not in WORLD.serials or not WORLD.plugged():
            raise EyeTrackerConnectionFailedError(
                "The connection to the eye tracker failed. 'se_connection_failed'"
            )
        self.__address, self.__serial_number = address, serial
        self.__subscription_lock = threading.RLock()
        self.__subscriptions = {}
        self.__buffer = collections.deque()
        self.__arrived = threading.Event()
        self.__stopped = threading.Event()

    @property
    def address(self):
        return self.__address

    @property
    def device_name(self):
        return "desk"

    @property
    def serial_number(self):
        return self.__serial_number

    @property
    def model(self):
        return "Stand-in"

    @property
    def firmware_version(self):
        return "1.0"

    @property
    def device_capabilities(self):
        if "capabilities" in WORLD.script:
            return tuple(WORLD.script["capabilities"])
        return (
            constants.CAPABILITY_HAS_GAZE_DATA,
            constants.CAPABILITY_CAN_DO_SCREEN_BASED_CALIBRATION,
        )

    def retrieve_calibration_data(self):
        return WORLD.calibration

    def apply_calibration_data(self, calibration_data):
        if not calibration_data.startswith(b"["):
            raise EyeTrackerInternalError("The calibration data is invalid. 'se_invalid_data'")
        WORLD.apply(calibration_data)

    def get_all_gaze_output_frequencies(self):
        return WORLD.rates

    def get_gaze_output_frequency(self):
        return WORLD.rate

    def set_gaze_output_frequency(self, gaze_output_frequency):
        if not WORLD.licence:
            raise EyeTrackerLicenseError(
                "Insufficient license level when using a restricted feature. "
                "'se_insufficient_license'"
            )
        WORLD.rate = float(gaze_output_frequency)

    def get_display_area(self):
        width, height = WORLD.header.display_width_mm, WORLD.header.display_height_mm
        return DisplayArea(
            {
                "top_left": (-width / 2, height, 0.0),
                "top_right": (width / 2, height, 0.0),
                "bottom_left": (-width / 2, 0.0, 0.0),
            }
        )

    def subscribe_to(self, subscription_type, callback, as_dictionary=False):
        with self.__subscription_lock:
            callbacks = self.__subscriptions.setdefault(subscription_type, {})
            callbacks[callback] = as_dictionary
            if subscription_type == constants.EYETRACKER_GAZE_DATA and len(callbacks) == 1:
                begun_us = WORLD.begun_us()
                self.__stopped.clear()
                for target in (self.__produce, self.__pump):
                    threading.Thread(target=target, args=(begun_us,), daemon=True).start()

    def unsubscribe_from(self, subscription_type, callback=None):
        with self.__subscription_lock:
            callbacks = self.__subscriptions.get(subscription_type, {})
            callbacks.pop(callback, None)
            if callback is None or not callbacks:
                self.__subscriptions.pop(subscription_type, None)
                if subscription_type == constants.EYETRACKER_GAZE_DATA:
                    self.__stopped.set()

    def __produce(self, begun_us):
        """The device: fills the buffer, and knows when it is unplugged."""
        if not WORLD.licence:
            self.__buffer.append(("error", stream_error("STREAM_ERROR_INSUFFICIENT_LICENSE")))
            self.__arrived.set()
            return
        says = list(WORLD.script.get("says", []))
        subscribed_us = system_us()
        for delivery in WORLD.repeated():
            due_us = begun_us + delivery.due_ns // 1000
            if due_us < subscribed_us - 1_000_000:
                continue  # was due before this subscription
            wait_s = (due_us - system_us()) / 1e6
            if self.__stopped.wait(max(wait_s, 0.0)):
                return
            if not (WORLD.plugged() and delivery.connected):
                if "unplugged_s" in WORLD.script:
                    self.__put("lost", {"system_time_stamp": system_us()})
                    return
                continue
            while says:
                kind, name = says.pop(0)
                self.__put(kind, stream_error(name, "as told") if kind == "error" else OVERFLOW)
            self.__put("gaze", gaze_dictionary(delivery.sample, begun_us))

    def __put(self, kind, data):
        if len(self.__buffer) >= BUFFERED:
            WORLD.note_overflow([kind, self.__buffer.popleft()[0]].count("gaze"))
            kind, data = "overflow", OVERFLOW
        self.__buffer.append((kind, data))
        self.__arrived.set()

    def __pump(self, _begun_us):
        """The SDK's thread: calls back with the lock held, and swallows what callbacks raise."""
        types = {
            "gaze": (constants.EYETRACKER_GAZE_DATA, GazeData),
            "error": (constants.EYETRACKER_STREAM_ERRORS, StreamErrorData),
            "lost": (constants.EYETRACKER_NOTIFICATION_CONNECTION_LOST, dict),
            "overflow": (constants.EYETRACKER_NOTIFICATION_STREAM_BUFFER_OVERFLOW, dict),
        }
        while not self.__stopped.is_set():
            if not self.__buffer:
                self.__arrived.wait(0.1)
                self.__arrived.clear()
                continue
            kind, data = self.__buffer.popleft()
            subscription_type, data_class = types[kind]
            try:
                self.__call_back(subscription_type, data_class, data)
            except Exception as error:  # noqa: BLE001 - as the SDK does
                self.__buffer.append(("error", stream_error("STREAM_ERROR_USER_ERROR", str(error))))

    def __call_back(self, subscription_type, data_class, data):
        with self.__subscription_lock:
            for callback, as_dictionary in self.__subscriptions.get(subscription_type, {}).items():
                callback(dict(data) if as_dictionary else data_class(data))


def stream_error(name, message=""):
    return {
        "system_time_stamp": system_us(),
        "error": getattr(constants, name),
        "source": constants.STREAM_ERROR_SOURCE_SUBSCRIPTION_GAZE_DATA,
        "message": message,
    }


def gaze_dictionary(sample, begun_us):
    data = {
        "device_time_stamp": (sample.device_t_ns or 0) // 1000,
        "system_time_stamp": begun_us + sample.t_ns // 1000,
    }
    for name, eye in (("left", sample.left), ("right", sample.right)):
        point = (math.nan, math.nan) if eye is None else (eye.point_display.x, eye.point_display.y)
        pupil_mm = None if eye is None else eye.pupil_mm
        data |= {
            f"{name}_gaze_point_on_display_area": point,
            f"{name}_gaze_point_in_user_coordinate_system": (math.nan,) * 3,
            f"{name}_gaze_point_validity": int(eye is not None and eye.valid),
            f"{name}_pupil_diameter": math.nan if pupil_mm is None else pupil_mm,
            f"{name}_pupil_validity": int(pupil_mm is not None),
            f"{name}_gaze_origin_in_user_coordinate_system": (0.0, 0.0, 650.0),
            f"{name}_gaze_origin_in_trackbox_coordinate_system": (0.5, 0.5, 0.5),
            f"{name}_gaze_origin_validity": int(eye is not None and eye.valid),
        }
    return data


def find_all_eyetrackers():
    # The real one blocks for about as long as this when there is none.
    return tuple(EyeTracker(ADDRESS + serial) for serial in WORLD.serials if WORLD.plugged())


def get_system_time_stamp():
    return system_us()
