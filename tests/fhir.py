"""Synthetic FHIR R4 resources for tests."""

from __future__ import annotations

from typing import Any

LOINC = "http://loinc.org"
HGNC = {"EGFR": "HGNC:3236", "ALK": "HGNC:427", "ROS1": "HGNC:10261", "KRAS": "HGNC:6407", "BRAF": "HGNC:1097"}
HGNC |= {
    "MET": "HGNC:7029",
    "RET": "HGNC:9967",
    "ERBB2": "HGNC:3430",
    "ABL1": "HGNC:76",
    "BRCA1": "HGNC:1100",
    "KIT": "HGNC:6342",
}
PATIENT = "Patient/p1"

Json = dict[str, Any]


def coded(code: str, system: str = LOINC, display: str | None = None) -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]}


def component(code: str, value: Json | str) -> Json:
    shown = {"valueString": value} if isinstance(value, str) else {"valueCodeableConcept": value}
    return {"code": coded(code)} | shown


def hgvs(text: str) -> Json:
    return coded(text, "http://varnomen.hgvs.org")


def gene(symbol: str) -> Json:
    return component("48018-6", coded(HGNC[symbol], "http://www.genenames.org", symbol))


def observation(identifier: str, code: Json, **members: Any) -> Json:
    resource = {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": code,
        "subject": {"reference": PATIENT},
        "effectiveDateTime": "2026-10-01",
    }
    return resource | members


def variant(identifier: str, symbol: str, *components: Json, present: bool = True, **members: Any) -> Json:
    value = coded("LA9633-4", display="Present") if present else coded("LA9634-2", display="Absent")
    return observation(
        identifier,
        coded("69548-6"),
        valueCodeableConcept=value,
        component=[gene(symbol), *components],
        **members,
    )


def protein(text: str) -> Json:
    return component("48005-3", hgvs(text))


def coding_dna(text: str) -> Json:
    return component("48004-6", hgvs(text))


def variation(text: str) -> Json:
    return component("81252-9", {"text": text})


def pd_l1_tps(identifier: str, value: float, **quantity: Any) -> Json:
    return observation(
        identifier, coded("83053-9"), valueQuantity={"value": value, "unit": "%", "code": "%"} | quantity
    )


def condition(code: str = "254637007", system: str = "http://snomed.info/sct", **members: Any) -> Json:
    confirmed = {"verificationStatus": coded("confirmed", "http://terminology.hl7.org/CodeSystem/condition-ver-status")}
    resource = {
        "resourceType": "Condition",
        "id": "c1",
        "code": coded(code, system),
        "subject": {"reference": PATIENT},
        "recordedDate": "2026-09-01",
    }
    return resource | confirmed | members


def patient(born: str = "1961-04-12") -> Json:
    return {"resourceType": "Patient", "id": "p1", "birthDate": born, "gender": "female"}


def bundle(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource} for resource in resources]}


def request(*resources: Json, **members: Any) -> Json:
    """A patient-view request with the prefetch that the service asks for."""

    def of(*types: str) -> Json:
        return bundle(*(resource for resource in resources if resource["resourceType"] in types))

    people = [resource for resource in resources if resource["resourceType"] == "Patient"]
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {
            "patient": people[0] if people else None,
            "conditions": of("Condition"),
            "observations": of("Observation"),
            "reports": of("DiagnosticReport"),
        },
    }
    return body | members
