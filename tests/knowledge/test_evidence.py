"""Evidence beyond the label: whom it concerns, that it never passes for a label, and where it touches one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service import Advisor
from cds_service.cli import main
from cds_service.codec import dumps, loads
from knowledge import (
    EvidenceFinding,
    EvidenceStatement,
    Fact,
    Kind,
    KnowledgeBase,
    KnowledgeError,
    Layer,
    Outcome,
    State,
    Verdict,
    evaluate,
    evaluate_evidence,
    load_knowledge_base,
)
from knowledge.evidence_table import read_evidence
from knowledge.loading import DATA, EVIDENCE
from knowledge.patient import Patient
from knowledge.reading import CriterionReader
from knowledge.reference_engine import ReferenceEngine
from knowledge.statements import named_in
from tests.facts import fact, fusion, negative, tumour, variant
from tests.fhir import bundle, condition, patient, protein, request
from tests.fhir import variant as variant_resource
from tests.strategies import facts

TODAY = date(2026, 11, 24)
NSCLC, MELANOMA, BOWEL = tumour("NSCLC"), tumour("SKCM"), tumour("COADREAD")
L858R, T790M = variant("EGFR", "p.Leu858Arg"), variant("EGFR", "p.Thr790Met", reference="Observation/2")
V600E = variant("BRAF", "p.Val600Glu")


def _evidence(
    given_facts: Sequence[Fact], knowledge: KnowledgeBase, undecided: bool = False
) -> dict[str, EvidenceFinding]:
    findings = evaluate(given_facts, knowledge, TODAY)
    found = evaluate_evidence(given_facts, knowledge, TODAY, findings, undecided=undecided)
    return {finding.statement.id: finding for finding in found}


def _made_up(knowledge: KnowledgeBase, *rows: str) -> KnowledgeBase:
    """The knowledge base with made-up evidence in place of what is shipped."""
    columns = "id profile when disease doid tumours therapies inns interaction significance direction tier items"
    text = "\n".join([columns.replace(" ", "\t"), *rows])
    return replace(knowledge, evidence=read_evidence(text, CriterionReader(knowledge.reference.drug_classes, {})))


def _row(number: int, therapies: str, inns: str, **members: str) -> str:
    row = {
        "id": f"civic-EID{number}",
        "profile": "EGFR L858R",
        "when": '{"variant":{"gene":"EGFR","protein":["p.Leu858Arg"]}}',
        "disease": "Lung Non-small Cell Carcinoma",
        "doid": "3908",
        "tumours": "NSCLC",
        "therapies": therapies,
        "inns": inns,
        "interaction": "combination" if "|" in therapies else "",
        "significance": "sensitivity",
        "direction": "supports",
        "tier": "",
        "items": f"{number}:B:3",
    }
    return "\t".join((row | members).values())


# --- whom it concerns ------------------------------------------------------------------------------------------------


def test_evidence_concerns_a_recorded_gene_and_a_recorded_tumour(knowledge: KnowledgeBase) -> None:
    found = _evidence([tumour("LUAD"), L858R], knowledge)
    assert found
    for finding in found.values():
        assert "EGFR" in finding.statement.profile
        assert knowledge.reference.tumours.is_a("LUAD", finding.statement.tumours[0])
    assert not _evidence([NSCLC], knowledge), "an untested gene is not asked for"
    assert not _evidence([L858R], knowledge), "without a tumour there is no evidence"
    assert not _evidence([tumour("BREAST"), L858R], knowledge), "another tumour"


def test_a_variant_of_the_right_gene_is_not_enough(knowledge: KnowledgeBase) -> None:
    other = variant("EGFR", "p.Arg108Lys")
    assert not [finding for finding in _evidence([NSCLC, other], knowledge).values() if finding.outcome is Outcome.MET]


def test_a_documented_negative_closes_it_and_silence_lists_nothing(knowledge: KnowledgeBase) -> None:
    closed = _evidence([NSCLC, negative("ALK")], knowledge)
    assert {finding.outcome for finding in closed.values()} == {Outcome.UNMET}
    vague = [NSCLC, fusion("ALK", state=State.INDETERMINATE)]
    assert not _evidence(vague, knowledge)
    asked = _evidence(vague, knowledge, undecided=True)
    assert {finding.outcome for finding in asked.values()} == {Outcome.TEST}


# --- it never passes for a label -------------------------------------------------------------------------------------

_LABEL_WORDS = re.compile(r"\b(?:label|indicat|authori[sz]|approv|recommend|option|SmPC|EMA\b|EU\b)", re.IGNORECASE)


def test_a_claim_names_its_source_first_and_has_no_word_of_a_label(knowledge: KnowledgeBase) -> None:
    brands = {medicine.brand.casefold() for medicine in knowledge.medicines if medicine.ema_number}
    for statement in knowledge.evidence:
        assert statement.claim.startswith(("CIViC evidence, level ", "CIViC assertion, Tier "))
        assert not _LABEL_WORDS.search(statement.claim), statement.claim
        assert not brands & {therapy.name.casefold() for therapy in statement.therapies}


@settings(max_examples=60)
@given(
    given_facts=facts,
    more=st.lists(st.sampled_from([L858R, T790M, V600E, NSCLC, MELANOMA, BOWEL, fusion("ALK"), negative("KRAS")])),
)
def test_an_evidence_finding_is_of_its_own_layer_and_both_engines_agree(
    knowledge: KnowledgeBase, given_facts: list[Fact], more: list[Fact]
) -> None:
    given_facts = given_facts + more
    labels = {finding.statement.id for finding in evaluate(given_facts, knowledge, TODAY)}
    engine = ReferenceEngine(Patient(given_facts, TODAY, knowledge.reference))
    for name, finding in _evidence(given_facts, knowledge, undecided=True).items():
        assert finding.layer is Layer.EVIDENCE
        assert finding.to_json()["layer"] == "evidence"
        assert name not in labels
        expected = engine.trace(finding.statement.criterion)
        assert finding.trace == expected
        outcomes = {Verdict.TRUE: Outcome.MET, Verdict.FALSE: Outcome.UNMET, Verdict.UNKNOWN: Outcome.TEST}
        assert finding.outcome is outcomes[expected.verdict]


def test_the_findings_of_labels_and_the_cards_hold_no_evidence(advisor: Advisor, client: FlaskClient) -> None:
    resources = (patient(), condition(), variant_resource("v1", "EGFR", protein("p.Leu858Arg")))
    record = advisor.record(bundle(*resources))
    findings = advisor.findings(record, TODAY)
    assert advisor.evidence(record, findings, TODAY)
    assert all(finding.layer is not Layer.EVIDENCE for finding in findings)
    answer = client.post("/cds-services/oncology-patient-view", json=request(*resources))
    assert answer.get_json()["cards"]
    assert b"civic-" not in answer.data


# --- where it touches a label ----------------------------------------------------------------------------------------


def test_what_a_label_opens_for_the_same_finding_is_no_off_label_option(knowledge: KnowledgeBase) -> None:
    made_up = _made_up(
        knowledge,
        _row(1, "Osimertinib", "osimertinib"),
        _row(2, "Chemotherapy|Osimertinib", "*|osimertinib"),
        _row(3, "Dovitinib|Osimertinib", "|osimertinib"),
        _row(4, "Imatinib", "imatinib"),
        _row(5, "Amivantamab|Lazertinib", "amivantamab|lazertinib"),
        _row(6, "Imatinib|Osimertinib", "imatinib|osimertinib", interaction="substitutes"),
        _row(7, "Erlotinib|Gefitinib", "erlotinib|gefitinib", interaction="substitutes"),
        _row(8, "Osimertinib", "osimertinib", direction="does-not-support"),
    )
    found = _evidence([NSCLC, L858R], made_up)
    off_label = {name for name, finding in found.items() if finding.is_off_label_option}
    assert off_label == {"civic-EID3", "civic-EID4", "civic-EID6"}
    assert set(found["civic-EID1"].covered_by) >= {"tagrisso-3"}
    assert found["civic-EID5"].covered_by == ("lazcluze-1", "rybrevant-1")
    assert not found["civic-EID8"].covered_by


def test_a_label_that_another_finding_opened_covers_nothing(knowledge: KnowledgeBase) -> None:
    kras = variant("KRAS", "p.Gly12Cys", reference="Observation/2")
    made_up = _made_up(
        knowledge,
        _row(
            1,
            "Osimertinib",
            "osimertinib",
            when='{"variant":{"gene":"KRAS","protein":["p.Gly12Cys"]}}',
            profile="KRAS G12C",
        ),
    )
    (finding,) = _evidence([NSCLC, L858R, kras], made_up).values()
    assert not finding.covered_by
    assert finding.is_off_label_option


def test_resistance_names_the_open_label_options_that_it_opposes(knowledge: KnowledgeBase) -> None:
    made_up = _made_up(
        knowledge,
        _row(1, "Osimertinib", "osimertinib", significance="resistance"),
        _row(2, "Osimertinib", "osimertinib", significance="resistance", direction="does-not-support"),
        _row(3, "Osimertinib", "osimertinib", significance="adverse-response"),
    )
    found = _evidence([NSCLC, L858R], made_up)
    assert "tagrisso-3" in found["civic-EID1"].opposes
    assert not found["civic-EID1"].covered_by
    assert not found["civic-EID2"].opposes
    assert not found["civic-EID3"].opposes


def test_contrary_evidence_is_shown_twice_and_each_names_the_other(knowledge: KnowledgeBase) -> None:
    made_up = _made_up(
        knowledge,
        _row(1, "Imatinib", "imatinib", items="1:A:5"),
        _row(2, "Imatinib", "imatinib", direction="does-not-support"),
        _row(3, "Imatinib Mesylate", "imatinib", significance="resistance"),
        _row(4, "Imatinib", "imatinib", significance="resistance", direction="does-not-support"),
        _row(5, "Dasatinib", "dasatinib", direction="does-not-support"),
    )
    found = _evidence([NSCLC, L858R], made_up)
    contradicted = {name.removeprefix("civic-EID"): finding.contradicted_by for name, finding in found.items()}
    assert contradicted == {
        "1": ("civic-EID2", "civic-EID3"),
        "2": ("civic-EID1",),
        "3": ("civic-EID1", "civic-EID4"),
        "4": ("civic-EID3",),
        "5": (),
    }
    assert [found[f"civic-EID{number}"].statement.levels for number in (1, 2)] == [("A",), ("B",)]


# --- loading and printing --------------------------------------------------------------------------------------------


def test_every_evidence_statement_is_found_by_a_patient_who_fits(knowledge: KnowledgeBase) -> None:
    """A patient with the tumour and a fact that names each gene or marker is concerned by the statement."""
    for statement in knowledge.evidence:
        found = _evidence([tumour(statement.tumours[0]), *_named(statement)], knowledge, undecided=True)
        assert statement.id in found


def _named(statement: EvidenceStatement) -> list[Fact]:
    return [fact(Kind.VARIANT, genes=(name,), marker=name) for name in sorted(named_in(statement.criterion))]


def test_the_table_is_part_of_the_release_and_may_be_missing(tmp_path: Path, knowledge: KnowledgeBase) -> None:
    copy = tmp_path / "data"
    copytree(DATA, copy)
    assert load_knowledge_base(copy).release == knowledge.release
    table = copy / EVIDENCE
    table.write_text(table.read_text().replace(":B:3", ":B:4", 1))
    assert load_knowledge_base(copy).release != knowledge.release
    table.unlink()
    assert load_knowledge_base(copy).evidence == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ('"class":"exon 19 deletion"', '"class":"exon 9"'),
            "no class 'exon 9' is defined for EGFR; import the table",
        ),
        (("\tNSCLC\t", "\tNOWHERE\t"), "NOWHERE"),
        (("\tsupports\t", "\tshouts\t"), "'shouts' is not a valid Direction"),
    ],
)
def test_a_table_that_does_not_fit_the_knowledge_is_refused(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    copy = tmp_path / "data"
    copytree(DATA, copy)
    table = copy / EVIDENCE
    table.write_text(table.read_text().replace(*change))
    with pytest.raises(KnowledgeError, match=re.escape(message)):
        load_knowledge_base(copy)


def test_evaluate_prints_evidence_after_the_labels(tmp_path: Path) -> None:
    resources = (patient(), condition(), variant_resource("v1", "EGFR", protein("p.Leu858Arg")))
    path = tmp_path / "a.json"
    path.write_bytes(dumps(bundle(*resources)))

    def findings(*options: str) -> list[dict[str, object]]:
        result = CliRunner().invoke(main, ["evaluate", str(path), "--today", "2026-11-24", *options])
        assert result.exit_code == 0
        return list(loads(result.stdout)["findings"])

    layers = [finding["layer"] for finding in findings()]
    assert layers == sorted(layers, key=lambda layer: layer == "evidence")
    afatinib = next(finding for finding in findings() if finding["id"] == "civic-EID2997")
    assert afatinib.pop("trace")
    assert afatinib == {
        "id": "civic-EID2997",
        "medicine": "afatinib",
        "inn": "afatinib",
        "layer": "evidence",
        "outcome": "met",
        "claim": "CIViC evidence, level A: studies support sensitivity to afatinib in "
        "Lung Non-small Cell Carcinoma with EGFR L858R",
        "direction": "supports",
        "significance": "sensitivity",
        "levels": ["A"],
        "evidence": [{"id": "EID2997", "level": "A", "rating": 5}],
        "covered_by": ["giotrif-1"],
    }
    assert not any(finding["outcome"] == "test" for finding in findings() if finding["layer"] == "evidence")
    assert any(
        finding["outcome"] == "test" for finding in findings("--undecided-evidence") if finding["layer"] == "evidence"
    )
