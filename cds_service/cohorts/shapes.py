"""The FHIR shapes of an invented patient's resources."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
HGNC = "http://www.genenames.org/geneId"
HGVS = "http://varnomen.hgvs.org"
UCUM = "http://unitsofmeasure.org"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SEQUENCE = "http://www.sequenceontology.org"
GENETICS = "http://hl7.org/fhir/StructureDefinition/observation-genetics"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"

#: Systems by the short names that the code tables use; others are used as they are.
_SYSTEMS = {
    "loinc.org": LOINC,
    "sct": SNOMED,
    "Thesaurus.owl": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "tbd-codes": "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs",
}


def system_of(name: str) -> str:
    """The address of a code system that a code table names by the end of its address."""
    return _SYSTEMS.get(name, f"https://example.org/CodeSystem/{name}")


def coded(system: str, code: str, display: str | None = None) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def text(words: str) -> Json:
    """A CodeableConcept of words alone."""
    return {"text": words}


def quantity(value: float, unit: str | None) -> Json:
    """A Quantity, with its unit as UCUM if it has one."""
    return {"value": value} | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})


def component(code: str, value: Json | str) -> Json:
    """A component by LOINC code: coded, or a string."""
    name = "valueString" if isinstance(value, str) else "valueCodeableConcept"
    return {"code": coded(LOINC, code), name: value}


def observation(code: Json, day: str, **members: Any) -> Json:
    """A final laboratory result."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [coded(_CATEGORY, "laboratory")],
        "code": code,
        "effectiveDateTime": day,
        **members,
    }


def variant(day: str, components: list[Json], value: Json | None, **members: Any) -> Json:
    """A variant of the Genomics Reporting guide (LOINC 69548-6)."""
    found = {"valueCodeableConcept": value} if value else {}
    made = observation(coded(LOINC, "69548-6", "Genetic variant assessment"), day, component=components, **found)
    made["category"].append(coded(_SECTION, "GE"))
    return made | members


def condition(code: Json, day: str, **members: Any) -> Json:
    """A confirmed, active diagnosis."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": coded(_CLINICAL, "active"),
        "verificationStatus": coded(_VERIFIED, "confirmed"),
        "code": code,
        "recordedDate": day,
        **members,
    }
