"""How well the tracker works just now: rate, valid share, precision."""

from collections import deque

from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.noise import NoiseEstimator
from GazeSAMLib.signals.types import GazePoint
from GazeSAMLib.signals.validity import merged_eyes

WINDOW_NS = 2_000_000_000


class GazeMeter:
    """Measures the samples of the last two seconds.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    """

    def __init__(self, display: DisplayGeometry) -> None:
        self._display = display
        self._noise = NoiseEstimator(0.0)
        self._recent: deque[tuple[int, bool]] = deque()
        self._valid_count = 0

    def add(self, sample: GazeSample) -> None:
        """Take in the next sample."""
        point_display = merged_eyes(sample)
        self._recent.append((sample.t_ns, point_display is not None))
        if point_display is None:
            self._noise.skip()
        else:
            self._valid_count += 1
            x_deg, y_deg = self._display.degrees_from_display(point_display)
            self._noise.add(GazePoint(sample.t_ns, x_deg, y_deg))
        self.expire(sample.t_ns)

    def expire(self, now_ns: int) -> None:
        """Forget what is older than two seconds."""
        while self._recent and now_ns - self._recent[0][0] > WINDOW_NS:
            self._valid_count -= self._recent.popleft()[1]

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        if len(self._recent) < 2:
            return 0.0
        duration_ns = self._recent[-1][0] - self._recent[0][0]
        return 1e9 * (len(self._recent) - 1) / duration_ns if duration_ns > 0 else 0.0

    @property
    def valid_share(self) -> float:
        """Share of samples with a usable eye; 0 where there are none."""
        return self._valid_count / len(self._recent) if self._recent else 0.0

    @property
    def precision_deg(self) -> float:
        """Root mean square of the step from sample to sample, degrees."""
        return self._noise.rms_deg
