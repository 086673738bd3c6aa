"""What a soak concludes: growth is seen, a busy machine is not taken for growth, and what cannot be told is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.soak_verdict import CANNOT_TELL, FAILED, PASSED, Window, growth_of, pace, table, verdict

_STEADY = Window([0.010] * 50, [0.0] * 50, memory=120.0, descriptors=20, cpu=0.4, others=0.05)


def _run(change: Callable[[int, Window], Window] = lambda number, window: window) -> list[Window]:
    """Twelve windows, each changed by its number."""
    return [change(number, replace(_STEADY)) for number in range(12)]


def _late(window: Window, delay: float) -> Window:
    """Every request of the window was sent so many seconds after it was due."""
    return replace(window, delays=[delay] * 50, latencies=[delay + 0.010] * 50)


def test_a_steady_run_passes() -> None:
    assert verdict(_run()) == (PASSED, [])
    assert len(table(_run()).splitlines()) == 13


#: What goes wrong, and a word of the reason.
FAULTS: dict[str, tuple[Callable[[int, Window], Window], str]] = {
    "memory": (lambda n, w: replace(w, memory=120.0 + 1.5 * n), "memory grows by 18.0 MiB"),
    "descriptors": (lambda n, w: replace(w, descriptors=20 + 2 * n), "descriptors more"),
    "latency": (lambda n, w: replace(w, latencies=[0.010 + 0.002 * n] * 50), "median latency is"),
    "processor time": (lambda n, w: replace(w, cpu=0.4 + 0.05 * n), "times the processor time"),
    "an answer": (lambda n, w: replace(w, failures=int(n == 5)), "1 requests were not answered"),
    "latency in the middle of an overload": (
        lambda n, w: _late(w, 0.2) if n == 1 else replace(w, latencies=[0.010 + 0.004 * n] * 50),
        "median latency is",
    ),
    "so slow that more is due than can be done": (
        lambda n, w: replace(_late(w, 0.3 * n), cpu=0.4 + 0.1 * n),
        "times the processor time",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_growth_fails(fault: str) -> None:
    change, reason = FAULTS[fault]
    status, reasons = verdict(_run(change))
    assert status == FAILED
    assert reason in " ".join(reasons)


#: What may happen on a machine that does other things too.
BUSY: dict[str, tuple[Callable[[int, Window], Window], int, str]] = {
    "a moment": (lambda n, w: _late(w, 0.5) if n == 7 else w, PASSED, ""),
    "caches that fill": (lambda n, w: replace(w, memory=120.0 + 40.0 * min(n, 3)), PASSED, ""),
    "memory for a moment": (lambda n, w: replace(w, memory=120.0 + 30.0 * (n in (6, 11))), PASSED, ""),
    "capacity overestimated": (lambda n, w: _late(w, 0.1 * n + 0.1), CANNOT_TELL, "in 12 of 12 windows"),
    "busy at the end": (
        lambda n, w: replace(_late(w, 1.0), others=0.6) if n > 7 else w,
        CANNOT_TELL,
        "5% of the machine at first and 60% at last",
    ),
    "slower at the end, on a machine that is always busy": (
        lambda n, w: replace(w, others=0.85, latencies=[0.030 if n > 7 else 0.010] * 50),
        CANNOT_TELL,
        "85% of the machine at first and 85% at last",
    ),
    "slower at the end, because of others": (
        lambda n, w: replace(w, others=0.4, latencies=[0.030] * 50) if n > 7 else w,
        CANNOT_TELL,
        "other programs",
    ),
}


@pytest.mark.parametrize("what", BUSY)
def test_a_busy_machine_is_not_growth(what: str) -> None:
    change, expected, reason = BUSY[what]
    status, reasons = verdict(_run(change))
    assert status == expected
    assert reason in " ".join(reasons)


def test_the_pace_is_a_median_of_slopes() -> None:
    assert pace([1.0, 2.0, 3.0]) == 1.0
    assert pace([5.0, 5.0, 50.0, 5.0, 5.0]) == 0.0
    assert pace([1.0]) == 0.0


def test_growth_is_from_the_first_third_to_the_last() -> None:
    growth = growth_of(_run(lambda n, w: replace(w, descriptors=20 + n, others=0.01 * n)))
    assert growth.descriptors == 8.0
    assert growth.others == pytest.approx((0.015, 0.095))
