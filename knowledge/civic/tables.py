"""CIViC's released TSV files, recognised by their columns and not by their names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]

#: The columns that are read of each table; a file that has them all is that table.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "evidence": (
        "molecular_profile",
        "molecular_profile_id",
        "disease",
        "doid",
        "phenotypes",
        "therapies",
        "therapy_interaction_type",
        "evidence_type",
        "evidence_direction",
        "evidence_level",
        "significance",
        "rating",
        "evidence_status",
        "evidence_id",
        "variant_origin",
        "last_review_date",
        "is_flagged",
    ),
    "assertions": (
        "molecular_profile",
        "molecular_profile_id",
        "disease",
        "doid",
        "phenotypes",
        "therapies",
        "assertion_type",
        "assertion_direction",
        "significance",
        "amp_category",
        "assertion_id",
        "evidence_item_ids",
        "is_flagged",
    ),
    "profiles": ("name", "molecular_profile_id", "variant_ids"),
    "variants": (
        "variant_id",
        "feature_type",
        "feature_id",
        "feature_name",
        "variant",
        "variant_types",
        "gene",
        "entrez_id",
        "hgvs_descriptions",
        "5_prime_partner_status",
        "3_prime_partner_status",
        "is_flagged",
    ),
    "features": (
        "feature_id",
        "five_prime_gene_name",
        "five_prime_gene_entrez_id",
        "three_prime_gene_name",
        "three_prime_gene_entrez_id",
    ),
}


class CivicFileError(ValueError):
    """Files from which no table can be made; the message says what is missing."""


@dataclass(frozen=True, slots=True, repr=False)
class CivicFiles:
    """The tables of one import. ``names`` are the files that were used, ``unused`` those that were not, with why."""

    evidence: Sequence[Row]
    assertions: Sequence[Row]
    profiles: Sequence[Row]
    variants: Sequence[Row]
    features: Sequence[Row]
    names: tuple[str, ...]
    unused: tuple[tuple[str, str], ...]

    @property
    def newest_review(self) -> str:
        """The day of the newest review of an evidence item: what the table is as new as."""
        return max((row["last_review_date"][:10] for row in self.evidence), default="")


def read_civic_files(texts: Mapping[str, str]) -> CivicFiles:
    """Sort files, given as text by name, into the five tables.

    Of several evidence files the one with the newest review counts alone: each release holds all accepted evidence,
    and what is missing from the newer one was withdrawn. Raises :class:`CivicFileError` if a table is missing or there
    twice.
    """
    found: dict[str, list[tuple[str, Sequence[Row]]]] = {kind: [] for kind in _COLUMNS}
    unused: list[tuple[str, str]] = []
    for name, text in texts.items():
        columns = frozenset(text.partition("\n")[0].rstrip("\r").split("\t"))
        kind = next((kind for kind, needed in _COLUMNS.items() if columns.issuperset(needed)), None)
        if kind is None:
            unused.append((name, "no table that the import reads"))
        else:
            found[kind].append((name, list(csv.DictReader(io.StringIO(text), delimiter="\t"))))
    found["evidence"].sort(key=lambda file: (max((row["last_review_date"] for row in file[1]), default=""), file[0]))
    unused += [(name, "older than the other evidence file") for name, _ in found["evidence"][:-1]]
    del found["evidence"][:-1]
    for kind, files in found.items():
        if len(files) != 1:
            named = ", ".join(name for name, _ in files) or "none"
            raise CivicFileError(f"one file of {kind} is needed, given: {named}")
    tables = {kind: files[0][1] for kind, files in found.items()}
    return CivicFiles(**tables, names=tuple(sorted(files[0][0] for files in found.values())), unused=tuple(unused))
