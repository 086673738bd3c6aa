"""Several connections at once: as fast as they are answered, or at a fixed rate whether or not they are."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.client import BadAnswer
from benchmarks.process import RunningServer
from benchmarks.rounds import percentile


@dataclass(frozen=True, slots=True)
class Load:
    """What so many connections saw; latencies in milliseconds, not a number where nothing was answered.

    ``failures``: connections that were given up, at an answer other than 200 or none in time.
    """

    connections: int
    throughput: float
    p50_ms: float
    p99_ms: float
    requests: int
    failures: int = 0


def together(server: RunningServer, bodies: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Every connection sends one request after the other, for so many seconds."""
    taken: list[list[float]] = [[] for _ in range(connections)]

    def send(number: int) -> None:
        # Each connection begins with another patient, so that no two send the same at once.
        begin = number * len(bodies) // connections
        with server.client([*bodies[begin:], *bodies[:begin]]) as client:
            client.call()
            taken[number] += client.latencies(seconds)

    begin = time.perf_counter()
    failures = _run(send, connections)
    return _load(connections, [latency for each in taken for latency in each], time.perf_counter() - begin, failures)


def at_rate(server: RunningServer, bodies: Sequence[bytes], rate: float, seconds: float, connections: int = 4) -> Load:
    """Requests are due at a fixed rate; a latency counts from when its request was due."""
    begin = time.perf_counter() + 0.1
    due = iter([begin + number / rate for number in range(max(1, int(rate * seconds)))])
    lock, latencies = threading.Lock(), list[float]()

    def send(number: int) -> None:
        with server.client(bodies[number::connections] or bodies) as client:
            while True:
                with lock:
                    moment = next(due, None)
                if moment is None:
                    return
                time.sleep(max(0.0, moment - time.perf_counter()))
                client.call()
                latencies.append(time.perf_counter() - moment)

    failures = _run(send, connections)
    return _load(connections, latencies, time.perf_counter() - begin, failures)


def _load(connections: int, latencies: list[float], seconds: float, failures: int) -> Load:
    p50, p99 = (1000 * percentile(latencies, share) if latencies else math.nan for share in (0.5, 0.99))
    return Load(connections, len(latencies) / seconds, p50, p99, len(latencies), failures)


def _run(work: Callable[[int], None], connections: int) -> int:
    """Run the work of every connection in a thread of its own; how many of them failed."""
    failed: list[int] = []

    def attempt(number: int) -> None:
        try:
            work(number)
        except (BadAnswer, OSError):
            failed.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)
