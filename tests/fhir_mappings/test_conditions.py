"""Diagnoses: site and histology together, and what is no current tumour of the patient."""

from __future__ import annotations

import pytest

from cds_service import Advisor
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, condition, observation, patient

ICD10 = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICDO = "http://terminology.hl7.org/CodeSystem/icd-o-3"
SNOMED = "http://snomed.info/sct"
ONCOTREE = "http://oncotree.mskcc.org"
MORPHOLOGY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"


def _with_histology(code: str, morphology: str, system: str = ICDO) -> Json:
    return condition(code, ICD10, extension=[{"url": MORPHOLOGY, "valueCodeableConcept": coded(morphology, system)}])


def _diseases(advisor: Advisor, resource: Json) -> list[Fact]:
    return [fact for fact in advisor.record(bundle(patient(), resource)).facts if fact.kind is Kind.DISEASE]


@pytest.mark.parametrize(
    ("resource", "tumour"),
    [
        (condition("C34.1", ICD10), "LUNG"),
        (_with_histology("C34.1", "8140/3"), "LUAD"),
        (_with_histology("C34.1", "8046/3"), "NSCLC"),
        (_with_histology("C34.1", "8070/3"), "LUSC"),
        (_with_histology("C18.2", "8140/3"), "COAD"),
        (_with_histology("C50.4", "8500/3"), "IDC"),
        (_with_histology("C67.9", "8120/3"), "BLCA"),
        (condition("254637007"), "NSCLC"),
        (condition("363346000", bodySite=[coded("80248007", SNOMED)]), "BREAST"),
        (condition("C61", ICD10), "PROSTATE"),
    ],
)
def test_site_and_histology_name_the_type(advisor: Advisor, resource: Json, tumour: str) -> None:
    assert [fact.tumour for fact in _diseases(advisor, resource)] == [tumour]


def _coded(*codings: tuple[str, str], text: str | None = None) -> Json:
    sent: Json = {"coding": [{"system": system, "code": code} for system, code in codings]}
    return condition() | {"code": sent | ({"text": text} if text else {})}


@pytest.mark.parametrize(
    ("resource", "tumour", "path"),
    [
        (_coded((ICD10, "C34.1"), (ONCOTREE, "LUAD")), "LUAD", "code.coding[1]"),
        (_coded((ONCOTREE, "LUAD"), (ICD10, "C34.1")), "LUAD", "code.coding[0]"),
        (_coded((ICD10, "C34.1"), (SNOMED, "254626006")), "LUAD", "code.coding[1]"),
        (_coded((ICD10, "C34.1"), text="Non-small cell lung cancer"), "NSCLC", "code.text"),
        (_coded((ICD10, "C34.1"), (ICDO, "8140/3")), "LUAD", "code.coding[0]"),
        (_coded((ICD10, "C18.2"), (ONCOTREE, "GINET")), "GINET", "code.coding[1]"),
        (_coded((ICD10, "C34.1"), (SNOMED, "99999999999"), (ONCOTREE, "LUSC")), "LUSC", "code.coding[2]"),
    ],
    ids=["second", "first", "snomed", "text", "morphology", "an assumption gives way", "an unknown code between"],
)
def test_the_most_specific_of_several_codings_decides(advisor: Advisor, resource: Json, tumour: str, path: str) -> None:
    (fact,) = _diseases(advisor, resource)
    assert (fact.tumour, fact.source.path, fact.warnings) == (tumour, path, ())


@pytest.mark.parametrize(
    ("resource", "tumour"),
    [
        (_coded((ICD10, "C34.1"), (ONCOTREE, "BREAST")), None),
        (_coded((ICD10, "C34.1"), text="Melanoma"), None),
        (_coded((ONCOTREE, "LUAD"), (ONCOTREE, "LUSC")), "NSCLC"),
    ],
    ids=["two organs", "the text", "two types of one organ"],
)
def test_of_codings_that_contradict_each_other_only_what_they_share_is_believed(
    advisor: Advisor, resource: Json, tumour: str | None
) -> None:
    record = advisor.record(bundle(patient(), resource))
    (fact,) = [fact for fact in record.facts if fact.kind is Kind.DISEASE]
    assert fact.tumour == tumour
    assert "name different tumours" in " ".join(fact.warnings)
    assert [unread.reason for unread in record.unread] == ([] if tumour else ["its codings name different tumours"])


def _histology(morphology: str) -> Json:
    return observation("h1", coded("59847-4"), valueCodeableConcept=coded(morphology, ICDO))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((condition("C34.1", ICD10),), {"c1": "LUAD", "h1": "LUAD"}),
        ((condition("C16.2", ICD10),), {"c1": "STAD", "h1": "STAD"}),
        ((condition("C16.0", ICD10),), {"c1": "EGC", "h1": "EGC"}),
        ((condition("C18.7", ICD10),), {"c1": "COAD", "h1": "COAD"}),
        ((condition("254626006"),), {"c1": "LUAD", "h1": "LUAD"}),
        ((condition("C34.1", ICD10), condition("C34.9", ICD10, id="c2")), {"c1": "LUAD", "c2": "LUAD", "h1": "LUAD"}),
        ((condition("C34.1", ICD10), condition("C50.4", ICD10, id="c2")), {"c1": "LUNG", "c2": "BREAST"}),
        ((condition("C43.5", ICD10),), {"c1": "MEL", "h1": None}),
        ((condition("C34.1", ICD10, clinicalStatus=coded("resolved")),), {"c1": "LUAD", "h1": None}),
    ],
    ids=[
        "lung",
        "stomach, by its site",
        "cardia",
        "colon, by its site",
        "known already",
        "one tumour recorded twice",
        "two tumours",
        "a histology that the tumour cannot have",
        "a tumour of the past",
    ],
)
def test_a_histology_beside_a_diagnosis_is_no_second_tumour(
    advisor: Advisor, resources: tuple[Json, ...], expected: dict[str, str | None]
) -> None:
    record = advisor.record(bundle(patient(), *resources, _histology("8140/3")))
    found = [fact for fact in record.facts if fact.kind is Kind.DISEASE and fact.state is State.PRESENT]
    assert {fact.source.reference.partition("/")[2]: fact.tumour for fact in found} == expected


