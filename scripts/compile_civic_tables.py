"""Compile two fact tables from CIViC's released TSV files (CC0).

    scripts/compile_civic_tables.py --variants …VariantSummaries.tsv --features …FeatureSummaries.tsv \
        --release 01-Sep-2025 --output fhir_mappings/data

``transcripts.tsv``: RefSeq accession (without version) and its gene, used to settle a conflict between
a gene's id and its symbol. ``fusion_pairs.tsv``: gene pairs that are known as fusions.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def main() -> None:
    """Read the released files and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=Path, required=True)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--release", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    header = f"# Source: CIViC release {arguments.release}, CC0 1.0. Compiled by scripts/compile_civic_tables.py.\n"
    _write(arguments.output / "transcripts.tsv", header + "accession\tgene\n", transcripts(arguments.variants))
    _write(
        arguments.output / "fusion_pairs.tsv", header + "five_prime\tthree_prime\n", fusion_pairs(arguments.features)
    )


def transcripts(path: Path) -> list[tuple[str, str]]:
    """Accessions that occur with exactly one gene."""
    genes: dict[str, set[str]] = defaultdict(set)
    for row in _rows(path):
        for accession in re.findall(r"\b(N[MP]_\d+)", row["hgvs_descriptions"] or ""):
            if row["gene"]:
                genes[accession].add(row["gene"])
    return sorted((accession, names.pop()) for accession, names in genes.items() if len(names) == 1)


def fusion_pairs(path: Path) -> list[tuple[str, str]]:
    """Fusions whose two partners are both known."""
    pairs = {
        (row["five_prime_gene_name"], row["three_prime_gene_name"])
        for row in _rows(path)
        if row["feature_type"] == "Fusion" and row["five_prime_gene_name"] and row["three_prime_gene_name"]
    }
    return sorted(pair for pair in pairs if pair[0] != pair[1])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _write(path: Path, header: str, rows: Iterable[tuple[str, str]]) -> None:
    path.write_text(header + "".join(f"{first}\t{second}\n" for first, second in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
