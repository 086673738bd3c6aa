"""Which statements two releases decide differently."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from knowledge import Fact, Kind, KnowledgeBase, Source, State
from knowledge.changed_statements import changed_statements, index_keys
from knowledge.evaluation import evaluate
from knowledge.loading import read_release
from knowledge.release import Release
from tests.conftest import TODAY


def _documents() -> dict[str, Any]:
    return copy.deepcopy(dict(read_release().documents))


def test_a_release_differs_in_nothing_from_itself():
    changed = changed_statements(read_release(), Release.of(_documents()))
    assert changed.identifiers == ()
    assert not changed.everything


def test_a_statement_that_was_removed_added_or_asks_otherwise_differs():
    documents = _documents()
    del documents["eu/balversa.yaml"]
    documents["eu/tagrisso.yaml"]["indications"][0]["age"] = {"at_least": 90}
    changed = changed_statements(Release.of(documents), read_release())
    first = documents["eu/tagrisso.yaml"]["indications"][0]["id"]
    assert set(changed.identifiers) == {"balversa-1", first}
    assert {statement.id for _, statement in changed.before.statements} == {first}


@pytest.mark.parametrize(
    "name", ["terminology/oncotree.tsv", "stages.yaml", "drug_classes/general.yaml", "alterations/KIT.yaml"]
)
def test_other_terminology_changes_everything(name: str, knowledge: KnowledgeBase):
    documents = _documents()
    if name == "terminology/oncotree.tsv":
        documents[name] = documents[name].replace("Xanthogranuloma", "Another name", 1)
    elif name == "stages.yaml":
        documents[name]["metastatic_at_stage_four"].pop()
    elif name.startswith("drug_classes"):
        documents[name]["classes"][0]["label"] += " otherwise"
    else:
        documents[name]["classes"].append(copy.deepcopy(documents[name]["classes"][0]) | {"name": "another class"})
    changed = changed_statements(Release.of(documents), read_release())
    assert changed.everything
    assert len(changed.identifiers) == len(knowledge.statements)


def test_a_patient_without_one_of_the_keys_has_no_finding(knowledge: KnowledgeBase):
    documents = _documents()
    del documents["eu/balversa.yaml"]
    changed = changed_statements(Release.of(documents), read_release())
    keys = index_keys(changed.after)
    assert "BLCA" in keys.tumours
    assert keys.names == {"FGFR3"}
    assert "erdafitinib" in keys.drugs
    for code in knowledge.reference.tumours.codes():
        fact = Fact(kind=Kind.DISEASE, state=State.PRESENT, tumour=code, source=Source("Condition/1"))
        assert bool(evaluate([fact], changed.after, TODAY)) is (code in keys.tumours), code
