"""The reference page of the knowledge is what the files give today."""

from __future__ import annotations

from types import ModuleType

import pytest

from knowledge import KnowledgeBase
from tests.loaded_scripts import load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("document_knowledge")


def test_the_page_is_written_from_the_files(script: ModuleType, knowledge: KnowledgeBase):
    current = script.PAGE.read_text(encoding="utf-8") == script.page(knowledge)
    assert current, "docs/reference/knowledge.md is not what the files say: run scripts/document_knowledge.py"


def test_the_page_has_every_statement_copy_and_test(script: ModuleType, knowledge: KnowledgeBase):
    page = script.page(knowledge)
    assert not [statement.id for _, statement in knowledge.statements if f"| `{statement.id}` |" not in page]
    assert not [copy.brand for copy in knowledge.copies if f"| {copy.brand} |" not in page]
    assert not [test.test for test in knowledge.named_tests if test.test.replace("|", "\\|") not in page]
