"""The SDK's error classes: no common base, the message in `value`, shown with its quotes."""


class _ValueError(Exception):
    def __init__(self, value):
        self.value = value

    def __str__(self):
        return repr(self.value)


class EyeTrackerConnectionFailedError(_ValueError): ...


class EyeTrackerFeatureNotSupportedError(_ValueError): ...


class EyeTrackerInternalError(_ValueError): ...


class EyeTrackerInvalidOperationError(_ValueError): ...


class EyeTrackerLicenseError(_ValueError): ...


class EyeTrackerOperationFailedError(_ValueError): ...


class EyeTrackerUnavailableError(_ValueError): ...


class EyeTrackerDisplayAreaNotValidError(_ValueError): ...


class EyeTrackerSavedLicenseFailedToApplyError(_ValueError): ...


class EyeTrackerFeatureDeprecatedError(_ValueError): ...
