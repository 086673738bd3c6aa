"""The example patients beside the medicine files, in both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import KnowledgeBase
from knowledge.case_checks import problems_of_cases
from knowledge.cases import case_files
from knowledge.loading import CASES, DATA
from tests.conftest import TODAY


@pytest.mark.parametrize("path", case_files(DATA), ids=lambda path: path.name.removesuffix(CASES))
def test_the_cases_of_a_medicine(knowledge: KnowledgeBase, path: Path) -> None:
    stem = path.name.removesuffix(CASES)
    own = {statement.id for _, statement in knowledge.statements if statement.id.startswith(f"{stem}-")}
    assert own
    problems, number = problems_of_cases(path, own, knowledge, TODAY)
    assert [str(problem) for problem in problems] == []
    assert number
