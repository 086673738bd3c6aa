"""The HTTP contract: discovery, the service call, and every error as an OperationOutcome."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from tests.fhir import bundle, condition, patient, protein, request, variant

PATIENT_VIEW = "/cds-services/oncology-patient-view"
L858R = variant("v1", "EGFR", protein("NP_005219.2:p.Leu858Arg"))


def _cards(client: FlaskClient, body: dict[str, Any]) -> list[Any]:
    response = client.post(PATIENT_VIEW, json=body)
    assert response.status_code == 200
    answer: dict[str, Any] = response.get_json()
    return list(answer["cards"])


def _diagnostics(response: Any) -> str:
    return str(response.json["issue"][0]["diagnostics"])


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/"])
def test_discovery_needs_no_redirect(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert [service["id"] for service in response.get_json()["services"]] == [
        "oncology-patient-view",
        "oncology-order-select",
        "oncology-order-sign",
    ]


def test_the_third_version_adds_versions_to_discovery_on_request(advisor: Advisor) -> None:
    app = create_app(Settings(demo=True, cds_hooks="3.0"), advisor=advisor)
    for service in app.test_client().get("/cds-services").get_json()["services"]:
        assert (service["version"], service["hookVersion"]) == ("3.0.0", "1.0")


def test_prefetch_templates_stay_in_the_simple_query_subset(client: FlaskClient) -> None:
    tokens = {"context.patientId", "context.userId", "context.encounterId"}
    for service in client.get("/cds-services").get_json()["services"]:
        for template in service["prefetch"].values():
            assert set(re.findall(r"\{\{(.*?)\}\}", template)) <= tokens
            query = template.partition("?")[2]
            names = [part.partition("=")[0] for part in query.split("&")] if query else []
            assert set(names) <= {"patient", "category", "_sort", "_count"}
            assert len(names) == len(set(names)), "a repeated parameter is merged by some clients"


def test_an_egfr_patient_gets_the_osimertinib_card(client: FlaskClient) -> None:
    response = client.post(PATIENT_VIEW, json=request(patient(), condition(), L858R))
    assert response.status_code == 200
    card = response.get_json()["cards"][0]
    assert card["summary"].startswith("EGFR L858R: EU-label options")
    assert "Tagrisso" in card["detail"]
    assert "2026-06-29" in card["detail"]
    assert "Observation/v1" in card["detail"]
    assert "sha256" in card["detail"]
    assert "signed off" in card["detail"]
    assert {"label": "Tagrisso: EU label", "type": "absolute"}.items() <= card["links"][
        [link["label"] for link in card["links"]].index("Tagrisso: EU label")
    ].items()
    assert response.headers["Cache-Control"] == "no-store"


def test_nothing_to_say_is_no_card(client: FlaskClient) -> None:
    heart = condition("I50.32", "http://hl7.org/fhir/sid/icd-10-cm")
    assert client.post(PATIENT_VIEW, json=request(patient(), heart)).json == {"cards": []}


def test_identifiers_are_new_at_every_call_and_topics_are_not(client: FlaskClient) -> None:
    body = request(patient(), condition(), L858R)
    first, second = (_cards(client, body) for _ in range(2))
    assert not {card["uuid"] for card in first} & {card["uuid"] for card in second}
    assert [card["source"]["topic"] for card in first] == [card["source"]["topic"] for card in second]


@pytest.mark.parametrize("missing", ["hook", "hookInstance", "context"])
def test_a_missing_member_is_400_and_named(client: FlaskClient, missing: str) -> None:
    body = request(patient(), condition())
    del body[missing]
    response = client.post(PATIENT_VIEW, json=body)
    assert response.status_code == 400
    assert missing in _diagnostics(response)


@pytest.mark.parametrize(
    "change",
    [
        {"hook": "order-sign"},
        {"hook": 1},
        {"context": {"patientId": "p1"}},
        {"context": {"userId": "Practitioner/1", "patientId": ""}},
        {"context": []},
        {"fhirAuthorization": {"access_token": "x"}},
        {"prefetch": []},
    ],
)
def test_a_malformed_envelope_is_400(client: FlaskClient, change: dict[str, Any]) -> None:
    assert client.post(PATIENT_VIEW, json=request(patient(), condition()) | change).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"[" * 5000])
def test_a_body_that_is_no_request_is_400(client: FlaskClient, body: bytes) -> None:
    assert client.post(PATIENT_VIEW, data=body, content_type="application/json").status_code == 400


def test_errors_never_repeat_what_was_sent(client: FlaskClient) -> None:
    body = request(patient(), condition()) | {"hook": "Mustermann", "hookInstance": {"name": "Mustermann"}}
    response = client.post(PATIENT_VIEW, json=body)
    assert response.status_code == 400
    assert "Mustermann" not in response.text


def test_unknown_members_and_extensions_are_accepted(client: FlaskClient) -> None:
    body = request(patient(), condition()) | {"extension": {"com.example": {"a": 1}}, "future": [None]}
    assert client.post(PATIENT_VIEW, json=body).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("post", "/cds-services/unknown", 404),
        ("get", "/nowhere", 404),
        ("get", PATIENT_VIEW, 405),
        ("post", "/cds-services", 405),
        ("delete", "/health", 405),
    ],
)
def test_wrong_paths_and_methods(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = getattr(client, method)(path, json=request(patient()))
    assert response.status_code == status
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_415(client: FlaskClient, content_type: str | None) -> None:
    body = json.dumps(request(patient(), condition()))
    assert client.post(PATIENT_VIEW, data=body, content_type=content_type).status_code == 415


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    body = request(patient(), condition()) | {"padding": "x" * 200_000}
    assert client.post(PATIENT_VIEW, json=body).status_code == 413


def _without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return body | {"prefetch": {key: value for key, value in body["prefetch"].items() if key not in keys}}


@pytest.mark.parametrize("key", ["conditions", "observations"])
def test_required_data_that_was_not_sent_is_412(client: FlaskClient, key: str) -> None:
    body = request(patient(), condition(), L858R)
    response = client.post(PATIENT_VIEW, json=_without(body, key))
    assert response.status_code == 412
    assert key in _diagnostics(response)


def test_no_prefetch_at_all_is_412(client: FlaskClient) -> None:
    body = request(patient())
    del body["prefetch"]
    assert client.post(PATIENT_VIEW, json=body).status_code == 412


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}


@pytest.mark.parametrize(
    "value",
    [FAILED, {"resourceType": "Bundle", "entry": [{"resource": FAILED, "search": {"mode": "outcome"}}]}, "text"],
)
def test_an_error_instead_of_data_is_not_an_empty_chart(client: FlaskClient, value: Any) -> None:
    body = request(patient(), condition())
    body["prefetch"]["observations"] = value
    assert client.post(PATIENT_VIEW, json=body).status_code == 412


EMPTY_EPIC_BUNDLE = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 0,
    "entry": [
        {
            "resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]},
            "search": {"mode": "outcome"},
        }
    ],
}


@pytest.mark.parametrize("nothing", [None, bundle(), EMPTY_EPIC_BUNDLE], ids=["null", "empty", "outcome entry"])
def test_known_empty_results_ask_for_the_tests(client: FlaskClient, nothing: Any) -> None:
    body = request(patient(), condition())
    body["prefetch"]["observations"] = nothing
    cards = _cards(client, body)
    assert len(cards) == 1
    assert cards[0]["summary"].startswith("NSCLC: test first")
    for analyte in ("EGFR", "ALK", "ROS1", "KRAS", "BRAF", "MET", "RET", "ERBB2"):
        assert f"**{analyte}**" in cards[0]["detail"]


def test_renamed_prefetch_keys_are_understood(client: FlaskClient) -> None:
    body = request(patient(), condition(), L858R)
    sent = body["prefetch"]
    body["prefetch"] = {"-user": None, "problemList": sent["conditions"], "labs": sent["observations"]}
    response = client.post(PATIENT_VIEW, json=body)
    assert response.status_code == 200
    assert response.get_json()["cards"][0]["summary"].startswith("EGFR L858R")


def test_another_patients_resources_in_the_prefetch_are_not_used(client: FlaskClient) -> None:
    foreign = L858R | {"subject": {"reference": "Patient/p2"}}
    cards = _cards(client, request(patient(), condition(), foreign))
    assert not any("L858R" in card["summary"] for card in cards)


def test_absolute_references_name_the_same_patient(client: FlaskClient) -> None:
    absolute = L858R | {"subject": {"reference": "https://ehr.example/api/FHIR/R4/Patient/p1"}}
    cards = _cards(client, request(patient(), condition(), absolute))
    assert cards[0]["summary"].startswith("EGFR L858R")


def test_an_unrecognised_tumour_is_said_and_opens_nothing(client: FlaskClient) -> None:
    unknown = condition() | {"code": {"text": "Carcinoma, see letter"}}
    cards = _cards(client, request(patient(), unknown, L858R))
    assert [card["source"]["topic"]["code"] for card in cards] == ["tumourUnclear"]


def test_health_and_readiness(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "alive"}
    ready = client.get("/ready").get_json()
    assert ready["status"] == "ready"
    assert ready["knowledge"]["release"].startswith("sha256:")
    assert ready["knowledge"]["stale"] == 0
    assert date.fromisoformat(ready["knowledge"]["curated"]) >= date(2026, 11, 23)
