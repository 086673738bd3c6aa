"""Nothing of a patient, a user or a token in logs, metrics, traces, errors or files: canaries through every way in."""

from __future__ import annotations

import io
import json
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from werkzeug.exceptions import HTTPException

from cds_service import Advisor, Settings, create_app
from cds_service.logs import JsonFormatter, load_fields
from cds_service.metrics import Metrics
from cds_service.outcomes import ISSUE_CODES
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import MetricsSettings
from cds_service.store import Store
from cds_service.tracing import Tracing
from tests.canaries import CANARY, Attempt, attempts, canary, comment_on, the_patient
from tests.cds_service.clients import PATH, claims, forged, settings_of, signed, with_raw_header
from tests.collector import collecting_traces
from tests.conftest import TODAY
from tests.running import FEEDBACK, PATIENT_VIEW, RunningService, running

#: Every error that the service may answer with: those of its application, and those of the server before it.
ERRORS = frozenset(ISSUE_CODES) | {500}
OF_THE_SERVER = frozenset({400, 414, 417, 431, 501})


class Outside:
    """All that comes out of an application in this process, at the most talkative level."""

    def __init__(
        self, advisor: Advisor, folder: Path, settings: Settings | None = None, store: str | None = None
    ) -> None:
        self.log = io.StringIO()
        self.metrics = Metrics()
        self.spans = InMemorySpanExporter()
        self.tracing = Tracing(lambda: self.spans)
        self.answers: list[str] = []
        self.statuses: set[int] = set()
        self.folder = folder
        self.recorder = Recorder(
            Store(store or f"sqlite:///{folder / 'store.sqlite'}"),
            Pseudonyms(b"k"),
            advisor.knowledge.release,
            timedelta(days=1),
            metrics=self.metrics,
        )
        self.app: Flask = create_app(
            settings or Settings(demo=True, max_body_bytes=300_000),
            advisor=advisor,
            today=lambda: TODAY,
            recorder=self.recorder,
            metrics=self.metrics,
            tracing=self.tracing,
        )
        self._handler = logging.StreamHandler(self.log)
        self._handler.setFormatter(JsonFormatter(load_fields()))

    def __enter__(self) -> Outside:
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self._handler)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.setLevel(self._level)
        root.removeHandler(self._handler)
        self.tracing.close()
        self.recorder.close()

    def send(self, attempt: Attempt) -> Any:
        """Send it. An answer with cards, or a page, is for who asked; of all others nothing may come back."""
        with self.app.test_client() as client:
            answer = client.open(attempt.path, method=attempt.method, **attempt.arguments)
        self.statuses.add(answer.status_code)
        is_for_the_caller = attempt.shows or answer.text.startswith('{"cards"')
        self.answers.append(str(answer.headers) if is_for_the_caller else f"{answer.headers}{answer.text}")
        return answer

    def said(self) -> str:
        """Everything together, the files that were written too."""
        self.tracing.close()
        self.recorder.close()
        files = [path.read_bytes().decode("latin-1") for path in self.folder.rglob("*") if path.is_file()]
        spans = [span.to_json() for span in self.spans.get_finished_spans()]
        shown = self.metrics.text("sha256:x", "1", None).decode()
        return "\n".join([*self.answers, *files, *spans, shown, self.log.getvalue()])


# --- every route, every error ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("playground", [True, False])
def test_every_route_is_tried_with_every_method(advisor: Advisor, playground: bool) -> None:
    settings = Settings(demo=True) if playground else settings_of()
    app = create_app(settings, advisor=advisor)
    routes = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    adapter = app.url_map.bind("localhost")
    tried = set()
    for attempt in attempts():
        try:
            rule, _ = adapter.match(attempt.path.partition("?")[0], attempt.method, return_rule=True)
        except HTTPException:
            continue
        tried.add((rule.rule, attempt.method))
    assert routes - tried == set()


