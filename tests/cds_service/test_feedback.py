"""Feedback: what is accepted, in which dialect, kept once; decision records without patient data; no repetition."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.cli import main
from cds_service.feedback_report import report
from cds_service.pseudonyms import Pseudonyms, load_key
from cds_service.recording import Call, Recorder
from cds_service.store import Store, StoreError
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant

URL = "/cds-services/oncology-patient-view"
BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
WHEN = "2026-11-24T10:00:00.123Z"


@pytest.fixture
def recorder(advisor: Advisor, tmp_path: Path) -> Recorder:
    store = Store(f"sqlite:///{tmp_path / 'state' / 'oncohooks.sqlite'}")
    store.upgrade()
    pseudonyms = Pseudonyms(load_key(tmp_path / "state" / "pseudonym.key"))
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return Recorder(store, pseudonyms, advisor.knowledge.release, timedelta(days=30), lambda: now)


@pytest.fixture
def client(advisor: Advisor, recorder: Recorder) -> FlaskClient:
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder)
    return app.test_client()


def _cards(client: FlaskClient, body: dict[str, Any] = BODY) -> list[dict[str, Any]]:
    response = client.post(URL, json=body)
    assert response.status_code == 200
    return list(response.get_json()["cards"])


@pytest.mark.parametrize("server", ["http://127.0.0.1:9/fhir", "https://refused.example/fhir"])
def test_what_waits_to_be_recorded_holds_no_token(
    client: FlaskClient, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    calls: list[Call] = []
    monkeypatch.setattr(recorder, "record", lambda call, answered, duration: calls.append(call))
    token = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "s", "subject": "c"}
    _cards(client, BODY | {"fhirServer": server, "fhirAuthorization": token})
    (call,) = calls
    assert set(call.asked) == BODY.keys() - {"hookInstance"}
    assert b"t0ken" not in b"".join(call.asked.values())


def _say(client: FlaskClient, *items: dict[str, Any]) -> int:
    return client.post(f"{URL}/feedback", json={"feedback": list(items)}).status_code


def _overridden(card: str, **members: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": WHEN} | members


REASON = {"system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes", "code": "patient-refuses"}
DIALECTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "standard": ({"overrideReason": {"reason": REASON | {"display": "Declined"}}}, REASON["code"]),
    "reason without display": ({"overrideReason": {"reason": REASON}}, REASON["code"]),
    "comment only": ({"overrideReason": {"userComment": "Mustermann declines"}}, None),
    "no reason": ({}, None),
    "Epic, plural": ({"overrideReasons": {"reason": REASON}}, REASON["code"]),
    "Epic, Coding itself": ({"overrideReasons": [REASON]}, REASON["code"]),
    "Epic, extension": (
        {"extension": {"com.epic.cdshooks.feedback.overrideReason.code": {"code": "12", "system": "urn:oid:1.2"}}},
        "12",
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_kept(client: FlaskClient, recorder: Recorder, dialect: str) -> None:
    members, code = DIALECTS[dialect]
    assert _say(client, _overridden("not-a-uuid.1", **members)) == 200
    (kept,) = recorder.store.feedback_with_cards()
    assert kept["reason_code"] == code
    assert "Mustermann" not in json.dumps(kept, default=str)
    assert kept["commented"] is (dialect == "comment only")


def test_a_batch_sent_twice_is_kept_once(client: FlaskClient, recorder: Recorder) -> None:
    accepted = {"card": "b", "outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}], "outcomeTimestamp": WHEN}
    for _ in range(2):
        assert _say(client, _overridden("a"), accepted) == 200
    kept = recorder.store.feedback_with_cards()
    assert [(item["card"], item["suggestions"]) for item in kept] == [("a", []), ("b", ["s1"])]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], "feedback"),
        ({"feedback": {}}, "feedback"),
        ({"feedback": []}, "empty"),
        ({"feedback": ["x"]}, "feedback.0"),
        ({"feedback": [_overridden("")]}, "card"),
        ({"feedback": [_overridden("x" * 201)]}, "card"),
        ({"feedback": [_overridden("a") | {"outcome": "ignored"}]}, "outcome"),
        ({"feedback": [_overridden("a") | {"outcomeTimestamp": "yesterday"}]}, "outcomeTimestamp"),
        ({"feedback": [_overridden("a") | {"outcomeTimestamp": "2026-11-24T10:00:00"}]}, "outcomeTimestamp"),
        ({"feedback": [_overridden("a") | {"outcome": "accepted"}]}, "acceptedSuggestions"),
    ],
)
def test_malformed_feedback_is_400_and_kept_not_even_in_part(
    client: FlaskClient, recorder: Recorder, body: Any, place: str
) -> None:
    response = client.post(f"{URL}/feedback", json=body)
    assert response.status_code == 400
    assert place in response.get_json()["issue"][0]["diagnostics"]
    assert not recorder.store.feedback_with_cards()


def test_feedback_to_an_unknown_service_is_404(client: FlaskClient) -> None:
    assert client.post("/cds-services/other/feedback", json={"feedback": [_overridden("a")]}).status_code == 404


class _Down(Store):
    """A store that cannot be reached."""

    def __init__(self) -> None:
        super().__init__("sqlite:////dev/null/oncohooks.sqlite")


def test_without_a_store_hooks_answer_and_feedback_does_not(advisor: Advisor, tmp_path: Path) -> None:
    recorder = Recorder(_Down(), Pseudonyms(b"k"), advisor.knowledge.release, timedelta(days=30))
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder)
    client = app.test_client()
    assert client.post(URL, json=BODY).get_json()["cards"]
    response = client.post(f"{URL}/feedback", json={"feedback": [_overridden("a")]})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert client.get("/ready").get_json()["store"] == "unreachable"
    recorder.close()
    assert recorder.lost == 1


def test_a_decision_record_tells_the_card_and_nothing_of_the_patient(client: FlaskClient, recorder: Recorder) -> None:
    cards = _cards(client, json.loads(json.dumps(BODY).replace("p1", "canary-patient-77")))
    recorder.close()
    decision = recorder.store.decision_of_card(cards[0]["uuid"])
    assert decision is not None
    assert [card.uuid for card in decision.cards] == [card["uuid"] for card in cards]
    assert {item.statement: item.outcome for item in decision.outcomes}["tagrisso-3"] == "verify"
    assert "tagrisso-3" in decision.cards[0].statements
    kept = recorder.store.engine.url.database
    content = b"".join(path.read_bytes() for path in Path(str(kept)).parent.glob("*.sqlite*"))
    for canary in (b"canary-patient-77", b"L858R", b"Leu858Arg", b"1961-04-12", b"Observation/v1", b"Practitioner"):
        assert canary not in content, canary
    assert recorder.store.decision_of_card("unknown") is None


def test_the_same_input_gives_the_same_digests(client: FlaskClient, recorder: Recorder) -> None:
    first = _cards(client, BODY | {"hookInstance": "one"})
    second = _cards(client, BODY | {"hookInstance": "two"})
    other = _cards(client, request(patient(), condition(), variant("v1", "EGFR", protein("p.Gly719Ser"))))
    recorder.close()
    made = [recorder.store.decision_of_card(cards[0]["uuid"]) for cards in (first, second, other)]
    digests = [(decision.input_digest, decision.facts_digest, decision.patient) for decision in made if decision]
    assert digests[0] == digests[1]
    assert digests[0][2] == digests[2][2]
    assert digests[0][0] != digests[2][0]
    assert digests[0][1] != digests[2][1]


def test_what_was_overridden_is_not_repeated_until_the_facts_change(client: FlaskClient, recorder: Recorder) -> None:
    cards = _cards(client)
    topics = [card["source"]["topic"]["code"] for card in cards]
    recorder.close()
    assert _say(client, _overridden(cards[0]["uuid"])) == 200
    again = [card["source"]["topic"]["code"] for card in _cards(client)]
    assert again == topics[1:]
    changed = request(
        patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg"), effectiveDateTime="2026-11-20")
    )
    assert topics[0] in [card["source"]["topic"]["code"] for card in _cards(client, changed)]
    other = BODY | {"context": {"userId": "Practitioner/d1", "patientId": "p2"}}
    foreign = json.loads(json.dumps(other).replace("Patient/p1", "Patient/p2").replace('"id": "p1"', '"id": "p2"'))
    assert topics[0] in [card["source"]["topic"]["code"] for card in _cards(client, foreign)]


def test_after_the_time_it_is_repeated(advisor: Advisor, recorder: Recorder) -> None:
    later = Recorder(recorder.store, recorder.pseudonyms, advisor.knowledge.release, timedelta(0))
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=later)
    client = app.test_client()
    cards = client.post(URL, json=BODY).get_json()["cards"]
    later.close()
    _say(client, _overridden(cards[0]["uuid"]))
    assert len(client.post(URL, json=BODY).get_json()["cards"]) == len(cards)
    later.close()


def test_the_report_counts_the_last_answer_of_each_card() -> None:
    shown: list[dict[str, Any]] = [
        {"uuid": "a", "topic": "optionsEGFR", "client": "demo", "service": "s", "statements": ["tagrisso-3"]},
        {
            "uuid": "b",
            "topic": "optionsEGFR",
            "client": "demo",
            "service": "s",
            "statements": ["tagrisso-3", "iressa-1"],
        },
        {"uuid": "c", "topic": "testsFirst", "client": "demo", "service": "s", "statements": []},
    ]
    said: list[dict[str, Any]] = [
        {"card": "a", "outcome": "overridden", "reason_code": "patient-refuses"},
        {"card": "b", "outcome": "overridden", "reason_code": None},
        {"card": "b", "outcome": "accepted", "reason_code": None},
        {"card": "z", "outcome": "accepted", "reason_code": None},
    ]
    found = report(shown, said)
    assert [(rate.name, rate.shown, rate.accepted, rate.overridden) for rate in found.statements] == [
        ("tagrisso-3", 2, 1, 1),
        ("iressa-1", 1, 1, 0),
    ]
    assert found.reasons == (("patient-refuses", 1),)
    assert found.unknown_cards == 1
    assert found.services[0].acceptance == 0.5


def test_the_page_draws_the_report(client: FlaskClient, recorder: Recorder) -> None:
    cards = _cards(client)
    recorder.close()
    _say(client, _overridden(cards[0]["uuid"], overrideReason={"reason": REASON}))
    app = client.application
    response = app.test_client().get("/feedback?days=3650")
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert "optionsEGFR" in response.text
    assert "patient-refuses" in response.text
    assert "<svg" in response.text


def test_commands_read_the_store(
    client: FlaskClient, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = _cards(client)
    recorder.close()
    _say(client, _overridden(cards[0]["uuid"]))
    monkeypatch.setenv("ONCOHOOKS_STATE_DIR", str(tmp_path / "state"))
    explained = CliRunner().invoke(main, ["explain", cards[0]["uuid"]])
    assert explained.exit_code == 0
    assert "tagrisso-3: verify" in explained.output
    shown = json.loads(CliRunner().invoke(main, ["explain", cards[0]["uuid"], "--json"]).output)
    assert shown["outcomes"]["tagrisso-3"] == "verify"
    counted = json.loads(CliRunner().invoke(main, ["feedback", "report", "--days", "3650", "--json"]).output)
    assert {"name": "optionsEGFR", "shown": 1, "accepted": 0, "overridden": 1, "acceptance": 0.0} in counted["topics"]
    assert "By statement" in CliRunner().invoke(main, ["feedback", "report", "--days", "3650"]).output
    assert CliRunner().invoke(main, ["explain", "unknown"]).exit_code == 1


def test_the_tables_are_those_of_the_migrations(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from cds_service.store.tables import metadata

    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}")
    store.upgrade()
    store.upgrade()
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_old_records_are_purged(client: FlaskClient, recorder: Recorder) -> None:
    cards = _cards(client)
    recorder.close()
    _say(client, _overridden(cards[0]["uuid"]))
    assert recorder.store.purge(datetime(2026, 11, 1, tzinfo=UTC)) == (0, 0)
    assert recorder.store.purge(datetime(2026, 12, 1, tzinfo=UTC)) == (1, 1)
    assert recorder.store.decision_of_card(cards[0]["uuid"]) is None


def test_errors_of_the_store_hold_no_values() -> None:
    with pytest.raises(StoreError, match=r"^the store cannot be used \(\w+Error\)$"):
        _Down().feedback_with_cards()


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "pseudonym.key"
    assert load_key(path) == load_key(path)
    assert path.stat().st_mode & 0o077 == 0


def test_a_record_is_reproduced_from_its_request_and_from_no_other(
    client: FlaskClient, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = _cards(client)[0]["uuid"]
    recorder.close()
    monkeypatch.setenv("ONCOHOOKS_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "request.json").write_text(json.dumps(BODY), encoding="utf-8")
    other = request(patient(), condition(), variant("v1", "EGFR", present=False))
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    again = CliRunner().invoke(main, ["replay", str(tmp_path / "request.json"), "--record", card])
    assert again.exit_code == 0, again.output
    for same in ("same knowledge release: sha256:", "same input: ", "same facts: ", "same cards: optionsEGFR"):
        assert same in again.output
    differs = CliRunner().invoke(main, ["replay", str(tmp_path / "other.json"), "--record", card])
    assert differs.exit_code == 1
    assert "tagrisso-3: recorded verify, now unmet" in differs.output
    assert "input: recorded" in differs.output
    assert "card optionsEGFR: not given now" in differs.output
    monkeypatch.setenv("ONCOHOOKS_CARDS__LIMIT", "1")
    assert CliRunner().invoke(main, ["replay", str(tmp_path / "request.json"), "--record", card]).exit_code == 0
