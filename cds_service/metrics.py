"""Metrics (Prometheus): counts and durations, labelled with names from our own tables only.

Under the server every worker writes into files of one folder, and whoever is asked for the metrics adds them up. The
files belong to *slots*, not to processes: a worker that replaces another goes on in its slot, so that counters never
fall and the number of files is bounded however often workers are replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
#: Kinds of cards: the beginning of their topics, the longer of two first.
KINDS = (
    "optionsWithoutPositiveBiomarker",
    "options",
    "safety",
    "testsFirst",
    "germline",
    "evidence",
    "tumourUnclear",
    "order",
)


def card_kind(topic: str) -> str:
    """The kind of a card by its topic; ``other`` for one that is not listed."""
    return next((kind for kind in KINDS if topic.startswith(kind)), "other")


class Metrics:
    """All metrics of the service. Each instance counts for itself; the service has one."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        made: dict[str, Any] = {"registry": self._registry}
        self.requests = Counter(
            "oncohooks_requests", "Answers by route, hook and HTTP status", ["route", "hook", "status"], **made
        )
        self.seconds = Histogram(
            "oncohooks_request_seconds",
            "Time to answer discovery, hooks and feedback",
            ["route", "hook"],
            buckets=_SECONDS,
            **made,
        )
        self.stage_seconds = Histogram(
            "oncohooks_stage_seconds", "Time of one stage of a hook", ["hook", "stage"], buckets=_STAGE_SECONDS, **made
        )
        self.cards = Counter("oncohooks_cards", "Cards shown", ["hook", "indicator", "kind"], **made)
        self.facts = Counter("oncohooks_facts", "Facts read", ["hook"], **made)
        self.unread = Counter("oncohooks_unread_results", "Results that were not understood", ["hook"], **made)
        self.fetched = Counter("oncohooks_fetched_keys", "Prefetch keys fetched from the EHR", ["hook"], **made)
        self.store_failures = Counter(
            "oncohooks_store_failures", "Uses of the store that failed, by what was to be done", ["use"], **made
        )
        self.decisions_lost = Counter(
            "oncohooks_decision_records_lost", "Decision records that could not be kept", **made
        )
        self.reloads = Counter(
            "oncohooks_reloads", "Reloads of settings and knowledge, by outcome", ["outcome"], **made
        )
        self.spans_lost = Counter("oncohooks_spans_lost", "Spans that the collector of traces did not take", **made)
        self.log_fields_dropped = Counter(
            "oncohooks_log_fields_dropped", "Fields of log lines that are not allowed", **made
        )

    def text(self, release: str, version: str, store_up: bool | None) -> bytes:
        """The metrics of all workers, and what is so at the moment, in Prometheus' text format."""
        registry = self._registry
        if os.environ.get(_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_present(release, version, store_up))


def _present(release: str, version: str, store_up: bool | None) -> CollectorRegistry:
    """Gauges of this moment. Without a store there is no gauge of it."""
    registry = CollectorRegistry()
    knowledge = Gauge(
        "oncohooks_knowledge_info", "The knowledge release in use, and the version", ["release", "version"],
        registry=registry,
    )  # fmt: skip
    knowledge.labels(release, version).set(1)
    if store_up is not None:
        Gauge("oncohooks_store_up", "Whether the store answers", registry=registry).set(store_up)
    return registry


def share_between_workers(folder: str, slot: Callable[[], str]) -> None:
    """Keep the values of metrics that are made from now on in files of a folder, in that of the slot."""
    os.environ[_FOLDER] = folder
    values.ValueClass = MultiProcessValue(slot)  # type: ignore[no-untyped-call]


class Slots:
    """Which worker writes where: the lowest number that no running worker has. Kept by the master process."""

    def __init__(self) -> None:
        self.mine = "master"
        self._taken: dict[int, int] = {}  # age of the worker to its slot

    def take(self, worker: int) -> int:
        """A slot for a worker that is about to be started."""
        free = next(number for number in range(len(self._taken) + 1) if number not in self._taken.values())
        self._taken[worker] = free
        return free

    def be(self, worker: int) -> None:
        """In the worker: write into its slot."""
        self.mine = str(self._taken[worker])

    def free(self, worker: int) -> None:
        """The worker has ended."""
        self._taken.pop(worker, None)
