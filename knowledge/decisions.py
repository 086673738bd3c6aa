"""How each leaf criterion is decided for a patient.

Three rules hold everywhere. Silence decides nothing: without a fact a leaf is unknown. A documented
negative decides only what lies in its scope. And a negative that is not surely older than a positive
finding which it would cover makes a conflict, which is unknown and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch

from knowledge import notes
from knowledge.criteria import (
    SIGNATURE_VALUES,
    AgeBetween,
    HasCopyNumber,
    HasCytogenetics,
    HasExpression,
    HasFusion,
    HasGenotype,
    HasHla,
    HasPhenotype,
    HasSignature,
    HasTumour,
    Leaf,
    MenopausalStateIs,
    NoRecordedResistance,
    PerformanceAtMost,
    SexIs,
)
from knowledge.cytogenetics import clones_with
from knowledge.dates import months_between, surely_later
from knowledge.facts import Fact, Kind, State
from knowledge.language import phrase
from knowledge.making import quick_to_make
from knowledge.patient import Patient
from knowledge.verdicts import Verdict

_BENIGN = frozenset({"benign", "likely benign"})
_UNDECIDED = (State.INDETERMINATE, State.NO_CALL, State.NOT_TESTED)
#: Copy number changes of a gene that a deletion of its chromosome arm shows as: of one copy, or of both.
_LOSSES = frozenset({"loss", "deletion"})


@quick_to_make
@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict of a leaf with the facts that decided it, the depth of a variant match and a note."""

    verdict: Verdict
    facts: tuple[Fact, ...] = ()
    depth: str | None = None
    note: str | None = None


@singledispatch
def decide(criterion: Leaf, patient: Patient) -> Decision:
    """Decide one leaf criterion for one patient."""
    raise TypeError(f"no decision for {type(criterion).__name__}")


def weigh(hits: list[Fact], negatives: list[Fact], near: Iterable[Fact], depth: str | None, missing: str) -> Decision:
    """Combine positive findings, negatives that cover the criterion, and near misses into a decision."""
    if hits:
        disputing = [no for no in negatives if not any(surely_later(hit.date, no.date) for hit in hits)]
        if disputing:
            return Decision(
                Verdict.UNKNOWN,
                (*hits, *disputing),
                depth,
                notes.DISPUTED,
            )
        return Decision(Verdict.TRUE, tuple(hits), depth)
    if negatives:
        return Decision(Verdict.FALSE, tuple(negatives))
    nearby = tuple(near)
    if nearby:
        return Decision(Verdict.UNKNOWN, nearby, note=_near_note(nearby, missing))
    return Decision(Verdict.UNKNOWN, note=missing)


def _near_note(facts: tuple[Fact, ...], missing: str) -> str:
    if all(fact.state in _UNDECIDED for fact in facts):
        return notes.NOT_USABLE
    return phrase("a related result is recorded; {missing}", missing=missing)


def is_benign(fact: Fact) -> bool:
    """Whether the laboratory classified the variant as (likely) benign."""
    return fact.significance in _BENIGN


