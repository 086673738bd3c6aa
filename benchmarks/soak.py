"""Keep the service at a share of what it can do, and see whether memory, descriptors or latency grow.

First several connections send without a pause for some seconds: that is the capacity. Then requests are due at a
fixed rate below it, whether or not earlier ones are answered; a latency counts from when the request was due.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from benchmarks.product import Product, serving
from benchmarks.rounds import percentile
from benchmarks.serving import HOST
from benchmarks.workload import PATIENT_VIEW, request_bodies

_CONNECTIONS = 4
_WINDOWS = 12
_OBSERVATIONS = 20
_PATIENTS = 200
_FEEDBACK_EVERY = 10

#: Growth from the first third to the last above which the run fails: MiB, descriptors, factor of the median.
MOST_MEMORY, MOST_DESCRIPTORS, MOST_LATENCY = 10.0, 8.0, 2.0


@dataclass
class Window:
    """A part of the run: latencies in seconds, and what the workers hold at its end."""

    latencies: list[float] = field(default_factory=list)
    memory: float = 0.0
    descriptors: int = 0
    failures: int = 0


class Load:
    """Requests of changing patients, some feedback among them, over several connections."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._requests = _requests()
        self._lock = threading.Lock()

    def capacity(self, seconds: float) -> float:
        """Requests per second without a pause."""
        until = time.perf_counter() + seconds
        done = [0] * _CONNECTIONS

        def send(index: int) -> None:
            connection = HTTPConnection(HOST, self._port, timeout=30)
            while time.perf_counter() < until:
                done[index] += self._call(connection)
            connection.close()

        _together([threading.Thread(target=send, args=(index,)) for index in range(_CONNECTIONS)])
        return sum(done) / seconds

    def at_rate(self, rate: float, seconds: float) -> Window:
        """Send at a rate for some seconds."""
        window, begun = Window(), time.perf_counter()
        due = iter([begun + number / rate for number in range(max(1, int(rate * seconds)))])

        def send() -> None:
            connection = HTTPConnection(HOST, self._port, timeout=30)
            while True:
                with self._lock:
                    moment = next(due, None)
                if moment is None:
                    break
                time.sleep(max(0.0, moment - time.perf_counter()))
                sound = self._call(connection)
                with self._lock:
                    window.latencies.append(time.perf_counter() - moment)
                    window.failures += not sound
            connection.close()

        _together([threading.Thread(target=send) for _ in range(_CONNECTIONS)])
        return window

    def _call(self, connection: HTTPConnection) -> bool:
        with self._lock:
            path, body = next(self._requests)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        return answer.status == 200


def _requests() -> Iterator[tuple[str, bytes]]:
    bodies = itertools.cycle(request_bodies(_OBSERVATIONS, _PATIENTS))
    for number in itertools.count(1):
        if number % _FEEDBACK_EVERY:
            yield PATIENT_VIEW, next(bodies)
        else:
            said = {"card": f"c{number}", "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z"}
            yield f"{PATIENT_VIEW}/feedback", json.dumps({"feedback": [said]}).encode()


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak(product: Product, rate: float, seconds: float) -> list[Window]:
    """The run in windows of equal length."""
    load, windows = Load(product.port), []
    for _ in range(_WINDOWS):
        window = load.at_rate(rate, seconds / _WINDOWS)
        window.memory, window.descriptors = product.memory_mib(), product.descriptors()
        windows.append(window)
    return windows


def growth(windows: list[Window]) -> tuple[float, float, float]:
    """From the first third to the last: MiB, descriptors, and the factor of the median latency."""
    third = max(1, len(windows) // 3)
    first, last = windows[:third], windows[-third:]
    memory = _mean([w.memory for w in last]) - _mean([w.memory for w in first])
    descriptors = _mean([w.descriptors for w in last]) - _mean([w.descriptors for w in first])
    medians = [percentile([value for w in part for value in w.latencies], 0.5) for part in (first, last)]
    return memory, descriptors, medians[1] / medians[0]


def _mean(values: list[float] | list[int]) -> float:
    return sum(values) / len(values)


def table(windows: list[Window]) -> str:
    """The windows for people."""
    lines = ["requests     p50 ms     p99 ms   memory MiB  descriptors  failures"]
    for w in windows:
        p50, p99 = (1000 * percentile(w.latencies, share) for share in (0.5, 0.99))
        lines.append(f"{len(w.latencies):8} {p50:10.1f} {p99:10.1f} {w.memory:12.1f} {w.descriptors:12} {w.failures:9}")
    return "\n".join(lines)


def main() -> None:
    """Soak a service that this command starts and stops; exit status 1 if something grew or failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the run (default 120)")
    parser.add_argument("--share", type=float, default=0.7, help="share of the capacity (default 0.7)")
    parser.add_argument("--capacity-seconds", type=float, default=5.0, help="time to measure the capacity (default 5)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the service")
    arguments = parser.parse_args()
    with serving("--workers", str(arguments.workers)) as product:
        load = Load(product.port)
        load.capacity(arguments.capacity_seconds)  # caches fill, threads start
        capacity = load.capacity(arguments.capacity_seconds)
        print(f"capacity {capacity:.0f} requests/s, {_OBSERVATIONS} Observations each; run at {arguments.share:.0%}")
        windows = soak(product, arguments.share * capacity, arguments.seconds)
    memory, descriptors, latency = growth(windows)
    failures = sum(w.failures for w in windows)
    print(table(windows))
    print(f"growth: memory {memory:+.1f} MiB, descriptors {descriptors:+.1f}, median latency × {latency:.2f}")
    grew = memory > MOST_MEMORY or descriptors > MOST_DESCRIPTORS or latency > MOST_LATENCY
    sys.exit(1 if grew or failures else 0)


if __name__ == "__main__":
    main()
