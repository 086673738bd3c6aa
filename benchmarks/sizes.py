"""The service against the floor with requests of several sizes."""

from __future__ import annotations

import json
import os
import platform
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle, islice

from benchmarks.process import RunningServer, running
from benchmarks.report import Results, Row
from benchmarks.rounds import measure
from benchmarks.serving import DEFAULT_SERVER
from benchmarks.stages import stage_times
from benchmarks.workload import request_bodies, request_body
from cds_service.advisor import Advisor
from cds_service.memory import settle_memory


def measure_service(sizes: tuple[int, ...], seconds: float, patients: int | None = None) -> Results:
    """Start the service and the floor, measure every size and stop them. Raises ``ServerFailed``."""
    advisor = Advisor.load()
    settle_memory()
    with running(DEFAULT_SERVER, "service", request_body(sizes[0])) as service:
        rows = tuple(measured_row(service, advisor, size, request_bodies(size, patients), seconds) for size in sizes)
        with service.client((), "/ready") as client:
            knowledge = json.loads(client.call())["knowledge"]
        return Results(
            machine=machine(),
            day=today(),
            server=DEFAULT_SERVER,
            knowledge=knowledge,
            seconds=seconds,
            start_seconds=service.start_seconds,
            worker_mib=service.worker_mib(),
            rows=rows,
        )


def measured_row(service: RunningServer, advisor: Advisor, size: int, bodies: list[bytes], seconds: float) -> Row:
    """One size of request: floor and service in turn, and the stages in this process."""
    with ExitStack() as stack:
        to_service = stack.enter_context(service.client(bodies))
        answer_bytes = len(to_service.call())
        to_service.close()  # starting the floor may take longer than a server keeps a connection that is not used
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
        worker_mib=service.worker_mib(),
        stages=stage_times(advisor, list(islice(cycle(bodies), max(10, 20_000 // size)))),
    )


def today() -> str:
    """The day of the run."""
    return datetime.now(UTC).date().isoformat()


def machine() -> str:
    """Processor count, system and Python in words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
