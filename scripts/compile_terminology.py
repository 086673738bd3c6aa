"""Compile the gene and tumour tables that the product ships, from the files their owners release.

    scripts/compile_terminology.py --hgnc hgnc_entries.tsv --hgnc-version 2024-07 \
        --oncotree oncotree_2025_10_03.json --output knowledge/data/terminology

``genes.tsv``: every approved HGNC gene with its previous symbols and aliases. ``oncotree.tsv``: every
OncoTree node with its parent. The same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

GENE_COLUMNS = ("hgnc_id", "symbol", "ncbi", "previous", "aliases")
TUMOUR_COLUMNS = ("code", "name", "parent", "main_type", "nci")

_REDIRECT = re.compile(r"\[HGNC:(\d+)\]")
_RELEASE = re.compile(r"(\d{4})[_-](\d{2})[_-](\d{2})")


def main() -> None:
    """Read the released files and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hgnc", type=Path, required=True, help="HGNC entries, tab separated")
    parser.add_argument("--hgnc-version", required=True, help="release of that file, for example 2024-07")
    parser.add_argument("--oncotree", type=Path, required=True, help="OncoTree as JSON, the release in its file name")
    parser.add_argument("--output", type=Path, required=True, help="folder for the tables")
    arguments = parser.parse_args()
    genes = compile_genes(_hgnc_rows(arguments.hgnc))
    tumours = compile_tumours(json.loads(arguments.oncotree.read_text(encoding="utf-8"))["TISSUE"])
    arguments.output.mkdir(parents=True, exist_ok=True)
    _write(
        arguments.output / "genes.tsv",
        _header(
            "HGNC, the HUGO Gene Nomenclature Committee (genenames.org), all approved entries",
            arguments.hgnc_version,
            "CC0 1.0",
            f"--hgnc {arguments.hgnc.name} --hgnc-version {arguments.hgnc_version}",
        ),
        GENE_COLUMNS,
        genes,
    )
    _write(
        arguments.output / "oncotree.tsv",
        _header(
            "OncoTree (oncotree.mskcc.org), Memorial Sloan Kettering Cancer Center",
            _release_of(arguments.oncotree),
            "CC BY 4.0; changed: flattened to one row for each node, five members kept",
            f"--oncotree {arguments.oncotree.name}",
        ),
        TUMOUR_COLUMNS,
        tumours,
    )


def compile_genes(rows: Iterable[dict[str, str]]) -> list[tuple[str, ...]]:
    """One row for each approved gene, in the order of the numbers of their ids.

    A withdrawn symbol that redirects to exactly one approved gene becomes a previous symbol of that gene;
    one that was split over several genes names none of them.
    """
    entries = list(rows)
    approved = {row["HGNC ID"]: row for row in entries if row["Status"] == "Approved"}
    previous = {identifier: set(_names(row["Previous symbols"])) for identifier, row in approved.items()}
    for row in entries:
        targets = _REDIRECT.findall(row["Approved name"])
        if row["Status"] == "Symbol Withdrawn" and len(targets) == 1 and f"HGNC:{targets[0]}" in approved:
            previous[f"HGNC:{targets[0]}"].add(row["Approved symbol"])
    return [_gene(approved[identifier], previous[identifier]) for identifier in sorted(approved, key=_number)]


def _gene(row: dict[str, str], previous: set[str]) -> tuple[str, ...]:
    symbol = row["Approved symbol"]
    old = sorted(previous - {symbol})
    aliases = sorted(set(_names(row["Alias symbols"])) - set(old) - {symbol})
    ncbi = row["NCBI Gene ID(supplied by NCBI)"].strip()
    return (row["HGNC ID"], symbol, ncbi, "|".join(old), "|".join(aliases))


def compile_tumours(root: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row for each OncoTree node, in the order of their codes."""
    return sorted(_tumours(root))


def _tumours(node: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    nci = "|".join(sorted(node["externalReferences"].get("NCI", [])))
    name = " ".join((node["name"] or "").split())
    yield (node["code"], name, node.get("parent") or "", node["mainType"] or "", nci)
    for child in node["children"].values():
        yield from _tumours(child)


def _names(joined: str) -> list[str]:
    """The symbols of one HGNC cell, which joins them with a comma and a space."""
    return [name.strip() for name in joined.split(", ") if name.strip()]


def _number(identifier: str) -> int:
    return int(identifier.partition(":")[2])


def _hgnc_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _release_of(path: Path) -> str:
    found = _RELEASE.search(path.name)
    if found is None:
        raise SystemExit(f"{path.name}: the file name does not tell the OncoTree release (…_2025_10_03.json)")
    return "-".join(found.groups())


def _header(source: str, version: str, licence: str, options: str) -> str:
    return (
        f"# Source: {source}\n# Version: {version}\n# Licence: {licence}\n"
        f"# Made by: scripts/compile_terminology.py {options}\n"
    )


def _write(path: Path, header: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    for row in rows:
        if any("\t" in cell or "\n" in cell for cell in row):
            raise SystemExit(f"{path.name}: {row[0]} has a tab or a line break inside a cell")
    lines = ["\t".join(columns), *("\t".join(row) for row in rows)]
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
