import dataclasses
import gc
import itertools
import math
import types
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.signals.chain import SignalChain, SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate
from Testing.simulated_gaze import DISPLAY, TrueFixation, binocular, blind, simulate

MS = 10**6


def all_updates(chain: SignalChain, samples: Iterable[GazeSample]) -> list[FixationUpdate]:
    updates = [chain.add(sample) for sample in samples]
    return [update for update in [*updates, chain.flush()] if update is not None]


def ended(updates: list[FixationUpdate]) -> list[Fixation]:
    return [update.fixation for update in updates if update.phase is FixationPhase.ENDED]


def resting(start_ms: int, end_ms: int, step_ms: int = 4) -> list[GazeSample]:
    return [binocular(t * MS, 2.0, 1.0) for t in range(start_ms, end_ms, step_ms)]


def overlap_s(fixation: Fixation, truth: TrueFixation) -> float:
    start_s = max(fixation.start_ns / 1e9, truth.start_s)
    return min(fixation.end_ns / 1e9, truth.end_s) - start_s


def error_deg(fixation: Fixation, truth: TrueFixation) -> float:
    x_deg, y_deg = DISPLAY.degrees_from_display(fixation.centre_display)
    return math.hypot(x_deg - truth.x_deg, y_deg - truth.y_deg)


@pytest.mark.parametrize("noise_sd_deg", [0.0, 0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 250.0, 1200.0])
def test_known_fixations_are_found(rate_hz: float, noise_sd_deg: float):
    gaze = simulate(rate_hz, noise_sd_deg, fixations=16, saccade_deg=(3.0, 12.0), jitter=0.2)
    updates = all_updates(SignalChain(DISPLAY), gaze.samples())
    found = ended(updates)
    pairs = [(max(found, key=lambda f: overlap_s(f, truth)), truth) for truth in gaze.fixations]
    missed = sum(overlap_s(fixation, truth) < 0.08 for fixation, truth in pairs)
    assert missed <= (2 if noise_sd_deg == 1.0 else 0)
    assert len(found) <= len(gaze.fixations) + (6 if noise_sd_deg == 1.0 else 2)
    interval_s = 1.0 / rate_hz
    late_s = [fixation.start_ns / 1e9 - truth.start_s for fixation, truth in pairs]
    over_s = [fixation.end_ns / 1e9 - truth.end_s for fixation, truth in pairs]
    noisy_s = 0.1 * noise_sd_deg
    assert abs(np.median(late_s)) < 0.02 + interval_s + noisy_s
    assert abs(np.median(over_s)) < 0.02 + interval_s
    errors_deg = [error_deg(fixation, truth) for fixation, truth in pairs]
    assert np.median(errors_deg) < 0.05 + 2.5 * noise_sd_deg * math.sqrt(interval_s / 0.2)


@pytest.mark.parametrize("rate_hz", [60.0, 250.0, 1200.0])
def test_a_fixation_is_announced_in_time_to_react(rate_hz: float):
    gaze = simulate(rate_hz, noise_sd_deg=0.3, fixations=16, saccade_deg=(3.0, 12.0))
    chain = SignalChain(DISPLAY)
    announced_s = [
        sample.t_ns / 1e9
        for sample in gaze.samples()
        if (update := chain.add(sample)) and update.phase is FixationPhase.STARTED
    ]
    delays_s = [
        min((t_s - truth.start_s for t_s in announced_s if t_s > truth.start_s), default=math.inf)
        for truth in gaze.fixations
    ]
    assert np.median(delays_s) < 0.15


def test_a_look_a_little_aside_is_a_new_fixation_for_a_quiet_tracker():
    gaze = simulate(250.0, noise_sd_deg=0.1, saccade_deg=(1.6, 2.5))
    found = ended(all_updates(SignalChain(DISPLAY), gaze.samples()))
    assert len(found) == len(gaze.fixations)


@pytest.mark.parametrize("saccade_deg", [(1.2, 2.5), (2.0, 6.0)])
def test_a_slow_trackers_saccade_does_not_drag_the_fixation_along(saccade_deg):
    gaze = simulate(60.0, noise_sd_deg=0.1, fixations=40, saccade_deg=saccade_deg)
    found = ended(all_updates(SignalChain(DISPLAY), gaze.samples()))
    errors_deg = [
        error_deg(max(found, key=lambda f: overlap_s(f, truth)), truth) for truth in gaze.fixations
    ]
    assert np.percentile(errors_deg, 95) < 0.12