def test_no_canary_comes_out_of_the_application(advisor: Advisor, tmp_path: Path) -> None:
    with Outside(advisor, tmp_path) as outside:
        for attempt in attempts():
            outside.send(attempt)
        said = outside.said()
    assert CANARY not in said
    assert "tagrisso" in said, "decision records"
    assert outside.statuses >= {200, 400, 403, 404, 405, 412, 413, 415}
    assert len(outside.spans.get_finished_spans()) > len(outside.answers)


class _Failing(Advisor):
    """Fails with a message that holds what the record held."""

    def read(self, request: Mapping[str, Any]) -> Any:
        raise ValueError(f"cannot read {request}")


def test_an_unexpected_error_is_logged_by_type_and_place_only(advisor: Advisor, tmp_path: Path) -> None:
    failing = _Failing(advisor.knowledge, advisor.tables)
    with Outside(failing, tmp_path) as outside:
        for attempt in attempts():
            outside.send(attempt)
        said = outside.said()
    assert 500 in outside.statuses
    assert CANARY not in said
    errors = [line for line in map(json.loads, outside.log.getvalue().splitlines()) if line["event"] == "error"]
    assert {(line["error"], line["place"].partition(":")[0]) for line in errors} >= {
        ("ValueError", "cds_service.answers")
    }


def test_a_store_that_fails_says_nothing_of_what_it_was_to_keep(advisor: Advisor, tmp_path: Path) -> None:
    with Outside(advisor, tmp_path, store="sqlite:////dev/null/store.sqlite") as outside:
        for attempt in attempts():
            outside.send(attempt)
        said = outside.said()
    assert 503 in outside.statuses
    assert CANARY not in said


def _tokens() -> Iterator[str]:
    """Tokens with a canary in every part, good ones and others."""
    now = int(time.time())
    good: dict[str, Any] = {"iat": now, "exp": now + 300, "sub": canary(), canary(): canary()}
    yield signed(claims(jti=canary(), **good))
    yield signed(claims(**good), header={canary(): canary()})
    yield signed(claims(iss=canary(), **good))
    yield signed(claims(aud=canary(), **good))
    yield signed(claims(tenant=canary(), **good) | {"exp": now - 300})
    yield signed(claims(**good), header={"kid": canary()})
    yield signed(claims(**good), header={"jku": f"https://{canary()}.example"})
    yield forged({"alg": canary(), "kid": canary()}, claims(**good))
    yield with_raw_header(canary().encode())
    yield canary()


def test_tokens_and_who_they_name_come_out_nowhere(advisor: Advisor, tmp_path: Path) -> None:
    tokens = list(_tokens())
    with Outside(advisor, tmp_path, settings=settings_of(requests_per_second=0.001)) as outside:
        for token in [*tokens, tokens[0], signed(claims(iat=int(time.time()), exp=int(time.time()) + 300))]:
            headers = {"Authorization": f"Bearer {token}", "X-SSL-Client-Cert": canary()}
            outside.send(Attempt("POST", PATH, {"json": the_patient(), "headers": headers}))
        outside.send(Attempt("POST", PATH, {"json": the_patient(), "headers": {"Authorization": canary()}}))
        said = outside.said()
    assert outside.statuses >= {200, 401, 429}
    assert CANARY not in said
    assert not [part for token in tokens for part in token.split(".") if len(part) > 20 and part in said]


def test_a_token_that_cannot_be_judged_and_a_token_for_metrics_come_out_nowhere(
    advisor: Advisor, tmp_path: Path
) -> None:
    settings = settings_of(metrics=MetricsSettings.model_validate({"token": f"{canary()}{canary()}"}))
    fresh = signed(claims(iat=int(time.time()), exp=int(time.time()) + 300, sub=canary()))
    with Outside(advisor, tmp_path, settings=settings, store="sqlite:////dev/null/store.sqlite") as outside:
        outside.send(Attempt("POST", PATH, {"json": the_patient(), "headers": {"Authorization": f"Bearer {fresh}"}}))
        outside.send(Attempt("GET", "/metrics", {"headers": {"Authorization": f"Bearer {canary()}"}}))
        said = outside.said()
    assert outside.statuses == {401, 503}
    assert CANARY not in said


