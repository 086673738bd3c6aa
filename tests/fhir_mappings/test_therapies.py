"""Given, ordered, recommended, denied: which medication and procedure resources are therapies of the patient."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from fhir_mappings.therapy_rules import TherapyRules
from knowledge import Fact, Kind
from tests.fhir import PATIENT, Json, bundle, coded, patient

ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
OPS = "http://fhir.de/CodeSystem/bfarm/ops"
MII = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/"
MTB = "https://www.medizininformatik-initiative.de/fhir/ext/modul-mtb/"
CVX = "http://hl7.org/fhir/sid/cvx"


def medication(type_name: str = "MedicationStatement", /, **members: Any) -> Json:
    resource = {
        "resourceType": type_name,
        "id": "m1",
        "status": "completed",
        "medicationCodeableConcept": coded("L01EB01", ATC, "Gefitinib"),
        "subject": {"reference": PATIENT},
    }
    return resource | members


def order(**members: Any) -> Json:
    return medication("MedicationRequest", **({"intent": "order", "status": "active"} | members))


def procedure(code: Json | None, **members: Any) -> Json:
    resource = {"resourceType": "Procedure", "id": "x1", "status": "completed", "subject": {"reference": PATIENT}}
    return resource | ({"code": code} if code else {}) | members


def read(advisor: Advisor, *resources: Json) -> PatientRecord:
    return advisor.record(bundle(patient(), *resources))


def therapies(advisor: Advisor, *resources: Json) -> list[Fact]:
    return [fact for fact in read(advisor, *resources).facts if fact.kind is Kind.THERAPY]


def summary(fact: Fact) -> tuple[str | None, str, str | None]:
    return fact.inn or fact.marker, fact.state.value, fact.status


@pytest.mark.parametrize(
    ("resource", "state", "status"),
    [
        (medication(), "present", "completed"),
        (medication(status="active"), "present", "active"),
        (medication(status="stopped"), "present", "stopped"),
        (medication(status="final"), "present", "completed"),
        (medication(status="complete"), "present", "completed"),
        (medication(status="not-taken"), "absent", "not-taken"),
        (medication(status="unknown"), "unknown", "unknown"),
        (medication(status="example-status"), "unknown", "example-status"),
        (medication(status=None), "unknown", None),
        (medication("MedicationAdministration", status="in-progress"), "present", "in-progress"),
        (medication("MedicationDispense"), "present", "completed"),
        (medication("MedicationDispense", status="in-progress"), "unknown", "in-progress dispense"),
        (order(), "unknown", "active request"),
        (order(status="on-hold"), "unknown", "on-hold request"),
        (order(status="completed"), "present", "completed"),
        (order(status="stopped"), "present", "stopped"),
        (order(status="completed", intent="filler-order"), "present", "completed"),
        (order(status="completed", intent=None), "unknown", "completed"),
    ],
)
def test_received_ordered_or_denied(advisor: Advisor, resource: Json, state: str, status: str | None) -> None:
    assert [summary(fact) for fact in therapies(advisor, resource)] == [("gefitinib", state, status)]


@pytest.mark.parametrize(
    "resource",
    [
        medication(status="entered-in-error"),
        medication(status="intended"),
        medication("MedicationAdministration", status="not-done"),
        medication("MedicationDispense", status="declined"),
        order(intent="proposal"),
        order(intent="plan"),
        order(intent="option", status="completed"),
        order(status="draft"),
        order(status="cancelled"),
        order(status="completed", doNotPerform=True),
        {"resourceType": "Claim", "id": "c", "status": "active", "item": [{"productOrService": coded("L01EB01", ATC)}]},
        {"resourceType": "Task", "id": "t", "status": "requested", "description": "gefitinib"},
        {
            "resourceType": "CarePlan",
            "id": "p",
            "activity": [{"detail": {"productCodeableConcept": {"text": "gefitinib"}}}],
        },
    ],
)
def test_plans_recommendations_and_withdrawn_entries_are_no_therapies(advisor: Advisor, resource: Json) -> None:
    record = read(advisor, resource)
    assert [fact for fact in record.facts if fact.kind is Kind.THERAPY] == []
    assert record.unread == ()


def test_an_order_says_that_it_is_no_proof(advisor: Advisor) -> None:
    [fact] = therapies(advisor, order())
    assert fact.warnings == ("ordered; nothing here says that it was received",)


def test_a_typing_error_of_a_status_is_remarked(advisor: Advisor) -> None:
    [fact] = therapies(advisor, medication(status="final"))
    assert fact.warnings == ("status final was read as completed",)


@pytest.mark.parametrize(
    ("members", "date"),
    [
        ({"effectivePeriod": {"start": "2021-07-05", "end": "2021-09-05"}, "dateAsserted": "2024-01-01"}, "2021-09-05"),
        ({"effectivePeriod": {"start": "2021-07-05"}, "dateAsserted": "2024-01-01"}, "2021-07-05"),
        ({"effectiveDateTime": "2021-07", "dateAsserted": "2024-01-01"}, "2021-07"),
        ({"effectiveDateTime": "July", "dateAsserted": "2024-01-01"}, "2024-01-01"),
        ({}, None),
    ],
)
def test_the_date_is_the_end_else_the_start_else_the_assertion(
    advisor: Advisor, members: Json, date: str | None
) -> None:
    [fact] = therapies(advisor, medication(**members))
    assert fact.date == date


def test_a_combination_in_one_concept_is_one_fact_each(advisor: Advisor) -> None:
    concept = {"coding": [{"system": ATC, "code": "L01CD01"}, {"system": ATC, "code": "L01XA02"}]}
    facts = therapies(advisor, medication(medicationCodeableConcept=concept))
    assert [fact.inn for fact in facts] == ["paclitaxel", "carboplatin"]
    assert {(fact.source.reference, fact.source.path) for fact in facts} == {
        ("MedicationStatement/m1", "medicationCodeableConcept.coding[0]")
    }


def test_provenance_names_the_deciding_element_and_what_was_sent(advisor: Advisor) -> None:
    [fact] = therapies(advisor, medication())
    source = fact.source
    assert (source.path, source.raw) == ("medicationCodeableConcept.coding[0]", "L01EB01 Gefitinib")


@pytest.mark.parametrize(
    "medicine",
    [
        {"code": coded("L01EC02", ATC)},
        {"code": {"text": "Tafinlar 75 mg"}},
        {"code": coded("123", "http://local"), "ingredient": [{"itemCodeableConcept": coded("L01EC02", ATC)}]},
        {"ingredient": [{"itemCodeableConcept": {"text": "Dabrafenib"}}, {"itemCodeableConcept": {"text": "Starch"}}]},
    ],
)
def test_a_medication_resource_is_followed(advisor: Advisor, medicine: Json) -> None:
    resource = {"resourceType": "Medication", "id": "d1"} | medicine
    by_reference: Json = {"medicationReference": {"reference": "Medication/d1"}, "medicationCodeableConcept": None}
    contained: Json = by_reference | {"medicationReference": {"reference": "#d1"}, "contained": [resource]}
    for facts in (
        therapies(advisor, medication(**by_reference), resource),
        therapies(advisor, medication(**contained)),
    ):
        assert [fact.inn for fact in facts] == ["dabrafenib"]
        assert (facts[0].source.path or "").startswith("medicationReference.")


def test_a_medication_resource_alone_is_no_therapy(advisor: Advisor) -> None:
    assert therapies(advisor, {"resourceType": "Medication", "id": "d1", "code": coded("L01EC02", ATC)}) == []


def test_the_display_of_a_reference_names_the_drug(advisor: Advisor) -> None:
    resource = medication(medicationReference={"reference": "Medication/9", "display": "Osimertinib 80 mg"})
    del resource["medicationCodeableConcept"]
    [fact] = therapies(advisor, resource)
    assert (fact.inn, fact.source.path) == ("osimertinib", "medicationReference.display")


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (medication(medicationCodeableConcept=coded("L01EC", ATC)), "names no drug"),
        (medication(medicationCodeableConcept={"text": "examplatinib"}), "not known"),
        (medication(medicationCodeableConcept=coded("L01EB01", ATC, "Erlotinib")), "different drugs"),
        (medication(medicationCodeableConcept=None, medicationReference={"reference": "Medication/9"}), "not named"),
        (
            medication(
                medicationCodeableConcept={"text": "ABC-123"},
                meta={"profile": ["http://x/StructureDefinition/mcode-cancer-related-medication-request|4.0.0"]},
            ),
            "not recognised",
        ),
        (
            medication(medicationCodeableConcept={"text": "ABC-123"}, category={"text": "Chemotherapy"}),
            "not recognised",
        ),
    ],
)
def test_anticancer_drugs_that_cannot_be_told_are_reported(advisor: Advisor, resource: Json, reason: str) -> None:
    record = read(advisor, resource)
    assert [fact for fact in record.facts if fact.kind is Kind.THERAPY] == []
    [entry] = record.unread
    assert entry.reference == "MedicationStatement/m1"
    assert reason in entry.reason


def test_a_known_drug_beside_an_unknown_one_is_read_and_the_other_reported(advisor: Advisor) -> None:
    record = read(advisor, medication(medicationCodeableConcept={"text": "carboplatin + examplatinib"}))
    assert [fact.inn for fact in record.facts if fact.kind is Kind.THERAPY] == ["carboplatin"]
    assert len(record.unread) == 1


@pytest.mark.parametrize(
    "concept",
    [
        coded("1156253", RXNORM, "zoledronic acid Injectable Product"),
        coded("V03AF03", ATC, "Calcium folinate"),
        coded("C07AB02", ATC, "Metoprolol"),
        {"text": "Paracetamol"},
        coded("0206-8862-02", "http://hl7.org/fhir/sid/ndc", "Zosyn (piperacillin/tazobactam) 4.5gm injection"),
    ],
)
def test_other_medicines_give_nothing(advisor: Advisor, concept: Json) -> None:
    record = read(advisor, medication(medicationCodeableConcept=concept))
    assert [fact for fact in record.facts if fact.kind is Kind.THERAPY] == []
    assert (record.unread, record.warnings) == ((), ())


@pytest.mark.parametrize(
    ("members", "status", "course"),
    [
        ({"statusReason": coded("407563006", SNOMED)}, "stopped (not tolerated)", None),
        ({"statusReason": [coded("419835002", SNOMED)]}, "stopped (progression)", "progression"),
        ({"statusReason": [coded("266721009", SNOMED)]}, "stopped (no response)", None),
        (
            {"statusReason": [coded("P", f"{MII}mii-cs-onko-therapie-ende-grund")]},
            "stopped (progression)",
            "progression",
        ),
        ({"statusReason": [coded("E", f"{MII}mii-cs-onko-therapie-ende-grund")]}, "stopped (regular end)", None),
        ({"statusReason": [{"text": "progression suspected"}]}, "stopped", None),
        ({"statusReason": [coded("P", "http://local")]}, "stopped", None),
        (
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-treatment-termination-reason",
                        "valueCodeableConcept": coded("105480006", SNOMED),
                    }
                ]
            },
            "stopped (refused by the patient)",
            None,
        ),
    ],
)
def test_only_a_coded_reason_tells_the_course(advisor: Advisor, members: Json, status: str, course: str | None) -> None:
    [fact] = therapies(advisor, medication(status="stopped", **members))
    assert (fact.status, fact.value) == (status, course)


def test_the_procedure_that_a_medication_is_part_of_tells_its_line_and_end(advisor: Advisor) -> None:
    whole = procedure(
        coded("CH", f"{MII}mii-cs-onko-systemische-therapie-art"),
        extension=[{"url": f"{MTB}StructureDefinition/mii-ex-mtb-therapielinie", "valueUnsignedInt": 2}],
        statusReason=coded("progression", f"{MTB}CodeSystem/mii-cs-mtb-therapiestatusgrund"),
    )
    facts = therapies(advisor, medication(partOf=[{"reference": "Procedure/x1"}]), whole)
    assert [(fact.inn or fact.marker, fact.line, fact.value) for fact in facts] == [
        ("gefitinib", 2, "progression"),
        ("chemotherapy", 2, "progression"),
    ]


@pytest.mark.parametrize(
    ("extension", "line"),
    [
        ({"url": "https://www.senologie.org/fhir/StructureDefinition/ex-senologie-therapy-line", "valueInteger": 3}, 3),
        (
            {
                "url": f"{MTB}StructureDefinition/mii-ex-mtb-leitlinie-dokumentation",
                "extension": [{"url": f"{MTB}StructureDefinition/mii-ex-mtb-therapielinie", "valueUnsignedInt": 1}],
            },
            1,
        ),
        ({"url": f"{MTB}StructureDefinition/mii-ex-mtb-therapielinie", "valueUnsignedInt": 0}, None),
        ({"url": f"{MTB}StructureDefinition/mii-ex-mtb-therapielinie", "valueUnsignedInt": True}, None),
        ({"url": f"{MTB}StructureDefinition/mii-ex-mtb-therapielinie", "valueString": "2"}, None),
        (
            {"url": "https://www.senologie.org/fhir/StructureDefinition/ex-senologie-therapy-cycle", "valueInteger": 3},
            None,
        ),
    ],
)
def test_a_line_is_what_the_sender_counted(advisor: Advisor, extension: Json, line: int | None) -> None:
    [fact] = therapies(advisor, medication(extension=[extension]))
    assert fact.line == line


def test_lines_are_never_guessed_from_dates(advisor: Advisor) -> None:
    first = medication(effectiveDateTime="2020-01-01")
    second = medication(id="m2", medicationCodeableConcept=coded("L01EB04", ATC), effectiveDateTime="2022-01-01")
    assert [fact.line for fact in therapies(advisor, first, second)] == [None, None]


def test_medications_that_are_part_of_each_other_end(advisor: Advisor) -> None:
    ring = medication("MedicationAdministration", partOf=[{"reference": "MedicationAdministration/m1"}])
    assert len(therapies(advisor, ring)) == 1


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (procedure(coded("367336001", SNOMED)), ["chemotherapy"]),
        (procedure(coded("33195004", SNOMED)), ["radiotherapy"]),
        (procedure(coded("703423002", SNOMED)), ["chemoradiation", "chemotherapy"]),
        (procedure(coded("392021009", SNOMED)), ["surgery"]),
        (procedure(coded("8-522.d1", OPS)), ["radiotherapy"]),
        (procedure(coded("8-542.11", OPS)), ["chemotherapy"]),
        (procedure(coded("8-529.4", OPS)), []),  # planning
        (procedure(coded("WS", f"{MII}mii-cs-onko-systemische-therapie-art")), []),
        (procedure(coded("8-54", OPS), category=coded("367336001", SNOMED)), ["chemotherapy"]),
        (procedure(None, meta={"profile": ["http://x/mcode-radiotherapy-course-summary"]}), ["radiotherapy"]),
        (
            procedure(
                {
                    "coding": [
                        {"system": OPS, "code": "8-543"},
                        {"system": f"{MII}mii-cs-onko-therapie-typ", "code": "ZS"},
                    ]
                }
            ),
            ["targeted-therapy"],
        ),
        (
            procedure(coded("ZS", f"{MII}mii-cs-onko-therapie-typ") | {"text": "Palbociclib"}),
            ["targeted-therapy", "palbociclib"],
        ),
        (procedure(coded("18629005", SNOMED), usedCode=[coded("L01XA02", ATC)]), ["carboplatin"]),
        (procedure(coded("367336001", SNOMED), status="not-done"), []),
        (procedure(coded("367336001", SNOMED), status="preparation"), []),
        (procedure(coded("71651007", SNOMED, "Mammography (procedure)")), []),
        (procedure(coded("18629005", SNOMED)), []),
        (procedure(None), []),
    ],
)
def test_procedures(advisor: Advisor, resource: Json, expected: list[str]) -> None:
    record = read(advisor, resource)
    assert [fact.inn or fact.marker for fact in record.facts if fact.kind is Kind.THERAPY] == expected
    assert record.unread == ()


@pytest.mark.parametrize(
    ("resource", "path", "raw"),
    [
        (procedure(coded("33195004", SNOMED, "Teleradiotherapy")), "code", "33195004 Teleradiotherapy"),
        (procedure(coded("8-54", OPS), category=coded("367336001", SNOMED)), "category", "367336001"),
        (procedure(coded("18629005", SNOMED), usedCode=[coded("L01XA02", ATC)]), "usedCode[0].coding[0]", None),
        (procedure(coded("18629005", SNOMED) | {"text": "Palbociclib"}), "code.text", "Palbociclib"),
    ],
)
def test_provenance_of_procedures(advisor: Advisor, resource: Json, path: str, raw: str | None) -> None:
    [fact] = therapies(advisor, resource)
    assert fact.source.path == path
    assert raw is None or fact.source.raw == raw


def test_an_unknown_drug_of_a_known_treatment_is_reported(advisor: Advisor) -> None:
    record = read(advisor, procedure(coded("367336001", SNOMED) | {"text": "Chemotherapy with examplatinib"}))
    assert [fact.marker for fact in record.facts if fact.kind is Kind.THERAPY] == ["chemotherapy"]
    assert len(record.unread) == 1


def test_no_procedure_code_is_taken_for_platinum_chemoradiation(advisor: Advisor) -> None:
    """Its classes are what labels ask for; a code that does not name the platinum compound does not say so."""
    rules: TherapyRules = advisor.tables.therapies
    named = {name for _, codes, _ in rules.procedure_systems for entry in codes.values() for name in entry.therapies}
    assert named & {"platinum-chemoradiation", "immunotherapy", "pd1-or-pdl1-inhibitor"} == set()


@pytest.mark.parametrize(
    "code",
    [
        {"text": "Chemotherapie"},
        coded("1", "http://local", "Bestrahlung, Thorax"),
        coded("169413002", SNOMED, "Hormone therapy for chemotherapy"),
    ],
)
def test_a_treatment_that_is_not_known_is_reported(advisor: Advisor, code: Json) -> None:
    record = read(advisor, procedure(code))
    assert [fact for fact in record.facts if fact.kind is Kind.THERAPY] == []
    assert len(record.unread) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (coded("L03AX03", ATC, "BCG vaccine"), ["BCG vaccine"]),
        (coded("L01XL02", ATC), ["talimogene laherparepvec"]),
        (coded("19", CVX, "BCG"), []),  # against tuberculosis
        (coded("J07AN01", ATC, "BCG vaccine"), []),
        (coded("140", CVX, "Influenza, seasonal"), []),
    ],
)
def test_immunisations_are_therapies_only_by_code(advisor: Advisor, code: Json, expected: list[str]) -> None:
    resource = {"resourceType": "Immunization", "id": "i1", "status": "completed", "vaccineCode": code}
    record = read(advisor, resource | {"patient": {"reference": PATIENT}, "occurrenceDateTime": "2024-05-01"})
    assert [fact.inn for fact in record.facts if fact.kind is Kind.THERAPY] == expected
    assert record.unread == ()


def test_the_therapy_of_another_patient_is_not_used(advisor: Advisor) -> None:
    record = read(advisor, medication(subject={"reference": "Patient/other"}))
    assert [fact for fact in record.facts if fact.kind is Kind.THERAPY] == []
    assert len(record.warnings) == 1


@pytest.mark.parametrize("type_name", ["MedicationStatement", "MedicationRequest", "Procedure", "Immunization"])
@pytest.mark.parametrize("value", [None, 3, "x", [], [None], {"coding": 3}, {"coding": [{"code": 3}]}, True])
def test_bad_values_never_raise(advisor: Advisor, type_name: str, value: object) -> None:
    names = (
        "medicationCodeableConcept",
        "code",
        "vaccineCode",
        "status",
        "statusReason",
        "extension",
        "partOf",
        "category",
    )
    for name in (*names, "effectivePeriod", "usedCode", "usedReference", "outcome", "meta", "medicationReference"):
        resource = medication(type_name, intent="order", code=coded("367336001", SNOMED)) | {name: value}
        record = read(advisor, resource)
        assert not any("malformed" in entry.reason for entry in record.unread), name


@pytest.mark.parametrize("text", ["FOLFOX", "mFOLFOX6", "R-CHOP 21", "FOLFIRI + cetuximab"])
def test_a_regimen_known_by_its_acronym_is_reported_and_never_expanded(advisor: Advisor, text: str) -> None:
    record = read(advisor, medication(medicationCodeableConcept={"text": text}))
    assert [entry.reason for entry in record.unread] == ["medication: a regimen whose drugs are not named"]
    assert {fact.inn for fact in record.facts if fact.kind is Kind.THERAPY} <= {"cetuximab"}


def test_a_code_without_a_name_is_reported_and_a_named_other_medicine_is_not(advisor: Advisor) -> None:
    bare = medication(medicationCodeableConcept=coded("000000001", SNOMED))
    named = medication(medicationCodeableConcept=coded("000000001", SNOMED, "Something for the skin"))
    assert [entry.reason for entry in read(advisor, bare).unread] == [
        "medication: a code that is not known, without a name beside it"
    ]
    assert not read(advisor, named).unread