def newest(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that no other one is surely later than."""
    candidates = list(facts)
    return [fact for fact in candidates if not any(surely_later(other.date, fact.date) for other in candidates)]


#: Clinical statuses (HL7 condition-clinical) of a tumour that is no longer there.
PAST = frozenset({"resolved", "inactive"})

# --- tumour and person --------------------------------------------------------------------------


@decide.register
def _(criterion: HasTumour, patient: Patient) -> Decision:
    tree = patient.reference.tumours
    diseases: list[Fact] = []
    matching: list[Fact] = []
    unclear: list[Fact] = []
    past: list[Fact] = []
    # One pass, because this is asked for each tumour type that any label names.
    for fact in patient.of_kind(Kind.DISEASE):
        if fact.state is not State.PRESENT:
            continue
        is_it = fact.tumour is not None and tree.is_a(fact.tumour, criterion.node)
        if fact.status in PAST:
            if is_it or fact.tumour is None:
                past.append(fact)
            continue
        diseases.append(fact)
        if is_it:
            matching.append(fact)
        elif fact.tumour is None or tree.is_a(criterion.node, fact.tumour):
            unclear.append(fact)
    if matching:
        return Decision(Verdict.TRUE, tuple(matching))
    if unclear:
        unmapped = any(fact.tumour is None for fact in unclear)
        note = notes.TUMOUR_NOT_RECOGNISED if unmapped else notes.TUMOUR_LESS_SPECIFIC
        return Decision(Verdict.UNKNOWN, tuple(unclear), note=note)
    if past:
        return Decision(Verdict.UNKNOWN, tuple(past), note=notes.TUMOUR_PAST)
    if diseases:
        return Decision(Verdict.FALSE, tuple(diseases))
    doubtful = [fact for fact in patient.of_kind(Kind.DISEASE) if fact.state is not State.ABSENT]
    return Decision(Verdict.UNKNOWN, tuple(doubtful), note=notes.NO_TUMOUR)


@decide.register
def _(criterion: AgeBetween, patient: Patient) -> Decision:
    births = [fact for fact in patient.of_marker("birth-date") if isinstance(fact.value, str)]
    ages = months_between(str(births[0].value), patient.today) if births else None
    if ages is None:
        return Decision(Verdict.UNKNOWN, note=notes.NO_BIRTH_DATE)
    verdicts = {_age_verdict(criterion, age) for age in ages}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(births), note=notes.BIRTH_DATE_IMPRECISE)
    return Decision(verdicts.pop(), tuple(births))


def _age_verdict(criterion: AgeBetween, months: int) -> Verdict:
    least = criterion.at_least_months if criterion.at_least is None else 12 * criterion.at_least
    old_enough = least is None or months >= least
    young_enough = criterion.below is None or months < 12 * criterion.below
    return Verdict.TRUE if old_enough and young_enough else Verdict.FALSE


@decide.register
def _(criterion: SexIs, patient: Patient) -> Decision:
    facts = [fact for fact in patient.of_marker("sex") if fact.value in ("female", "male")]
    if not facts:
        return Decision(Verdict.UNKNOWN, note=notes.NO_SEX)
    return Decision(Verdict.TRUE if facts[0].value == criterion.sex else Verdict.FALSE, tuple(facts))


@decide.register
def _(criterion: MenopausalStateIs, patient: Patient) -> Decision:
    facts = newest(fact for fact in patient.of_marker("menopausal-state") if fact.state is State.PRESENT)
    if not facts:
        return Decision(Verdict.UNKNOWN, note=notes.NO_MENOPAUSAL_STATE)
    verdicts = {fact.value == criterion.state for fact in facts}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(facts), note=notes.CONFLICTING_OF_SAME_DATE)
    return Decision(Verdict.TRUE if verdicts.pop() else Verdict.FALSE, tuple(facts))


@decide.register
def _(criterion: PerformanceAtMost, patient: Patient) -> Decision:
    scores = newest(
        fact
        for fact in patient.of_kind(Kind.PERFORMANCE)
        if fact.score == "ECOG" and isinstance(fact.value, int | float)
    )
    if not scores:
        return Decision(Verdict.UNKNOWN, note=notes.NO_PERFORMANCE)
    verdicts = {float(fact.value or 0) <= criterion.ecog for fact in scores}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(scores), note=notes.CONFLICTING_OF_SAME_DATE)
    return Decision(Verdict.TRUE if verdicts.pop() else Verdict.FALSE, tuple(scores))


# --- biomarkers other than small variants (those are in knowledge.variant_decisions) --------------


@decide.register
def _(criterion: HasFusion, patient: Patient) -> Decision:
    if defined := _diagnosed(criterion.or_tumour, patient):
        # What defines the disease is not refuted by a later negative: that tells of the depth of a remission.
        return Decision(Verdict.TRUE, defined)
    fusions = patient.of_gene(Kind.FUSION, criterion.gene)
    hits: list[Fact] = []
    negatives: list[Fact] = []
    near: list[Fact] = []
    for fact in fusions:
        if fact.state is State.PRESENT and (criterion.partner is None or criterion.partner in fact.genes):
            hits.append(fact)
        elif fact.state is State.ABSENT and set(fact.genes) <= {criterion.gene, criterion.partner}:
            negatives.append(fact)
        else:
            near.append(fact)
    negatives += gene_level_negatives(criterion.gene, patient)
    if criterion.or_ihc:
        protein = [fact for fact in patient.of_marker(criterion.gene) if fact.kind is Kind.EXPRESSION]
        hits += [fact for fact in protein if fact.state is State.PRESENT and fact.value is None]
        negatives += [fact for fact in protein if fact.state is State.ABSENT]
    return weigh(hits, negatives, near, "gene" if criterion.partner is None else "partner", notes.NO_RESULT)


def _diagnosed(node: str | None, patient: Patient) -> tuple[Fact, ...]:
    """The confirmed diagnoses of a tumour type that are not recorded as over."""
    if node is None:
        return ()
    decision = decide(HasTumour(node), patient)
    return decision.facts if decision.verdict is Verdict.TRUE else ()


@decide.register
def _(criterion: HasCopyNumber, patient: Patient) -> Decision:
    facts = patient.of_gene(Kind.COPY_NUMBER, criterion.gene)
    hits = [fact for fact in facts if fact.state is State.PRESENT and fact.variant_class == criterion.change]
    negatives = [
        fact for fact in facts if fact.state is State.ABSENT and fact.variant_class in (None, criterion.change)
    ]
    negatives += gene_level_negatives(criterion.gene, patient)
    near = [fact for fact in facts if fact not in hits and fact not in negatives]
    near += patient.disputed_of_gene(Kind.COPY_NUMBER, criterion.gene)
    return weigh(hits, negatives, near, None, notes.NO_RESULT)


def gene_level_negatives(gene: str, patient: Patient) -> list[Fact]:
    """Documented negatives for the whole gene, as tested by their assay."""
    return [
        fact
        for fact in patient.of_gene(Kind.VARIANT, gene)
        if fact.state is State.ABSENT and not (fact.protein or fact.coding or fact.genomic or fact.variant_class)
    ]


@decide.register
def _(criterion: HasExpression, patient: Patient) -> Decision:
    facts = [fact for fact in patient.of_marker(criterion.marker) if fact.kind is Kind.EXPRESSION]
    missing = notes.NO_RESULT
    if criterion.positive:
        # A bare answer and the answer of a named method (``ISH``) are different tests of one marker.
        asked = [fact for fact in facts if (fact.score in criterion.scores if criterion.scores else fact.score is None)]
        hits = [fact for fact in asked if fact.state is State.PRESENT and fact.value is None]
        negatives = [fact for fact in asked if fact.state is State.ABSENT]
        return weigh(hits, negatives, [fact for fact in asked if fact.state in _UNDECIDED], None, missing)
    if criterion.values:
        return _class_by_name(criterion, facts)
    scored = [
        fact
        for fact in facts
        if fact.state is State.PRESENT and fact.score in criterion.scores and isinstance(fact.value, int | float)
    ]
    if not scored:
        return weigh([], [], facts, None, notes.NO_SCORE)
    current = newest(scored)
    verdicts = {_score_verdict(criterion, fact) for fact in current}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(current), note=notes.CONFLICTING_OF_SAME_DATE)
    verdict = verdicts.pop()
    note = notes.RANGE_DOES_NOT_TELL if verdict is Verdict.UNKNOWN else None
    return Decision(verdict, tuple(current), note=note)


def _class_by_name(criterion: HasExpression, facts: list[Fact]) -> Decision:
    """The laboratory's class, whatever state it comes with: HER2-low is a class and a negative result at once."""
    named = newest(fact for fact in facts if fact.score in criterion.scores and isinstance(fact.value, str))
    if not named:
        return Decision(Verdict.UNKNOWN, note=notes.NO_CLASS)
    verdicts = {fact.value in criterion.values for fact in named}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(named), note=notes.CONFLICTING_OF_SAME_DATE)
    return Decision(Verdict.TRUE if verdicts.pop() else Verdict.FALSE, tuple(named))


