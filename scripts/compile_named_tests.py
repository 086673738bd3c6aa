"""Compile the tests that EMA documents name for medicines.

    scripts/compile_named_tests.py --tests eu_companion_diagnostics.tsv --output knowledge/data/tests/named_tests.tsv

Facts and short anchors of EMA documents only: what other sources say about a test is left out, and so are the notes on
a CE status, whose wording may promote a test beyond its role. The same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.named_tests import COLUMNS, NO_CE_STATUS, ROLES, TEST_KINDS

HEADER = """\
# Source: European Medicines Agency, product information and assessment reports (reuse with acknowledgement)
# Made by: scripts/compile_named_tests.py from the curators' table of tests that EMA documents name
# What documents print, not a list of certified devices. Roles and CE status are as stated at the document's date.
"""

_AS_WRITTEN = ("as written",)
#: Genes and markers as criteria name them, by what the analyte column calls them. The pattern that comes first wins its
#: stretch of text. A group of genes that no criterion names has no name.
_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"g?BRCA1/2", ("BRCA1", "BRCA2")),
    (r"tBRCA", ("BRCA1", "BRCA2")),
    (r"genomic instability|HRD", ("HRD",)),
    (r"HRR(?: genes| panel)?", ()),
    (r"NTRK1/2/3|NTRK1-3|NTRK", ("NTRK1", "NTRK2", "NTRK3")),
    (r"HER2 mutation|ERBB2(?: mutation)?", ("ERBB2",)),
    (r"HER2(?: gene| protein| protein/gene)?", ("HER2", "ERBB2")),
    (r"MMR proteins", ("MMR",)),
    (r"MSI", ("MSI",)),
    (r"PD-L1(?: protein)?", ("PD-L1",)),
    (r"KIT \(CD117\) protein", ("KIT", "CD117")),
    (r"FOLR1 \(FR alpha\) protein", ("FOLR1",)),
    (r"CLDN18\.2 protein", ("CLDN18.2",)),
    (r"CD\d+ protein", _AS_WRITTEN),
    (r"HLA-A\*02:01", ("HLA-A",)),
    (r"BCR::ABL1", ("BCR", "ABL1")),
    (r"PML::RARA", ("PML", "RARA")),
    (r"del\(17p\)", ("del(17p)", "TP53")),
    (r"del\(5q\)", _AS_WRITTEN),
    (r"somatostatin receptors", ("SSTR",)),
    (r"PSMA", ("PSMA",)),
    (r"EpCAM", ("EPCAM",)),
    (r"MRD", ("MRD",)),
    (
        r"\b(?:ABL1|AKT1|ALK|BRAF|EGFR|ESR1|FGFR2|FGFR3|FLT3|IDH1|IDH2|KRAS|MET|NRAS|PDGFRA|PIK3CA|PTEN|RET|ROS1)\b",
        _AS_WRITTEN,
    ),
)
_WRITTEN_AS_NAMED = re.compile(r"CD\d+|del\(\d+[pq]\)|[A-Z][A-Z0-9]+")
_ANALYTE = re.compile("|".join(f"(?P<n{number}>{pattern})" for number, (pattern, _) in enumerate(_NAMES)))


def main() -> None:
    """Read the curators' table and write the compiled one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tests", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.tests.open(encoding="utf-8", newline="") as table:
        rows = [compile_row(row) for row in csv.DictReader(table, delimiter="\t")]
    arguments.output.write_text(table_text(rows), encoding="utf-8")


def table_text(rows: list[dict[str, str]]) -> str:
    """The compiled table."""
    lines = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]
    return HEADER + "\n".join(lines) + "\n"


def compile_row(row: Mapping[str, str]) -> dict[str, str]:
    """One test. Raises ``SystemExit`` for a word that the loader does not know, and for an analyte without a name."""
    roles = row["role"].split(";")
    asked_by_label = bool(row["reference_row_ids"])
    names = tuple(dict.fromkeys(analyte_names(row["analyte"]))) if asked_by_label else ()
    if set(roles) - set(ROLES) or row["test_kind"] not in TEST_KINDS or (asked_by_label and not names):
        sys.exit(f"{row['medicine']}, {row['test_canonical']}: a role, kind or analyte that is not known")
    states_ce = row["ce_status_as_stated"] != NO_CE_STATUS
    compiled = {
        "medicine": row["medicine"],
        "inn": row["inn"],
        "test": row["test_canonical"],
        "printed_name": row["test_name"],
        "manufacturer": row["manufacturer"],
        "analyte": row["analyte"],
        "names": "|".join(names),
        "specimen": row["specimen"],
        "method": row["method"],
        "roles": "|".join(roles),
        "use_in_trial": row["use_in_trial"],
        "in_current_label": row["named_in_current_smpc"],
        "kind": row["test_kind"],
        "ce_status": row["ce_status_as_stated"],
        "ce_document": (row["ce_document"] or row["document"]) if states_ce else "",
        "ce_anchor": row["ce_anchor"] if states_ce else "",
        "cut_off": row["cut_off"],
        "document": row["document"],
        "section": row["section"],
        "document_date": row["document_date"],
        "anchor": row["anchor"],
        "rows": "|".join(row["reference_row_ids"].split(";")) if asked_by_label else "",
    }
    return {column: " ".join(value.split()) for column, value in compiled.items()}


def analyte_names(analyte: str) -> Iterator[str]:
    """The genes and markers of an analyte as criteria name them."""
    for match in _ANALYTE.finditer(re.sub(r"\([^)]*(?:panel|label)[^)]*\)", "", analyte)):
        names = _NAMES[int((match.lastgroup or "n0")[1:])][1]
        written = _WRITTEN_AS_NAMED.match(match.group())
        yield from (written.group(),) if names is _AS_WRITTEN and written else names


if __name__ == "__main__":
    main()
