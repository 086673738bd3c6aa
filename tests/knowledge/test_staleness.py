"""A label with a newer text makes what was read from the old one stale, wherever it is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from cards.details import Basis, basis_lines
from knowledge import Fact, Kind, KnowledgeBase, Source, State, evaluate, load_knowledge_base
from knowledge.labels import Anchor
from knowledge.staleness import LabelText, Standing, check_labels, stale_document
from knowledge.statements import Medicine, anchors_of
from knowledge.views import copy_view, statement_row, statement_view
from tests.conftest import TODAY
from tests.knowledge.folders import Folder


@pytest.fixture
def avastin(knowledge: KnowledgeBase) -> Medicine:
    return next(medicine for medicine in knowledge.medicines if medicine.brand == "Avastin")


def _text(medicine: Medicine, later: int = 0, keep: bool = True) -> LabelText:
    sections: dict[str, tuple[str, ...]] = {}
    for statement in medicine.statements:
        for anchor in anchors_of(statement):
            broken = anchor.text.replace(" ", "\n", 1) if keep else "other words"
            sections[anchor.section] = (*sections.get(anchor.section, ()), f"before {broken} after")
    return LabelText(medicine.brand, "new.md", medicine.label.date + timedelta(days=later), sections)


@pytest.mark.parametrize(
    ("later", "keep", "standing", "passes"),
    [
        (0, True, Standing.STANDS, True),
        (0, False, Standing.LOST, False),
        (1, True, Standing.NEWER, False),
        (1, False, Standing.NEWER, False),
        (-1, True, Standing.OLDER, True),
        (-1, False, Standing.OLDER, False),
    ],
)
def test_how_a_label_stands(avastin: Medicine, later: int, keep: bool, standing: Standing, passes: bool):
    alone = replace(avastin, copies=())
    (check,) = check_labels([alone], {"Avastin": _text(avastin, later, keep)})
    assert (check.standing, check.passes) == (standing, passes)
    assert bool(check.lost) is not keep


def test_an_anchor_whose_section_is_not_at_hand_is_neither_found_nor_lost(avastin: Medicine):
    text = LabelText("Avastin", "new.md", avastin.label.date, {})
    (check,) = check_labels([replace(avastin, copies=())], {"Avastin": text})
    assert (check.found, check.lost, len(check.unread)) == (0, (), check.anchors)


def test_what_is_read_in_the_label_of_another_medicine_is_found_by_its_document(avastin: Medicine):
    national = replace(avastin, brand="bevacizumab", copies=())
    (check,) = check_labels([national], {avastin.label.document or "": _text(avastin)})
    assert check.standing is Standing.STANDS


def test_without_a_text_nothing_is_said(avastin: Medicine):
    checks = list(check_labels([avastin], {}))
    assert {check.standing for check in checks} == {Standing.NO_TEXT}
    assert len(checks) == 1 + len(avastin.copies)
    assert stale_document(checks) == {"stale": []}


@pytest.fixture
def stale(tmp_path: Path, knowledge: KnowledgeBase) -> KnowledgeBase:
    """Knowledge in which Tagrisso and the biosimilar Abevmy are stale."""
    folder = Folder(tmp_path / "data")
    tagrisso = next(medicine for medicine in knowledge.medicines if medicine.brand == "Tagrisso")
    texts = {
        "Tagrisso": _text(tagrisso, 30, keep=False),
        "Abevmy": LabelText("Abevmy", "abevmy.md", date(2026, 9, 1), {}),
    }
    document = stale_document(check_labels(knowledge.medicines, texts))
    (folder.path / "stale.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_knowledge_base(folder.path)


def test_a_stale_statement_says_so_wherever_it_is_shown(stale: KnowledgeBase, knowledge: KnowledgeBase):
    assert stale.release != knowledge.release
    facts = [
        Fact(kind=Kind.DISEASE, state=State.PRESENT, source=Source("Condition/1"), tumour="LUAD"),
        Fact(
            kind=Kind.VARIANT,
            state=State.PRESENT,
            source=Source("Observation/1"),
            genes=("EGFR",),
            protein="p.Thr790Met",
        ),
    ]
    findings = {finding.statement.id: finding for finding in evaluate(facts, stale, TODAY)}
    shown = findings["tagrisso-4"].to_json()["stale"]
    assert shown == {
        "newer_label": "2026-07-29",
        "anchors_lost": [
            {"section": anchor.section, "text": anchor.text} for anchor in anchors_of(findings["tagrisso-4"].statement)
        ],
    }
    assert "stale" not in findings["iressa-1"].to_json()
    medicine, statement = findings["tagrisso-4"].medicine, findings["tagrisso-4"].statement
    assert statement_row(medicine, statement)["stale"] is True
    assert statement_view(medicine, statement, stale.reference.tumours)["stale"] == shown
    line = basis_lines(Basis("sha256:x"), [findings["tagrisso-4"]])[1]
    assert "The label of Tagrisso has a newer text (2026-07-29) than the one" in line
    assert "newer text" not in basis_lines(Basis("sha256:x"), [findings["iressa-1"]])[1]


def test_a_copy_is_stale_by_its_own_label(stale: KnowledgeBase):
    avastin = next(medicine for medicine in stale.medicines if medicine.brand == "Avastin")
    assert avastin.newer_label is None
    by_name = {copy.brand: copy_view(copy, avastin) for copy in avastin.copies}
    assert by_name["Abevmy"]["stale"] == {"newer_label": "2026-09-01"}
    assert by_name["Mvasi"]["stale"] is None


def test_a_medicine_read_from_the_newer_label_is_no_longer_stale(tmp_path: Path):
    folder = Folder(tmp_path / "data")
    entry = {"medicine": "Tagrisso", "read": "2026-06-29", "newer": "2026-07-29", "document": "new.md", "lost": []}
    (folder.path / "stale.yaml").write_text(yaml.safe_dump({"stale": [entry]}), encoding="utf-8")
    folder.replace("eu/tagrisso.yaml", "date: 2026-06-29", "date: 2026-07-29")
    assert not any(medicine.newer_label for medicine in load_knowledge_base(folder.path).medicines)


def test_an_anchor_stands_in_its_own_section_only():
    text = LabelText("X", "x.md", date(2026, 1, 1), {"4.1": ("treatment of\n adults",), "4.2": ("a dose",)})
    assert text.holds(Anchor("4.1", "treatment of adults"))
    assert not text.holds(Anchor("4.2", "treatment of adults"))
    assert not text.holds(Anchor("4.3", "treatment of adults"))