#: Diagnosis and histology as a cancer registry writes them, and the type that both together name.
USUAL = (
    "C50.9 8520/3 ILC",
    "C61 8140/3 PRAD",
    "C20 8140/3 READ",
    "C18.2 8480/3 MACR",
    "C22.1 8160/3 IHCH",
    "C22.0 8170/3 HCC",
    "C24.0 8160/3 CHOL",
    "C25.0 8500/3 PAAD",
    "C54.1 8380/3 UEC",
    "C54.1 8441/3 USC",
    "C56 8461/3 HGSOC",
    "C67.9 8120/3 BLCA",
    "C65 8120/3 UTUC",
    "C73 8345/3 THME",
    "C73 8260/3 THPA",
    "C09.9 8070/3 OPHSC",
    "C15.5 8140/3 ESCA",
    "C15.4 8070/3 ESCC",
    "C16.2 8145/3 DSTAD",
    "C43.5 8721/3 SKCM",
    "C64 8310/3 CCRCC",
    "C71.1 9440/3 GB",
    "C34.1 8041/3 SCLC",
    "C34.1 8010/3 LUNG",
    "C45.0 9050/3 PLMESO",
    "C53.9 8070/3 CESC",
    "C49.2 8850/3 LIPO",
    "C83.3 9680/3 DLBCLNOS",
    "C90.0 9732/3 PCM",
    "C91.0 9811/3 BLL",
)


@pytest.mark.parametrize("usual", USUAL)
def test_the_histologies_of_usual_tumours_stay_with_their_diagnosis(advisor: Advisor, usual: str) -> None:
    code, morphology, tumour = usual.split()
    record = advisor.record(bundle(patient(), condition(code, ICD10), _histology(morphology)))
    assert [fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE] == [tumour, tumour]


def test_a_histology_that_means_another_type_elsewhere_is_the_type_of_its_site(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("C69.3", ICD10), _histology("8720/3")))
    assert [fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE] == ["UM", "UM"]


def test_a_histology_without_a_code_of_its_own_makes_the_diagnosis_of_an_organ_sharper(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("C16.2", ICD10), _histology("8936/3")))
    assert [fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE] == ["GIST", "GIST"]


def test_a_histology_of_another_organ_is_a_tumour_of_its_own(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("C50.4", ICD10), _histology("9823/3")))
    assert [fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE] == ["BREAST", "CLLSLL"]


def test_a_histology_of_one_of_two_tumours_says_that_it_may_be_of_either(advisor: Advisor) -> None:
    diagnoses = (condition("C34.1", ICD10), condition("C50.4", ICD10, id="c2"))
    record = advisor.record(bundle(patient(), *diagnoses, _histology("8140/3")))
    (fact,) = [fact for fact in record.facts if fact.marker == "histology"]
    assert fact.state is State.INDETERMINATE
    assert fact.warnings == ("nothing says to which of the recorded tumours the histology belongs",)


def test_a_histology_of_another_type_leaves_what_both_share(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("254626006"), _histology("8070/3")))
    (fact,) = [fact for fact in record.facts if fact.kind is Kind.DISEASE and fact.marker is None]
    assert fact.tumour == "NSCLC"
    assert fact.warnings == ("the histology 8070/3 of another result is of another type",)


@pytest.mark.parametrize(
    "resource",
    [
        condition("I50.32", ICD10),
        condition("Z85.1", ICD10),
        condition("C34.1", ICD10, verificationStatus=coded("refuted")),
        condition("C34.1", ICD10, verificationStatus=coded("entered-in-error")),
        {"resourceType": "FamilyMemberHistory", "id": "f", "condition": [{"code": coded("C34.1", ICD10)}]},
    ],
    ids=["no cancer", "personal history", "refuted", "entered in error", "family history"],
)
def test_what_is_no_current_tumour_gives_no_fact(advisor: Advisor, resource: Json) -> None:
    assert not _diseases(advisor, resource)


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed", "example-status"])
def test_an_unconfirmed_diagnosis_is_not_present(advisor: Advisor, status: str) -> None:
    (fact,) = _diseases(advisor, condition("C34.1", ICD10, verificationStatus=coded(status)))
    assert fact.state is State.INDETERMINATE
    assert fact.warnings


def test_a_metastasis_is_no_second_tumour(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("94225005")))
    assert [(fact.kind, fact.value) for fact in record.facts if fact.kind is not Kind.DEMOGRAPHIC] == [
        (Kind.STAGE, "metastatic"),
        (Kind.DISEASE_STATUS, "brain"),
    ]


def test_a_tumour_of_unknown_code_is_loud(advisor: Advisor) -> None:
    unknown = {**condition(), "code": coded("99999999999", SNOMED, "Malignant neoplasm of somewhere")}
    record = advisor.record(bundle(patient(), unknown))
    (fact,) = [fact for fact in record.facts if fact.kind is Kind.DISEASE]
    assert fact.tumour is None
    assert record.unread
    assert record.warnings
