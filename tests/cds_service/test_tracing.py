"""Traces: a span for each request and one for each stage, from an allow-list, over real HTTP, and never at a cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from cds_service import Advisor, Settings, create_app
from cds_service.cli import main
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import SettingsError, TelemetrySettings, load_settings
from cds_service.stages import STAGES
from cds_service.store import Store
from cds_service.tracing import Tracing, attribute_name
from tests.cds_service.clients import PATH, settings_of, signed
from tests.collector import collecting_traces
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant
from tests.running import FEEDBACK, PATIENT_VIEW, eventually, feedback_body, free_port, running

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

TRACES = Path(__file__).parent.parent.parent / "docs" / "reference" / "traces.md"

#: Makes an application with these settings that traces, and a function that gives the spans made so far.
Traced = Callable[..., tuple[FlaskClient, Callable[[], list[ReadableSpan]]]]


@pytest.fixture
def traced(advisor: Advisor, tmp_path: Path) -> Iterator[Traced]:
    made: list[Any] = []

    def make(settings: Settings | None = None, sample: float = 1.0) -> Any:
        exporter = InMemorySpanExporter()
        tracing = Tracing(lambda: exporter, sample)
        store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}")
        recorder = Recorder(store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(days=1))
        made.extend([tracing, recorder])
        settings = settings or Settings(demo=True)
        app = create_app(settings, advisor=advisor, today=lambda: TODAY, recorder=recorder, tracing=tracing)

        def spans() -> list[ReadableSpan]:
            tracing.close()
            return sorted(exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

        return app.test_client(), spans

    yield make
    for part in made:
        part.close()


def _request(spans: list[ReadableSpan]) -> ReadableSpan:
    (found,) = [span for span in spans if span.kind is SpanKind.SERVER]
    return found


def test_a_hook_is_one_span_with_one_for_each_of_its_stages(traced: Traced) -> None:
    client, spans = traced()
    assert client.post(PATIENT_VIEW, json=BODY).status_code == 200
    whole, *parts = spans()
    assert whole.name == "POST /cds-services/<service_id>"
    assert [part.name for part in parts] == [name for name in STAGES if name not in ("authenticate", "store")]
    assert whole.context
    for part in parts:
        assert part.parent
        assert part.parent.span_id == whole.context.span_id
        assert whole.start_time is not None
        assert whole.end_time is not None
        assert whole.start_time <= (part.start_time or 0) <= (part.end_time or 0) <= whole.end_time
        assert not part.attributes


def test_attributes_are_what_the_log_says(traced: Traced, caplog: pytest.LogCaptureFixture, advisor: Advisor) -> None:
    client, spans = traced()
    with caplog.at_level("INFO"):
        client.post(f"{PATIENT_VIEW}?name=Mustermann", json=BODY)
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.msg == "request"]
    del line["duration_ms"]
    expected = {attribute_name(name): value for name, value in line.items() if value is not None}
    assert dict(_request(spans()).attributes or {}) == expected
    assert expected["http.route"] == "/cds-services/<service_id>"
    assert expected["oncohooks.release"] == advisor.knowledge.release
    documented = TRACES.read_text(encoding="utf-8")
    assert not [name for name in (*expected, *STAGES) if f"`{name}`" not in documented]


def test_a_value_that_no_log_line_may_hold_is_no_attribute() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(lambda: exporter)
    fields = {"route": "/cds-services/Max Mustermann", "method": "GET", "status": "200", "url": "/x?Mustermann"}
    tracing.tell(fields, 1.0, 2.0, [])
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET unknown"
    assert dict(span.attributes or {}) == {"http.request.method": "GET"}


def test_feedback_and_authentication_are_stages_too(traced: Traced) -> None:
    client, spans = traced()
    assert client.post(FEEDBACK, json=feedback_body("a")).status_code == 200
    assert [span.name for span in spans()][1:] == ["wait", "read", "store"]
    client, spans = traced(settings_of())
    assert client.post(PATH, json=BODY, headers={"Authorization": f"Bearer {signed()}"}).status_code == 401
    assert [span.name for span in spans()] == ["POST /cds-services/<service_id>", "authenticate"]


class _Failing(Advisor):
    def read(self, request: Mapping[str, Any]) -> Any:
        raise ValueError(f"cannot read {request}")


def test_an_error_is_its_status_and_nothing_else(advisor: Advisor) -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(lambda: exporter)
    failing = _Failing(advisor.knowledge, advisor.tables)
    app = create_app(Settings(demo=True), advisor=failing, today=lambda: TODAY, tracing=tracing)
    assert app.test_client().post(PATIENT_VIEW, json=BODY).status_code == 500
    tracing.close()
    spans = exporter.get_finished_spans()
    assert not [span for span in spans if span.events or span.status.description]
    assert _request(list(spans)).status.status_code is StatusCode.ERROR
    assert "map" in [span.name for span in spans], "the stage that failed"


def test_the_trace_of_the_caller_goes_on_and_nothing_else_is_taken_from_it(traced: Traced) -> None:
    client, spans = traced()
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "tracestate": "name=Mustermann",
        "baggage": "name=Mustermann",
    }
    client.post(PATIENT_VIEW, json=BODY, headers=headers)
    span = _request(spans())
    assert span.context
    assert span.parent
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert "Mustermann" not in span.to_json()
    assert not span.context.trace_state


@pytest.mark.parametrize("header", ["", "Mustermann", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{PARENT}", "\xff"])
def test_a_header_that_names_no_trace_begins_a_new_one(traced: Traced, header: str) -> None:
    client, spans = traced()
    assert client.post(PATIENT_VIEW, json=BODY, headers={"traceparent": header}).status_code == 200
    assert _request(spans()).parent is None


@pytest.mark.parametrize(("flag", "number"), [(None, 0), ("00", 0), ("01", 1)])
def test_the_caller_decides_before_the_share_does(traced: Traced, flag: str | None, number: int) -> None:
    client, spans = traced(sample=0.0)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flag}"} if flag else {}
    client.post(PATIENT_VIEW, json=BODY, headers=headers)
    assert len([span for span in spans() if span.kind is SpanKind.SERVER]) == number


def test_what_machines_ask_all_the_time_is_not_traced(traced: Traced) -> None:
    client, spans = traced()
    for path in ("/health", "/ready", "/metrics"):
        client.get(path)
    assert not spans()


def test_tracing_that_fails_costs_no_answer(advisor: Advisor, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Tracing):
        def tell(self, *args: Any, **kwargs: Any) -> None:
            raise ValueError("Mustermann")

    tracing = Broken(InMemorySpanExporter)
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, tracing=tracing)
    assert app.test_client().post(PATIENT_VIEW, json=BODY).get_json()["cards"]
    (crash,) = [record.__dict__["fields"] for record in caplog.records if record.msg == "crash"]
    assert crash["error"] == "ValueError"


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://collector.example:4318", "https://a@b.example", "x"])
def test_an_address_that_would_be_read_on_the_way_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match=r"telemetry\.endpoint"):
        load_settings(telemetry={"endpoint": endpoint})


def test_traces_without_the_extra_are_an_error_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = Settings(demo=True, telemetry=TelemetrySettings(endpoint="http://127.0.0.1:4318"))
    with pytest.raises(SettingsError, match=r"pip install 'oncohooks\[otel\]'"):
        create_app(settings)
    monkeypatch.setenv("ONCOHOOKS_TELEMETRY__ENDPOINT", "http://127.0.0.1:4318")
    result = CliRunner().invoke(main, ["serve", "--demo", "--port", str(free_port())])
    assert result.exit_code == 1
    assert "telemetry.endpoint: traces need the extra otel" in result.output


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    program = "import sys; from cds_service import Settings, create_app; create_app(Settings(demo=True)); "
    program += "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# --- over HTTP ------------------------------------------------------------------------------------------------------


def test_every_worker_sends_its_spans_and_those_of_its_end(tmp_path: Path) -> None:
    with collecting_traces() as collector:
        with running(tmp_path, "--workers", "2", telemetry__endpoint=collector.address) as service:
            for _ in range(20):
                assert service.post(PATIENT_VIEW, BODY).status_code == 200
            assert service.metric("oncohooks_spans_lost_total") == 0
            assert service.stop() == 0
        whole = [span for span in collector.spans() if span.kind == span.SPAN_KIND_SERVER]
    assert len(whole) == 20
    assert len({span.trace_id for span in whole}) == 20
    assert set(collector.paths) == {"/v1/traces"}


@pytest.mark.parametrize("fault", ["nobody listens", "refused", "sent on"])
def test_a_collector_that_takes_nothing_costs_no_answer_and_is_counted(tmp_path: Path, fault: str) -> None:
    with collecting_traces() as collector, collecting_traces() as elsewhere:
        address = f"http://127.0.0.1:{free_port()}" if fault == "nobody listens" else collector.address
        collector.status = {"nobody listens": 200, "refused": 400, "sent on": 307}[fault]
        collector.location = elsewhere.address if fault == "sent on" else None
        with running(tmp_path, telemetry__endpoint=address) as service:
            assert service.post(PATIENT_VIEW, BODY).status_code == 200
            assert eventually(lambda: service.metric("oncohooks_spans_lost_total") > 0)
            assert service.post(PATIENT_VIEW, BODY).status_code == 200
            assert service.stop() == 0
        assert not elsewhere.paths
        assert [line for line in service.lines() if line["event"] == "library"]