def _score_verdict(criterion: HasExpression, fact: Fact) -> Verdict:
    """Compare a score, which may carry a comparator and then means a range, with the bound."""
    if not isinstance(fact.value, int | float):
        return Verdict.UNKNOWN
    low, high = _range(float(fact.value), fact.comparator)
    if criterion.at_least is not None:
        return _at_least(low, high, fact.comparator, criterion.at_least)
    reached = _at_least(low, high, fact.comparator, criterion.below or 0.0)
    return {Verdict.TRUE: Verdict.FALSE, Verdict.FALSE: Verdict.TRUE, Verdict.UNKNOWN: Verdict.UNKNOWN}[reached]


def _range(value: float, comparator: str | None) -> tuple[float, float]:
    if comparator in (">", ">="):
        return value, float("inf")
    if comparator in ("<", "<="):
        return float("-inf"), value
    return value, value


def _at_least(low: float, high: float, comparator: str | None, bound: float) -> Verdict:
    if low >= bound:
        return Verdict.TRUE
    if high < bound or (comparator == "<" and high <= bound):
        return Verdict.FALSE
    return Verdict.UNKNOWN


@decide.register
def _(criterion: HasSignature, patient: Patient) -> Decision:
    facts = newest(fact for fact in patient.of_marker(criterion.name) if fact.kind is Kind.SIGNATURE)
    sorted_out: dict[Verdict, list[Fact]] = {verdict: [] for verdict in Verdict}
    for fact in facts:
        sorted_out[_signature_verdict(criterion, fact)].append(fact)
    return weigh(
        sorted_out[Verdict.TRUE], sorted_out[Verdict.FALSE], sorted_out[Verdict.UNKNOWN], None, notes.NO_RESULT
    )


