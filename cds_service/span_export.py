"""Sending spans to a collector (OTLP over HTTP). Imported only where traces are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


def otlp_exporter(address: str, seconds: float, lost: Callable[[int], None]) -> SpanExporter:
    """Sends to this address only, within ``seconds``; ``lost`` is told how many spans the collector did not take."""
    return _Counting(OTLPSpanExporter(address, timeout=seconds, session=_session()), lost)


def _session() -> requests.Session:
    """A session that uses no proxy and no ``.netrc``, and takes a redirect for a failure."""
    session = _Straight()
    session.trust_env = False
    return session


class _Straight(requests.Session):
    def get_redirect_target(self, resp: Any) -> None:
        """Spans go where the settings say, or nowhere."""
        if resp.is_redirect:
            raise requests.TooManyRedirects


class _Counting(SpanExporter):
    """Counts what was not taken."""

    def __init__(self, inner: SpanExporter, lost: Callable[[int], None]) -> None:
        self._inner = inner
        self._lost = lost

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost(len(spans))
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)
