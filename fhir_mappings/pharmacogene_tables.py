"""The reviewed tables of pharmacogenomics: phenotype words, allele names, and CPIC's phenotypes of diplotypes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_mappings.elements import codings, last_segment
from knowledge.yaml_files import read_yaml

_INDETERMINATE = "Indeterminate"
_NAMED_ALLELE = re.compile(r"(?P<change>.+) \((?P<name>[^()]+)\)")


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded finding that names gene and phenotype at once. ``raw`` is the code as it was sent."""

    gene: str
    phenotype: str
    raw: str


@dataclass(frozen=True, slots=True)
class CpicPhenotype:
    """CPIC's phenotype of a diplotype; ``None`` where CPIC calls it indeterminate. The score is DPYD's."""

    phenotype: str | None
    activity_score: float | None


@dataclass(frozen=True, slots=True, repr=False)
class PharmacogeneTables:
    """What the readers of pharmacogenomics look up."""

    phenotype_codes: Mapping[str, str]
    star_allele_genes: frozenset[str]
    watched_genes: frozenset[str]
    ta_repeats: Mapping[str, str]
    _phenotype_words: Mapping[str, str]
    _gene_words: Mapping[str, Mapping[str, str]]
    _findings: Mapping[tuple[str, str], tuple[str, str]]
    _watched_words: re.Pattern[str]
    _spellings: Mapping[tuple[str, str], str]
    _keys: Mapping[tuple[str, str], str]
    _cpic: Mapping[tuple[str, str, str], tuple[str, str]]

    @classmethod
    def load(cls, data: Path) -> PharmacogeneTables:
        """Read ``pharmacogenomics.yaml`` and the compiled tables under ``cpic``."""
        words = read_yaml(data / "pharmacogenomics.yaml")
        alleles = list(_rows(data / "cpic" / "alleles.tsv"))
        return cls(
            phenotype_codes=words["phenotype_codes"],
            star_allele_genes=frozenset(words["star_allele_genes"]),
            watched_genes=frozenset(words["watched_genes"]),
            ta_repeats=words["ta_repeats"],
            _phenotype_words=_by_word(words["phenotype_words"]),
            _gene_words={gene: _by_word(groups) for gene, groups in words["gene_phenotype_words"].items()},
            _findings={
                (system, item["code"]): (item["gene"], item["phenotype"])
                for item in words["findings"]
                for system in item["system"]
            },
            _watched_words=_whole_words(words["watched_words"]),
            _spellings=_spellings(words["allele_spellings"], [(gene, allele) for gene, allele, _ in alleles]),
            _keys={(gene, _canonical(allele)): key for gene, allele, key in alleles},
            _cpic={
                (gene, first, second): (score, phenotype)
                for gene, first, second, score, phenotype in _rows(data / "cpic" / "phenotypes.tsv")
            },
        )

    def phenotype_of_words(self, text: str, genes: Iterable[str]) -> str | None:
        """The phenotype that a whole text means, for results of these genes."""
        genes = tuple(genes)
        plain = _plain(text)
        for gene in genes:
            plain = plain.removeprefix(f"{gene.lower()} ")
        plain = plain.removesuffix(" phenotype")
        if common := self._phenotype_words.get(plain):
            return common
        return self._gene_words.get(genes[0], {}).get(plain) if len(genes) == 1 else None

    def finding(self, concept: Any) -> Finding | None:
        """The finding that a concept codes for, if it is one of the reviewed ones."""
        for system, code, display in codings(concept):
            if code and (found := self._findings.get((last_segment(system), code))):
                return Finding(*found, raw=" ".join(part for part in (code, display) if part))
        return None

    def speaks_of_a_watched_gene(self, texts: Iterable[str]) -> bool:
        """Whether a text mentions a gene of which no result may be lost."""
        return any(self._watched_words.search(text) for text in texts)

    def allele(self, gene: str | None, text: str) -> str | None:
        """The usual name of an allele that is written without a star name; ``None`` if it is not known."""
        return self._spellings.get((gene or "", text.lower()))

    def has_cpic_table(self, gene: str) -> bool:
        """Whether CPIC's phenotypes are known for the diplotypes of a gene."""
        return any(known == gene for known, _ in self._keys)

    def cpic_phenotype(self, gene: str, diplotype: str) -> CpicPhenotype | None:
        """CPIC's phenotype of a diplotype; ``None`` if the table lacks one of its alleles."""
        keys = [self._keys.get((gene, allele)) for allele in diplotype.split("/")]
        if len(keys) != 2 or keys[0] is None or keys[1] is None:
            return None
        first, second = sorted((keys[0], keys[1]))
        found = self._cpic.get((gene, first, second))
        if found is None:
            return None
        score, phenotype = found
        named = None if phenotype == _INDETERMINATE else self._phenotype_words.get(_plain(phenotype))
        return CpicPhenotype(named, float(score) if score else None)


def _plain(text: str) -> str:
    """A text in one spelling: small letters, single blanks, American endings, no hyphens."""
    return re.sub(r"[\s-]+", " ", text.strip()).lower().replace("metaboliser", "metabolizer").rstrip(".")


def _by_word(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {_plain(word): phenotype for phenotype, words in groups.items() for word in words}


def _canonical(cpic_name: str) -> str:
    """``c.1905+1G>A (*2A)`` to ``*2A``, ``Reference`` to ``*1``: the names that reports use."""
    if cpic_name == "Reference":
        return "*1"
    named = _NAMED_ALLELE.fullmatch(cpic_name)
    return named["name"] if named else cpic_name


def _whole_words(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, words))})(?![a-z0-9])", re.IGNORECASE)


def _spellings(
    reviewed: Mapping[str, Mapping[str, list[str]]], alleles: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The usual name of every spelling, in small letters: CPIC's names and their parts, then the reviewed ones."""
    found: dict[tuple[str, str], str] = {}
    for gene, allele in alleles:
        name = _canonical(allele)
        named = _NAMED_ALLELE.fullmatch(allele)
        for spelling in (allele, name, named["change"] if named else allele):
            found[gene, spelling.lower()] = name
    for gene, names in reviewed.items():
        for name, spellings in names.items():
            found |= {(gene, spelling.lower()): name for spelling in spellings}
    return found


def _rows(path: Path) -> Iterator[list[str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])