def _signature_verdict(criterion: HasSignature, fact: Fact) -> Verdict:
    if fact.state is State.ABSENT:
        return Verdict.FALSE
    if fact.state is not State.PRESENT:
        return Verdict.UNKNOWN
    if criterion.at_least is not None:
        if not isinstance(fact.value, int | float):
            return Verdict.UNKNOWN
        low, high = _range(float(fact.value), fact.comparator)
        return _at_least(low, high, fact.comparator, criterion.at_least)
    if not isinstance(fact.value, str):
        return Verdict.UNKNOWN
    if fact.value in criterion.values:
        return Verdict.TRUE
    # A word outside the known values ("unstable") neither meets the criterion nor excludes it.
    return Verdict.FALSE if fact.value in SIGNATURE_VALUES.get(criterion.name, frozenset()) else Verdict.UNKNOWN


@decide.register
def _(criterion: HasGenotype, patient: Patient) -> Decision:
    facts = [
        fact
        for fact in patient.of_gene(Kind.GENOTYPE, criterion.gene)
        if fact.state is State.PRESENT and fact.diplotype
    ]
    found = {_unordered(fact.diplotype or "") for fact in facts}
    return _of_stable_value(facts, found, frozenset(map(_unordered, criterion.diplotypes)))


def _unordered(diplotype: str) -> str:
    """``*2A/*1`` and ``*1/*2A`` are the same diplotype."""
    return "/".join(sorted(diplotype.split("/")))


@decide.register
def _(criterion: HasPhenotype, patient: Patient) -> Decision:
    facts = [
        fact
        for fact in patient.of_gene(Kind.PHENOTYPE, criterion.gene)
        if fact.state is State.PRESENT and fact.phenotype
    ]
    return _of_stable_value(facts, {fact.phenotype or "" for fact in facts}, criterion.phenotypes)


def _of_stable_value(facts: list[Fact], values: set[str], wanted: frozenset[str]) -> Decision:
    """Germline results do not age: two different ones contradict each other whatever their dates."""
    if not facts:
        return Decision(Verdict.UNKNOWN, note=notes.NO_RESULT)
    verdicts = {value in wanted for value in values}
    if len(verdicts) > 1:
        return Decision(Verdict.UNKNOWN, tuple(facts), note=notes.CONFLICTING)
    return Decision(Verdict.TRUE if verdicts.pop() else Verdict.FALSE, tuple(facts))


