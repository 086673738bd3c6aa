"""Compile CPIC's phenotype tables from the files that PharmCAT releases.

    scripts/compile_cpic.py --input …/pgx --release 2025-11-19 --output fhir_mappings/data/cpic

``alleles.tsv``: each allele with its key: the activity value where CPIC counts activity, else the function.
``phenotypes.tsv``: each pair of keys with its activity score and phenotype.

PharmCAT lists every diplotype. The two small tables say the same and can be reviewed; the script stops if a
single diplotype of the input does not follow from them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENES = ("DPYD", "NUDT15", "TPMT", "UGT1A1")
ALLELE_COLUMNS = ("gene", "allele", "key")
PHENOTYPE_COLUMNS = ("gene", "first_key", "second_key", "activity_score", "phenotype")


class ContradictionError(ValueError):
    """Two diplotypes with the same keys have different phenotypes: the small tables would not be true."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rows of both tables for one gene."""

    alleles: list[tuple[str, ...]]
    phenotypes: list[tuple[str, ...]]


def main() -> None:
    """Read the released files and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", type=Path, required=True, help="folder with GENE.phenotype.json")
    parser.add_argument("--release", required=True, help="date of the PharmCAT release, for example 2025-11-19")
    parser.add_argument("--output", type=Path, required=True, help="folder for the tables")
    arguments = parser.parse_args()
    files = [json.loads((arguments.input / f"{gene}.phenotype.json").read_text(encoding="utf-8")) for gene in GENES]
    compiled = [compile_gene(file) for file in files]
    header = _header(arguments.release, sorted({file["version"] for file in files}))
    arguments.output.mkdir(parents=True, exist_ok=True)
    _write(arguments.output / "alleles.tsv", header, ALLELE_COLUMNS, [row for gene in compiled for row in gene.alleles])
    _write(
        arguments.output / "phenotypes.tsv",
        header,
        PHENOTYPE_COLUMNS,
        [row for gene in compiled for row in gene.phenotypes],
    )


def compile_gene(file: dict[str, Any]) -> Compiled:
    """The rows of one gene; raises ``ContradictionError`` if keys do not determine the phenotype."""
    gene, keys = file["gene"], file["haplotypes"]
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for diplotype in file["diplotypes"]:
        first, second = sorted(keys[allele] for allele in _alleles(diplotype))
        result = (diplotype["activityScore"] or "", diplotype["phenotype"])
        if found.setdefault((first, second), result) != result:
            raise ContradictionError(f"{gene} {diplotype['diplotype']}: {result} is not {found[first, second]}")
    return Compiled(
        [(gene, allele, key) for allele, key in keys.items()],
        [(gene, *pair, *result) for pair, result in sorted(found.items())],
    )


def _alleles(diplotype: dict[str, Any]) -> Iterator[str]:
    for allele, copies in diplotype["diplotypekey"].items():
        for _ in range(copies):
            yield allele


def _header(release: str, versions: list[str]) -> str:
    return (
        "# Source: CPIC (cpicpgx.org), CC0 1.0, from the phenotype files of PharmCAT,\n"
        f"# release of {release}, data version {', '.join(versions)}. Compiled by scripts/compile_cpic.py.\n"
    )


def _write(path: Path, header: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    lines = "".join("\t".join(row) + "\n" for row in [columns, *rows])
    path.write_text(header + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
