"""Requests as Epic sends them give the cards that the standard request gives; answers speak its dialect."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.dialects import DIALECTS
from cds_service.hooks import BY_HOOK
from tests.fhir import bundle
from tests.scenarios import Scenario
from tests.test_scenarios import SCENARIOS

BASE = "https://ehr.example/interconnect/api/FHIR/R4"
LONG = "eAB3mDIBBcyUKviyzrxsnAw3.OBf7vWMxXzHlrjfv0Iq2mz9Sh1LkTq0dPwG8bRuN5c3"
KEYS = {"conditions": "problemList", "observations": "-labs", "reports": "diagReports", "patient": "pat"}
OIDS = {
    "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
}
NOTHING_FOUND = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "warning", "code": "processing", "details": {"text": "Resource request returns no results."}}
    ],
}
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
EMPTY |= {"entry": [{"resource": NOTHING_FOUND, "search": {"mode": "outcome"}}]}


def _as_epic_sends_it(body: dict[str, Any]) -> dict[str, Any]:
    sent = _spoken(copy.deepcopy(body))
    sent["prefetch"] = {KEYS.get(key, key): _bundle(value) for key, value in sent["prefetch"].items()}
    if "draftOrders" in sent["context"]:
        sent["context"]["draftOrders"] = _with_medications(sent["context"]["draftOrders"])
    sent["extension"] = {"com.epic.cdshooks.request.bpa-trigger-action": "23", "internalTest": True}
    return sent


def _spoken(value: Any) -> Any:
    """Absolute references, long ids with dots, code systems by object identifier."""
    if isinstance(value, list):
        return [_spoken(item) for item in value]
    if not isinstance(value, dict):
        return value
    spoken = {name: _spoken(inner) for name, inner in value.items()}
    if isinstance(spoken.get("reference"), str):
        spoken["reference"] = f"{BASE}/{spoken['reference']}.{LONG}"
    if "resourceType" in spoken and "id" in spoken:
        spoken["id"] = f"{spoken['id']}.{LONG}"
    if spoken.get("system") in OIDS:
        spoken["system"] = OIDS[spoken["system"]]
    if "patientId" in spoken:
        spoken["patientId"] = f"{spoken['patientId']}.{LONG}"
    if "selections" in spoken:
        spoken["selections"] = [f"{selected}.{LONG}" for selected in spoken["selections"]]
    return spoken


def _bundle(value: Any) -> Any:
    is_empty = isinstance(value, dict) and value.get("resourceType") == "Bundle" and not value.get("entry")
    return EMPTY if is_empty else value


def _with_medications(drafts: dict[str, Any]) -> dict[str, Any]:
    """The medicine of each draft as a Medication of its own beside it, named by absolute reference."""
    entries = []
    for number, entry in enumerate(drafts["entry"]):
        order = dict(entry["resource"])
        concept = order.pop("medicationCodeableConcept")
        order["medicationReference"] = {"reference": f"{BASE}/Medication/med{number}.{LONG}"}
        entries += [order, {"resourceType": "Medication", "id": f"med{number}.{LONG}", "code": concept}]
    return bundle(*entries)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.hook}: {scenario.name}")
def test_the_cards_are_the_same(client: FlaskClient, scenario: Scenario) -> None:
    path = f"/cds-services/{BY_HOOK[scenario.hook].id}"
    bodies = (scenario.request(), _as_epic_sends_it(scenario.request()))
    usual, epic = (client.post(path, json=body).get_json()["cards"] for body in bodies)
    assert [_essence(card) for card in epic] == [_essence(card) for card in usual]


def _essence(card: dict[str, Any]) -> tuple[Any, ...]:
    kinds = [suggestion["actions"][0]["type"] for suggestion in card.get("suggestions", [])]
    return card["summary"], card["indicator"], card["source"]["topic"]["code"], kinds


def test_what_is_suggested_to_epic_names_code_systems_by_identifier_and_has_one_action(client: FlaskClient) -> None:
    speak = DIALECTS["epic"]
    seen = set()
    for scenario in SCENARIOS:
        cards = client.post(f"/cds-services/{BY_HOOK[scenario.hook].id}", json=scenario.request()).get_json()["cards"]
        for card in map(speak, cards):
            assert re.fullmatch(r"[A-Za-z0-9]{1,100}", card["source"]["topic"]["code"])
            assert card.get("selectionBehavior", "any") == "any"
            for suggestion in card.get("suggestions", []):
                (action,) = suggestion["actions"]
                assert action["description"]
                concept = action.get("resource", {}).get("code") or {}
                seen |= {coding["system"] for coding in concept.get("coding", [])}
    assert seen == {"urn:oid:2.16.840.1.113883.6.1"}


def test_the_standard_dialect_changes_nothing() -> None:
    card = {"suggestions": [{"actions": [{"resource": {"code": {"coding": [{"system": "http://loinc.org"}]}}}]}]}
    assert DIALECTS["standard"](card) == card
