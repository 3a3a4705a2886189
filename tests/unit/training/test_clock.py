"""The clock: steps, readings of the wall clock, and the same again without a clock."""

import random
from itertools import pairwise

import pytest

from dragoman.training import clock as module
from dragoman.training.clock import Clock, Reading, WallClock


class FakeTime:
    """A `time.monotonic` that goes as it is told."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(module, "time", fake)
    return fake


def test_steps():
    clock = Clock.of_steps(4)
    assert [clock.done(step) for step in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [clock.over(step) for step in range(6)] == [False] * 4 + [True] * 2


def test_readings():
    clock = Clock([Reading(10, 0.2, 0.01), Reading(20, 0.5, 0.05)], None)
    assert clock.done(3) == 0.0
    assert clock.done(10) == 0.2
    assert clock.done(15) == pytest.approx(0.25)
    assert clock.done(20) == 0.5
    assert clock.done(30) == pytest.approx(1.0)
    assert not clock.over(29)
    assert clock.over(30)


def run(time, clock, pace, validation_s=0.0, every=50):
    """Step until the clock says stop; say what share each step began at."""
    step, shares = 0, []
    while not clock.over(step):
        shares.append(clock.done(step))
        seconds = pace(step)
        time.now += seconds
        step += 1
        clock.trained(seconds)
        clock.read(step, round((1 - clock.done(step)) * 20))
        if validation_s and step % every == 0:
            time.now += validation_s
            clock.pauses_s.append(validation_s)
    return step, shares


def jitter(step):
    return 0.05 * random.Random(step).uniform(0.7, 1.6)


def slower(step):
    return 0.05 if step < 600 else 0.1


def faster(step):
    return 0.1 if step < 300 else 0.05


@pytest.mark.parametrize("pace", [jitter, slower, faster])
@pytest.mark.parametrize("validation_s", [0.0, 1.0])
def test_the_schedule_ends_with_the_time(time, pace, validation_s):
    """Whatever the machine does on the way, the time is used, kept, and the rate has come down."""
    clock = WallClock.of_minutes(2.0, 0.0, time.now)
    began = time.now
    _, shares = run(time, clock, pace, validation_s)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    spent = time.now - began
    last_validation = 1.5 * (validation_s or 0.6) + 1
    assert 0.9 * 120 <= spent + last_validation <= 120 + 0.2
    # A schedule that stops short leaves the rate high; a cosine's is 0.6 % of its peak at 0.95.
    assert shares[-1] >= 0.95


@pytest.mark.parametrize("pace", [jitter, slower, faster])
def test_frozen_it_says_the_same_to_the_bit(time, pace):
    clock = WallClock.of_minutes(2.0, 0.0, time.now)
    steps, shares = run(time, clock, pace)
    frozen = Clock(list(clock.readings), steps)
    assert len(clock.readings) > 20
    assert [frozen.done(step) for step in range(steps)] == shares
    assert frozen.over(steps)
    assert not frozen.over(steps - 1)


def test_earlier_sessions_count(time):
    clock = WallClock.of_minutes(2.0, 90.0, time.now)
    assert clock.elapsed_s == 90.0
    run(time, clock, jitter)
    assert clock.elapsed_s <= 120
    assert clock.elapsed_s > 110


def test_no_reading_before_twenty_steps_and_not_at_every_step(time):
    clock = WallClock.of_minutes(1.0, 0.0, time.now)
    made = []
    for step in range(1, 200):
        time.now += 0.1
        clock.trained(0.1)
        if clock.read(step, 0):
            made.append(step)
    assert made[0] == 20
    assert all(9 <= later - earlier <= 11 for earlier, later in pairwise(made))


def test_a_time_too_short_for_anything_still_ends(time):
    clock = WallClock.of_minutes(0.005, 0.0, time.now)
    assert clock.over(0)
