"""Log lines hold listed fields only; what is not listed is dropped and counted; exceptions keep their messages."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.logs import LOG, JsonFormatter, load_fields, log_event, plain
from cds_service.observing import note_client, note_fetched, note_request, request_id
from tests.fhir import condition, patient, protein, request, variant
from tests.running import PATIENT_VIEW

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))


def _line(name: str, message: str, *args: Any, level: int = logging.INFO, raised: Any = None, **fields: Any) -> Any:
    dropped: list[int] = []
    formatter = JsonFormatter(load_fields(), dropped.append)
    info = (type(raised), raised, raised.__traceback__) if raised else None
    record = logging.LogRecord(name, level, __file__, 7, message, args, info)
    if fields:
        record.fields = fields
    text = formatter.format(record)
    assert "\n" not in text
    return json.loads(text), sum(dropped)


def test_listed_fields_are_written_and_others_dropped_and_counted() -> None:
    line, dropped = _line(LOG.name, "request", status=200, hook="patient-view", family="Mustermann", facts=None)
    assert (line["event"], line["status"], line["hook"]) == ("request", 200, "patient-view")
    assert "Mustermann" not in json.dumps(line)
    assert (line["dropped"], dropped) == (1, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request", "not a digest"),
        ("status", "200"),
        ("status", True),
        ("hook", "patient view of Mustermann"),
        ("route", "/cds-services/x?name=Mustermann"),
        ("release", "sha256:zz"),
        ("error", "ValueError: Mustermann"),
        ("place", "Mustermann"),
        ("reason", "Mustermann"),
        ("template", "Mustermann"),
        ("client", "line\nbreak"),
        ("facts", [1]),
    ],
)
def test_a_value_of_another_form_is_dropped(field: str, value: Any) -> None:
    line, dropped = _line(LOG.name, "request", **{field: value})
    assert field not in line
    assert dropped == 1


def test_a_librarys_line_is_its_place_without_its_text() -> None:
    line, _ = _line("somebody", "cannot read %s", "Mustermann")
    assert (line["event"], line["logger"], line["place"]) == ("library", "somebody", "test_logs:7")
    assert "read" not in json.dumps(line).replace("Thread", "")
    known, _ = _line("gunicorn.error", "Worker (pid:%s) exited with code %s.", 1, 2)
    assert known["template"] == "Worker (pid:%s) exited with code %s."


def test_a_text_of_ours_that_is_no_event_is_a_librarys_line() -> None:
    line, _ = _line(LOG.name, "Mustermann", status=200)
    assert line["event"] == "library"
    assert "Mustermann" not in json.dumps(line)


def test_an_exception_is_its_type() -> None:
    line, _ = _line("somebody", "failed", raised=ValueError("Mustermann"))
    assert line["error"] == "ValueError"
    assert "Mustermann" not in json.dumps(line)


def test_reasons_are_made_of_words() -> None:
    assert plain("settings: port: 'Ä\n1'") == "settings: port:    1 "


def test_every_event_of_the_code_is_listed() -> None:
    fields = load_fields()
    assert {"request", "error", "reloaded", "reload-refused", "library", "crash"} <= fields.events


@pytest.mark.parametrize("path", [PATIENT_VIEW, "/cds-services", "/cds-services/none"])
def test_a_request_is_one_line(client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str) -> None:
    with caplog.at_level(logging.INFO, LOG.name):
        answer = client.post(path, json=BODY)
    (record,) = [record for record in caplog.records if record.msg == "request"]
    fields = record.fields  # type: ignore[attr-defined]
    assert fields["status"] == answer.status_code
    assert load_fields().checked(fields)[1] == 0
    if path == PATIENT_VIEW:
        assert fields["request"] == request_id(BODY["hookInstance"])
        assert fields["hook"] == "patient-view"
        assert fields["info"] == len(answer.get_json()["cards"])
        assert (fields["facts"] > 0, fields["unread"], fields["client"]) == (True, 0, "demo")


def test_probes_are_lines_of_level_debug(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, LOG.name):
        client.get("/health")
    assert [record.levelno for record in caplog.records if record.msg == "request"] == [logging.DEBUG]


def test_notes_without_a_request_do_nothing() -> None:
    note_request(BODY)
    note_client("ehr")
    note_fetched(1)


def test_errors_that_nobody_handles_are_lines_without_their_messages() -> None:
    code = """
import threading
from cds_service.logs import configure_logging, log_event
configure_logging("info")
def fail():
    raise ValueError("Mustermann")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
class Held:
    def __del__(self):
        raise KeyError("Mustermann")
Held()
import warnings
warnings.warn("Mustermann")
raise RuntimeError("Mustermann")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [line.get("error") for line in lines] == ["ValueError", "KeyError", None, "RuntimeError"]
    assert "Mustermann" not in result.stderr
    assert result.returncode == 1


def test_log_event_writes_at_its_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, LOG.name):
        log_event("lost", logging.WARNING, count=3)
    assert [(record.msg, record.levelno) for record in caplog.records] == [("lost", logging.WARNING)]
