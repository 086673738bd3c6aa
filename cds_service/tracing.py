"""Traces (OpenTelemetry) of requests and their stages, for those who ask for them.

Spans are made when the request has been answered, from what was noted of it, and hold nothing else: no instrumentation
looks at requests, addresses, statements or errors. What may be an attribute is what may stand in a log line.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any

from cds_service.logs import AllowedFields, load_fields
from cds_service.metrics import Metrics
from cds_service.settings import SettingsError, TelemetrySettings
from cds_service.stages import Passage

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

#: Attributes that have a name in OpenTelemetry's semantic conventions; the others are ``oncohooks.`` and the field.
NAMES = {"route": "http.route", "method": "http.request.method", "status": "http.response.status_code"}
_TRACES_PATH = "/v1/traces"
#: Seconds for one export with its repetitions, and between two. Nobody waits for them but a worker that ends.
_EXPORT_SECONDS = 3.0
_EVERY_MS = 1000
_QUEUE, _BATCH = 4096, 512

Export = Callable[[], "SpanExporter"]


def attribute_name(field: str) -> str:
    """What an attribute is called that holds a field of a log line."""
    return NAMES.get(field, f"oncohooks.{field}")


def check_installed(settings: TelemetrySettings) -> None:
    """Raises :class:`SettingsError` if traces are asked for and OpenTelemetry is not there."""
    if settings.endpoint is None:
        return
    try:
        found = find_spec("opentelemetry.sdk.trace") and find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise SettingsError("telemetry.endpoint: traces need the extra otel: pip install 'oncohooks[otel]'")


def tracing_for(settings: TelemetrySettings, metrics: Metrics) -> Tracing | None:
    """Tracing as the settings have it; ``None`` without an endpoint. Raises :class:`SettingsError`."""
    if settings.endpoint is None:
        return None
    check_installed(settings)
    address = settings.endpoint + _TRACES_PATH
    from cds_service.span_export import otlp_exporter  # loads the SDK before workers are forked, which share it

    return Tracing(lambda: otlp_exporter(address, _EXPORT_SECONDS, metrics.spans_lost.inc), settings.sample)


class Tracing:
    """Makes spans. Each process has a thread that sends them; ``export`` gives what it sends with."""

    def __init__(self, export: Export, sample: float = 1.0) -> None:
        self._export = export
        self._sample = sample
        self._fields: AllowedFields = load_fields()
        self._lock = threading.Lock()
        self._provider: TracerProvider | None = None
        self._process = -1

    def tell(
        self,
        fields: Mapping[str, Any],
        begun: float,
        ended: float,
        passages: Sequence[Passage],
        traceparent: str | None = None,
    ) -> None:
        """Make the spans of an answered request and of its stages.

        ``fields`` are those of its log line; ``begun`` and ``ended`` seconds of ``perf_counter``. ``traceparent`` is
        the caller's, whose trace is continued if it is one (W3C Trace Context).
        """
        from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

        allowed, _ = self._fields.checked(fields)
        shift = time_ns() - perf_counter_ns()
        tracer = self._of_this_process().get_tracer("oncohooks")
        span = tracer.start_span(
            f"{allowed.get('method', 'OTHER')} {allowed.get('route', 'unknown')}",
            _context(traceparent),
            SpanKind.SERVER,
            {attribute_name(name): value for name, value in allowed.items()},
            start_time=_at(begun, shift),
        )
        if span.is_recording():
            context = set_span_in_context(span)
            for passage in passages:
                part = tracer.start_span(passage.stage, context, start_time=_at(passage.begun, shift))
                part.end(_at(passage.ended, shift))
            if allowed.get("status", 0) >= 500:
                span.set_status(StatusCode.ERROR)
        span.end(_at(ended, shift))

    def close(self) -> None:
        """Send what is waiting, and stop."""
        with self._lock:
            provider, self._provider = self._provider, None
        if provider is not None and self._process == os.getpid():
            provider.shutdown()

    def _of_this_process(self) -> TracerProvider:
        with self._lock:
            if self._provider is None or self._process != os.getpid():
                self._provider, self._process = self._make(), os.getpid()
            return self._provider

    def _make(self) -> TracerProvider:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

        from cds_service.recording import VERSION

        resource = Resource.create({"service.name": "oncohooks", "service.version": VERSION})
        provider = TracerProvider(ParentBased(TraceIdRatioBased(self._sample)), resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(self._export(), _QUEUE, _EVERY_MS, _BATCH))
        return provider


def _context(traceparent: str | None) -> Context:
    """The caller's trace, or none. ``tracestate`` and ``baggage`` are not read: they may hold anything."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _at(seconds: float, shift: int) -> int:
    """Nanoseconds since 1970."""
    return int(seconds * 1e9) + shift
