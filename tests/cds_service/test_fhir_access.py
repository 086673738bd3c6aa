"""When the FHIR server is asked, for which Medications, and what is kept of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cds_service import Advisor, Settings, create_app
from cds_service.cli import main
from cds_service.fetching import Fetcher
from cds_service.recording import recorder_for
from tests.conftest import TODAY
from tests.fetching import (
    ALECTINIB,
    PATIENT_VIEW,
    Service,
    cards,
    full_request,
    of_patient,
    refused,
    without,
)
from tests.fhir_server import TOKEN, Exchange, FakeFhirServer, Json, outcome, searchset

# --- Medications -----------------------------------------------------------------------------------------------------


def order_sign(server: FakeFhirServer, medication: Json, *others: Json) -> Json:
    body = full_request("order-sign", server)
    draft = of_patient("MedicationRequest", "d1", status="draft", intent="order") | medication
    body["context"]["draftOrders"] = searchset(draft, *others)
    return body


def test_the_medication_of_a_draft_is_fetched_and_the_draft_is_not(service: Service, server: FakeFhirServer) -> None:
    client = service()
    expected = cards(client, order_sign(server, {"medicationCodeableConcept": ALECTINIB}))
    assert expected
    server.resources.append({"resourceType": "Medication", "id": "m9.x_y", "code": ALECTINIB})
    for reference in ("Medication/m9.x_y", f"{server.base}/Medication/m9.x_y", "Medication/m9.x_y/_history/3"):
        server.seen.clear()
        shown = cards(client, order_sign(server, {"medicationReference": {"reference": reference}}))
        assert [card["summary"] for card in shown] == [card["summary"] for card in expected]
        assert [seen.path for seen in server.seen] == ["/fhir/R4/Medication/m9.x_y"]


def test_a_medication_that_came_along_is_not_fetched(service: Service, server: FakeFhirServer) -> None:
    medication = {"resourceType": "Medication", "id": "m9", "code": ALECTINIB}
    cards(service(), order_sign(server, {"medicationReference": {"reference": "Medication/m9"}}, medication))
    assert not server.seen


@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example/fhir/R4/Medication/m1",
        "http://169.254.169.254/Medication/m1",
        "//evil.example/Medication/m1",
        "Medication/../Patient/p1",
        "Medication/..",
        "Medication/m1?x=1",
        "Medication/m1#x",
        "Medication/m%2f1",
        "Patient/p1",
        "Medication",
        "urn:uuid:5f9a",
        "#contained",
        "Medication/" + "x" * 300,
    ],
)
def test_other_references_are_not_followed(service: Service, server: FakeFhirServer, reference: str) -> None:
    cards(service(), order_sign(server, {"medicationReference": {"reference": reference, "display": "osimertinib"}}))
    assert not server.seen


def test_absolute_references_that_only_look_like_the_server(service: Service, server: FakeFhirServer) -> None:
    port = server.origin.rpartition(":")[2]
    for reference in (
        f"http://127.0.0.1:{port}@evil.example/fhir/R4/Medication/m1",
        f"http://127.0.0.1:{port}.evil.example/fhir/R4/Medication/m1",
        f"{server.origin}/fhir/R4x/Medication/m1",
        f"{server.origin}\\@evil.example/fhir/R4/Medication/m1",
        f"https://127.0.0.1:{port}/fhir/R4/Medication/m1",
    ):
        cards(service(), order_sign(server, {"medicationReference": {"reference": reference}}))
    assert not server.seen


def test_medications_of_the_record_are_bounded(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    body["prefetch"]["medicationRequests"] = searchset(
        *(
            of_patient(
                "MedicationRequest",
                f"o{number}",
                status="completed",
                intent="order",
                medicationReference={"reference": f"Medication/m{number}"},
            )
            for number in range(50)
        )
    )
    cards(service(), body)
    assert len(server.seen) == 20


# --- when the server may be asked ------------------------------------------------------------------------------------


def lacking(server: FakeFhirServer, **members: Any) -> Json:
    body = full_request("patient-view", server)
    without(body, "observations")
    return body | members


@pytest.mark.parametrize(
    "fhir_server",
    [
        "https://ehr.example/fhir",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1@evil.example/fhir",
        "http://127.0.0.1.evil.example/fhir",
        "http://127.1/fhir",
        "http://2130706433/fhir",
        "http://0.0.0.0/fhir",
        "file:///etc/passwd",
        "http://127.0.0.1/fhir?x=",
        "http://127.0.0.1/fhir#",
        "http://127.0.0.1/fhir/../admin",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1\r\nX: y/",
        "http://[::1/fhir",
        "http://127.0.0.1:99999/fhir",
        "http:///fhir",
        "127.0.0.1",
    ],
)
def test_in_demo_mode_only_this_machine_is_asked(service: Service, server: FakeFhirServer, fhir_server: str) -> None:
    text = refused(service(), lacking(server, fhirServer=fhir_server))
    assert "Nothing was fetched: the fhirServer is not one that this client may name." in text
    assert fhir_server not in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"access_token": None}, "holds no bearer token"),
        ({"access_token": ""}, "holds no bearer token"),
        ({"access_token": "a\r\nX-Evil: b"}, "holds no bearer token"),
        ({"access_token": {"a": 1}}, "holds no bearer token"),
        ({"token_type": "MAC"}, "holds no bearer token"),
        ({"expires_in": 0}, "the access token has expired"),
        ({"expires_in": -5}, "the access token has expired"),
        ({"expires_in": "0"}, "the access token has expired"),
    ],
)
def test_a_token_that_cannot_be_used_is_not_sent(
    service: Service, server: FakeFhirServer, change: Json, reason: str
) -> None:
    body = lacking(server)
    body["fhirAuthorization"] |= change
    assert reason in refused(service(), body)
    assert not server.seen


@pytest.mark.parametrize(
    "change", [{"expires_in": "soon"}, {"expires_in": None}, {"token_type": "bearer"}, {"scope": 1}]
)
def test_what_is_odd_about_a_token_is_left_to_the_server(
    service: Service, server: FakeFhirServer, change: Json
) -> None:
    body = lacking(server)
    body["fhirAuthorization"] |= change
    assert cards(service(), body)


def test_an_open_server_is_asked_only_if_the_settings_say_so(service: Service, server: FakeFhirServer) -> None:
    server.required_token = None
    body = lacking(server)
    del body["fhirAuthorization"]
    assert "there is no fhirAuthorization" in refused(service(), body)
    assert not server.seen
    assert cards(service(open_fhir_servers=True), body)
    assert all("Authorization" not in seen.headers for seen in server.seen)


def test_a_wrong_token_is_a_refusal_of_the_server(service: Service, server: FakeFhirServer) -> None:
    server.required_token = "another"
    assert "observations (status 401 (login))" in refused(service(), lacking(server))


def test_the_token_is_in_no_log_and_no_error(
    service: Service, server: FakeFhirServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.faults["Observation"] = lambda exchange: exchange.send(500, outcome("exception"))
    text = refused(service(), lacking(server))
    assert "observations (status 500 (exception))" in caplog.text
    for shown in (text, caplog.text):
        assert TOKEN not in shown
        assert "p1" not in shown


def forbidden(exchange: Exchange) -> None:
    exchange.send(403, outcome("forbidden"))


# --- what is kept of it ----------------------------------------------------------------------------------------------


def test_the_decision_record_names_the_fetched_keys(advisor: Advisor, server: FakeFhirServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oncohooks.sqlite'}"
    settings = Settings(demo=True, fhir_deadline_ms=10_000, store=url, state_dir=tmp_path)
    fetcher, recorder = Fetcher(settings), recorder_for(settings, advisor.knowledge.release)
    app = create_app(settings, advisor=advisor, today=lambda: TODAY, recorder=recorder, fetcher=fetcher)
    server.faults["Procedure"] = forbidden
    body = full_request("patient-view", server)
    without(body, "observations")
    without(body, "procedures")
    answered = app.test_client().post(f"/cds-services/{PATIENT_VIEW}", json=body).get_json()
    recorder.close()
    fetcher.close()
    decision = recorder.store.decision_of_card(answered["cards"][0]["uuid"])
    recorder.store.close()
    assert decision is not None
    assert (decision.fetched, decision.not_fetched) == (("observations",), ("procedures",))
    shown = CliRunner().invoke(main, ["explain", answered["cards"][0]["uuid"]], env={"ONCOHOOKS_STORE": url})
    assert "fetched from the FHIR server: observations" in shown.output
    assert "could not be fetched: procedures" in shown.output
    assert TOKEN not in (tmp_path / "oncohooks.sqlite").read_bytes().decode(errors="replace")


def test_authorities_that_are_none_are_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "authorities.pem"
    with pytest.raises(ValueError, match="ca_bundle"):
        Settings(ca_bundle=file)
    file.write_text("no certificate", encoding="ascii")
    with pytest.raises(ValueError, match="holds no certificates"):
        Settings(ca_bundle=file)
