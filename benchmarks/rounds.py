"""Measuring several applications in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.client import Client

ROUNDS = 5
WARM_UP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Cell:
    """One application with one body. Times in milliseconds, throughput in requests per second.

    ``p50_ms`` and ``throughput`` are medians over the rounds; ``p99_ms`` is taken over all requests of all
    rounds, because one round is too short for a 99th percentile. ``throughputs`` holds that of every round.
    """

    p50_ms: float
    p99_ms: float
    throughput: float
    requests: int
    throughputs: tuple[float, ...]


def measure(clients: Mapping[str, Client], seconds: float, rounds: int = ROUNDS) -> dict[str, Cell]:
    """Measure each client for so many seconds in all, in rounds that alternate and change their order.

    Every round opens its own connection and makes a first call that does not count.
    """
    taken: dict[str, list[list[float]]] = {name: [] for name in clients}
    for client in clients.values():
        client.latencies(WARM_UP_SECONDS)
        client.close()
    for number in range(rounds):
        names = list(clients)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            clients[name].call()
            taken[name].append(clients[name].latencies(seconds / rounds))
            clients[name].close()
    return {name: cell_of(of_rounds) for name, of_rounds in taken.items()}


def cell_of(rounds: Sequence[Sequence[float]]) -> Cell:
    """The figures of one application from the seconds that its requests took, round by round."""
    throughputs = tuple(len(latencies) / sum(latencies) for latencies in rounds)
    everything = [latency for latencies in rounds for latency in latencies]
    return Cell(
        p50_ms=1000 * median(median(latencies) for latencies in rounds),
        p99_ms=1000 * percentile(everything, 0.99),
        throughput=median(throughputs),
        requests=len(everything),
        throughputs=throughputs,
    )


def ratio(one: Cell, other: Cell) -> float:
    """How much throughput ``one`` has of ``other``'s: the median of the ratios of each round."""
    return median(a / b for a, b in zip(one.throughputs, other.throughputs, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
