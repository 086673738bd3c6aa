"""Validation lists every problem of damaged knowledge, each by the check that is meant to find it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

from cds_service import Advisor
from cds_service.curation import vocabulary
from knowledge.coverage import coverage
from knowledge.problems import Severity
from knowledge.reference_checks import anchor_problems, requirement_problems, row_problems
from knowledge.sources import DATA
from knowledge.staleness import LabelText
from knowledge.validation import CHECKS, Validation, validate
from knowledge.vocabulary import Vocabulary
from knowledge.yaml_files import read_yaml
from tests.conftest import TODAY
from tests.knowledge.folders import Folder

TAGRISSO = "eu/tagrisso.yaml"
CASES = "eu/tagrisso.cases.yaml"
VECTIBIX = "eu/vectibix.yaml"
EGFR = "alterations/EGFR.yaml"
CLASSES = "drug_classes/general.yaml"
L858R = "- variant: {gene: EGFR, protein: [p.Leu858Arg]}"


@pytest.fixture(scope="module")
def words(advisor: Advisor) -> Vocabulary:
    return vocabulary(advisor.tables)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


def _found(result: Validation, check: str) -> list[str]:
    return [str(problem) for problem in result.problems if problem.check == check]


def test_the_shipped_knowledge_has_no_error(words: Vocabulary):
    result = validate(DATA, words, TODAY)
    assert [str(problem) for problem in result.problems if problem.severity is Severity.ERROR] == []
    assert result.passes
    assert result.knowledge is not None
    assert result.cases > 0


#: The file, what is replaced by what, the check that finds it, and a part of what it says.
DAMAGES = [
    (TAGRISSO, "medicine:\n", "medicine: [\n", "yaml", "tagrisso.yaml"),
    (TAGRISSO, "inn: osimertinib", "inn: Osimertinib", "schema", "at medicine/inn"),
    (TAGRISSO, "class: activating}", "class: activating, codon: 858}", "criterion", "only one"),
    (TAGRISSO, "brand: Tagrisso", "brand: Tagriso", "file", "should be called tagriso.yaml"),
    (TAGRISSO, "id: tagrisso-2", "id: tagrisso-two", "file", "should be tagrisso- and a number"),
    (TAGRISSO, "id: tagrisso-2", "id: tagrisso-1", "id", "tagrisso-1 is used twice"),
    (TAGRISSO, "any_of: [NSCLC]", "any_of: [NSCLX]", "name", "NSCLX is not an OncoTree code"),
    (TAGRISSO, "class: activating}", "class: exciting}", "name", "no class 'exciting' is defined for EGFR"),
    (TAGRISSO, "{class: platinum-compound}", "{class: no-such-class}", "name", "no drug class 'no-such-class'"),
    (TAGRISSO, L858R, L858R.replace("EGFR", "EGFRX"), "gene", "EGFRX is no approved HGNC symbol"),
    (TAGRISSO, "- pemetrexed", "- pemetrexxed", "drug", "pemetrexxed is not known: is pemetrexed meant?"),
    (TAGRISSO, "rows: [EU0037]\n", "note: none\n", "proof", "names no row of the reference table"),
    (
        TAGRISSO,
        "summary: locally advanced or metastatic, EGFR T790M",
        "summary: EGFR T790M mutationpositive NSCLC",
        "proof",
        "say it in your own words",
    ),
    (TAGRISSO, "age: {at_least: 18}", "age: {at_least: 18, below: 12}", "contradiction", "holds for no age"),
    (
        TAGRISSO,
        "- setting: adjuvant",
        "- setting: adjuvant\n        - not: {setting: adjuvant}",
        "contradiction",
        "exclude each other",
    ),
    (EGFR, "gene: EGFR", "gene: ERBB2", "class", "should be called ERBB2.yaml"),
    (EGFR, 'coding: "c.2573T>G", protein: p.Leu858Arg', 'coding: "c.2573T>G", protein: p.L858R', "class", "written"),
    (EGFR, 'coding: "c.2573T>G", protein: p.Leu858Arg', 'coding: "c.2573T>G", protein: p.Leu861Arg', "class", "is not"),
    (EGFR, "includes: [sensitising]", "includes: [sensitizing]", "class", "sensitizing, which is not defined"),
    (CLASSES, "carboplatin, oxaliplatin]", "carboplatin, oxalliplatin]", "drug", "oxalliplatin"),
    (CASES, "tagrisso-4: met", "tagrisso-4: unmet", "case", "should be unmet, is met"),
    (CASES, "tagrisso-4: met", "tagrisso-9: met", "case", "tagrisso-9 is not a statement"),
    (CASES, "kind: disease", "kind: illness", "case", "illness"),
    ("eu_copies.yaml", "inn: bevacizumab", "inn: ranibizumab", "copy", "its INN is ranibizumab"),
    ("eu_copies.yaml", "row: EU0053", "row: EU9999", "copy", "EU9999 is answered by no statement of Avastin"),
]


@pytest.mark.parametrize(("name", "old", "new", "check", "message"), DAMAGES, ids=lambda value: str(value)[:40])
def test_each_damage_is_found_by_its_check(folder: Folder, words: Vocabulary, name, old, new, check, message):
    folder.replace(name, old, new)
    result = validate(folder.path, words, TODAY)
    assert any(message in problem for problem in _found(result, check)), result.problems


def test_all_problems_are_listed_not_only_the_first(folder: Folder, words: Vocabulary):
    damages = [damage for damage in DAMAGES if damage[0] in (TAGRISSO, CASES) and damage[3] in ("drug", "name", "case")]
    for name, old, new, *_ in damages[:5]:
        folder.replace(name, old, new)
    folder.replace(VECTIBIX, "inn: panitumumab", "inn: Panitumumab")
    folder.replace(VECTIBIX, "status: authorised", "status: unknown")
    result = validate(folder.path, words, TODAY)
    assert len(_found(result, "schema")) == 2
    assert {problem.check for problem in result.problems} >= {"name", "drug", "case", "schema"}
    assert not result.passes


def test_two_statements_that_say_the_same_are_found(folder: Folder, words: Vocabulary):
    document = read_yaml(folder.path / VECTIBIX)
    document["indications"].append(document["indications"][0] | {"id": "vectibix-99", "rows": ["EU9999"]})
    (folder.path / VECTIBIX).write_text(yaml.safe_dump(document), encoding="utf-8")
    (found,) = _found(validate(folder.path, words, TODAY), "duplicate")
    assert found == "Vectibix: vectibix-99: asks the same of the same patients as vectibix-1"


def test_classes_that_hold_nothing_are_found(folder: Folder, words: Vocabulary):
    entries = "  - {name: one, includes: [two], source: test}\n  - {name: two, includes: [one], source: test}\n"
    folder.replace(EGFR, "classes:\n", f"classes:\n{entries}")
    folder.replace(CLASSES, "classes:\n", "classes:\n  - {name: nothing, label: nothing, members: [], source: none}\n")
    found = _found(validate(folder.path, words, TODAY), "class")
    assert [problem for problem in found if ": one: holds nothing" in problem]
    assert [problem for problem in found if ": nothing: holds no drug" in problem]


def test_classes_that_cannot_be_read_end_the_check_of_the_medicines(folder: Folder, words: Vocabulary):
    folder.replace(CLASSES, "includes: [platinum-compound]", "includes: [no-such-class]")
    result = validate(folder.path, words, TODAY)
    assert result.knowledge is None
    assert "the medicines are not checked" in _found(result, "class")[0]


def test_a_statement_without_an_example_patient_is_found(folder: Folder, words: Vocabulary):
    folder.replace(CASES, "expect: {tagrisso-4: met}", "expect: {tagrisso-3: test}")
    assert "tagrisso-4: opens for no example patient" in _found(validate(folder.path, words, TODAY), "case")[0]


def test_every_damage_names_a_documented_check(folder: Folder, words: Vocabulary):
    assert {damage[3] for damage in DAMAGES} <= set(CHECKS)
    assert {problem.check for problem in validate(folder.path, words, TODAY).problems} <= set(CHECKS)


# --- against reference material --------------------------------------------------------------------------------------


def _text(day: str, sections: Mapping[str, tuple[str, ...]]) -> dict[str, LabelText]:
    return {"Vectibix": LabelText("Vectibix", "vectibix.md", date.fromisoformat(day), sections)}


def test_an_anchor_that_does_not_stand_in_the_text_of_its_date_is_an_error(knowledge):
    found = list(
        anchor_problems(knowledge, _text("2025-05-07", {"4.1": ("in first-line in combination\nwith FOLFOX",)}))
    )
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert {problem.file for problem in errors} == {"Vectibix"}
    assert any("does not stand in section 4.1" in problem.message for problem in errors)
    assert any(problem.message == "there is no text of its label at hand" for problem in found)


def test_an_anchor_that_is_not_in_a_text_of_another_date_is_a_gap(knowledge):
    found = [p for p in anchor_problems(knowledge, _text("2026-05-07", {"4.1": ()})) if p.file == "Vectibix"]
    assert {problem.severity for problem in found} == {Severity.GAP}
    assert "the text at hand is of 2026-05-07" in found[0].message


def test_rows_are_answered_missing_or_wrongly_claimed(knowledge):
    rows = {row: medicine.brand for medicine, statement in knowledge.statements for row in statement.rows}
    assert list(row_problems(knowledge, rows)) == []
    assert [str(p) for p in row_problems(knowledge, rows | {"EU9999": "Other"})] == [
        "Other: EU9999: no statement answers it"
    ]
    wrong = [str(problem) for problem in row_problems(knowledge, rows | {"EU0138": "Erbitux"})]
    assert wrong == ["Vectibix: vectibix-1: EU0138 is about Erbitux"]
    del rows["EU0138"]
    assert [str(p) for p in row_problems(knowledge, rows)] == [
        "Vectibix: vectibix-1: EU0138 is no row of the reference table"
    ]


def test_a_requirement_that_no_statement_says_is_found(knowledge):
    item = {"medicine": "Vectibix", "analyte": "RAS", "wording_class": "experienced-laboratory"}
    asked = item | {"reference_row_ids": "EU0138;EU0139"}
    assert list(requirement_problems(knowledge, [asked])) == []
    (problem,) = requirement_problems(knowledge, [asked | {"wording_class": "validated-test"}])
    assert "for RAS is validated-test, not experienced-laboratory" in problem.message


def test_coverage_counts_what_there_is(knowledge):
    counts = coverage(knowledge, 7)
    assert counts["medicines"]["total"] == len(knowledge.medicines)
    assert counts["statements"]["total"] == len(knowledge.statements)
    assert counts["review"] == {
        "total": len(knowledge.statements),
        "not signed off": len(knowledge.statements),
        "second review": 0,
    }
    assert counts["named tests"]["total"] == counts["named tests"]["linked"] + counts["named tests"].get(
        "not linked", 0
    )
    assert counts["example patients"] == {"total": 7}
