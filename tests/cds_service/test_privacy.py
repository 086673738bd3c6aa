"""Nothing of a patient, a user or a token in logs, metrics, error bodies or files: canaries through every way in."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.logs import JsonFormatter, load_fields
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant
from tests.running import FEEDBACK, PATIENT_VIEW, RunningService, running

CANARY = "KANARIENVOGEL"
ROUTES = (PATIENT_VIEW, "/cds-services/oncology-order-select", "/cds-services/oncology-order-sign", FEEDBACK)
_NUMBERS = count()

#: Members whose text decides what is read; with a canary in them nothing would be understood.
_MEANT = {"resourceType", "code", "system", "status", "hook", "gender", "birthDate", "effectiveDateTime"}
_MEANT |= {"recordedDate", "type", "outcome", "outcomeTimestamp", "reference", "id", "patientId"}


def _canary() -> str:
    return f"{CANARY}{next(_NUMBERS)}"


def with_canaries(value: Any, kept: frozenset[str] = frozenset(_MEANT)) -> Any:
    """The document with a canary in every text, and in more members than it had."""
    if isinstance(value, dict):
        changed = {name: part if name in kept else with_canaries(part, kept) for name, part in value.items()}
        return changed | {"display": _canary(), _canary(): [_canary()]} if "resourceType" in value else changed
    if isinstance(value, list):
        return [with_canaries(part, kept) for part in value]
    return _canary() if isinstance(value, str) else value


def the_patient() -> dict[str, Any]:
    """A patient about whom there is something to say, named by a canary wherever a name may stand."""
    name = _canary()
    notes: dict[str, Any] = {
        "note": [{"text": _canary()}],
        "text": {"status": "generated", "div": f"<div>{_canary()}</div>"},
    }
    people = patient() | {"name": [{"family": _canary(), "given": [_canary()]}], "identifier": [{"value": _canary()}]}
    body = request(
        people,
        condition() | notes,
        variant("v1", "EGFR", protein("p.Leu858Arg"), **notes),
        variant("v2", "BRAF", protein(_canary()), **notes),
    )
    body = json.loads(json.dumps(body).replace("Patient/p1", f"Patient/{name}").replace('"p1"', f'"{name}"'))
    body |= {"fhirServer": f"https://{_canary()}.example", "hookInstance": _canary()}
    body["fhirAuthorization"] = {"access_token": _canary(), "token_type": "Bearer", "expires_in": 300}
    body["fhirAuthorization"] |= {"scope": _canary(), "subject": _canary(), "patient": name}
    return with_canaries(body, frozenset(_MEANT | {"fhirServer"}))


def requests_with_canaries() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and arguments of requests that succeed and that fail in every way the service knows."""
    json_type = {"Content-Type": "application/json"}
    for route in ROUTES:
        whole = with_canaries(the_patient(), frozenset())
        yield "POST", route, {"json": the_patient()}
        yield "POST", route, {"json": whole}
        yield "POST", route, {"json": the_patient() | {"hook": _canary()}}
        yield "POST", route, {"json": [_canary()]}
        yield "POST", f"{route}?{_canary()}={_canary()}", {"json": the_patient()}
        yield "POST", route, {"data": f'{{"hook": {_canary()}', "headers": json_type}
        yield "POST", route, {"data": _canary(), "headers": {"Content-Type": f"text/{_canary()}"}}
        yield "POST", route, {"data": _canary(), "headers": json_type | {"Content-Encoding": _canary()}}
        yield "POST", route, {"data": (_canary() * 30_000).encode(), "headers": json_type}
        yield "GET", f"{route}/{_canary()}", {}
        yield "DELETE", route, {"headers": {"Authorization": f"Bearer {_canary()}", "Origin": f"https://{_canary()}"}}
        for member in ("hook", "hookInstance", "context", "prefetch"):
            yield "POST", route, {"json": the_patient() | {member: {_canary(): _canary()}}}
    feedback = {"card": _canary() * 30, "outcome": _canary(), "outcomeTimestamp": _canary()}
    yield "POST", FEEDBACK, {"json": {"feedback": [feedback]}}
    yield "POST", f"/cds-services/{_canary()}", {"json": the_patient()}
    yield "POST", f"/cds-services/{_canary()}/feedback", {"json": the_patient()}
    for path in ("/metrics", "/health", "/ready", "/cds-services", f"/{_canary()}"):
        yield "GET", f"{path}?{_canary()}", {"headers": {"Authorization": f"Bearer {_canary()}", "X-A": _canary()}}
        yield _canary(), path, {}


