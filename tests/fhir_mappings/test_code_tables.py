"""The code tables: every row has a reader that exists, and a code stands in one row only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import fhir_mappings
from cds_service import Advisor
from fhir_mappings.readers import READERS
from knowledge.yaml_files import read_yaml

CODES = Path(fhir_mappings.__file__).parent / "data" / "codes"
ROWS: list[dict[str, Any]] = [
    row
    for path in sorted(CODES.glob("*.yaml"))
    for kind in ("readers", "unread")
    for row in read_yaml(path).get(kind, [])
]


def test_a_code_stands_in_one_row_only() -> None:
    codes = Counter((row.get("system", "loinc.org"), row["code"]) for row in ROWS)
    assert ROWS
    assert not [code for code, count in codes.items() if count > 1]


def test_every_row_names_a_reader_that_exists(advisor: Advisor) -> None:
    assert {row["read"] for row in ROWS if "read" in row} <= set(READERS)
    assert all(row.get("name") for row in ROWS)


def test_every_gene_of_a_row_is_an_approved_symbol(advisor: Advisor) -> None:
    genes = {gene for row in ROWS for gene in row.get("genes", ())}
    for gene in genes:
        match = advisor.tables.genes.resolve(gene)
        assert match is not None
        assert match.symbol == gene
        assert match.how == "approved"
