"""The whole run as one page of Markdown and one plot."""

from __future__ import annotations

from benchmarks.around import PARTS
from benchmarks.growth import report as growth_table
from benchmarks.other_server import version
from benchmarks.plot import latency_plot
from benchmarks.report import BUDGETS, Budget, judged, markdown, table
from benchmarks.rounds import ratio
from benchmarks.suite import CONNECTIONS, TYPICAL, Suite

#: Shares of the floor's throughput, and the multiple of HealthChain's.
_OF_FLOOR = {"service": 0.5, "service, ES384": 0.4}
_OF_HEALTHCHAIN = 1.5
PLOT = "latency.svg"


def suite_markdown(suite: Suite) -> str:
    """The report. A value outside its budget is bold."""
    return "\n\n".join(
        [
            markdown(suite.results),
            f"![Latency against Observations]({PLOT})",
            f"p50 of the service by least squares: {suite.fit}.",
            _beside(suite),
            _many(suite),
            _half(suite),
            _around(suite),
            growth_table(suite.growth),
        ]
    )


def _beside(suite: Suite) -> str:
    cells, service = suite.beside, suite.beside["service"]
    rows = [
        (
            name,
            f"{cell.p50_ms:.1f} ms",
            f"{cell.p99_ms:.1f} ms",
            f"{cell.throughput:.0f}",
            judged(-ratio(cell, cells["floor"]), -_OF_FLOOR.get(name, 0.0), f"{ratio(cell, cells['floor']):.2f}"),
        )
        for name, cell in cells.items()
    ]
    text = [f"{TYPICAL} Observations, one connection, all servers in one run and in turn:"]
    text.append(table(("Server", "p50", "p99", "Requests/s", "Of the floor's throughput"), rows))
    text.append(
        "*Nothing read* is the service as it is shipped with one advice for everybody: what is left when reading, "
        "evaluating and writing cards take no time."
    )
    if other := cells.get("HealthChain"):
        multiple = judged(-ratio(service, other), -_OF_HEALTHCHAIN, f"{ratio(service, other):.2f} times")
        text.append(
            f"The service has {multiple} the throughput of HealthChain {version()}'s CDS server, whose handler reads "
            "nothing and answers with one constant card to the same bodies."
        )
    else:
        text.append(f"HealthChain was not measured: {suite.without}.")
    return "\n\n".join(text)


def _many(suite: Suite) -> str:
    rows = [
        (
            str(size),
            *(f"{loads[name].throughput:.0f}" for name in ("floor", "service")),
            f"{loads['service'].p50_ms:.1f} ms",
            f"{loads['service'].p99_ms:.1f} ms",
            f"{loads['service'].throughput / loads['floor'].throughput:.2f}",
        )
        for size, loads in suite.many.items()
    ]
    failures = sum(load.failures for loads in suite.many.values() for load in loads.values())
    header = ("Observations", "Floor/s", "Service/s", "Service p50", "Service p99", "Service/floor")
    given_up = f"{failures} given up" if failures else "all answered"
    return f"{CONNECTIONS} connections, one request after the other on each, {given_up}:\n\n{table(header, rows)}"


def _half(suite: Suite) -> str:
    half, budget = suite.half, BUDGETS.get(TYPICAL, Budget())
    p50, p99 = (f"{value:.1f} ms" for value in (half.p50_ms, half.p99_ms))
    return (
        f"At half of its capacity ({half.throughput:.0f} requests of {TYPICAL} Observations a second, due at a fixed "
        f"rate whether or not earlier ones are answered): "
        f"p50 {judged(half.p50_ms, budget.p50_ms, p50)}, p99 {judged(half.p99_ms, budget.p99_ms, p99)}."
    )


def _around(suite: Suite) -> str:
    rows = [tuple(f"{suite.around.times[part]:.2f} ms" for part in PARTS)]
    header = ("token (ES384)", "parse, strictly", "look-up in the store", "decision record", "its share of a commit")
    return (
        f"Beside the stages, with {TYPICAL} Observations: the token is verified and remembered; the record is made "
        "and written behind the answer, in processor time:\n\n" + table(header, rows)
    )


def plot(suite: Suite) -> str:
    """Latency against Observations as SVG."""
    rows = suite.results.rows
    return latency_plot(
        {
            "service p99": [(row.observations, row.service.p99_ms) for row in rows],
            "service p50": [(row.observations, row.service.p50_ms) for row in rows],
            "line through p50": [(row.observations, max(0.1, suite.fit.at(row.observations))) for row in rows],
            "floor p50": [(row.observations, row.floor.p50_ms) for row in rows],
        }
    )
