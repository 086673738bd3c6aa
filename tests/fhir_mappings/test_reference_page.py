"""The reference page of codes is what the tables give today."""

from __future__ import annotations

from types import ModuleType

import pytest

from cds_service import Advisor
from fhir_mappings.readers import READERS
from tests.loaded_scripts import load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("document_fhir")


def test_the_page_is_written_from_the_tables(script: ModuleType, advisor: Advisor):
    current = script.PAGE.read_text(encoding="utf-8") == script.page(advisor.tables)
    assert current, "docs/reference/fhir.md is not what the tables say: run scripts/document_fhir.py"


def test_the_page_has_every_code(script: ModuleType, advisor: Advisor):
    page = script.page(advisor.tables)
    codes = [*advisor.tables.rules, *advisor.tables.unread_codes]
    assert codes
    assert not [code for _, code in codes if f"| `{code}` |" not in page]


def test_a_reader_without_a_subject_stops_the_script(script: ModuleType, advisor: Advisor):
    with pytest.raises(SystemExit, match="new_reader"):
        script.page(advisor.tables, [*READERS, "new_reader"])
