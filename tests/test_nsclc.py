"""Non-small cell lung cancer from FHIR to outcome, as tables: what a label comes to for what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Finding
from knowledge.statements import genes_of
from tests.conftest import TODAY
from tests.fhir import (
    Json,
    bundle,
    coded,
    coding_dna,
    component,
    condition,
    observation,
    patient,
    pd_l1_tps,
    protein,
    variant,
    variation,
)

MET_OR_VERIFY = ("met", "verify")


def _evaluated(advisor: Advisor, *resources: Json) -> dict[str, Finding]:
    record = advisor.record(bundle(patient(), *resources))
    return {finding.statement.id: finding for finding in advisor.findings(record, TODAY)}


def _outcome_of_row(found: dict[str, Finding], row: str) -> str:
    outcomes = {finding.outcome.value for finding in found.values() if row in finding.statement.rows}
    assert len(outcomes) == 1, f"{row}: {outcomes}"
    return outcomes.pop()


EXON_19 = {
    "three letters with reference": protein("NP_005219.2:p.Glu746_Ala750del"),
    "one letter": protein("p.E746_A750del"),
    "predicted, in brackets": protein("p.(Glu746_Ala750del)"),
    "deletion with insertion": protein("p.L747_P753delinsS"),
    "coding only": coding_dna("NM_005228.5:c.2235_2249del"),
    "coding with the deleted bases": coding_dna("c.2240_2257delTAAGAGAAGCAACATCTC"),
    "legacy": protein("delE746_A750"),
    "in words": variation("EGFR exon 19 deletion"),
    "abbreviated": variation("ex19del"),
    "in the protein slot": protein("Exon 19 deletion"),
}


@pytest.mark.parametrize("notation", EXON_19)
def test_exon_19_deletion_in_every_notation_opens_osimertinib(advisor: Advisor, notation: str) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "EGFR", EXON_19[notation]))
    assert _outcome_of_row(found, "EU0036") == "verify"
    assert _outcome_of_row(found, "EU0034") == "verify"
    assert _outcome_of_row(found, "EU0044") == "test"


def test_exon_19_deletion_by_its_own_laboratory_code(advisor: Advisor) -> None:
    result = observation("v1", coded("55764-5"), valueCodeableConcept=coded("LA9633-4"))
    assert _outcome_of_row(_evaluated(advisor, condition(), result), "EU0036") == "verify"


EXON_20 = {
    "duplication": protein("p.Ala767_Val769dup"),
    "duplication, one letter": protein("p.S768_D770dup"),
    "duplication of one residue": protein("NP_005219.2:p.(His773dup)"),
    "duplication, coding only": coding_dna("NM_005228.5:c.2300_2308dup"),
    "insertion": protein("p.D770_N771insSVD"),
    "deletion with longer insertion": protein("p.Asp770delinsGlyTyr"),
    "in words": variation("EGFR exon 20 insertion"),
}


@pytest.mark.parametrize("notation", EXON_20)
def test_exon_20_insertion_opens_amivantamab_and_no_tyrosine_kinase_inhibitor(advisor: Advisor, notation: str) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "EGFR", EXON_20[notation]))
    assert _outcome_of_row(found, "EU0044") == "verify"
    assert _outcome_of_row(found, "EU0045") == "verify"
    assert _outcome_of_row(found, "EU0046") == "unmet"
    assert _outcome_of_row(found, "EU0036") not in MET_OR_VERIFY


@pytest.mark.parametrize(
    ("tps", "quantity", "mono_first_line", "after_chemotherapy"),
    [
        (50, {}, "test", "test"),
        (49, {}, "unmet", "test"),
        (1, {}, "unmet", "test"),
        (0, {}, "unmet", "unmet"),
        (50, {"comparator": ">="}, "test", "test"),
        (1, {"comparator": "<"}, "unmet", "unmet"),
        (1, {"comparator": ">="}, "test", "test"),
    ],
)
def test_pd_l1_threshold_with_untested_drivers(
    advisor: Advisor, tps: float, quantity: Json, mono_first_line: str, after_chemotherapy: str
) -> None:
    found = _evaluated(advisor, condition(), pd_l1_tps("p1", tps, **quantity))
    assert _outcome_of_row(found, "EU0054") == mono_first_line
    assert _outcome_of_row(found, "EU0056") == after_chemotherapy


@pytest.mark.parametrize(("tps", "expected"), [(50, MET_OR_VERIFY), (49, ("unmet",))])
def test_pd_l1_threshold_with_documented_negatives(advisor: Advisor, tps: float, expected: tuple[str, ...]) -> None:
    negatives = [variant("n1", "EGFR", present=False), variant("n2", "ALK", present=False)]
    found = _evaluated(advisor, condition(), pd_l1_tps("p1", tps), *negatives)
    assert _outcome_of_row(found, "EU0054") in expected


def test_untested_alk_alone_still_asks_for_the_test(advisor: Advisor) -> None:
    found = _evaluated(advisor, condition(), pd_l1_tps("p1", 80), variant("n1", "EGFR", present=False))
    finding = next(finding for finding in found.values() if "EU0054" in finding.statement.rows)
    assert finding.outcome == "test"
    assert [leaf.to_json()["text"] for leaf in finding.missing() if leaf.to_json()["criterion"] == "fusion"] == [
        "ALK positivity (rearrangement or IHC)"
    ]


def test_a_negative_for_one_variant_is_no_negative_for_the_gene(advisor: Advisor) -> None:
    only_t790m = observation("n1", coded("55769-4"), valueCodeableConcept=coded("LA9634-2"))
    negatives = [only_t790m, variant("n2", "ALK", present=False)]
    found = _evaluated(advisor, condition(), pd_l1_tps("p1", 80), *negatives)
    assert _outcome_of_row(found, "EU0054") == "test"


def test_cps_is_never_read_as_tps(advisor: Advisor) -> None:
    cps = observation("p1", coded("C176582", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"), valueInteger=80)
    negatives = [variant("n1", "EGFR", present=False), variant("n2", "ALK", present=False)]
    assert _outcome_of_row(_evaluated(advisor, condition(), cps, *negatives), "EU0054") == "test"


def test_t790m_opens_osimertinib_and_closes_earlier_inhibitors(advisor: Advisor) -> None:
    variants = [variant("v1", "EGFR", protein("p.Leu858Arg")), variant("v2", "EGFR", protein("p.Thr790Met"))]
    found = _evaluated(advisor, condition(), *variants)
    assert _outcome_of_row(found, "EU0037") == "verify"
    for row in ("EU0046", "EU0047", "EU0050", "EU0051", "EU0052", "EU0053"):
        assert _outcome_of_row(found, row) == "unmet", row
    gefitinib = next(finding for finding in found.values() if "EU0046" in finding.statement.rows)
    blocking = [leaf for leaf in gefitinib.trace.deciding_leaves() if leaf.verdict == "false"]
    assert [fact.source.reference for leaf in blocking for fact in leaf.facts] == ["Observation/v2"]


def test_t790m_in_an_untreated_patient_never_excludes_egfr_positivity(advisor: Advisor) -> None:
    """The veto acts on options that EGFR opens, not on the exclusion of EGFR-mutant tumours."""
    resources = [variant("v2", "EGFR", protein("p.Thr790Met")), variant("n2", "ALK", present=False)]
    found = _evaluated(advisor, condition(), pd_l1_tps("p1", 80), *resources)
    assert _outcome_of_row(found, "EU0054") == "unmet"


def test_entered_in_error_is_no_fact(advisor: Advisor) -> None:
    withdrawn = variant("v1", "EGFR", protein("p.Leu858Arg"), status="entered-in-error")
    record = advisor.record(bundle(patient(), condition(), withdrawn))
    assert not [fact for fact in record.facts if fact.genes]
    assert _outcome_of_row(_evaluated(advisor, condition(), withdrawn), "EU0036") == "test"


def test_another_patients_result_is_not_used_and_reported(advisor: Advisor) -> None:
    foreign = variant("v1", "EGFR", protein("p.Leu858Arg"), subject={"reference": "Patient/p2"})
    record = advisor.record(bundle(patient(), condition(), foreign))
    assert not [fact for fact in record.facts if fact.genes]
    assert any("another patient" in warning for warning in record.warnings)


@pytest.mark.parametrize(
    "diagnosis",
    [
        {**condition(), "code": coded("99999999999", "http://snomed.info/sct", "Malignant tumour of somewhere")},
        condition("C99.9", "http://hl7.org/fhir/sid/icd-10"),
        {**condition("1"), "code": {"text": "Carcinoma, see letter"}},
    ],
    ids=["SNOMED CT", "ICD-10", "text"],
)
def test_an_unmapped_tumour_is_unknown_and_never_any(advisor: Advisor, diagnosis: dict[str, Any]) -> None:
    found = _evaluated(advisor, diagnosis, variant("v1", "EGFR", protein("p.Leu858Arg")))
    assert {finding.outcome.value for finding in found.values()} <= {"test", "unmet", "clear"}
    assert _outcome_of_row(found, "EU0036") == "test"


def test_a_tumour_that_is_not_recognised_is_reported(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), {**condition("1"), "code": {"text": "Carcinoma, see letter"}}))
    assert [entry.reference for entry in record.unread] == ["Condition/c1"]
    assert any("not recognised" in warning for warning in record.warnings)


def test_another_tumour_does_not_meet_a_lung_label(advisor: Advisor) -> None:
    breast = condition("C50.4", "http://fhir.de/CodeSystem/bfarm/icd-10-gm")
    found = _evaluated(advisor, breast, variant("v1", "EGFR", protein("p.Leu858Arg")))
    assert _outcome_of_row(found, "EU0036") == "unmet"


@pytest.mark.parametrize(
    ("protein_change", "v600e", "v600"),
    [("p.Val600Glu", "verify", "verify"), ("p.V600K", "unmet", "verify"), ("p.Gly469Ala", "test", "test")],
)
def test_braf_v600e_and_v600_are_different_labels(advisor: Advisor, protein_change: str, v600e: str, v600: str) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "BRAF", protein(protein_change)))
    assert (_outcome_of_row(found, "EU0030"), _outcome_of_row(found, "EU0032")) == (v600e, v600)


@pytest.mark.parametrize(
    "notation",
    [
        coding_dna("NM_000245.4:c.3028+1G>A"),
        coding_dna("NM_001127500.3:c.3082+1G>T"),
        coding_dna("c.2888-1G>C"),
        variation("MET exon 14 skipping"),
    ],
)
def test_met_exon_14_skipping(advisor: Advisor, notation: Json) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "MET", notation))
    assert _outcome_of_row(found, "EU0025") == "verify"


def test_met_splice_positions_of_the_other_transcript_do_not_match(advisor: Advisor) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "MET", coding_dna("NM_000245.4:c.3082+1G>T")))
    assert _outcome_of_row(found, "EU0025") == "test"


@pytest.mark.parametrize(("change", "expected"), [("p.Gly12Cys", "verify"), ("p.G12D", "unmet"), ("p.G12X", "test")])
def test_kras_g12c(advisor: Advisor, change: str, expected: str) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "KRAS", protein(change)))
    assert _outcome_of_row(found, "EU0028") == expected


@pytest.mark.parametrize(
    ("diagnosis", "expected"),
    [
        (condition("C34.1", "http://hl7.org/fhir/sid/icd-10", bodySite=[]), "test"),
        (condition("254637007"), "test"),
        (
            condition(
                "254637007",
                extension=[
                    {
                        "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior",
                        "valueCodeableConcept": coded("1187332001", "http://snomed.info/sct"),
                    }
                ],
            ),
            "verify",
        ),
    ],
    ids=["lung, no histology", "non-small cell, no histology", "adenocarcinoma"],
)
def test_a_non_squamous_label_needs_the_histology(advisor: Advisor, diagnosis: Json, expected: str) -> None:
    negatives = [variant("n1", "EGFR", present=False), variant("n2", "ALK", present=False)]
    assert _outcome_of_row(_evaluated(advisor, diagnosis, *negatives), "EU0055") == expected


def test_a_later_negative_disputes_an_earlier_finding(advisor: Advisor) -> None:
    early = variant("v1", "EGFR", protein("p.Leu858Arg"), effectiveDateTime="2025-01-10")
    late = variant("n1", "EGFR", present=False, effectiveDateTime="2026-10-01")
    assert _outcome_of_row(_evaluated(advisor, condition(), early, late), "EU0036") == "test"
    earlier_negative = variant("n1", "EGFR", present=False, effectiveDateTime="2024-10-01")
    assert _outcome_of_row(_evaluated(advisor, condition(), early, earlier_negative), "EU0036") == "verify"


def test_a_variant_of_unknown_meaning_opens_nothing(advisor: Advisor) -> None:
    found = _evaluated(advisor, condition(), variant("v1", "EGFR", protein("p.Arg521Lys")))
    opened = [finding for finding in found.values() if finding.outcome.value in MET_OR_VERIFY]
    assert not [finding for finding in opened if genes_of(finding.statement)]


@pytest.mark.parametrize(
    "result",
    [
        variant("v1", "ALK", variation("EML4-ALK fusion")),
        variant("v1", "ALK", variation("EML4::ALK")),
        variant("v1", "ALK", component("48019-4", coded("SO:0001565", "http://www.sequenceontology.org"))),
        observation("v1", coded("78205-2"), valueCodeableConcept=coded("10828004", "http://snomed.info/sct")),
    ],
    ids=["hyphen", "double colon", "change type", "FISH code"],
)
def test_alk_rearrangements(advisor: Advisor, result: Json) -> None:
    found = _evaluated(advisor, condition(), result)
    assert _outcome_of_row(found, "EU0002") == "verify"
    assert _outcome_of_row(found, "EU0059") == "unmet"


def test_children_are_outside_an_adult_label(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient("2015-01-01"), condition(), variant("v1", "EGFR", protein("p.L858R"))))
    outcomes = {f.statement.id: f.outcome.value for f in advisor.findings(record, TODAY)}
    assert outcomes["tagrisso-3"] == "unmet"
