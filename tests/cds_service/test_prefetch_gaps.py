"""Any prefetch key removed, null, errored or paged: the answer is an error that names it, or says that data is missing.

A record from which something is missing never gives "not tested": a missing result is then one that was not sent.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.hooks import BY_HOOK
from cds_service.prefetch import NEEDS
from tests.fhir import bundle
from tests.scenarios import Scenario
from tests.test_scenarios import SCENARIOS

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
REMOVED = object()
NEXT_PAGE = bundle() | {"link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]}
GAPS: dict[str, Any] = {
    "removed": REMOVED,
    "null": None,
    "errored": OUTCOME,
    "errored inside a Bundle": bundle(OUTCOME),
    "paged": NEXT_PAGE,
}
#: What decides advice; without the others (therapies, procedures, orders) advice asks the clinician to verify more.
RESULTS = {need.key for need in NEEDS if need.completes}


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("key", [need.key for need in NEEDS])
def test_a_gap_is_said(client: FlaskClient, key: str, gap: str) -> None:
    answered = 0
    for scenario in SCENARIOS:
        response = client.post(f"/cds-services/{BY_HOOK[scenario.hook].id}", json=_with_gap(scenario, key, GAPS[gap]))
        if response.status_code == 412:
            assert key in response.get_json()["issue"][0]["diagnostics"]
            continue
        assert response.status_code == 200
        answered += 1
        if key in RESULTS:
            _check_words(response.get_json()["cards"])
    required = {need.key for need in NEEDS if need.required}
    assert answered == (
        0 if key in required and gap in ("removed", "errored", "errored inside a Bundle") else len(SCENARIOS)
    )


def _with_gap(scenario: Scenario, key: str, gap: Any) -> Any:
    body = scenario.request()
    body["prefetch"] = {need.key: None for need in NEEDS if not need.completes} | body["prefetch"]
    if gap is REMOVED:
        body["prefetch"].pop(key)
    else:
        body["prefetch"][key] = gap
    return body


def _check_words(cards: list[Any]) -> None:
    """A test is never said to be missing without saying that the record is incomplete."""
    for card in cards:
        if "test first" in card["summary"]:
            assert "incomplete record" in card["summary"] or "contraindicated while unknown" in card["summary"]
        assert "The record that was sent is incomplete." in card["detail"]
