"""Keep the service at a share of what it can do, and see whether memory, descriptors, latency or its cost grow.

First several connections send without a pause, in short rounds: the slowest round is the capacity. Then requests are
due at a fixed rate below it, whether or not earlier ones are answered; a latency counts from when the request was due.
A trial shows whether the machine can give that rate at all; if not, it is lowered, and that is said. Worker processes
are not replaced meanwhile, which would hide what grows in them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

from benchmarks.process import busy_seconds
from benchmarks.product import Product, serving
from benchmarks.serving import HOST
from benchmarks.soak_verdict import Window, growth_of, table, verdict
from benchmarks.workload import PATIENT_VIEW, request_bodies

_CONNECTIONS = 4
_WINDOWS = 12
_ROUNDS = 4
_OBSERVATIONS = 20
_PATIENTS = 200
_FEEDBACK_EVERY = 10
_VISITS = 10
#: How often the rate is lowered after a trial, and by how much, before the run begins all the same.
_TRIALS, _LOWER = 4, 0.8


class Load:
    """Requests of changing patients, some feedback among them, over several connections."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._requests = _requests()
        self._lock = threading.Lock()

    def capacity(self, seconds: float) -> float:
        """Requests per second without a pause, in the slowest of some rounds that take so long together."""
        return min(self._round(seconds / _ROUNDS) for _ in range(_ROUNDS))

    def _round(self, seconds: float) -> float:
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
                delay = time.perf_counter() - moment
                sound = self._call(connection)
                with self._lock:
                    window.latencies.append(time.perf_counter() - moment)
                    window.delays.append(delay)
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


def patient_views() -> Iterator[bytes]:
    """Requests without end. Each patient comes ten times, and then others: what is kept of one does not grow."""
    bodies = request_bodies(_OBSERVATIONS, _PATIENTS)
    for visit in itertools.count():
        for number, body in enumerate(bodies):
            name = b"p%dx%d" % (number, visit // _VISITS)
            yield body.replace(b'"p1"', b'"%s"' % name).replace(b'Patient/p1"', b'Patient/%s"' % name)


def _requests() -> Iterator[tuple[str, bytes]]:
    bodies = patient_views()
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


def soak(product: Product, rate: float, seconds: float, windows: int = _WINDOWS) -> list[Window]:
    """The run in windows of equal length."""
    load = Load(product.port)
    return [_window(load, product, rate, seconds / windows) for _ in range(windows)]


def _window(load: Load, product: Product, rate: float, seconds: float) -> Window:
    begun, workers, all_of_us, machine = time.perf_counter(), product.cpu_seconds(), _ours(product), busy_seconds()
    window = load.at_rate(rate, seconds)
    elapsed = (time.perf_counter() - begun) * (os.cpu_count() or 1)
    window.cpu = product.cpu_seconds() - workers
    window.others = max(0.0, busy_seconds() - machine - (_ours(product) - all_of_us)) / elapsed
    window.memory, window.descriptors = product.memory_mib(), product.descriptors()
    return window


def _ours(product: Product) -> float:
    """Processor seconds of the workers and of this command."""
    return product.cpu_seconds() + time.process_time()


def sustainable(product: Product, rate: float, seconds: float) -> float:
    """The rate, lowered until a trial shows that the machine can give it at the moment."""
    for _ in range(_TRIALS):
        (trial,) = soak(product, rate, seconds, windows=1)
        if not trial.is_overloaded:
            break
        rate *= _LOWER
        print(f"more was due than could be done: the rate is lowered to {rate:.0f} requests/s")
    return rate


def main() -> None:
    """Soak a service that this command starts and stops.

    Exit status 1 if something grew or failed, 2 if the machine was too busy to tell.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the run (default 120)")
    parser.add_argument("--share", type=float, default=0.7, help="share of the capacity (default 0.7)")
    parser.add_argument("--capacity-seconds", type=float, default=8.0, help="time to measure the capacity (default 8)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the service")
    arguments = parser.parse_args()
    with serving("--workers", str(arguments.workers), recycle_after="0") as product:
        load = Load(product.port)
        load.capacity(arguments.capacity_seconds)  # caches fill, threads start
        capacity = load.capacity(arguments.capacity_seconds)
        print(f"capacity {capacity:.0f} requests/s, {_OBSERVATIONS} Observations each; run at {arguments.share:.0%}")
        rate = sustainable(product, arguments.share * capacity, arguments.capacity_seconds / 2)
        windows = soak(product, rate, arguments.seconds)
    growth = growth_of(windows)
    print(table(windows))
    latency = "not judged" if growth.latency is None else f"× {growth.latency:.2f}"
    print(
        f"growth: memory {growth.memory:+.1f} MiB, descriptors {growth.descriptors:+.1f}, "
        f"processor time of a request × {growth.cpu:.2f}, median latency {latency}"
    )
    status, reasons = verdict(windows)
    for reason in reasons:
        print(reason)
    sys.exit(status)


if __name__ == "__main__":
    main()
