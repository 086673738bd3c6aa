"""Measure what a request costs: the service against the floor, in one run.

benchmarks/run [--observations 20 100 500] [--seconds 3] [--json FILE] [--write-readme]
benchmarks/run --compare-servers | --compare-json | --loading | --growth
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from benchmarks import growth, loading
from benchmarks.compare import compare_json, compare_servers
from benchmarks.process import RunningServer, ServerFailed, running
from benchmarks.report import NoPlace, Results, Row, between_markers, markdown, write_between_markers
from benchmarks.rounds import measure
from benchmarks.serving import DEFAULT_SERVER
from benchmarks.stages import stage_times
from benchmarks.workload import FEWEST, request_bodies, request_body
from cds_service.advisor import Advisor

README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    sizes = tuple(arguments.observations)
    try:
        if arguments.write_readme:
            between_markers(README)  # complain before measuring, not after
        if arguments.compare_servers:
            print("\n\n".join(compare_servers(size, arguments.seconds, arguments.patients) for size in sizes))
        if arguments.compare_json:
            print(compare_json(sizes))
        if arguments.loading:
            print(loading.report(loading.loading_times()))
        if arguments.growth:
            print(growth.report(growth.growth()))
        if not (arguments.compare_servers or arguments.compare_json or arguments.loading or arguments.growth):
            report = measure_service(sizes, arguments.seconds, arguments.patients)
            _publish(report, arguments.json, arguments.write_readme)
    except (ServerFailed, NoPlace) as error:
        sys.exit(f"benchmark: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--observations", type=_size, nargs="+", default=[20, 100, 500], help="sizes of the prefetch (20 100 500)"
    )
    parser.add_argument("--seconds", type=float, default=3, help="measuring time of floor and service each (3)")
    parser.add_argument("--patients", type=int, help="different patients in turn (as many as no cache remembers)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.add_argument("--write-readme", action="store_true", help="put the report between the markers of README.md")
    parser.add_argument("--compare-servers", action="store_true", help="compare the servers that are installed")
    parser.add_argument("--compare-json", action="store_true", help="compare the JSON readers that are installed")
    parser.add_argument("--loading", action="store_true", help="measure how long the knowledge takes to load")
    parser.add_argument("--growth", action="store_true", help="measure how evaluation grows with facts and statements")
    return parser.parse_args()


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"{text} is no number of Observations from {FEWEST} on")
    return int(text)


def _publish(results: Results, json_file: Path | None, into_readme: bool) -> None:
    report = markdown(results)
    print(report)
    if json_file:
        json_file.write_text(json.dumps(results.to_json(), indent=2) + "\n", encoding="utf-8")
    if into_readme:
        write_between_markers(README, report)


def measure_service(sizes: tuple[int, ...], seconds: float, patients: int | None = None) -> Results:
    """Start the service and the floor, measure every size and stop them. Raises ``ServerFailed``."""
    advisor = Advisor.load()
    with running(DEFAULT_SERVER, "service", request_body(sizes[0])) as service:
        rows = tuple(_row(service, advisor, size, request_bodies(size, patients), seconds) for size in sizes)
        with service.client((), "/ready") as client:
            knowledge = json.loads(client.call())["knowledge"]
        return Results(
            machine=machine(),
            day=datetime.now(UTC).date().isoformat(),
            server=DEFAULT_SERVER,
            knowledge=knowledge,
            seconds=seconds,
            start_seconds=service.start_seconds,
            worker_mib=service.worker_mib(),
            rows=rows,
        )


def _row(service: RunningServer, advisor: Advisor, size: int, bodies: list[bytes], seconds: float) -> Row:
    with ExitStack() as stack:
        to_service = stack.enter_context(service.client(bodies))
        answer_bytes = len(to_service.call())
        floor = stack.enter_context(running(DEFAULT_SERVER, "floor", bodies[0], answer_bytes))
        to_floor = stack.enter_context(floor.client(bodies))
        cells = measure({"floor": to_floor, "service": to_service}, seconds)
    return Row(
        observations=size,
        patients=len(bodies),
        body_bytes=len(bodies[0]),
        answer_bytes=answer_bytes,
        floor=cells["floor"],
        service=cells["service"],
        stages=stage_times(advisor, list(islice(cycle(bodies), max(10, 20_000 // size)))),
    )


def machine() -> str:
    """Processor count, system and Python in words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