def test_every_error_is_one_of_those_that_are_tried() -> None:
    of_the_application = {400, 401, 403, 404, 405, 412, 413, 415, 429, 500, 503}
    assert of_the_application | OF_THE_SERVER == ERRORS


# --- the service as a process ----------------------------------------------------------------------------------------


def _of_the_server() -> Iterator[tuple[int, bytes]]:
    """What is refused before the application sees it, and the status."""
    head = f"POST {PATIENT_VIEW} HTTP/1.1\r\nHost: {CANARY}\r\nConnection: close\r\n"
    yield 400, f"GET /{CANARY} HTTP/{CANARY}\r\n\r\n".encode()
    yield 400, f"{CANARY} {CANARY}\r\n\r\n".encode()
    yield 400, f"GET / HTTP/1.1\r\n{CANARY}\r\n\r\n".encode()
    yield 414, f"GET /{CANARY * 400} HTTP/1.1\r\n\r\n".encode()
    yield 417, f"{head}Expect: {CANARY}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    yield 431, f"{head}X-A: {CANARY * 2000}\r\n\r\n".encode()
    yield 501, f"{head}Transfer-Encoding: {CANARY}\r\n\r\n".encode()


def raw(service: RunningService, data: bytes) -> bytes:
    """What is answered to bytes that may be no HTTP."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def send_everything(service: RunningService) -> None:
    """Send it all; no error may hold a canary."""
    cards = []
    for attempt in attempts():
        url = f"{service.base}{attempt.path}"
        answer = requests.request(attempt.method, url, timeout=30, **attempt.arguments)
        where = (attempt.method, attempt.path, answer.status_code)
        assert answer.status_code in (503, *range(500)), where
        assert CANARY not in str(answer.headers), where
        if answer.text.startswith('{"cards"'):
            cards += answer.json()["cards"]
        else:
            assert attempt.shows or CANARY not in answer.text, where
    assert cards
    assert service.post(FEEDBACK, comment_on(cards[0]["uuid"])).status_code in (200, 503)
    for status, data in _of_the_server():
        answered = raw(service, data)
        assert answered.startswith(f"HTTP/1.1 {status} ".encode()), answered
        assert CANARY.encode() not in answered
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["resourceType"] == "OperationOutcome"
    assert {status for status, _ in _of_the_server()} == OF_THE_SERVER


@pytest.mark.parametrize(
    ("level", "store"),
    [("debug", "working"), ("debug", "down"), ("info", "working"), ("warning", "down"), ("error", "working")],
)
def test_no_canary_comes_out_of_the_service(tmp_path: Path, level: str, store: str) -> None:
    settings: Any = {"log_level": level, "max_body_bytes": "300000", "cors_origins": '["https://ehr.example"]'}
    if store == "down":
        settings["store"] = "sqlite:////dev/null/store.sqlite"
    with collecting_traces() as collector:
        with running(tmp_path, telemetry__endpoint=collector.address, **settings) as service:
            send_everything(service)
            shown = service.get("/metrics").text
            files = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert any(path.suffix == ".db" for path in files), "the metrics of the workers"
            contents = {path: path.read_bytes() for path in files}
            assert service.stop() == 0
        assert CANARY not in shown + collector.everything()
        assert len(collector.spans()) > 100
    contents |= {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path, content in contents.items() if CANARY.encode() in content]
    lines = service.lines()
    answered = [line for line in lines if line["event"] == "request" and line["status"] == 200]
    assert bool(answered) is (level in ("debug", "info"))
    assert not [line for line in lines if "dropped" in line]
    if store == "working":
        assert b"tagrisso" in b"".join(content for path, content in contents.items() if "sqlite" in path.name)
