"""Two releases compared: every change is said once, in words that a clinician reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.comparison import Comparison, compare
from knowledge.criteria import (
    AllOf,
    AnyOf,
    HasVariant,
    InLine,
    MenopausalStateIs,
    NeedsJudgement,
    Not,
    PerformanceAtMost,
    SexIs,
)
from knowledge.criterion_comparison import criterion_changes
from knowledge.loading import read_release
from knowledge.release import Release
from tests.knowledge.folders import Folder

TAGRISSO = "eu/tagrisso.yaml"
COMPLETE = "treatment after complete resection, stage IB to IIIA"
CURATED = "curated 2026-11-24, no second review"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return read_release(Folder(tmp_path_factory.mktemp("before") / "data").path)


def _changes(before: Release, folder: Folder) -> dict[tuple[str, str, str], tuple[str, ...]]:
    comparison = compare(before, read_release(folder.path))
    return {(change.kind, change.subject, change.how): change.details for change in comparison.changes}


def test_equal_releases_have_no_change(before: Release, folder: Folder):
    assert compare(read_release(folder.path), before) == Comparison(before.digest, before.digest, ())


#: The file, what is replaced by what, and what is said of which subject.
EDITS = [
    (
        TAGRISSO,
        "date: 2026-06-29",
        "date: 2026-09-01",
        "medicine",
        "Tagrisso",
        "label of 2026-06-29 → label of 2026-09-01",
    ),
    (
        TAGRISSO,
        "conditional: false",
        "conditional: true",
        "medicine",
        "Tagrisso",
        "authorised → authorised, conditional",
    ),
    (TAGRISSO, "status: authorised", "status: withdrawn", "medicine", "Tagrisso", "authorised → withdrawn"),
    (
        TAGRISSO,
        "age: {at_least: 18}",
        "age: {at_least: 12}",
        "statement",
        "tagrisso-1",
        "age ≥ 18 years → age ≥ 12 years",
    ),
    (
        TAGRISSO,
        "- setting: adjuvant",
        "- setting: neoadjuvant",
        "statement",
        "tagrisso-1",
        "adjuvant setting → neoadjuvant setting",
    ),
    (
        TAGRISSO,
        "        - setting: adjuvant\n",
        "        - setting: adjuvant\n        - performance: {at_most: 1}\n",
        "statement",
        "tagrisso-1",
        "now required: ECOG performance status ≤ 1",
    ),
    (
        TAGRISSO,
        "        - judgement: complete tumour resection\n",
        "",
        "statement",
        "tagrisso-1",
        "no longer required: complete tumour resection",
    ),
    (
        TAGRISSO,
        "            - variant: {gene: EGFR, class: exon 19 deletion}\n",
        "",
        "statement",
        "tagrisso-1",
        "EGFR L858R: no longer EGFR exon 19 deletion",
    ),
    (
        TAGRISSO,
        "any_of: [NSCLC]",
        "any_of: [NSCLC, SCLC]",
        "statement",
        "tagrisso-1",
        "Non-Small Cell Lung Cancer (NSCLC): now also Small Cell Lung Cancer (SCLC)",
    ),
    (
        TAGRISSO,
        "requirement: validated-test",
        "requirement: experienced-laboratory",
        "statement",
        "tagrisso-1",
        "test: EGFR in tumour: validated test → EGFR in tumour: laboratory with demonstrated proficiency",
    ),
    (TAGRISSO, "with: []", "with: [pemetrexed]", "statement", "tagrisso-1", "with: nothing → pemetrexed"),
    (
        TAGRISSO,
        "summary: adjuvant treatment",
        "summary: treatment",
        "statement",
        "tagrisso-1",
        f"wording: adjuvant {COMPLETE} → {COMPLETE}",
    ),
    (
        TAGRISSO,
        "clinical_signoff: null",
        "clinical_signoff: 2026-12-01",
        "statement",
        "tagrisso-1",
        f"review: {CURATED}, not signed off by a clinician → {CURATED}, signed off by a clinician 2026-12-01",
    ),
    (
        TAGRISSO,
        "adult patients with stage IB-IIIA",
        "patients with stage IB-IIIA",
        "statement",
        "tagrisso-1",
        "proof: other anchors in the label",
    ),
    (
        "alterations/EGFR.yaml",
        "protein: [p.Leu858Arg, p.Leu861Gln, p.Ser768Ile]",
        "protein: [p.Leu858Arg, p.Leu861Gln]",
        "alteration class",
        "EGFR sensitising",
        "changes: no longer p.Ser768Ile",
    ),
    (
        "drug_classes/general.yaml",
        "members: [cisplatin, carboplatin, oxaliplatin]",
        "members: [cisplatin, carboplatin, nedaplatin]",
        "drug class",
        "platinum-compound",
        "drugs: now also nedaplatin; no longer oxaliplatin",
    ),
    (
        TAGRISSO,
        "timing: required",
        "timing: recommended",
        "statement",
        "tagrisso-1",
        "test of EGFR, before treatment: required → recommended",
    ),
    (
        "stages.yaml",
        "tumour: COADREAD",
        "tumour: STAD",
        "file",
        "stages.yaml",
        "now also Stomach Adenocarcinoma (STAD); no longer Colorectal Adenocarcinoma (COADREAD)",
    ),
    ("eu_copies.yaml", "date: '2026-07-07'", "date: '2026-08-07'", "copy", "Abevmy", "label: 2026-07-07 → 2026-08-07"),
]


@pytest.mark.parametrize(("name", "old", "new", "kind", "subject", "said"), EDITS, ids=lambda value: str(value)[:30])
def test_each_change_is_said_in_words(before: Release, folder: Folder, name, old, new, kind, subject, said):
    folder.replace(name, old, new)
    assert said in _changes(before, folder)[kind, subject, "changed"]


def test_a_removed_medicine_takes_its_statements_along(before: Release, folder: Folder):
    (folder.path / "eu" / "vizimpro.yaml").unlink()
    gone = {("medicine", "Vizimpro", "removed"), ("statement", "vizimpro-1", "removed")}
    assert set(_changes(before, folder)) == gone
    back = compare(read_release(folder.path), before)
    assert {change.how for change in back.changes} == {"added"}
    assert {change.title for change in back.changes} >= {"Vizimpro (dacomitinib)"}


def test_a_newer_label_that_becomes_known_is_a_change(before: Release, folder: Folder):
    entry = {"medicine": "Tagrisso", "read": "2026-06-29", "newer": "2026-07-29", "document": "new.md", "lost": []}
    (folder.path / "stale.yaml").write_text(yaml.safe_dump({"stale": [entry]}), encoding="utf-8")
    assert _changes(before, folder)["medicine", "Tagrisso", "changed"] == (
        "stale: its label has a newer text of 2026-07-29",
    )


def test_no_difference_of_releases_goes_unsaid(before: Release, folder: Folder):
    folder.replace("stages.yaml", "tumour: COADREAD", "tumour: STAD")
    folder.replace("terminology/oncotree.tsv", "# Version: 2025-10-03", "# Version: 2026-10-03")
    assert set(_changes(before, folder)) == {
        ("file", "stages.yaml", "changed"),
        ("file", "terminology/oncotree.tsv", "changed"),
    }


def test_a_class_that_moves_to_another_file_has_not_changed(before: Release, folder: Folder):
    general, breast = (folder.path / "drug_classes" / name for name in ("general.yaml", "breast.yaml"))
    classes = yaml.safe_load(general.read_text(encoding="utf-8"))["classes"]
    others = yaml.safe_load(breast.read_text(encoding="utf-8"))["classes"]
    general.write_text(yaml.safe_dump({"classes": classes[1:]}), encoding="utf-8")
    breast.write_text(yaml.safe_dump({"classes": [*others, classes[0]]}), encoding="utf-8")
    assert set(_changes(before, folder)) == {("file", "drug_classes/", "changed")}


def test_members_of_a_class_are_all_that_belong_to_it(before: Release, folder: Folder):
    folder.replace(
        "drug_classes/general.yaml",
        "members: [cisplatin, carboplatin, oxaliplatin]",
        "members: [cisplatin, carboplatin, oxaliplatin, nedaplatin]",
    )
    found = _changes(before, folder)
    assert found["drug class", "platinum-compound", "changed"] == ("drugs: now also nedaplatin",)
    assert found["drug class", "chemotherapy", "changed"] == ("drugs: now also nedaplatin",)


def test_changes_of_one_kind_stand_together(before: Release, folder: Folder):
    for gene, protein in (("BRAF", "NP_004324"), ("EGFR", "NP_005219")):
        name = f"alterations/{gene}.yaml"
        folder.replace(name, f"protein: {protein}", f"protein: {protein}9")
        folder.replace(name, "\n    source: ", "\n    source: again ")
    changes = compare(before, read_release(folder.path)).changes
    kinds = [change.kind for change in changes if change.kind != "statement"]
    assert kinds == ["alteration class"] * 2 + ["gene"] * 2
    assert changes[-1].details == ("protein sequence: NP_005219 → NP_0052199",)


def test_the_same_words_about_other_entries_of_the_record_are_said_so(knowledge):
    one, other = NeedsJudgement("postmenopausal"), MenopausalStateIs("postmenopausal")
    found = list(criterion_changes(AllOf((one,)), AllOf((other,)), knowledge.reference.tumours))
    assert found == ["postmenopausal: decided by other entries of the record"]
    male = SexIs("male")
    found = list(criterion_changes(AnyOf((male, one)), AnyOf((male, other)), knowledge.reference.tumours))
    assert found == ["male or postmenopausal: decided by other entries of the record"]


def test_what_is_only_written_in_another_order_is_said_so(knowledge):
    one, other = HasVariant("EGFR", codon=858), InLine(at_most=1)
    tree = knowledge.reference.tumours
    assert list(criterion_changes(AllOf((one, other)), AllOf((other, one)), tree)) == []


def test_a_denied_criterion_that_becomes_a_demand_is_two_changes(knowledge):
    asked = HasVariant("EGFR", codon=858)
    found = list(criterion_changes(AllOf((Not(asked),)), AllOf((asked,)), knowledge.reference.tumours))
    assert found == [
        "no longer required: no EGFR mutation at codon 858",
        "now required: EGFR mutation at codon 858",
    ]


def test_alternatives_are_compared_by_their_members(knowledge):
    first, second = HasVariant("EGFR", codon=858), HasVariant("EGFR", codon=861)
    before = AllOf((first, PerformanceAtMost(1)))
    after = AllOf((AnyOf((first, second)), PerformanceAtMost(2)))
    assert list(criterion_changes(before, after, knowledge.reference.tumours)) == [
        "EGFR mutation at codon 858: now also EGFR mutation at codon 861",
        "ECOG performance status ≤ 1 → ECOG performance status ≤ 2",
    ]
