"""Stages: every scale keeps its name, TNM groups are bare, and M1 means distant metastasis."""

from __future__ import annotations

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, condition, observation, patient

SCT = "http://snomed.info/sct"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
AJCC = "http://cancerstaging.org"
UICC = "https://www.uicc.org/resources/tnm"
MII = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/StructureDefinition"
AJCC8 = coded("897275008", SCT)

Row = tuple[str | None, object, str]


def _record(advisor: Advisor, *resources: Json) -> PatientRecord:
    return advisor.record(bundle(patient(), *resources))


def _stages(advisor: Advisor, *resources: Json) -> list[Fact]:
    return [fact for fact in _record(advisor, *resources).facts if fact.kind is Kind.STAGE]


def _rows(facts: list[Fact]) -> list[Row]:
    return [(fact.marker, fact.value, fact.state.value) for fact in facts]


def _group(code: Json, value: Json | str, **members: object) -> Json:
    shown = {"valueString": value} if isinstance(value, str) else {"valueCodeableConcept": value}
    return observation("s1", code, **shown, **members)


CLINICAL = coded("21908-9")
FIGO = coded("385361009", SCT)


@pytest.mark.parametrize(
    ("resource", "marker", "value"),
    [
        (_group(coded("399537006", SCT), coded("1222806003", SCT), method=AJCC8), "AJCC", "IIIC"),
        (_group(coded("399390009", SCT), coded("1222837003", SCT)), "AJCC", "IV"),
        (_group(CLINICAL, coded("4", AJCC, "IV")), "AJCC", "IV"),
        (_group(CLINICAL, coded("3C", AJCC)), "AJCC", "IIIC"),
        (_group(CLINICAL, coded("c3A", AJCC)), "AJCC", "IIIA"),
        (_group(coded("399588009", SCT), coded("IIIB", UICC, "Stadium IIIB")), "UICC", "IIIB"),
        (_group(CLINICAL, coded("261638004", SCT, "Stage 3A (qualifier value)")), "TNM", "IIIA"),
        (_group(CLINICAL, {"text": "Stage IIIC"}), "TNM", "IIIC"),
        (_group(CLINICAL, "Stadium IIIA1"), "TNM", "IIIA1"),
        (_group(CLINICAL, {"coding": [{"code": "IVA"}]}), "TNM", "IVA"),
        (
            _group(CLINICAL, coded("9999", SCT, "American Joint Committee on Cancer stage IB (qualifier value)")),
            "AJCC",
            "IB",
        ),
        (_group(CLINICAL, coded("0", AJCC)), "AJCC", "0"),
        (_group(FIGO, coded("C96256", NCIT, "FIGO Stage IIIA")), "FIGO", "FIGO IIIA"),
        (_group(FIGO, {"coding": [{"code": "IVB"}]}), "FIGO", "FIGO IVB"),
        (_group(CLINICAL, {"text": "FIGO IIIC"}), "FIGO", "FIGO IIIC"),
        (_group(CLINICAL, {"text": "Stage IV"}, method=coded("254372002", SCT)), "Ann Arbor", "Ann Arbor IV"),
        (_group(coded("C141212", NCIT), coded("C80135", NCIT, "Binet Stage B")), "Binet", "Binet B"),
        (_group(coded("C141207", NCIT), coded("C7875", NCIT)), "Rai", "Rai II"),
        (_group(coded("C141392", NCIT), coded("C141395", NCIT)), "R-ISS", "R-ISS II"),
        (
            _group(coded("385388004", SCT), coded("44255004", SCT, "Lymphoma stage IIIe (finding)")),
            "Lymphoma",
            "Lymphoma IIIE",
        ),
        (
            _group(coded("103419001", SCT), coded("1556006", SCT, "Clark melanoma level 4 (finding)")),
            "Clark",
            "Clark 4",
        ),
        (_group(coded("385377005", SCT), {"text": "4+3=7"}), "Gleason", "Gleason 4+3=7"),
        (_group(coded("385349001", SCT), {"text": "Stage IV"}), None, "stage IV"),
        (_group(CLINICAL, {"text": "metastatic"}), "extent", "metastatic"),
    ],
)
def test_a_stage_keeps_its_scale(advisor: Advisor, resource: Json, marker: str | None, value: str) -> None:
    assert _rows(_stages(advisor, resource)) == [(marker, value, "present")]


