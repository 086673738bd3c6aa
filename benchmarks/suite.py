"""Everything that is claimed of the service's speed and size, measured in one run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from statistics import median
from typing import Any

from benchmarks.access import Access, access
from benchmarks.around import Around, around
from benchmarks.fit import Line, line_through
from benchmarks.growth import Cell as GrowthCell
from benchmarks.growth import growth
from benchmarks.load import Load, at_rate, together
from benchmarks.other_server import NotInstalled, healthchain
from benchmarks.process import RunningServer, ServerFailed, running
from benchmarks.report import Results
from benchmarks.rounds import Cell, measure
from benchmarks.serving import DEFAULT_SERVER
from benchmarks.sizes import machine, measured_row, today
from benchmarks.workload import request_bodies
from cds_service.advisor import Advisor
from cds_service.memory import settle_memory

#: Observations of the requests of which everything is measured.
TYPICAL = 100
CONNECTIONS = 8
_STARTS = 5
_AROUND = 100


@dataclass(frozen=True, slots=True)
class Suite:
    """One run. ``beside``: the floor, the service with and without authentication, its frame and HealthChain, in turn.

    ``many``: floor and service with several connections, by Observations. ``half``: at half of what several connections
    reach. ``around``: what is not among the stages. ``without``: why HealthChain is missing, if it is.
    """

    results: Results
    beside: dict[str, Cell]
    many: dict[int, dict[str, Load]]
    half: Load
    around: Around
    growth: tuple[GrowthCell, ...]
    fit: Line
    without: str | None

    def to_json(self) -> dict[str, Any]:
        """Every figure."""
        return asdict(self) | {"results": self.results.to_json()}


def measure_all(sizes: Sequence[int], seconds: float, patients: int | None = None) -> Suite:
    """The whole run, some minutes. Raises ``ServerFailed``."""
    advisor = Advisor.load()
    settle_memory()
    bodies = {size: request_bodies(size, patients) for size in {*sizes, TYPICAL}}
    typical = bodies[TYPICAL]
    starts = [_start_seconds(typical[0]) for _ in range(_STARTS)]
    with access() as allowed:
        beside_stages = around(advisor, allowed, list(islice(cycle(typical), _AROUND)))
        beside, without = _beside(typical, allowed, seconds)
    with running(DEFAULT_SERVER, "service", typical[0]) as service:
        rows = tuple(measured_row(service, advisor, size, bodies[size], seconds) for size in sizes)
        many = {size: _many(service, bodies[size], seconds) for size in sizes}
        capacity = together(service, typical, CONNECTIONS, seconds).throughput
        half = at_rate(service, typical, capacity / 2, 2 * seconds)
        with service.client((), "/ready") as client:
            knowledge = json.loads(client.call())["knowledge"]
        worker_mib = service.worker_mib()
    results = Results(machine(), today(), DEFAULT_SERVER, knowledge, seconds, median(starts), worker_mib, rows)
    fit = line_through([row.observations for row in rows], [row.service.p50_ms for row in rows])
    return Suite(results, beside, many, half, beside_stages, tuple(growth()), fit, without)


def _start_seconds(body: bytes) -> float:
    with running(DEFAULT_SERVER, "service", body) as service:
        return service.start_seconds


def _beside(bodies: list[bytes], allowed: Access, seconds: float) -> tuple[dict[str, Cell], str | None]:
    """The servers at once, measured in turn; without HealthChain if it is not to be had, and why."""
    with ExitStack() as stack:
        service = stack.enter_context(running(DEFAULT_SERVER, "service", bodies[0]))
        servers = {
            "service": service,
            "service, ES384": _authenticated(stack, bodies, allowed),
            "service, nothing read": stack.enter_context(running(DEFAULT_SERVER, "frame", bodies[0])),
        }
        with service.client(bodies) as client:
            answer_bytes = len(client.call())
        servers["floor"] = stack.enter_context(running(DEFAULT_SERVER, "floor", bodies[0], answer_bytes))
        without = None
        try:
            servers["HealthChain"] = stack.enter_context(healthchain(bodies[0]))
        except (NotInstalled, ServerFailed) as error:
            without = str(error)
        clients = {name: stack.enter_context(server.client(bodies)) for name, server in servers.items()}
        return measure(clients, seconds), without


def _authenticated(stack: ExitStack, bodies: list[bytes], allowed: Access) -> RunningServer:
    return stack.enter_context(running(DEFAULT_SERVER, "service", bodies[0], access=allowed))


def _many(service: RunningServer, bodies: list[bytes], seconds: float) -> dict[str, Load]:
    with running(DEFAULT_SERVER, "floor", bodies[0], 4000) as floor:
        servers = {"floor": floor, "service": service}
        return {name: together(server, bodies, CONNECTIONS, seconds) for name, server in servers.items()}
