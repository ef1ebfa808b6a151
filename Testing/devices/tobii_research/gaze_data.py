"""What callbacks get that did not ask for dictionaries; the bridge asks for dictionaries."""


class GazeData:
    def __init__(self, data):
        if not isinstance(data, dict):
            raise ValueError("You shouldn't create GazeData objects yourself.")
        self.__device_time_stamp = data["device_time_stamp"]
        self.__system_time_stamp = data["system_time_stamp"]

    @property
    def device_time_stamp(self):
        return self.__device_time_stamp

    @property
    def system_time_stamp(self):
        return self.__system_time_stamp


class StreamErrorData:
    def __init__(self, data):
        self._error, self._message, self._source = data["error"], data["message"], data["source"]

    @property
    def error(self):
        return self._error

    @property
    def message(self):
        return self._message

    @property
    def source(self):
        return self._source