@pytest.mark.parametrize(
    "value",
    [{"text": "early, probably II"}, {"text": "T2N0"}, coded("1222806003", SCT, "AJCC stage IV"), coded("77", SCT), {}],
    ids=["sentence", "another notation", "code and display disagree", "unknown code", "empty"],
)
def test_a_stage_that_is_not_understood_is_unread(advisor: Advisor, value: Json) -> None:
    record = _record(advisor, _group(CLINICAL, value))
    assert not [fact for fact in record.facts if fact.kind is Kind.STAGE]
    assert [entry.reason for entry in record.unread] == ["stage not recognised"]


def test_scales_that_contradict_each_other_never_read_as_tnm(advisor: Advisor) -> None:
    (fact,) = _stages(advisor, _group(FIGO, coded("1222802001", SCT)))
    assert fact.value == "FIGO IIIA"
    assert fact.warnings == ("different staging systems are stated: AJCC, FIGO",)


@pytest.mark.parametrize(
    ("code", "value", "status"),
    [
        (CLINICAL, {"text": "II"}, "clinical"),
        (coded("21902-2"), {"text": "II"}, "pathologic"),
        (coded("21914-7"), {"text": "II"}, None),
        (CLINICAL, {"text": "pathologic stage II"}, "pathologic"),
    ],
)
def test_clinical_and_pathologic_are_told_apart(advisor: Advisor, code: Json, value: Json, status: str | None) -> None:
    assert [fact.status for fact in _stages(advisor, _group(code, value))] == [status]


CT, PT, CN, CM, M = (coded(code, SCT) for code in ("399504009", "384625004", "399534004", "399387003", "277208005"))


@pytest.mark.parametrize(
    ("code", "value", "rows"),
    [
        (CT, coded("1228938002", SCT), [("T", "cT3", "present")]),
        (coded("21905-5"), coded("cT3", AJCC), [("T", "cT3", "present")]),
        (coded("21905-5"), coded("58790005", SCT, "T0 category (finding)"), [("T", "cT0", "present")]),
        (PT, coded("T1c", UICC), [("T", "pT1c", "present")]),
        (PT, coded("2", UICC), [("T", "pT2", "present")]),
        (CT, coded("1228885007", SCT), [("T", "cTis(DCIS)", "present")]),
        (CN, coded("1353045000", SCT, "Union for International Cancer Control cN3"), [("N", "cN3", "present")]),
        (CN, {"text": "NX"}, [("N", "cNX", "indeterminate")]),
        (CM, coded("1229901006", SCT), [("M", "cM0", "present")]),
        (CM, coded("1229902004", SCT), [("M", "cM0(i+)", "present")]),
        (CM, coded("M1b", UICC), [("M", "cM1b", "present"), (None, "metastatic", "present")]),
        (M, {"text": "M1"}, [("M", "M1", "present"), (None, "metastatic", "present")]),
    ],
)
def test_tnm_categories(advisor: Advisor, code: Json, value: Json, rows: list[Row]) -> None:
    assert _rows(_stages(advisor, _group(code, value))) == rows


def test_a_category_after_treatment_says_so(advisor: Advisor) -> None:
    extension = {"url": f"{MII}/mii-ex-onko-tnm-y-praefix", "valueCodeableConcept": coded("y", UICC)}
    (fact,) = _stages(advisor, _group(PT, coded("T3", UICC), modifierExtension=[extension]))
    assert fact.value == "ypT3"


