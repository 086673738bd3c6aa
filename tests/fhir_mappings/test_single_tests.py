"""Results under the code of one gene or one variant, as tables: code, value and what may be claimed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Fact, Kind, KnowledgeBase, State, Verdict
from knowledge.criteria import HasCopyNumber, HasVariant
from knowledge.decisions import decide
from knowledge.patient import Patient
from tests.conftest import TODAY
from tests.fhir import Json, bundle, coded, component, hgvs, observation, patient

POSITIVE, NEGATIVE = coded("LA6576-8", display="Positive"), coded("LA6577-6", display="Negative")
NOT_DETECTED = coded("LA11883-8", display="Not detected")
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def result(code: str, value: Json | str | float | None = None, **members: Any) -> Json:
    sent: Json = {}
    if isinstance(value, str):
        sent = {"valueString": value}
    elif isinstance(value, int | float):
        sent = {"valueQuantity": {"value": value}}
    elif value is not None:
        sent = {"valueCodeableConcept": value}
    return observation("t1", coded(code), **sent, **members)


def record(advisor: Advisor, sent: Json) -> PatientRecord:
    return advisor.record(bundle(patient(), sent))


def facts(advisor: Advisor, sent: Json) -> list[Fact]:
    return [fact for fact in record(advisor, sent).facts if fact.kind is not Kind.DEMOGRAPHIC]


def one(advisor: Advisor, sent: Json) -> Fact:
    (fact,) = facts(advisor, sent)
    return fact


def claims(advisor: Advisor, sent: Json) -> list[tuple[Any, ...]]:
    return [(f.genes, f.state, f.protein or f.coding or f.variant_class) for f in facts(advisor, sent)]


# --- one variant or one class -------------------------------------------------------------------------------------

VARIANT_TESTS = [
    ("55764-5", "EGFR", "exon 19 deletion"),
    ("55770-2", "EGFR", "exon 20 insertion"),
    ("55766-0", "EGFR", "p.Leu858Arg"),
    ("55769-4", "EGFR", "p.Thr790Met"),
    ("55765-2", "EGFR", "p.Gly719"),
    ("58415-1", "BRAF", "p.Val600Glu"),
    ("85101-4", "BRAF", "p.Val600Glu"),
    ("85299-6", "BRAF", "p.Val600Glu"),
    ("43399-5", "JAK2", "p.Val617Phe"),
    ("77170-9", "PDGFRA", "p.Asp842Val"),
    ("79210-1", "FLT3", "internal tandem duplication"),
    ("85100-6", "FLT3", "internal tandem duplication"),
    ("92843-2", "FLT3", "p.Asp835"),
    ("21637-4", "BRCA1", "c.68_69del"),
    ("21638-2", "BRCA1", "c.5266dup"),
    ("21640-8", "BRCA2", "c.5946del"),
    ("97025-1", "BRAF", "p.Val600"),
    ("93690-6", "BRAF", "p.Val600"),
]


@pytest.mark.parametrize(("code", "gene", "named"), VARIANT_TESTS)
@pytest.mark.parametrize(
    ("value", "state"),
    [
        (POSITIVE, State.PRESENT),
        (NOT_DETECTED, State.ABSENT),
        ("negative", State.ABSENT),
        ("Nicht nachgewiesen", State.ABSENT),
        ({"text": "equivocal"}, State.INDETERMINATE),
    ],
    ids=["positive", "not detected", "negative", "German", "equivocal"],
)
def test_a_specific_test_speaks_for_exactly_what_its_code_names(
    advisor: Advisor, code: str, gene: str, named: str, value: Any, state: State
) -> None:
    assert claims(advisor, result(code, value)) == [((gene,), state, named)]


def test_the_interpretation_or_the_reason_of_absence_may_be_the_answer(advisor: Advisor) -> None:
    positive = one(advisor, result("58415-1", interpretation=[coded("POS", INTERPRETATION)]))
    assert (positive.state, positive.source.path) == (State.PRESENT, "interpretation[0]")
    reason = coded("not-performed", "http://terminology.hl7.org/CodeSystem/data-absent-reason")
    assert one(advisor, result("58415-1", dataAbsentReason=reason)).state is State.NOT_TESTED


@pytest.mark.parametrize("code", ["58415-1", "21702-6", "78205-2", "90926-7", "92906-7", "81420-2"])
@pytest.mark.parametrize("value", [None, "see report", {"text": "pending"}])
def test_no_answer_is_unread_and_never_a_claim(advisor: Advisor, code: str, value: Any) -> None:
    found = record(advisor, result(code, value))
    assert not [fact for fact in found.facts if fact.genes]
    assert [entry.reference for entry in found.unread] == ["Observation/t1"]


def test_the_mutant_protein_by_immunohistochemistry_says_so(advisor: Advisor) -> None:
    fact = one(advisor, result("85299-6", POSITIVE))
    assert fact.specimen == "tumour"
    assert any("immunohistochemistry" in warning for warning in fact.warnings)


@pytest.mark.parametrize(
    ("code", "specimen"), [("93690-6", "plasma"), ("85101-4", "marrow"), ("85509-8", "tumour"), ("58415-1", None)]
)
def test_the_code_tells_the_specimen(advisor: Advisor, code: str, specimen: str | None) -> None:
    assert one(advisor, result(code, NEGATIVE)).specimen == specimen


def test_two_codons_in_one_test(advisor: Advisor) -> None:
    assert claims(advisor, result("72520-0", NEGATIVE)) == [
        (("FLT3",), State.ABSENT, "p.Asp835"),
        (("FLT3",), State.ABSENT, "p.Ile836"),
    ]
    assert claims(advisor, result("72520-0", POSITIVE)) == [(("FLT3",), State.PRESENT, "Asp835 or Ile836")]


def test_a_specific_test_that_answers_with_the_name(advisor: Advisor) -> None:
    assert claims(advisor, result("55764-5", "p.E746_A750del")) == [(("EGFR",), State.PRESENT, "p.Glu746_Ala750del")]
    assert not facts(advisor, result("55764-5", "p.L858R"))
    assert claims(advisor, result("92843-2", "D835Y")) == [(("FLT3",), State.PRESENT, "p.Asp835Tyr")]


# --- mutations found in a gene ----------------------------------------------------------------------------------------

FOUND = [
    ("21702-6", "p.G12D", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "KRAS G12D", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "KRAS p.(Gly12Asp)", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "G12D mutation detected", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "Mutation detected: KRAS G12D", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "G12X", [(("KRAS",), State.PRESENT, "p.Gly12")]),
    ("21702-6", "G12C/D", [(("KRAS",), State.PRESENT, "p.Gly12")]),
    ("21702-6", "c.35G>A", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "NM_004985.5(KRAS):c.35G>A (p.Gly12Asp)", [(("KRAS",), State.PRESENT, "p.Gly12Asp")]),
    ("21702-6", "The tumour shows a KRAS p.Gly12Cys mutation.", [(("KRAS",), State.PRESENT, "p.Gly12Cys")]),
    ("21702-6", "G12D; Q61H", [(("KRAS",), State.PRESENT, "p.Gly12Asp"), (("KRAS",), State.PRESENT, "p.Gln61His")]),
    ("21702-6", "NRAS Q61K", []),
    ("21702-6", "KRAS G12C not detected", []),
    ("21702-6", "No KRAS G12C", []),
    ("21702-6", "Tested: KRAS G12C, G12D, Q61H", []),
    ("21702-6", "Family history of KRAS G12D", []),
    ("21702-6", "wild type", [(("KRAS",), State.ABSENT, None)]),
    ("21702-6", "KRAS wild-type", [(("KRAS",), State.ABSENT, None)]),
    ("21702-6", "No KRAS mutation detected", [(("KRAS",), State.ABSENT, None)]),
    ("21702-6", "Keine Mutation nachgewiesen", [(("KRAS",), State.ABSENT, None)]),
    ("21702-6", "No mutation detected in exon 2", []),
    ("21702-6", "positive", [(("KRAS",), State.PRESENT, None)]),
    ("21665-5", "exon 19 deletion", [(("EGFR",), State.PRESENT, "exon 19 deletion")]),
    ("21665-5", "No exon 19 deletion", []),
    ("21665-5", "EGFR exon 19 deletion not detected", []),
    ("21665-5", "exon 20 insertion p.D770_N771insSVD", [(("EGFR",), State.PRESENT, "p.Asp770_Asn771insSerValAsp")]),
    ("100026-4", "MET exon 14 skipping", [(("MET",), State.PRESENT, "exon 14 skipping")]),
    ("60033-8", "H1047R", [(("PIK3CA",), State.PRESENT, "p.His1047Arg")]),
    ("100022-3", "R132H", [(("IDH1",), State.PRESENT, "p.Arg132His")]),
    ("100023-1", "p.Arg172", [(("IDH2",), State.PRESENT, "p.Arg172")]),
    ("21636-6", "c.5266dupC", [(("BRCA1",), State.PRESENT, "c.5266dup")]),
    ("97025-1", "V600K", [(("BRAF",), State.PRESENT, "p.Val600Lys")]),
    ("55135-8", "T315I", [(("ABL1",), State.PRESENT, "p.Thr315Ile")]),
]


@pytest.mark.parametrize(("code", "text", "expected"), FOUND)
@pytest.mark.parametrize("form", ["string", "text of a concept"])
def test_what_was_found_is_read_by_strict_patterns(
    advisor: Advisor, code: str, text: str, expected: list[Any], form: str
) -> None:
    sent = result(code, text if form == "string" else {"text": text})
    assert claims(advisor, sent) == expected
    assert bool(record(advisor, sent).unread) is not bool(expected)


def test_free_text_is_never_read_as_absent(advisor: Advisor) -> None:
    for text in ("KRAS G12C is not present here.", "There is no evidence for a KRAS p.Gly12Cys mutation."):
        assert not facts(advisor, result("21702-6", text))


def test_a_positive_code_with_the_name_elsewhere(advisor: Advisor) -> None:
    for sent in (
        result("21702-6", POSITIVE | {"text": "p.Gly12Asp"}),
        result("21702-6", POSITIVE, note=[{"text": "KRAS G12D was found."}]),
        result("21702-6", POSITIVE, component=[component("48005-3", hgvs("p.Gly12Asp"))]),
        result("21702-6", component=[component("48004-6", hgvs("NM_004985.5:c.35G>A"))]),
    ):
        assert claims(advisor, sent) == [(("KRAS",), State.PRESENT, "p.Gly12Asp")]


@pytest.mark.parametrize(
    ("code", "gene", "scope"),
    [
        ("21665-5", "EGFR", None),
        ("21636-6", "BRCA1", None),
        ("100019-9", "ALK", "small variant"),
        ("21733-1", "RET", "small variant"),
        ("53844-7", "BRAF", "targeted mutations"),
        ("79207-7", "BRCA1", "known familial variants"),
        ("79208-5", "BRCA2", "known familial variants"),
        ("96974-1", "PALB2", "deletion or duplication"),
        ("71357-8", "PDGFRA", "exon 18 mutation"),
    ],
)
def test_a_negative_speaks_for_the_scope_of_its_test(advisor: Advisor, code: str, gene: str, scope: str | None) -> None:
    assert claims(advisor, result(code, NEGATIVE)) == [((gene,), State.ABSENT, scope)]


def test_no_alk_mutation_does_not_deny_an_alk_fusion(advisor: Advisor) -> None:
    """Point mutations and rearrangements are different tests of the same gene."""
    found = advisor.record(bundle(patient(), result("100019-9", NEGATIVE)))
    finding = next(f for f in advisor.findings(found, TODAY) if f.statement.id == "alecensa-1")
    fusion = [leaf for leaf in finding.trace.leaves() if leaf.to_json()["criterion"] == "fusion"]
    assert [leaf.verdict for leaf in fusion] == ["unknown"]


# --- one value for several genes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "genes", "kind"),
    [
        ("81420-2", ("KRAS", "NRAS"), Kind.VARIANT),
        ("48972-4", ("FGFR2", "FGFR3"), Kind.VARIANT),
        ("94191-4", ("BRCA1", "BRCA2"), Kind.VARIANT),
        ("93813-4", ("NTRK1", "NTRK2", "NTRK3"), Kind.FUSION),
    ],
)
def test_a_negative_denies_each_gene_and_a_positive_belongs_to_none(
    advisor: Advisor, code: str, genes: tuple[str, ...], kind: Kind
) -> None:
    negative = facts(advisor, result(code, NEGATIVE))
    assert [(f.kind, f.genes, f.state) for f in negative] == [(kind, (gene,), State.ABSENT) for gene in genes]
    positive = record(advisor, result(code, POSITIVE))
    assert not [fact for fact in positive.facts if fact.genes]
    assert "not told in which" in positive.unread[0].reason


def test_a_text_that_names_the_gene_assigns_the_finding(advisor: Advisor) -> None:
    assert claims(advisor, result("81420-2", "NRAS Q61K")) == [(("NRAS",), State.PRESENT, "p.Gln61Lys")]
    assert claims(advisor, result("81420-2", "p.Gly12Asp")) == []
    assert claims(advisor, result("93813-4", "ETV6-NTRK3")) == [(("ETV6", "NTRK3"), State.PRESENT, None)]
    assert claims(advisor, result("93813-4", "NTRK1 rearrangement detected")) == [(("NTRK1",), State.PRESENT, None)]


# --- fusions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("78205-2", POSITIVE, (("ALK",), State.PRESENT)),
        ("78205-2", "ALK rearranged", (("ALK",), State.PRESENT)),
        ("78205-2", "rearrangement detected", (("ALK",), State.PRESENT)),
        ("78205-2", "EML4-ALK", (("EML4", "ALK"), State.PRESENT)),
        ("78205-2", "ALK: no rearrangement detected", (("ALK",), State.ABSENT)),
        ("78205-2", "ALK fusion: negative", None),
        ("78210-2", "The result is positive for many reasons", None),
        ("79206-9", NOT_DETECTED, (("EML4", "ALK"), State.ABSENT)),
        ("95784-5", POSITIVE, (("FGFR2",), State.PRESENT)),
        ("51867-0", POSITIVE, (("BCR", "ABL1"), State.PRESENT)),
        ("49490-6", POSITIVE, (("BCR", "ABL1"), State.PRESENT)),
        ("49490-6", NEGATIVE, None),
        ("78205-2", "NTRK1 rearranged", None),
    ],
)
def test_rearrangements(advisor: Advisor, code: str, value: Any, expected: Any) -> None:
    found = facts(advisor, result(code, value))
    assert [(f.genes, f.state) for f in found] == ([expected] if expected else [])
    assert all(f.kind is Kind.FUSION for f in found)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (coded("LA6576-8"), State.PRESENT),
        ("amplified", State.PRESENT),
        ("MET amplification", State.PRESENT),
        ("not amplified", State.ABSENT),
        ("No amplification", State.ABSENT),
    ],
)
def test_amplification(advisor: Advisor, value: Any, state: State) -> None:
    fact = one(advisor, result("90926-7", value))
    assert (fact.kind, fact.genes, fact.state, fact.variant_class) == (
        Kind.COPY_NUMBER,
        ("MET",),
        state,
        "amplification",
    )


@pytest.mark.parametrize("count", [0, 2, 12.4])
def test_copies_stay_a_number_without_a_claim(advisor: Advisor, count: float) -> None:
    fact = one(advisor, result("92906-7", count))
    assert (fact.kind, fact.copies, fact.variant_class) == (Kind.COPY_NUMBER, count, None)
    ratio = one(advisor, result("92907-5", count))
    assert (ratio.value, ratio.score, ratio.variant_class) == (count, "MET/CEP7 ratio", None)


def test_the_laboratorys_word_beside_a_number_is_believed(advisor: Advisor) -> None:
    sent = result("92843-2", POSITIVE)
    assert one(advisor, sent).state is State.PRESENT
    cells = result("78233-4", 40, interpretation=[coded("POS", INTERPRETATION)])
    assert (one(advisor, cells).state, one(advisor, cells).value) == (State.PRESENT, 40)


@pytest.mark.parametrize(
    ("code", "quantity", "state"),
    [
        ("92844-0", {"value": 0.42}, State.PRESENT),
        ("92844-0", {"value": 0}, State.INDETERMINATE),
        ("92844-0", {"value": 0.01, "comparator": "<"}, State.INDETERMINATE),
        ("98489-8", {"value": 33}, State.PRESENT),
        ("85383-8", {"value": 0.05}, State.PRESENT),
        ("78233-4", {"value": 40, "unit": "%"}, State.INDETERMINATE),
    ],
)
def test_a_number_above_zero_was_seen_and_zero_is_no_negative(
    advisor: Advisor, code: str, quantity: Json, state: State
) -> None:
    fact = one(advisor, observation("t1", coded(code), valueQuantity=quantity))
    assert (fact.state, fact.value) == (state, quantity["value"])


# --- what was tested for ----------------------------------------------------------------------------------------------

COVERAGE = ["21666-3", "21703-4", "21720-8", "63419-6", "21734-9", "21639-0", "38531-0", "59041-4"]


@pytest.mark.parametrize("code", COVERAGE)
@pytest.mark.parametrize("value", [POSITIVE, NEGATIVE, "p.Leu858Arg", "G12C, G12D, Q61H", "Exons 18 to 21", None])
def test_what_was_tested_for_is_never_a_result(advisor: Advisor, code: str, value: Any) -> None:
    assert not facts(advisor, result(code, value))


@pytest.mark.parametrize(("value", "shown"), [("p.Leu858Arg", True), (NEGATIVE, True), ("Exons 18 to 21", False)])
def test_what_looks_like_a_result_under_such_a_code_is_shown(advisor: Advisor, value: Any, shown: bool) -> None:
    assert bool(record(advisor, result("21666-3", value)).unread) is shown


@pytest.mark.parametrize("code", ["83059-6", "83060-4", "83061-2", "83062-0", "42778-1"])
def test_sequence_files_and_proteins_are_unread(advisor: Advisor, code: str) -> None:
    found = record(advisor, result(code, "##fileformat=VCFv4.3"))
    assert not [fact for fact in found.facts if fact.genes]
    assert found.unread


# --- robustness -----------------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=15)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "code", "display", "text", "value", "comparator", "low"]), inner)
    ),
    max_leaves=10,
)
elements = st.sampled_from(
    ["valueCodeableConcept", "valueString", "valueQuantity", "valueRatio", "valueInteger", "interpretation", "note"]
)


@given(
    code=st.sampled_from(["58415-1", "21702-6", "81420-2", "93813-4", "90926-7", "92906-7", "92844-0", "21666-3"]),
    sent=st.dictionaries(elements, anything, max_size=3),
)
def test_no_value_however_broken_makes_a_reader_fail(advisor: Advisor, code: str, sent: Json) -> None:
    found = record(advisor, observation("t1", coded(code), **sent))
    assert not [entry for entry in found.unread if "malformed" in entry.reason and "Overflow" not in entry.reason]


def test_no_mutation_found_denies_every_small_variant_of_the_gene(advisor: Advisor, knowledge: KnowledgeBase) -> None:
    found = advisor.record(bundle(patient(), result("42783-1", NEGATIVE)))
    person = Patient(found.facts, TODAY, knowledge.reference)
    assert decide(HasVariant("ERBB2", variant_class="activating"), person).verdict is Verdict.FALSE
    assert decide(HasCopyNumber("ERBB2", "amplification"), person).verdict is Verdict.UNKNOWN
    targeted = advisor.record(bundle(patient(), result("53844-7", NEGATIVE)))
    person = Patient(targeted.facts, TODAY, knowledge.reference)
    assert decide(HasVariant("BRAF", codon=600), person).verdict is Verdict.UNKNOWN
