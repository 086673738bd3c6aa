"""How a small-variant criterion is decided: by depth, from the exact protein change to the class.

A criterion never matches at gene level alone: a variant of the right gene that fits neither the named
changes nor the class leaves the criterion unknown, and is shown as the nearest finding.
"""

from __future__ import annotations

from knowledge import notes
from knowledge.criteria import HasVariant
from knowledge.decisions import Decision, decide, gene_level_negatives, is_benign, weigh
from knowledge.facts import Fact, Kind, Origin, State
from knowledge.patient import Patient
from knowledge.protein_change import (
    NotationError,
    ProteinChange,
    ProteinChangeKind,
    is_among,
    parse_protein_change,
)
from knowledge.verdicts import Verdict

_SUBSTITUTIONS = frozenset({ProteinChangeKind.SUBSTITUTION, ProteinChangeKind.NONSENSE, ProteinChangeKind.SYNONYMOUS})
_PATHOGENIC = frozenset({"pathogenic", "likely pathogenic"})
#: The scope of a negative that speaks for every small variant of the gene, and for no fusion or copy number.
_ANY_SMALL_VARIANT = "small variant"


@decide.register
def decide_variant(criterion: HasVariant, patient: Patient) -> Decision:
    """Decide a variant criterion."""
    facts = patient.of_gene(Kind.VARIANT, criterion.gene)
    hits: list[Fact] = []
    near = list(patient.disputed_of_gene(Kind.VARIANT, criterion.gene))
    for fact in facts:
        if fact.state is State.PRESENT and not is_benign(fact):
            fits = _origin_fits(criterion, fact) and _hits(criterion, fact, patient)
            (hits if fits else near).append(fact)
        elif fact.state is not State.ABSENT:
            near.append(fact)
    negatives = _negatives(criterion, facts, patient)
    if not hits and not negatives:
        other = [fact for fact in near if not fact.conflict and _same_codon_differs(criterion, fact)]
        if other:
            return Decision(Verdict.FALSE, tuple(other), note=notes.OTHER_CHANGE_AT_CODON)
    return weigh(hits, _disputing(negatives, hits), near, _depth(criterion), notes.NO_RESULT_FOR_IT)


def _depth(criterion: HasVariant) -> str:
    if criterion.protein:
        return "protein"
    if criterion.codon is not None:
        return "codon"
    return "class" if criterion.variant_class else "pathogenic"


def _origin_fits(criterion: HasVariant, fact: Fact) -> bool:
    return criterion.origin is None or (fact.origin or Origin.UNKNOWN) is criterion.origin


def _hits(criterion: HasVariant, fact: Fact, patient: Patient) -> bool:
    if criterion.protein:
        return is_among(fact.protein, criterion.protein)
    if criterion.pathogenic:
        return fact.significance in _PATHOGENIC
    if criterion.variant_class:
        return criterion.variant_class in patient.reference.alterations.classes_of(criterion.gene, fact)
    change = _read(fact)
    return (
        change is not None
        and change.start == criterion.codon == change.end
        and change.kind in (ProteinChangeKind.SUBSTITUTION, ProteinChangeKind.CODON)
    )


def _negatives(criterion: HasVariant, facts: list[Fact], patient: Patient) -> list[Fact]:
    """Documented negatives whose scope covers the whole criterion."""
    whole_gene = gene_level_negatives(criterion.gene, patient)
    whole_gene += [fact for fact in facts if fact.state is State.ABSENT and fact.variant_class == _ANY_SMALL_VARIANT]
    absent = [fact for fact in facts if fact.state is State.ABSENT and fact not in whole_gene]
    if criterion.protein:
        covering = [fact for fact in absent if _covers_change(fact, criterion, patient)]
        covered = {
            change
            for fact in covering
            for change in criterion.protein
            if _covers(fact, change, criterion.gene, patient)
        }
        return whole_gene + (covering if covered == criterion.protein else [])
    if criterion.codon is not None:
        return whole_gene + [fact for fact in absent if _names_codon(fact, criterion.codon)]
    if criterion.variant_class:
        wider = patient.reference.alterations.classes_including(criterion.gene, criterion.variant_class)
        return whole_gene + [fact for fact in absent if fact.variant_class in wider]
    return whole_gene


def _covers_change(fact: Fact, criterion: HasVariant, patient: Patient) -> bool:
    return any(_covers(fact, change, criterion.gene, patient) for change in criterion.protein)


def _covers(fact: Fact, change: str, gene: str, patient: Patient) -> bool:
    """Whether a documented negative excludes one exact protein change."""
    if is_among(fact.protein, (change,)):
        return True
    wanted = parse_protein_change(change)
    if wanted.start == wanted.end and _names_codon(fact, wanted.start):
        return True
    if fact.variant_class is None:
        return False
    as_found = Fact(kind=Kind.VARIANT, state=State.PRESENT, source=fact.source, genes=(gene,), protein=change)
    return fact.variant_class in patient.reference.alterations.classes_of(gene, as_found)


def _names_codon(fact: Fact, codon: int) -> bool:
    change = _read(fact)
    return change is not None and change.kind is ProteinChangeKind.CODON and change.start == codon


def _disputing(negatives: list[Fact], hits: list[Fact]) -> list[Fact]:
    """Of the negatives, those that speak about what was found; the others cannot dispute it."""
    return [no for no in negatives if not hits or any(_disputes(no, hit) for hit in hits)]


def _disputes(negative: Fact, hit: Fact) -> bool:
    if negative.protein is None or is_among(hit.protein, (negative.protein,)):
        return True
    change = _read(hit)
    return change is not None and _names_codon(negative, change.start)


def _same_codon_differs(criterion: HasVariant, fact: Fact) -> bool:
    """Whether a reported substitution replaces the very codon of every exact change that is asked for."""
    change = _read(fact)
    if fact.state is not State.PRESENT or change is None or change.kind not in _SUBSTITUTIONS or not criterion.protein:
        return False
    return all(parse_protein_change(wanted).start == change.start for wanted in criterion.protein)


def _read(fact: Fact) -> ProteinChange | None:
    try:
        return parse_protein_change(fact.protein) if fact.protein else None
    except NotationError:
        return None