@pytest.mark.parametrize("value", [coded("N1", UICC), {"text": "large"}, {}])
def test_a_category_of_another_axis_or_none_is_unread(advisor: Advisor, value: Json) -> None:
    record = _record(advisor, _group(CT, value))
    assert not [fact for fact in record.facts if fact.kind is Kind.STAGE]
    assert record.unread


def test_not_applicable_is_no_category(advisor: Advisor) -> None:
    absent = coded("not-applicable", "http://terminology.hl7.org/CodeSystem/data-absent-reason")
    assert _rows(_stages(advisor, _group(CM, absent))) == [("M", None, "unknown")]


def _staged(code: str, summary: Json, **entry: object) -> Json:
    return condition(code, "http://fhir.de/CodeSystem/bfarm/icd-10-gm", stage=[{"summary": summary} | entry])


@pytest.mark.parametrize(
    ("resource", "marker", "value"),
    [
        (_staged("C34.1", {"text": "Stage IV"}), "TNM", "IV"),
        (_staged("C56", {"text": "Stage IV"}), None, "stage IV"),
        (_staged("C56", {"text": "IIIC"}, type=FIGO), "FIGO", "FIGO IIIC"),
        (_staged("C85.9", {"text": "Stage IV"}), None, "stage IV"),
        (_staged("C34.1", coded("1222806003", SCT)), "AJCC", "IIIC"),
        (_staged("C50.4", {"text": "IIB"}, type=AJCC8), "AJCC", "IIB"),
        (_staged("C91.1", coded("C80135", NCIT)), "Binet", "Binet B"),
    ],
)
def test_the_stage_of_a_condition(advisor: Advisor, resource: Json, marker: str | None, value: str) -> None:
    (fact,) = _stages(advisor, resource)
    assert (fact.marker, fact.value, fact.source.path) == (marker, value, "stage[0].summary")


def test_an_unknown_stage_of_a_condition_is_unread_and_loses_nothing_else(advisor: Advisor) -> None:
    record = _record(advisor, _staged("C34.1", {"text": "limited disease"}))
    assert [fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE] == ["LUNG"]
    assert [entry.reason for entry in record.unread] == ["stage not recognised"]


@pytest.mark.parametrize(("observed", "state"), [("IIIC", State.PRESENT), ("IIB", State.INDETERMINATE)])
def test_an_observation_beats_the_condition_that_refers_to_it(advisor: Advisor, observed: str, state: State) -> None:
    assessed = _staged("C50.4", {"text": "Stage IIIC"}, assessment=[{"reference": "Observation/s1"}])
    facts = _stages(advisor, assessed, _group(CLINICAL, {"text": observed}))
    states = {fact.source.reference.partition("/")[0]: (fact.state, fact.date) for fact in facts}
    assert states == {"Condition": (state, "2026-10-01"), "Observation": (State.PRESENT, "2026-10-01")}


def test_every_group_of_the_tables_is_one_of_its_scale(advisor: Advisor) -> None:
    stages, tree = advisor.tables.stages, advisor.tables.tumours.tree
    assert len(stages._groups) > 100
    for found in stages._groups.values():
        assert found.system is None or found.group in found.system.groups.values()
    assert all(tissue in tree for tissue in stages.tnm_tissues)
    for text in stages._categories.values():
        axis = next(letter for letter in text if letter in "TNM")
        category = stages.category_of_text(text, axis)
        assert category is not None
        assert category.text == text


@pytest.mark.parametrize("value", [[], 3, {"coding": 7}, {"coding": [{"code": 3}]}, {"text": ["IV"]}])
def test_malformed_values_never_raise(advisor: Advisor, value: object) -> None:
    for code in (CLINICAL, CT, FIGO):
        _record(advisor, observation("s1", code, valueCodeableConcept=value, method=value, component=value))
    _record(advisor, condition("C34.1", "http://hl7.org/fhir/sid/icd-10", stage=[{"summary": value, "type": value}]))