def comment_on(card: str) -> dict[str, Any]:
    """Feedback with a canary wherever the specification or a client has free text."""
    reason = {"reason": {"system": "urn:x", "code": "no", "display": _canary()}, "userComment": _canary()}
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z", "overrideReason": reason}
    return {"feedback": [item | {"extension": {_canary(): _canary()}, "user": _canary()}], _canary(): _canary()}


def send_everything(service: RunningService) -> int:
    """Send it all; no error may hold a canary. How many requests were answered with cards."""
    cards = []
    for method, path, arguments in requests_with_canaries():
        answer = requests.request(method, f"{service.base}{path}", timeout=30, **arguments)
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code == 200 and answer.text.startswith('{"cards"'):
            cards += answer.json()["cards"]
        else:
            assert CANARY not in answer.text + str(answer.headers), (method, answer.status_code)
    assert cards
    said = service.post(FEEDBACK, comment_on(cards[0]["uuid"]))
    assert said.status_code in (200, 503)
    for line in (f"GET /{CANARY} HTTP/{CANARY}", f"{CANARY} {CANARY}", f"GET / HTTP/1.1\r\n{CANARY}"):
        answer_bytes = raw(service, f"{line}\r\n\r\n".encode())
        assert answer_bytes.startswith(b"HTTP/1.1 400 "), answer_bytes
        assert CANARY.encode() not in answer_bytes
        assert json.loads(answer_bytes.partition(b"\r\n\r\n")[2])["resourceType"] == "OperationOutcome"
    return len(cards)


def raw(service: RunningService, data: bytes) -> bytes:
    """What is answered to bytes that may be no HTTP."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("level", ["debug", "warning"])
@pytest.mark.parametrize("store", ["working", "down"])
def test_no_canary_comes_out_of_the_service(tmp_path: Path, level: str, store: str) -> None:
    settings: Any = {"log_level": level, "max_body_bytes": "300000"}
    if store == "down":
        settings["store"] = "sqlite:////dev/null/store.sqlite"
    with running(tmp_path, **settings) as service:
        send_everything(service)
        shown = service.get("/metrics").text
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert any(path.suffix == ".db" for path in files), "the metrics of the workers"
        contents = {path: path.read_bytes() for path in files}
    assert CANARY not in shown
    assert service.stop() == 0
    contents |= {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path, content in contents.items() if CANARY.encode() in content]
    lines = service.lines()
    assert [line for line in lines if line["event"] == "request"] or level == "warning"
    assert not [line for line in lines if "dropped" in line]
    if store == "working":
        assert b"tagrisso" in b"".join(content for path, content in contents.items() if "sqlite" in path.name)


class _Failing(Advisor):
    """Fails with a message that holds what the record held."""

    def read(self, request: Mapping[str, Any]) -> Any:
        raise ValueError(f"cannot read {request}")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Every line that is logged, in the form in which the service writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(load_fields()))
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_an_unexpected_error_is_logged_by_type_and_place_only(advisor: Advisor, written: io.StringIO) -> None:
    failing = _Failing(advisor.knowledge, advisor.tables)
    client: FlaskClient = create_app(Settings(demo=True), advisor=failing, today=lambda: TODAY).test_client()
    answer = client.post(PATIENT_VIEW, json=the_patient())
    assert answer.status_code == 500
    assert CANARY not in answer.text
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (error,) = [line for line in lines if line["event"] == "error"]
    assert error["error"] == "ValueError"
    assert error["place"].startswith("cds_service.answers:")
    assert CANARY not in written.getvalue()