def test_each_fixation_starts_once_goes_on_and_ends_once():
    gaze = simulate(120.0, noise_sd_deg=0.4, jitter=0.3)
    phase, fixation = FixationPhase.ENDED, None
    for update in all_updates(SignalChain(DISPLAY), gaze.samples()):
        if phase is FixationPhase.ENDED:
            assert update.phase is FixationPhase.STARTED
        else:
            assert update.phase is not FixationPhase.STARTED
            assert update.fixation.start_ns == fixation.start_ns
            grown = update.fixation.sample_count - fixation.sample_count
            # A sample on its way out is not the fixation's.
            assert grown in ({0, 1} if update.phase is FixationPhase.CONTINUED else {0})
        phase, fixation = update.phase, update.fixation
    assert phase is FixationPhase.ENDED


def test_the_same_samples_give_the_same_updates():
    samples = simulate(250.0, noise_sd_deg=0.3, jitter=0.2).samples()
    first = all_updates(SignalChain(DISPLAY), samples)
    assert first == all_updates(SignalChain(DISPLAY), samples)
    assert len(first) > 500


@pytest.mark.parametrize(
    "in_the_blink", [[blind(t * MS) for t in range(300, 500, 4)], []], ids=["invalid", "silent"]
)
def test_a_blink_ends_a_fixation(in_the_blink: list[GazeSample]):
    samples = [*resting(0, 300), *in_the_blink, *resting(500, 800)]
    found = ended(all_updates(SignalChain(DISPLAY), samples))
    assert [(f.start_ns // MS, f.end_ns // MS) for f in found] == [(0, 296), (500, 796)]


def test_a_blink_ends_the_fixation_while_it_lasts_and_not_after_it():
    chain = SignalChain(DISPLAY, SignalOptions(gap_ms=80.0))
    for sample in resting(0, 300):
        chain.add(sample)
    updates = [chain.add(blind(t * MS)) for t in range(300, 500, 4)]
    assert [t for t, update in zip(range(300, 500, 4), updates, strict=True) if update] == [380]


def test_after_a_blink_the_gaze_from_before_it_has_no_weight():
    elsewhere = [binocular(t * MS, -6.0, 3.0) for t in range(500, 800, 4)]
    found = ended(all_updates(SignalChain(DISPLAY), [*resting(0, 300), *elsewhere]))
    assert [(f.start_ns // MS, f.end_ns // MS) for f in found] == [(0, 296), (500, 796)]


def test_a_gap_too_short_for_a_blink_does_not_end_a_fixation():
    samples = [*resting(0, 300), *[blind(t * MS) for t in range(300, 360, 4)], *resting(360, 600)]
    found = ended(all_updates(SignalChain(DISPLAY), samples))
    assert [(f.start_ns // MS, f.end_ns // MS) for f in found] == [(0, 596)]


def test_the_loss_of_one_eye_does_not_end_a_fixation():
    samples = [
        dataclasses.replace(sample, left=None if 300 * MS < sample.t_ns < 700 * MS else sample.left)
        for sample in resting(0, 1000)
    ]
    found = ended(all_updates(SignalChain(DISPLAY), samples))
    assert [f.sample_count for f in found] == [250]


def test_nan_marked_as_valid_is_no_gaze():
    eye = EyeSample(DisplayPoint(math.nan, 0.5), True)
    samples = [
        GazeSample(sample.t_ns, eye, eye) if i % 3 == 0 else sample
        for i, sample in enumerate(resting(0, 600))
    ]
    chain = SignalChain(DISPLAY)
    (fixation,) = ended(all_updates(chain, samples))
    assert fixation.sample_count == 100
    assert chain.valid_share == pytest.approx(2 / 3)


def test_without_any_valid_sample_there_is_no_fixation():
    chain = SignalChain(DISPLAY)
    assert chain.valid_share == 0.0
    assert all_updates(chain, [blind(t * MS) for t in range(0, 2000, 4)]) == []
    assert chain.valid_share == 0.0


def test_a_reset_ends_the_fixation_and_the_next_needs_its_full_time():
    chain = SignalChain(DISPLAY)
    for sample in resting(0, 300):
        chain.add(sample)
    update = chain.reset()
    assert update is not None
    assert update.phase is FixationPhase.ENDED
    assert chain.reset() is None
    later = all_updates(chain, resting(300, 600))
    assert later[0].phase is FixationPhase.STARTED
    assert later[0].fixation.start_ns == 300 * MS
    assert later[0].fixation.end_ns == 400 * MS


def test_repeated_and_late_samples_are_left_out():
    samples = resting(0, 600)
    shaken = list(itertools.chain.from_iterable((s, s) for s in samples))
    shaken[100:100] = samples[30:40]
    assert ended(all_updates(SignalChain(DISPLAY), shaken)) == ended(
        all_updates(SignalChain(DISPLAY), samples)
    )


def test_a_clock_set_back_starts_anew():
    found = ended(all_updates(SignalChain(DISPLAY), [*resting(5000, 5400), *resting(0, 400)]))
    assert [(f.start_ns // MS, f.end_ns // MS) for f in found] == [(5000, 5396), (0, 396)]


def test_drift_moves_the_centre():
    options = SignalOptions(drift=DriftCorrection(offset_deg=(2.0, 1.0)))
    (fixation,) = ended(all_updates(SignalChain(DISPLAY, options), resting(0, 400)))
    assert tuple(fixation.centre_display) == pytest.approx((0.5, 0.5))


def test_precision_is_reported_before_smoothing():
    gaze = simulate(250.0, noise_sd_deg=0.4)
    chain = SignalChain(DISPLAY)
    assert chain.precision_rms_deg == SignalOptions().expected_rms_deg
    all_updates(chain, gaze.samples())
    assert chain.precision_rms_deg == pytest.approx(0.8, rel=0.25)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_cutoff_hz": 0.0},
        {"beta": -0.1},
        {"dispersion_deg": math.nan},
        {"min_duration_ms": -1.0},
        {"gap_ms": math.inf},
        {"expected_rms_deg": -0.1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SignalOptions(**wrong)


EYES = st.none() | st.builds(
    EyeSample, st.builds(DisplayPoint, st.floats(), st.floats()), st.booleans()
)


@given(st.lists(st.builds(GazeSample, st.integers(-(2**62), 2**62), EYES, EYES), max_size=60))
def test_any_samples_are_survived(samples: list[GazeSample]):
    all_updates(SignalChain(DISPLAY), samples)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 60 * MS),
            st.floats(-3.0, 3.0) | st.sampled_from([1e-300, 1e300, -1e308]),
            st.floats(0.0, 1.0),
        ),
        max_size=150,
    )
)
def test_wild_steps_and_irregular_times_give_finite_spreads(steps: list[tuple[int, float, float]]):
    chain, t_ns = SignalChain(DISPLAY), 0
    samples = []
    for step_ns, x, y in steps:
        t_ns += step_ns
        eye = EyeSample(DisplayPoint(x, y), True)
        samples.append(GazeSample(t_ns, eye, eye))
    for update in all_updates(chain, samples):
        assert math.isfinite(update.fixation.spread_deg)
        assert update.fixation.start_ns <= update.fixation.end_ns


def held_objects(root: object) -> int:
    """How many objects are alive because `root` is."""
    shared = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    seen: set[int] = set()
    todo = [root]
    while todo:
        held = todo.pop()
        if id(held) not in seen and not isinstance(held, shared):
            seen.add(id(held))
            todo += gc.get_referents(held)
    return len(seen)


WANDERING = [
    binocular(0, 15.0 * math.sin(i / 10), 8.0 * math.cos(i / 7))
    for i in range(round(140 * math.pi))
]


@pytest.mark.parametrize(
    "looks", [WANDERING, [binocular(0, 1.0, 2.0)], [blind(0)]], ids=["wandering", "still", "blind"]
)
def test_an_hour_takes_no_more_memory_than_a_minute(looks: list[GazeSample]):
    chain = SignalChain(DISPLAY)
    after_a_minute = 0
    for i, look in enumerate(itertools.islice(itertools.cycle(looks), 3_600_000 // 80)):
        chain.add(GazeSample(i * 80 * MS, look.left, look.right))
        if i == 60_000 // 80:
            after_a_minute = held_objects(chain)
    assert held_objects(chain) <= after_a_minute + 20


def test_at_1200_hz_only_the_shortest_fixation_is_held():
    chain = SignalChain(DISPLAY)
    most = 0
    for i, sample in enumerate(simulate(1200.0, 0.3, fixations=40).samples()):
        chain.add(sample)
        if i % 500 == 0:
            most = max(most, held_objects(chain))
    assert most < 4000
