"""The example patients beside the medicine files, in both engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from knowledge import KnowledgeBase, Outcome
from knowledge.cases import case_files, failures, read_cases
from knowledge.loading import CASES, DATA, SCHEMAS
from knowledge.yaml_files import read_yaml
from tests.conftest import TODAY

OPEN = {Outcome.MET, Outcome.VERIFY, Outcome.APPLIES}
FILES = case_files(DATA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(CASES))
def test_the_cases_of_a_medicine(knowledge: KnowledgeBase, path: Path) -> None:
    schema = json.loads((SCHEMAS / "cases.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(read_yaml(path))
    cases = read_cases(path, TODAY)
    assert not list(failures(cases, knowledge, TODAY))
    stem = path.name.removesuffix(CASES)
    own = {statement.id for _, statement in knowledge.statements if statement.id.startswith(f"{stem}-")}
    opened = {name for case in cases for name, outcome in case.expected.items() if outcome in OPEN}
    missed = {name for case in cases for name, outcome in case.expected.items() if outcome not in OPEN}
    assert own
    assert not own - opened, "each statement has a patient for whom it opens"
    assert own & missed, "the medicine has a near miss"
