"""What a soak shows: whether the service grew, and whether the run can tell.

A rate that is more than the machine can give at the moment makes requests wait for each other, and their latency then
tells of the queue, not of the service. Windows in which that happened are left out of the comparison of latencies. If
too few are left, or other programs took more of the machine at the end than at the beginning, the processor time of a
request decides: it tells whether the service needs more than before, however busy the machine is with other things. If
it does not, the run cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.rounds import percentile

#: Above these the run fails: MiB that the workers would gain over the whole run at the pace of its last two thirds,
#: descriptors from the first third to the last, factors of the median latency and of the processor time of a request.
MOST_MEMORY, MOST_DESCRIPTORS, MOST_LATENCY, MOST_CPU = 10.0, 8.0, 2.0, 1.5
PASSED, FAILED, CANNOT_TELL = 0, 1, 2
#: Shares of the machine that other programs take, at the end or more than at the beginning, from which a latency is
#: theirs as much as the service's.
_BUSY, _BUSIER = 0.3, 0.1


@dataclass
class Window:
    """A part of the run.

    ``latencies`` and ``delays`` of its requests, in seconds: from when one was due to its answer, and to when it was
    sent. ``cpu``: processor seconds of the workers; ``others``: share of the machine that other programs took. Memory
    (MiB) and descriptors of the workers at its end.
    """

    latencies: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    memory: float = 0.0
    descriptors: int = 0
    failures: int = 0
    cpu: float = 0.0
    others: float = 0.0

    @property
    def is_overloaded(self) -> bool:
        """Whether its requests waited longer to be sent than for their answers: more was due than could be done."""
        taken = [latency - delay for latency, delay in zip(self.latencies, self.delays, strict=True)]
        return median(self.delays) > median(taken)


@dataclass(frozen=True)
class Growth:
    """From the first third of a run to the last. ``latency`` is ``None`` where too few windows tell of it."""

    memory: float
    descriptors: float
    latency: float | None
    cpu: float
    others: tuple[float, float]

    @property
    def is_theirs(self) -> bool:
        """Whether other programs may be why a latency grew."""
        before, after = self.others
        return after > _BUSY or after > before + _BUSIER


def growth_of(windows: Sequence[Window]) -> Growth:
    """How the run went on."""
    third = max(1, len(windows) // 3)
    first, last = windows[:third], windows[-third:]
    quiet = [[w for w in part if not w.is_overloaded] for part in (first, last)]
    latency = None
    if all(2 * len(part) >= third for part in quiet):
        before, after = (median(percentile(w.latencies, 0.5) for w in part) for part in quiet)
        latency = after / before
    return Growth(
        memory=pace([w.memory for w in windows[third:]]) * len(windows),
        descriptors=median(w.descriptors for w in last) - median(w.descriptors for w in first),
        latency=latency,
        cpu=_cpu(last) / _cpu(first) if _cpu(first) else 1.0,
        others=(median(w.others for w in first), median(w.others for w in last)),
    )


def pace(values: Sequence[float]) -> float:
    """What is gained from one value to the next: the median of all slopes, which single values do not move."""
    slopes = [
        (later - earlier) / (after - before)
        for before, earlier in enumerate(values)
        for after, later in enumerate(values)
        if after > before
    ]
    return median(slopes) if slopes else 0.0


def _cpu(windows: Sequence[Window]) -> float:
    return median(w.cpu / len(w.latencies) for w in windows)


def verdict(windows: Sequence[Window]) -> tuple[int, list[str]]:
    """The exit status, and why, one sentence each."""
    growth, failures = growth_of(windows), sum(w.failures for w in windows)
    problems = []
    if failures:
        problems.append(f"{failures} requests were not answered with 200")
    if growth.memory > MOST_MEMORY:
        problems.append(f"memory grows by {growth.memory:.1f} MiB in such a run")
    if growth.descriptors > MOST_DESCRIPTORS:
        problems.append(f"{growth.descriptors:.0f} descriptors more than in the first third")
    if growth.cpu > MOST_CPU:
        problems.append(f"a request takes {growth.cpu:.2f} times the processor time")
    is_slower = growth.latency is not None and growth.latency > MOST_LATENCY
    if is_slower and not growth.is_theirs:
        problems.append(f"the median latency is {growth.latency:.2f} times that of the first third")
    if problems:
        return FAILED, problems
    if growth.latency is None or is_slower:
        return CANNOT_TELL, [*_why_not(windows, growth)]
    return PASSED, []


def _why_not(windows: Sequence[Window], growth: Growth) -> Iterator[str]:
    yield f"latency cannot be judged; a request took {growth.cpu:.2f} times the processor time, which is no growth"
    if overloaded := sum(w.is_overloaded for w in windows):
        yield f"in {overloaded} of {len(windows)} windows more was due than could be done: the capacity was too high"
    yield "other programs took {:.0%} of the machine at first and {:.0%} at last".format(*growth.others)
    yield "run it again on a quiet machine, or with a lower --share"


def table(windows: Sequence[Window]) -> str:
    """The windows for people."""
    lines = ["requests   p50 ms   p99 ms  CPU ms  memory MiB  descriptors  failures  others"]
    for w in windows:
        p50, p99 = (1000 * percentile(w.latencies, share) for share in (0.5, 0.99))
        mark = "  overloaded" if w.is_overloaded else ""
        cpu = 1000 * w.cpu / len(w.latencies)
        lines.append(
            f"{len(w.latencies):8} {p50:8.1f} {p99:8.1f} {cpu:7.1f} {w.memory:11.1f} {w.descriptors:12} "
            f"{w.failures:9} {w.others:7.0%}{mark}"
        )
    return "\n".join(lines)
