"""A patient's facts, indexed once for the many criteria that ask about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.alterations import AlterationCatalogue
from knowledge.drugs import DrugClasses
from knowledge.facts import Fact, Kind
from knowledge.terminology import TumourTree


@dataclass(frozen=True, slots=True, repr=False)
class Reference:
    """The terminology that decisions need beside the facts.

    ``metastatic_at_stage_four``: OncoTree nodes of tumours whose stage IV always means distant metastasis.
    """

    tumours: TumourTree
    alterations: AlterationCatalogue
    drug_classes: DrugClasses
    metastatic_at_stage_four: frozenset[str] = frozenset()


class Patient:
    """Facts by kind, gene and marker, with the day of evaluation and the terminology."""

    def __init__(self, facts: Iterable[Fact], today: date, reference: Reference) -> None:
        self.facts = tuple(facts)
        self.today = today
        self.reference = reference
        self._by_kind: dict[Kind, list[Fact]] = defaultdict(list)
        self._by_gene: dict[tuple[Kind, str], list[Fact]] = defaultdict(list)
        self._disputed: dict[tuple[Kind, str], list[Fact]] = defaultdict(list)
        self._by_marker: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            self._by_kind[fact.kind].append(fact)
            index = self._disputed if fact.conflict else self._by_gene
            for gene in fact.genes:
                index[fact.kind, gene].append(fact)
            if fact.marker:
                self._by_marker[fact.marker].append(fact)

    def of_kind(self, kind: Kind) -> list[Fact]:
        """Facts of one kind, in record order."""
        return self._by_kind.get(kind, [])

    def of_gene(self, kind: Kind, gene: str) -> list[Fact]:
        """Facts of one kind that name a gene and do not contradict themselves about it."""
        return self._by_gene.get((kind, gene), [])

    def disputed_of_gene(self, kind: Kind, gene: str) -> list[Fact]:
        """Facts whose own source contradicts itself about the gene: to be shown, never to decide."""
        return self._disputed.get((kind, gene), [])

    def of_marker(self, marker: str) -> list[Fact]:
        """Facts that name a marker."""
        return self._by_marker.get(marker, [])

    def names(self) -> set[str]:
        """Every gene and marker that a fact names."""
        return {gene for _, gene in (*self._by_gene, *self._disputed)} | set(self._by_marker)
