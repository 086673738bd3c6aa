"""What prefetch lacks is fetched: the advice is that of a full prefetch, and honest where it cannot be."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.cli import main
from cds_service.fetching import Fetcher
from cds_service.hooks import SERVICES
from cds_service.prefetch import NEEDS, Need
from cds_service.recording import recorder_for
from cds_service.replay import comparable
from tests.conftest import TODAY, ConformingClient
from tests.fhir import PATIENT, coded, condition, patient, pd_l1_tps, protein, request, variant
from tests.fhir_server import TOKEN, Exchange, FakeFhirServer, Json, outcome, searchset

ATC = "http://www.whocc.no/atc"
ALECTINIB, GEFITINIB = coded("L01ED03", ATC), coded("L01EB01", ATC)
PATIENT_VIEW = "oncology-patient-view"
INCOMPLETE = "record that was sent is incomplete"


def of_patient(kind: str, identifier: str, **members: Any) -> Json:
    return {"resourceType": kind, "id": identifier, "subject": {"reference": PATIENT}} | members


ALK_NEGATIVE = variant("v2", "ALK", present=False)
RECORD: list[Json] = [
    patient(),
    condition(),
    variant("v1", "EGFR", protein("NP_005219.2:p.Leu858Arg")),
    ALK_NEGATIVE,
    pd_l1_tps("e1", 60),
    of_patient("DiagnosticReport", "r1", status="final", code=coded("51969-4")),
    of_patient("MedicationStatement", "s1", status="completed", medicationCodeableConcept=GEFITINIB),
    of_patient(
        "MedicationRequest",
        "o1",
        status="completed",
        intent="order",
        medicationReference={"reference": "Medication/m1"},
    ),
    of_patient("MedicationAdministration", "a1", status="completed", medicationCodeableConcept=coded("L01XA01", ATC)),
    of_patient(
        "Procedure", "p1", status="completed", code=coded("1287742003", "http://snomed.info/sct", "Radiotherapy")
    ),
    of_patient("ServiceRequest", "t1", status="active", intent="order", code={"text": "ROS1 fusion"}),
]
MEDICATION = {"resourceType": "Medication", "id": "m1", "code": coded("L01EB02", ATC)}
DRAFT = of_patient("MedicationRequest", "d1", status="draft", intent="order", medicationCodeableConcept=ALECTINIB)


@pytest.fixture
def server() -> Iterator[FakeFhirServer]:
    fake = FakeFhirServer([*copy.deepcopy(RECORD), MEDICATION])
    yield fake
    fake.close()


Service = Callable[..., FlaskClient]


@pytest.fixture
def service(advisor: Advisor, server: FakeFhirServer) -> Iterator[Service]:
    """Makes a client of a service that fetches, in demo mode."""
    fetchers = []

    def make(**settings: Any) -> FlaskClient:
        chosen = Settings(demo=True, **({"fhir_deadline_ms": 10_000} | settings))
        fetchers.append(Fetcher(chosen))
        app = create_app(chosen, advisor=advisor, today=lambda: TODAY, fetcher=fetchers[-1])
        app.test_client_class = ConformingClient
        return app.test_client()

    yield make
    server.released.set()
    for fetcher in fetchers:
        fetcher.close()


def full_request(hook: str, server: FakeFhirServer) -> Json:
    """A request whose prefetch holds the whole record, and which names the server."""
    of_kind = {need.key: [r for r in RECORD if r["resourceType"] == need.resource_type] for need in NEEDS}
    prefetch: Json = {key: searchset(*resources) for key, resources in of_kind.items()}
    prefetch["patient"] = of_kind["patient"][0]
    prefetch["medicationRequests"]["entry"].append({"resource": MEDICATION})
    body = request(hook=hook, prefetch=copy.deepcopy(prefetch)) | access(server)
    if hook != "patient-view":
        body["context"] |= {"draftOrders": searchset(DRAFT), "selections": ["MedicationRequest/d1"]}
    return body


def access(server: FakeFhirServer) -> Json:
    authorization = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "Patient.Read (R4) Observation.Search (Labs) (R4)",
        "subject": "client",
    }
    return {"fhirServer": server.base, "fhirAuthorization": authorization}


def cards(client: FlaskClient, body: Json) -> list[Json]:
    service = next(service for service in SERVICES.values() if service.hook == body["hook"])
    response = client.post(f"/cds-services/{service.id}", json=body)
    assert response.status_code == 200, response.text
    return [comparable(card) for card in response.get_json()["cards"]]


def refused(client: FlaskClient, body: Json) -> str:
    """The text of a 412."""
    response = client.post(f"/cds-services/{PATIENT_VIEW}", json=body)
    assert response.status_code == 412, response.text
    return str(response.get_json()["issue"][0]["diagnostics"])


def without(body: Json, key: str) -> None:
    del body["prefetch"][key]


def null(body: Json, key: str) -> None:
    body["prefetch"][key] = None


def failed(body: Json, key: str) -> None:
    body["prefetch"][key] = outcome("exception")


def failed_in_a_bundle(body: Json, key: str) -> None:
    body["prefetch"][key] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": outcome("timeout")}]}


def failed_halfway(body: Json, key: str) -> None:
    """The first resource came, then an error."""
    value = body["prefetch"][key]
    entries = value["entry"][:1] if value["resourceType"] == "Bundle" else []
    body["prefetch"][key] = searchset() | {"entry": [*entries, {"resource": outcome("timeout")}]}


def paged(body: Json, key: str) -> None:
    """The first resource came, and the address of the next page of the same search."""
    value = body["prefetch"][key]
    if value["resourceType"] != "Bundle":
        return
    need = next(need for need in NEEDS if need.key == key)
    query = need.template.replace("{{context.patientId}}", "p1").replace("|", "%7C")
    value["entry"] = value["entry"][:1]
    value["link"] = [{"relation": "next", "url": f"{body['fhirServer']}/{query}&page=1"}]


STATES = [without, null, failed, failed_in_a_bundle, failed_halfway, paged]
HOOKS = [service.hook for service in SERVICES.values()]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.key)
def test_the_advice_is_that_of_a_full_prefetch(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None], hook: str
) -> None:
    client = service()
    body = full_request(hook, server)
    expected = cards(client, body)
    assert expected
    assert not server.seen, "nothing was missing"
    state(body, need.key)
    assert cards(client, body) == expected
    assert all(seen.headers["Authorization"] == f"Bearer {TOKEN}" for seen in server.seen)
    assert all(seen.headers["Accept"] == "application/fhir+json" for seen in server.seen)
    assert (need.key, state) == ("patient", paged) or server.asked_for(need.resource_type) or state is paged


@pytest.mark.parametrize("hook", HOOKS)
def test_no_prefetch_at_all_is_no_difference(service: Service, server: FakeFhirServer, hook: str) -> None:
    client = service()
    body = full_request(hook, server)
    expected = cards(client, body)
    del body["prefetch"]
    assert cards(client, body) == expected
    assert {seen.path.rpartition("/")[2] for seen in server.seen} >= {need.resource_type for need in NEEDS[1:]}


@pytest.mark.parametrize("page_size", [1, 2])
def test_pages_of_what_is_fetched_are_followed(service: Service, server: FakeFhirServer, page_size: int) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    server.page_size = page_size
    del body["prefetch"]
    assert cards(client, body) == expected
    assert len(server.asked_for("Observation")) > 1


def test_the_query_is_encoded(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    without(body, "observations")
    cards(service(), body)
    [seen] = server.asked_for("Observation")
    assert seen.raw == (
        "/fhir/R4/Observation?patient=p1&category=laboratory,"
        "http://terminology.hl7.org/CodeSystem/v2-0074%7CGE&_sort=-date&_count=500"
    )


@pytest.mark.parametrize("patient_id", ["..", "../Observation", "p1?x=1", "p1&_count=1", "p 1", "x" * 300, "p1%2f.."])
def test_a_patient_id_that_is_none_is_sent_nowhere(service: Service, server: FakeFhirServer, patient_id: str) -> None:
    body = full_request("patient-view", server)
    del body["prefetch"]
    body["context"]["patientId"] = patient_id
    assert "conditions (the patientId is no FHIR id)" in refused(service(), body)
    assert not server.seen


@pytest.mark.parametrize("patient_id", ["p1", "Patient/p1", "https://ehr.example/fhir/Patient/p1"])
def test_a_patient_may_be_named_by_a_reference(service: Service, server: FakeFhirServer, patient_id: str) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = [card["summary"] for card in cards(client, body)]
    del body["prefetch"]
    body["context"]["patientId"] = patient_id
    assert [card["summary"] for card in cards(client, body)] == expected


# --- where the server does not have it either ------------------------------------------------------------------------


def forbidden(exchange: Exchange) -> None:
    exchange.send(403, outcome("forbidden"))


@pytest.mark.parametrize("state", STATES[:4], ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.key)
def test_what_cannot_be_fetched_is_refused_or_named(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None]
) -> None:
    body = full_request("patient-view", server)
    state(body, need.key)
    server.faults[need.resource_type] = forbidden
    if need.required and state is not null:
        assert f"{need.key} (status 403 (forbidden))" in refused(service(), body)
        return
    shown = cards(service(), body)
    assert shown
    for card in shown:
        assert f"Not received, or not in full: {need.name}." in card["detail"]
        assert not need.completes or INCOMPLETE in card["detail"]


@pytest.mark.parametrize("state", [failed_halfway, paged], ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", [need for need in NEEDS if need.key != "patient"], ids=lambda need: need.key)
def test_what_came_in_part_is_used_and_called_incomplete(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None]
) -> None:
    body = full_request("patient-view", server)
    state(body, need.key)
    server.faults[need.resource_type] = forbidden
    for card in cards(service(), body):
        assert INCOMPLETE in card["detail"]
        assert f"Not received, or not in full: {need.name}." in card["detail"]


def test_a_missing_page_of_results_never_says_not_tested(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    paged(body, "observations")
    server.faults["Observation"] = forbidden
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "no result sent in an incomplete record" in tests["summary"]


def test_nothing_on_the_server_is_an_answer(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    null(body, "observations")
    server.resources = [resource for resource in server.resources if resource["resourceType"] != "Observation"]
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "NSCLC: test first, no result for" in tests["summary"]
    assert INCOMPLETE not in tests["detail"]


def test_an_empty_answer_in_epics_form_is_an_answer(service: Service, server: FakeFhirServer) -> None:
    nothing = {"resource": outcome("processing", "warning"), "search": {"mode": "outcome"}}
    server.faults["Observation"] = lambda exchange: exchange.send(200, searchset() | {"entry": [nothing]})
    body = full_request("patient-view", server)
    without(body, "observations")
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "NSCLC: test first, no result for" in tests["summary"]
    assert INCOMPLETE not in tests["detail"]


def test_absolute_references_are_followed_by_the_reader(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    for resource in server.resources:
        if "subject" in resource:
            resource["subject"] = {"reference": f"{server.base}/{PATIENT}"}
    del body["prefetch"]
    assert cards(client, body) == expected


def test_renamed_keys_are_not_fetched_again(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    prefetch = body["prefetch"]
    prefetch["problemList"], prefetch["labs"] = prefetch.pop("conditions"), prefetch.pop("observations")
    assert cards(client, body) == expected
    assert not server.seen
    prefetch["labs"] = outcome("exception")
    assert cards(client, body) == expected, "an error under another key is made good too"
    assert [seen.path for seen in server.seen] == ["/fhir/R4/Observation"]


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


# --- lists that a server cut off without saying so -------------------------------------------------------------------


def cut_off(number: int) -> Callable[[Exchange], None]:
    """A server that gives the first results, counts them all, and names no further page."""

    def handle(exchange: Exchange) -> None:
        found = [resource for resource in RECORD if resource["resourceType"] == "Observation"]
        exchange.send(200, searchset(*found[:number]) | {"total": len(found)})

    return handle


def test_fewer_results_than_counted_are_not_all(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    whole = body["prefetch"]["observations"]
    body["prefetch"]["observations"] = whole | {"entry": whole["entry"][:1]}
    assert cards(client, body) == expected, "the server has the rest"
    server.faults["Observation"] = cut_off(1)
    shown = cards(client, body)
    del body["prefetch"]["observations"]
    for answered in (shown, cards(client, body)):
        for card in answered:
            assert INCOMPLETE in card["detail"]
            assert "Not received, or not in full: results." in card["detail"]


def test_what_a_search_included_is_not_counted(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    medications = body["prefetch"]["medicationRequests"]
    medications["entry"][-1]["search"] = {"mode": "include"}
    assert medications["total"] == len(medications["entry"]) - 1
    cards(service(), body)
    assert not server.seen


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
