"""Send many nearly right requests to the service; whatever they are, it must answer soundly.

Sound is: below 500, JSON (or an empty answer where that is documented), in time, and without growing memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import linear_regression

from benchmarks.mutation import Mutator, Sent
from benchmarks.product import Product, serving
from benchmarks.serving import HOST

_SAMPLE_EVERY = 500
_MOST_PROBLEMS = 20


@dataclass
class Outcome:
    """What came of a run. ``memory``: after how many requests so many MiB."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_number: int = 0
    problems: list[str] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)

    def growth(self) -> float | None:
        """KiB for each 1,000 requests by least squares over the second half, when all caches are filled."""
        points = self.memory[len(self.memory) // 2 :]
        if len(points) < 3:
            return None
        return 1000 * 1024 * linear_regression(*zip(*points, strict=True)).slope

    def text(self) -> str:
        """The outcome for people."""
        growth = self.growth()
        lines = [
            f"{self.sent} requests: " + ", ".join(f"{number} × {status}" for status, number in self.answers()),
            f"slowest {1000 * self.slowest:.0f} ms (number {self.slowest_number})",
            f"memory of the workers {self.memory[0][1]:.0f} to {self.memory[-1][1]:.0f} MiB"
            + (f", second half {growth:+.1f} KiB for each 1,000 requests" if growth is not None else ""),
            f"{len(self.problems)} problems",
        ]
        return "\n".join([*lines, *self.problems[:_MOST_PROBLEMS]])

    def answers(self) -> list[tuple[int, int]]:
        """Status and number, the most frequent first."""
        return self.statuses.most_common()


def fuzz(product: Product, seed: int, numbers: Sequence[int], limit: float) -> Outcome:
    """Send the requests with these numbers, one after the other; ``limit`` in seconds for each."""
    mutator, outcome = Mutator(seed), Outcome()
    outcome.memory.append((0, product.memory_mib()))
    connection = HTTPConnection(HOST, product.port, timeout=30)
    with suppress(KeyboardInterrupt):  # whoever stops a long run wants to see what it found
        _send_all(connection, product, mutator, numbers, limit, outcome)
    connection.close()
    outcome.memory.append((outcome.sent, product.memory_mib()))
    return outcome


def _send_all(
    connection: HTTPConnection,
    product: Product,
    mutator: Mutator,
    numbers: Sequence[int],
    limit: float,
    outcome: Outcome,
) -> None:
    for number in numbers:
        sent = mutator.make(number)
        begun = time.perf_counter()
        try:
            problem = _objection(connection, sent, outcome)
        except (OSError, HTTPException) as error:
            problem = None if _is_expected(sent) else f"no answer ({type(error).__name__})"
            connection.close()
        taken = time.perf_counter() - begun
        if taken > outcome.slowest:
            outcome.slowest, outcome.slowest_number = taken, number
        if taken > limit:
            problem = problem or f"{taken:.2f} s"
        if problem:
            outcome.problems.append(f"number {number}: {sent.method} {sent.path[:80]}: {problem}")
        outcome.sent += 1
        if outcome.sent % _SAMPLE_EVERY == 0:
            outcome.memory.append((outcome.sent, product.memory_mib()))


def _objection(connection: HTTPConnection, sent: Sent, outcome: Outcome) -> str | None:
    """Send one request; what is wrong with its answer."""
    headers = {name: value.encode("utf-8") for name, value in sent.headers.items()}
    connection.request(sent.method, sent.path, sent.body, headers)
    answer = connection.getresponse()
    body = answer.read()
    outcome.statuses[answer.status] += 1
    if answer.status >= 500 and answer.status != 501:
        return f"status {answer.status}"
    if not body:
        is_empty_by_design = sent.method == "OPTIONS" or (answer.status == 200 and "/feedback" in sent.path)
        return None if is_empty_by_design else f"status {answer.status} without a body"
    if not answer.headers.get_content_type().endswith("json"):
        return f"content type {answer.headers.get_content_type()}"
    try:
        value = json.loads(body)
    except ValueError:
        return "not JSON"
    if answer.status == 200 and not ({"cards", "services"} & set(value)):
        return "200 without cards"
    if answer.status != 200 and value.get("resourceType") != "OperationOutcome":
        return f"status {answer.status} without an OperationOutcome"
    return None


def _is_expected(sent: Sent) -> bool:
    """``Expect`` may end a connection before the body is sent."""
    return "Expect" in sent.headers


def main() -> None:
    """Fuzz a service that this command starts and stops; exit status 1 if something was unsound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50_000, help="how many (default 50,000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other requests")
    parser.add_argument("--only", type=int, help="send only the request with this number, and print it")
    parser.add_argument("--limit", type=float, default=1.0, help="seconds that one answer may take (default 1)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the service")
    parser.add_argument("--log", type=Path, help="file for the log lines of the service")
    arguments = parser.parse_args()
    numbers = [arguments.only] if arguments.only is not None else range(arguments.requests)
    if arguments.only is not None:
        sent = Mutator(arguments.seed).make(arguments.only)
        print(sent.method, sent.path, sent.headers, sent.body.decode("utf-8", "replace"), sep="\n")
    with serving("--workers", str(arguments.workers), log=arguments.log, recycle_after="0") as product:
        outcome = fuzz(product, arguments.seed, numbers, arguments.limit)
        alive = product.is_running()
    print(outcome.text())
    sys.exit(0 if alive and not outcome.problems else 1)


if __name__ == "__main__":
    main()
