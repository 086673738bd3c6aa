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
from cds_service.logs import log_event, of_error
from cds_service.metrics import Metrics, card_kind
from cds_service.stages import Passage, collecting
from cds_service.tracing import Tracing

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
    passages: list[Passage] = field(default_factory=list)


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


def register_observers(app: Flask, metrics: Metrics, tracing: Tracing | None = None) -> None:
    """Begin notes at each request, and write them down when it is answered."""

    @app.before_request
    def _begin() -> None:
        rule = request.url_rule.rule if request.url_rule else "unknown"
        service = SERVICES.get((request.view_args or {}).get("service_id", ""))
        notes = Notes(perf_counter(), rule, service.hook if service else None)
        _NOTES.set(notes)
        collecting(notes.passages)

    @app.after_request
    def _end(response: Response) -> Response:
        if notes := _NOTES.get():
            ended = perf_counter()
            _count(metrics, notes, response.status_code, ended - notes.begun)
            fields = _fields(notes, response.status_code)
            level = _level(notes, response.status_code)
            log_event("request", level, duration_ms=round(1000 * (ended - notes.begun), 2), **fields)
            if tracing and level != logging.DEBUG:
                _trace(tracing, notes, fields, ended)
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
    for name, taken in _seconds(notes.passages).items():
        metrics.stage_seconds.labels(hook, name).observe(taken)
    for (indicator, kind), number in notes.cards.items():
        metrics.cards.labels(hook, indicator, kind).inc(number)
    if notes.facts is not None and notes.unread is not None:
        metrics.facts.labels(hook).inc(notes.facts)
        metrics.unread.labels(hook).inc(notes.unread)
    if notes.fetched:
        metrics.fetched.labels(hook).inc(notes.fetched)


def _seconds(passages: list[Passage]) -> dict[str, float]:
    """How long all passages through each stage took."""
    seconds: dict[str, float] = {}
    for passage in passages:
        seconds[passage.stage] = seconds.get(passage.stage, 0.0) + passage.ended - passage.begun
    return seconds


def _level(notes: Notes, status: int) -> int:
    return logging.DEBUG if notes.route in _QUIET and status < 500 else logging.INFO


def _fields(notes: Notes, status: int) -> dict[str, Any]:
    """What is told of the request, in the log and in a trace."""
    shown = (
        {name: notes.indicators[name] for name in ("info", "warning", "critical")} if notes.facts is not None else {}
    )
    return {
        "request": notes.request,
        "route": notes.route,
        "method": request.method if request.method in _METHODS else "OTHER",
        "hook": notes.hook,
        "client": notes.client,
        "status": status,
        "facts": notes.facts,
        "unread": notes.unread,
        "fetched": notes.fetched,
        "release": notes.release,
        **shown,
    }


def _trace(tracing: Tracing, notes: Notes, fields: dict[str, Any], ended: float) -> None:
    """A trace is lost rather than an answer."""
    try:
        tracing.tell(fields, notes.begun, ended, notes.passages, request.headers.get("traceparent"))
    except Exception as error:
        log_event("crash", logging.ERROR, **of_error(error))