@decide.register
def _(criterion: HasHla, patient: Patient) -> Decision:
    """One typed allele says nothing about the other copy: only a documented negative of this allele excludes it."""
    hits: list[Fact] = []
    negatives: list[Fact] = []
    near: list[Fact] = []
    for fact in patient.of_gene(Kind.HLA, criterion.gene):
        named = fact.allele == criterion.allele or (fact.allele or "").startswith(f"{criterion.allele}:")
        if named and fact.state is State.PRESENT:
            hits.append(fact)
        elif fact.state is State.ABSENT and fact.allele == criterion.allele:
            negatives.append(fact)
        else:
            near.append(fact)
    if not hits and not negatives and _both_copies_differ(near, criterion):
        return Decision(Verdict.FALSE, tuple(near), note=notes.OTHER_ALLELES)
    return weigh(hits, negatives, near, "allele", notes.NO_RESULT_FOR_IT)


def _both_copies_differ(facts: list[Fact], criterion: HasHla) -> bool:
    """Whether one typing names two different alleles of the locus to two fields, neither the one asked for."""
    typed = {fact.allele: fact.source.reference for fact in facts if fact.state is State.PRESENT and fact.allele}
    full = {allele for allele in typed if allele.count(":") >= 1}
    return len(full) == 2 and full == set(typed) and len(set(typed.values())) == 1


@decide.register
def _(criterion: HasCytogenetics, patient: Patient) -> Decision:
    """Read in karyotypes.

    Whether a change is isolated is a question that only a karyotype answers, so one without it says no. Whether a
    change is there at all may need a more sensitive method (FISH), so a karyotype without it excludes nothing. Where
    the criterion names the gene that such a method looks at, the copy numbers of this gene answer too.
    """
    karyotypes = [fact for fact in patient.of_kind(Kind.KARYOTYPE) if isinstance(fact.value, str)]
    hits: list[Fact] = []
    negatives: list[Fact] = []
    near: list[Fact] = []
    for fact in newest(fact for fact in karyotypes if fact.state in (State.PRESENT, State.ABSENT)):
        clones = clones_with(criterion.change, str(fact.value))
        if clones and (not criterion.isolated or all(len(clone) == 1 for clone in clones)):
            hits.append(fact)
        else:
            (negatives if criterion.isolated else near).append(fact)
    if criterion.gene is not None:
        copies = patient.of_gene(Kind.COPY_NUMBER, criterion.gene)
        hits += [fact for fact in copies if fact.state is State.PRESENT and fact.variant_class in _LOSSES]
        negatives += [fact for fact in copies if fact.state is State.ABSENT and fact.variant_class in (None, "loss")]
        near += [fact for fact in copies if fact not in hits and fact not in negatives]
        near += patient.disputed_of_gene(Kind.COPY_NUMBER, criterion.gene)
        negatives += gene_level_negatives(criterion.gene, patient)
    return weigh(hits, negatives, near, None, notes.NO_RESULT if criterion.gene else notes.NO_KARYOTYPE)


@decide.register
def _(criterion: NoRecordedResistance, patient: Patient) -> Decision:
    catalogue = patient.reference.alterations
    found = [
        (fact, resistance)
        for fact in patient.of_gene(Kind.VARIANT, criterion.gene)
        for resistance in catalogue.resistances(criterion.gene, criterion.drugs, fact)
    ]
    if not found:
        return Decision(Verdict.TRUE, note=notes.NO_RESISTANCE)
    facts = tuple(dict.fromkeys(fact for fact, _ in found))
    named = sorted({(resistance.name, resistance.source) for _, resistance in found})
    names = tuple(phrase("{change} ({source})", change=phrase(name), source=source) for name, source in named)
    return Decision(Verdict.FALSE, facts, note=phrase("resistance: {changes}", changes=names))
