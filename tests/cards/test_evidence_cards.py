"""Evidence beyond the label is a card of its own, shown on request, and never reads as a label."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.settings import CardSettings
from tests.conftest import TODAY
from tests.fhir import patient, protein, request, variant
from tests.scenarios import tumour

ANAPLASTIC = request(patient(), tumour("C16.9"), variant("v1", "BRAF", protein("p.Val600Glu")))


def _cards(advisor: Advisor, **settings: Any) -> list[dict[str, Any]]:
    app = create_app(Settings(demo=True, cards=CardSettings(**settings)), advisor=advisor, today=lambda: TODAY)
    client: FlaskClient = app.test_client()
    return list(client.post("/cds-services/oncology-patient-view", json=ANAPLASTIC).get_json()["cards"])


def _evidence(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [card for card in cards if "CIViC" in card["source"]["label"]]


def test_it_is_shown_on_request_only(advisor: Advisor) -> None:
    assert not _evidence(_cards(advisor))
    (card,) = _evidence(_cards(advisor, evidence=True))
    assert card["indicator"] == "info"
    assert card["summary"].startswith("Evidence beyond the EU label, no recommendation: ")
    assert card["source"]["url"] == "https://civicdb.org"
    assert "EID" in card["detail"]
    assert "None of this is an EU indication." in card["detail"]


def test_it_offers_no_order_and_names_no_label(advisor: Advisor) -> None:
    (card,) = _evidence(_cards(advisor, evidence=True))
    assert "suggestions" not in card
    (link,) = card["links"]
    assert "/statements/civic" in link["url"].lower(), "its only link is the page of ours that explains it"
    assert "EU label of" not in card["detail"]
    assert "EU-label options" not in card["summary"]
