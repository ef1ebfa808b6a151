"""The streaming detectors against an off-line one that sees the whole signal at once.

Dar, Wagner and Hanke (2021). REMoDNaV: robust eye-movement classification for dynamic
stimulation. Behav Res 53. https://doi.org/10.3758/s13428-020-01428-x
"""

import warnings

import numpy as np
import pytest

from GazeSAMLib.signals.chain import Detector, SignalChain, SignalOptions
from GazeSAMLib.signals.types import FixationPhase
from Testing.simulated_gaze import DISPLAY, SimulatedGaze, simulate

remodnav = pytest.importorskip("remodnav", reason="REMoDNaV is not installed")

Intervals = list[tuple[float, float]]


def ours(gaze: SimulatedGaze, detector: Detector) -> Intervals:
    chain = SignalChain(DISPLAY, SignalOptions(detector=detector))
    updates = [*[chain.add(sample) for sample in gaze.samples()], chain.flush()]
    return [
        (update.fixation.start_ns / 1e9, update.fixation.end_ns / 1e9)
        for update in updates
        if update is not None and update.phase is FixationPhase.ENDED
    ]


def theirs(gaze: SimulatedGaze, rate_hz: float) -> Intervals:
    classifier = remodnav.EyegazeClassifier(px2deg=1.0, sampling_rate=rate_hz)
    signal = np.rec.fromarrays(gaze.points_deg.T.copy(), names=["x", "y"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses a name that numpy has deprecated
        # Its smoothing window, 20 ms, must be an odd number of samples.
        window_s = (2 * round(0.01 * rate_hz) + 1.01) / rate_hz
        events = classifier(classifier.preproc(signal, savgol_length=window_s))
    return [
        (event["start_time"], event["end_time"])
        for event in events
        if event["label"] == "FIXA" and event["end_time"] - event["start_time"] > 0.12
    ]


@pytest.mark.parametrize("detector", Detector)
@pytest.mark.parametrize(("rate_hz", "noise_sd_deg"), [(250.0, 0.02), (250.0, 0.05), (500.0, 0.1)])
def test_the_intervals_agree(rate_hz: float, noise_sd_deg: float, detector: Detector):
    gaze = simulate(rate_hz, noise_sd_deg, fixations=40, saccade_deg=(3.0, 12.0), seed=11)
    streamed, reference = ours(gaze, detector), theirs(gaze, rate_hz)
    assert len(reference) >= 38, "the reference itself has to find the fixations"
    assert abs(len(streamed) - len(reference)) <= 2
    nearest = [min(streamed, key=lambda one: abs(sum(one) - sum(two))) for two in reference]
    late_s, over_s = (np.array(nearest) - np.array(reference)).T
    assert np.percentile(np.abs(late_s), 90) < 0.03
    assert np.percentile(np.abs(over_s), 90) < 0.03
