"""Metrics: what is counted, who may see it, and that counters of several workers add up and never fall."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from cds_service import Advisor, Settings, create_app
from cds_service.metrics import KINDS, Metrics, Slots, card_kind
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import MetricsSettings
from cds_service.stages import STAGES
from cds_service.store import Store
from tests.cds_service.clients import PATH, claims, settings_of, signed
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant
from tests.running import FEEDBACK, PATIENT_VIEW, feedback_body

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
TOKEN = "a-token-of-sixteen-characters"


@pytest.fixture
def plain(advisor: Advisor, tmp_path: Path) -> FlaskClient:
    """A client whose answers need not be JSON."""
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}")
    metrics = Metrics()
    recorder = Recorder(store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0), metrics=metrics)
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder, metrics=metrics)
    return app.test_client()


def _samples(client: FlaskClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def test_answers_cards_stages_and_statuses_are_counted(plain: FlaskClient, advisor: Advisor) -> None:
    cards = plain.post(PATIENT_VIEW, json=BODY).get_json()["cards"]
    plain.post(PATIENT_VIEW, json=request(patient()) | {"prefetch": {}})
    plain.post(FEEDBACK, json=feedback_body("a"))
    found = _samples(plain)
    route = "/cds-services/<service_id>"
    by_labels = {tuple(sorted(labels)): value for (name, labels), value in found.items() if "requests_total" in name}
    assert by_labels[tuple(sorted((route, "patient-view", "200")))] == 1
    assert by_labels[tuple(sorted((route, "patient-view", "412")))] == 1
    shown = {labels: value for (name, labels), value in found.items() if name == "oncohooks_cards_total"}
    assert sum(shown.values()) == len(cards)
    assert not [labels for labels in shown if "other" in labels]
    stages = {label for name, labels in found if name == "oncohooks_stage_seconds_count" for label in labels}
    assert {"read", "map", "evaluate", "cards", "silence", "serialise"} <= stages
    assert stages - {"patient-view"} <= set(STAGES)
    assert found["oncohooks_facts_total", ("patient-view",)] > 0
    assert found["oncohooks_store_up", ()] == 1
    info = [labels for name, labels in found if name == "oncohooks_knowledge_info"]
    assert advisor.knowledge.release in info[0]


def test_failures_of_the_store_are_counted(advisor: Advisor) -> None:
    metrics = Metrics()
    down = Store("sqlite:////dev/null/x.sqlite")
    recorder = Recorder(down, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(days=1), metrics=metrics)
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder, metrics=metrics)
    client = app.test_client()
    client.post(PATIENT_VIEW, json=BODY)
    client.post(FEEDBACK, json=feedback_body("a"))
    recorder.close()
    found = _samples(client)
    assert found["oncohooks_store_failures_total", ("look-up",)] == 1
    assert found["oncohooks_store_failures_total", ("feedback",)] == 1
    assert found["oncohooks_decision_records_lost_total", ()] == 1
    assert found["oncohooks_store_up", ()] == 0


def test_a_token_that_the_store_cannot_tell_of_is_counted(advisor: Advisor) -> None:
    metrics = Metrics()
    down = Store("sqlite:////dev/null/x.sqlite")
    recorder = Recorder(down, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0), metrics=metrics)
    app = create_app(settings_of(), advisor=advisor, recorder=recorder, metrics=metrics)
    now = int(time.time())
    for token, status in ((signed(claims(iat=now, exp=now + 300)), 503), (signed(claims(exp=now - 1000)), 401)):
        answer = app.test_client().post(PATH, json=BODY, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
    recorder.close()
    assert _samples(app.test_client())["oncohooks_store_failures_total", ("token",)] == 1


def test_every_kind_of_card_is_known() -> None:
    assert [card_kind(f"{kind}EGFR") for kind in KINDS] == list(KINDS)
    assert card_kind("somethingNew") == "other"


def test_labels_are_names_of_our_own(plain: FlaskClient) -> None:
    plain.open("/cds-services/Mustermann?x=Mustermann", method="MUSTERMANN")
    plain.get("/Mustermann")
    plain.post("/cds-services/Mustermann", json=BODY)
    assert "mustermann" not in plain.get("/metrics").text.lower()


# --- who may see them -----------------------------------------------------------------------------------------------


def _page(advisor: Advisor, token: str | None) -> FlaskClient:
    settings = Settings(demo=True, metrics=MetricsSettings.model_validate({"token": token}))
    return create_app(settings, advisor=advisor, today=lambda: TODAY).test_client()


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 403), ("", 403)])
def test_without_a_token_only_this_machine_sees_them(advisor: Advisor, address: str, status: int) -> None:
    answer = _page(advisor, None).get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_a_proxy_on_this_machine_passes_on_is_not_of_this_machine(advisor: Advisor, header: str) -> None:
    assert _page(advisor, None).get("/metrics", headers={header: "10.0.0.7"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "status"), [(f"Bearer {TOKEN}", 200), ("Bearer wrong", 401), (TOKEN, 401), ("", 401), ("Bearer é", 401)]
)
def test_with_a_token_whoever_has_it_sees_them(advisor: Advisor, given: str, status: int) -> None:
    client = _page(advisor, TOKEN)
    answer = client.get("/metrics", headers={"Authorization": given}, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == status


def test_the_token_is_shown_nowhere() -> None:
    settings = Settings(metrics=MetricsSettings.model_validate({"token": TOKEN}))
    assert TOKEN not in f"{settings!r} {settings}"


# --- workers --------------------------------------------------------------------------------------------------------


def test_a_worker_takes_the_slot_of_one_that_ended() -> None:
    slots = Slots()
    assert [slots.take(worker) for worker in (1, 2, 3)] == [0, 1, 2]
    slots.free(2)
    assert slots.take(4) == 1
    assert slots.take(5) == 3
    slots.be(4)
    assert slots.mine == "1"


def test_metric_names_follow_the_conventions() -> None:
    text = Metrics().text("sha256:x", "1", True).decode()
    names = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    assert names
    for name, kind in names:
        assert name.startswith("oncohooks_")
        assert name.endswith("_seconds") or kind != "histogram"
