"""What is noted of each request: for one log line, for the metrics, and nothing of the patient.

Notes belong to the request that is answered at the moment. Whoever has something to add calls :func:`stage`,
:func:`note_client`, :func:`note_request`, :func:`note_fetched` or :func:`note_answer`, which do nothing without a
request.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from flask import Flask, Response, request

from cds_service.answers import Answer
from cds_service.hooks import SERVICES
from cds_service.logs import log_event
from cds_service.metrics import Metrics, card_kind
from cds_service.stages import collecting

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
#: Routes that machines ask every few seconds: their lines are for debugging.
_QUIET = frozenset({"/health", "/ready", "/metrics"})


@dataclass(slots=True)
class Notes:
    """What is known of a request so far."""

    begun: float
    route: str
    hook: str | None
    request: str | None = None
    client: str | None = None
    fetched: int | None = None
    facts: int | None = None
    unread: int | None = None
    release: str | None = None
    indicators: Counter[str] = field(default_factory=Counter)
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)  # by indicator and kind
    stages: dict[str, float] = field(default_factory=dict)  # seconds


_NOTES: ContextVar[Notes | None] = ContextVar("notes", default=None)


def request_id(hook_instance: str) -> str:
    """What a request is called in the log: a client can compute it, and nobody can compute back."""
    return hashlib.sha256(hook_instance.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def note_request(body: dict[str, Any]) -> None:
    """The request was checked and has this envelope."""
    if notes := _NOTES.get():
        notes.request = request_id(str(body["hookInstance"]))


def note_client(name: str) -> None:
    """The client is known by now: its name in the settings."""
    if notes := _NOTES.get():
        notes.client = name


def note_fetched(keys: int) -> None:
    """So many prefetch keys were fetched from the EHR."""
    if notes := _NOTES.get():
        notes.fetched = keys


def note_answer(answered: Answer, release: str) -> None:
    """The request is answered with cards."""
    if notes := _NOTES.get():
        notes.facts = len(answered.record.facts)
        notes.unread = len(answered.record.unread) + len(answered.orders.unread)
        notes.release = release
        for item in answered.planned:
            notes.indicators[item.indicator.value] += 1
            notes.cards[item.indicator.value, card_kind(item.topic)] += 1


def register_observers(app: Flask, metrics: Metrics) -> None:
    """Begin notes at each request, and write them down when it is answered."""

    @app.before_request
    def _begin() -> None:
        rule = request.url_rule.rule if request.url_rule else "unknown"
        service = SERVICES.get((request.view_args or {}).get("service_id", ""))
        notes = Notes(perf_counter(), rule, service.hook if service else None)
        _NOTES.set(notes)
        collecting(notes.stages)

    @app.after_request
    def _end(response: Response) -> Response:
        if notes := _NOTES.get():
            seconds = perf_counter() - notes.begun
            _count(metrics, notes, response.status_code, seconds)
            _log(notes, response.status_code, seconds)
        return response

    @app.teardown_request
    def _forget(error: BaseException | None) -> None:
        _NOTES.set(None)
        collecting(None)


def _count(metrics: Metrics, notes: Notes, status: int, seconds: float) -> None:
    hook = notes.hook or "none"
    metrics.requests.labels(notes.route, hook, str(status)).inc()
    if not notes.route.startswith("/cds-services"):
        return
    metrics.seconds.labels(notes.route, hook).observe(seconds)
    for name, taken in notes.stages.items():
        metrics.stage_seconds.labels(hook, name).observe(taken)
    for (indicator, kind), number in notes.cards.items():
        metrics.cards.labels(hook, indicator, kind).inc(number)
    if notes.facts is not None and notes.unread is not None:
        metrics.facts.labels(hook).inc(notes.facts)
        metrics.unread.labels(hook).inc(notes.unread)
    if notes.fetched:
        metrics.fetched.labels(hook).inc(notes.fetched)


def _log(notes: Notes, status: int, seconds: float) -> None:
    quiet = notes.route in _QUIET and status < 500
    shown = (
        {name: notes.indicators[name] for name in ("info", "warning", "critical")} if notes.facts is not None else {}
    )
    log_event(
        "request",
        logging.DEBUG if quiet else logging.INFO,
        request=notes.request,
        route=notes.route,
        method=request.method if request.method in _METHODS else "OTHER",
        hook=notes.hook,
        client=notes.client,
        status=status,
        duration_ms=round(1000 * seconds, 2),
        facts=notes.facts,
        unread=notes.unread,
        fetched=notes.fetched,
        release=notes.release,
        **shown,
    )
