"""The index of the corpus: which facts a careful human reads in each file, and how to find them in a record.

An index fact is ``key=value`` pairs; ``~=`` marks what the human derived. A record has the fact if one of its
facts agrees with every pair that can be compared.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from knowledge import Fact, Kind
from knowledge.coding_change import parse_coding_change
from knowledge.protein_change import parse_protein_change

#: Index kinds that have a reader, and the kinds of facts that carry them.
BUILT = {
    "variant": {Kind.VARIANT},
    "structural": {Kind.VARIANT, Kind.COPY_NUMBER},
    "fusion": {Kind.FUSION, Kind.KARYOTYPE},
    "cnv": {Kind.COPY_NUMBER},
    "disease": {Kind.DISEASE},
    "ihc": {Kind.EXPRESSION},
}


@dataclass(frozen=True)
class Expected:
    """One fact of the index."""

    file: str
    kind: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_built(self) -> bool:
        return self.kind in BUILT and not (self.kind == "ihc" and dict(self.pairs).get("marker") != "PD-L1")

    def comparable(self) -> list[tuple[str, str]]:
        return [
            (key, value)
            for key, value in self.pairs
            if key in _COMPARISONS and not _not_in_the_source(value) and (key != "code" or self.kind == "disease")
        ]

    def matches(self, fact: Fact) -> bool:
        if fact.kind not in BUILT[self.kind]:
            return False
        return all(_COMPARISONS[key](fact, value) for key, value in self.comparable())

    def count(self) -> int:
        """How many facts one line stands for (``count~=7 somatic SNVs``)."""
        number = re.match(r"\d+", dict(self.pairs).get("count", ""))
        return int(number[0]) if number else 1


def read_index(corpus: Path) -> list[Expected]:
    """Every fact of the index except ``none``."""
    with (corpus / "fixtures" / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    expected = []
    for row in rows:
        for text in row["facts"].split(" || "):
            pairs = tuple(_pair(part) for part in text.split("; ") if "=" in part)
            kind = dict(pairs).get("kind")
            if kind and kind != "none":
                expected.append(Expected(row["file"], kind, pairs))
    return expected


def _pair(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    return key.removesuffix("~").strip(), value.strip()


def _not_in_the_source(value: str) -> bool:
    return (
        value.startswith(("not stated", "never stated"))
        or "derivable" in value
        or "not sent" in value
        or "only in ClinVar" in value
    )


def _state(fact: Fact, value: str) -> bool:
    return fact.state == ("absent" if value.startswith(("absent", "wild type")) else "present")


def _vaf(fact: Fact, value: str) -> bool:
    number = float(value.removesuffix("%").strip())
    return fact.vaf is not None and abs(fact.vaf - (number / 100 if number > 1 else number)) < 1e-6


def _disease_code(fact: Fact, value: str) -> bool:
    return value in (fact.source.raw or "") or fact.histology == value


_COMPARISONS = {
    "gene": lambda fact, value: value.split()[0] in fact.genes,
    "p": lambda fact, value: fact.protein == str(parse_protein_change(value)),
    "p_in_display": lambda fact, value: fact.protein == str(parse_protein_change(value)),
    "c": lambda fact, value: fact.coding == str(parse_coding_change(value)),
    "g": lambda fact, value: fact.genomic == value,
    "spdi": lambda fact, value: fact.genomic == value,
    "chrom": lambda fact, value: (fact.genomic or "").startswith(value),
    "tx": lambda fact, value: fact.transcript == value,
    "status": _state,
    "origin": lambda fact, value: (fact.origin or "unknown") == value.split()[0],
    "zygosity": lambda fact, value: fact.zygosity == value,
    "vaf": _vaf,
    "cn": lambda fact, value: fact.copies == float(value),
    "cnv": lambda fact, value: fact.variant_class == value.split()[0],
    "partners": lambda fact, value: set(fact.genes) == set(value.split(",")),
    "iscn": lambda fact, value: fact.value == value,
    "date": lambda fact, value: (fact.date or "").startswith(value),
    "code": _disease_code,
    "tps_in_note": lambda fact, value: fact.score == "TPS" and fact.value == int(value.split()[0]),
}
