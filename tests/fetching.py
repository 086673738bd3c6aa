"""Requests to a service that fetches, from a whole record to one with gaps of every kind."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from cds_service.hooks import SERVICES
from cds_service.prefetch import NEEDS
from cds_service.replay import comparable
from tests.fhir import PATIENT, coded, condition, patient, pd_l1_tps, protein, request, variant
from tests.fhir_server import TOKEN, FakeFhirServer, Json, outcome, searchset

#: Makes a client of a service that fetches; takes settings.
Service = Callable[..., FlaskClient]
#: Completes a request; takes the deadline in milliseconds, the limit in bytes, and prefetch.
Complete = Callable[..., Any]
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
SMALL_RECORD = RECORD[:3]
MEDICATION = {"resourceType": "Medication", "id": "m1", "code": coded("L01EB02", ATC)}
DRAFT = of_patient("MedicationRequest", "d1", status="draft", intent="order", medicationCodeableConcept=ALECTINIB)


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


def ids(fetched: Any, key: str = "observations") -> list[str]:
    value = fetched.body["prefetch"].get(key) or {}
    return [entry["resource"]["id"] for entry in value.get("entry", ())]


def many(number: int) -> list[Json]:
    return [variant(f"v{index}", "EGFR") for index in range(number)]


def answers(status: int, body: Json | bytes, content_type: str = "application/fhir+json", **headers: str) -> Any:
    return lambda exchange: exchange.send(status, body, content_type, **headers)
