"""The reference page of codes is what the tables give today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from cds_service import Advisor
from fhir_mappings.readers import READERS

SCRIPT = Path(__file__).parents[2] / "scripts" / "document_fhir.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("document_fhir", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
