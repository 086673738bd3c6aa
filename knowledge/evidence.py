"""Evidence beyond the label: what a source (CIViC) reports of a biomarker, a tumour and a therapy.

An evidence statement says what studies found. It is no indication: it opens nothing, asks for no test, and never reads
as a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from knowledge.compiled_engine import CompiledKnowledge, Compiler, StatementIndex
from knowledge.criteria import AllOf, Criterion
from knowledge.language import phrase
from knowledge.statements import named_in, tumour_criterion
from knowledge.terminology import TumourTree


class Significance(StrEnum):
    """What the evidence is about: an effect of the biomarker on the therapy."""

    SENSITIVITY = "sensitivity"
    RESISTANCE = "resistance"
    REDUCED_SENSITIVITY = "reduced-sensitivity"
    ADVERSE_RESPONSE = "adverse-response"


class Direction(StrEnum):
    """Whether the evidence speaks for the effect. "Does not support resistance" is not "supports sensitivity"."""

    SUPPORTS = "supports"
    DOES_NOT_SUPPORT = "does-not-support"


class Interaction(StrEnum):
    """How several therapies of one statement belong together."""

    COMBINATION = "combination"
    SUBSTITUTES = "substitutes"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True)
class Therapy:
    """A therapy as the source names it, with its INN where it is one drug that is known.

    ``is_group``: it names a kind of drugs ("Chemotherapy"), and so has no INN.
    """

    name: str
    inn: str | None = None
    is_group: bool = False

    def __str__(self) -> str:
        return self.inn or self.name


@dataclass(frozen=True, slots=True)
class Regimen:
    """Drugs that are given together, ``with_group`` of which only the kind is named (chemotherapy)."""

    drugs: frozenset[str]
    with_group: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One evidence item of CIViC: its number, level (A to E) and rating (1 to 5 stars, or none)."""

    number: int
    level: str
    rating: int | None = None

    @property
    def id(self) -> str:
        """``EID1234``."""
        return f"EID{self.number}"


@dataclass(frozen=True)
class EvidenceStatement:
    """All evidence items of one profile, disease, therapy, significance and direction; or one assertion.

    ``profile`` and ``disease`` are the source's words; ``tumours`` are OncoTree nodes, without those ``excluded``.
    ``tier`` is the AMP/ASCO/CAP category of an assertion, whose ``items`` are the evidence that it cites; a group of
    evidence items has none.
    """

    id: str
    profile: str
    biomarker: Criterion
    disease: str
    doid: str
    tumours: tuple[str, ...]
    excluded: tuple[str, ...]
    therapies: tuple[Therapy, ...]
    interaction: Interaction | None
    significance: Significance
    direction: Direction
    tier: str | None
    items: tuple[EvidenceItem, ...]

    @cached_property
    def criterion(self) -> Criterion:
        """The tumour and the biomarker; nothing else is asked, because nothing else is coded."""
        tumour = tumour_criterion(self.tumours, self.excluded)
        return AllOf((tumour, self.biomarker)) if tumour else self.biomarker

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The levels of its own evidence items, each once; none of an assertion, which has a tier."""
        return () if self.tier else tuple(sorted({item.level for item in self.items}))

    @cached_property
    def regimens(self) -> tuple[Regimen, ...]:
        """What is given together, once for each substitute; nothing where it is not told by known drugs."""
        known = frozenset(therapy.inn for therapy in self.therapies if therapy.inn)
        if self.interaction is Interaction.SUBSTITUTES:
            return tuple(Regimen(frozenset({inn})) for inn in sorted(known))
        is_told = all(therapy.inn or therapy.is_group for therapy in self.therapies)
        if self.interaction is Interaction.SEQUENTIAL or not known or not is_told:
            return ()
        return (Regimen(known, any(therapy.is_group for therapy in self.therapies)),)

    @cached_property
    def regimen(self) -> str:
        """The therapies in words: ``dabrafenib + trametinib``, ``erlotinib or gefitinib``."""
        joined = _name(self.therapies[0])
        for therapy in self.therapies[1:]:
            pattern = _JOINS[self.interaction or Interaction.COMBINATION]
            joined = phrase(pattern, before=joined, therapy=_name(therapy))
        return joined

    @property
    def claim(self) -> str:
        """The statement in words, which name the source first and never sound like a label."""
        levels = " and ".join(self.levels)
        return phrase(
            _CLAIMS[self.direction],
            weight=phrase("assertion, {tier}", tier=self.tier)
            if self.tier
            else phrase("evidence, level {levels}", levels=levels),
            effect=_EFFECTS[self.significance],
            regimen=self.regimen,
            disease=self.disease,
            profile=self.profile,
        )


def _name(therapy: Therapy) -> str:
    """An INN has a name in each language; what the source calls a therapy is its own word."""
    return phrase(therapy.inn) if therapy.inn else therapy.name


_JOINS = {
    Interaction.COMBINATION: phrase("{before} + {therapy}"),
    Interaction.SUBSTITUTES: phrase("{before} or {therapy}"),
    Interaction.SEQUENTIAL: phrase("{before} and, in sequence, {therapy}"),
}
_CLAIMS = {
    Direction.SUPPORTS: phrase("CIViC {weight}: studies support {effect} to {regimen} in {disease} with {profile}"),
    Direction.DOES_NOT_SUPPORT: phrase(
        "CIViC {weight}: studies do not support {effect} to {regimen} in {disease} with {profile}"
    ),
}
_EFFECTS = {
    Significance.SENSITIVITY: phrase("sensitivity"),
    Significance.RESISTANCE: phrase("resistance"),
    Significance.REDUCED_SENSITIVITY: phrase("reduced sensitivity"),
    Significance.ADVERSE_RESPONSE: phrase("adverse response"),
}


def compile_evidence(statements: Sequence[EvidenceStatement], tree: TumourTree) -> CompiledKnowledge:
    """Compile and index evidence statements. They are not indexed by drug: a drug alone concerns nobody."""
    compiler, index = Compiler(), StatementIndex()
    for number, statement in enumerate(statements):
        tumours = [(node, tree.ancestors(node)) for node in statement.tumours]
        index.add(number, tumours, named_in(statement.criterion), ())
    nodes = tuple(compiler.compile(statement.criterion) for statement in statements)
    return CompiledKnowledge(nodes, tuple(compiler.leaves), index)
