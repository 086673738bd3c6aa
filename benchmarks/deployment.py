"""What a country would need, by arithmetic from the measured figures and from assumptions that are named."""

from __future__ import annotations

import math

from benchmarks.report import table
from benchmarks.suite import CONNECTIONS, TYPICAL, Suite

#: Assumptions, not statistics: of a country of the size of Germany. Replace them by your own.
PATIENTS = 1_700_000
CALLS = 30
DAYS, SECONDS_OF_DAY = 250, 10 * 3600
PEAK = 3
#: The share of a worker's capacity that is used at the peak, so that a request seldom waits for another.
USED = 0.5


def deployment_markdown(suite: Suite) -> str:
    """The arithmetic, with each figure and where it comes from."""
    calls = PATIENTS * CALLS
    peak = calls / (DAYS * SECONDS_OF_DAY) * PEAK
    row = next(row for row in suite.results.rows if row.observations == TYPICAL)
    capacity = suite.beside["service, ES384"].throughput
    workers = math.ceil(peak / (capacity * USED))
    traffic = peak * row.body_bytes * 8 / 1e6
    store = calls * suite.around.record_bytes / 2**30
    steps = [
        ("Patients in care or follow-up (assumed)", f"{PATIENTS:,}"),
        ("Hooks for each in a year: charts opened, orders (assumed)", f"{CALLS}"),
        (f"Hooks in a second, over {DAYS} days of {SECONDS_OF_DAY // 3600} hours", f"{peak / PEAK:.1f}"),
        (f"At the peak, {PEAK} times as many (assumed)", f"{peak:.0f}"),
        (f"One worker, {TYPICAL} Observations, ES384, one connection (measured)", f"{capacity:.0f}/s"),
        (f"Workers at the peak, each used to {100 * USED:.0f} %", f"{workers}"),
        (f"Traffic at the peak, {row.body_bytes / 1024:.0f} KiB a request (measured)", f"{traffic:.0f} Mbit/s"),
        (f"Store, {suite.around.record_bytes / 1024:.1f} KiB a record (measured)", f"{store:.0f} GiB a year"),
    ]
    amount = f"{workers} worker{'s' if workers > 1 else ''}"
    return (
        f"{table(('Step', 'Figure'), steps)}\n\n"
        f"So a country makes {peak:.0f} requests a second at its peak, for which **{amount}** of this machine's kind "
        "will do; a second site with as many is for when the first one fails, not for speed. "
        f"With {CONNECTIONS} connections at once a worker answers {_many(suite)}."
    )


def _many(suite: Suite) -> str:
    load = suite.many.get(TYPICAL, {}).get("service")
    return f"{load.throughput:.0f} requests a second (p99 {load.p99_ms:.0f} ms)" if load else "as many"
