"""Criteria and facts in the words of the field, for traces, the curator's tools and cards."""

from __future__ import annotations

import re
from functools import singledispatch

from knowledge.criteria import (
    STAGE_GROUPS,
    AgeBetween,
    AllOf,
    AnyOf,
    ByAnyTest,
    Criterion,
    HadTherapy,
    HasCopyNumber,
    HasCytogenetics,
    HasExpression,
    HasFusion,
    HasGenotype,
    HasHla,
    HasPhenotype,
    HasSignature,
    HasTumour,
    HasVariant,
    InDiseaseState,
    InLine,
    InSetting,
    InStage,
    MenopausalStateIs,
    NeedsJudgement,
    NoRecordedResistance,
    Not,
    NotKnown,
    PerformanceAtMost,
    SexIs,
)
from knowledge.facts import Fact, Kind, State
from knowledge.protein_change import NotationError, parse_protein_change

_STATE_WORDS = {
    State.ABSENT: "not detected",
    State.INDETERMINATE: "indeterminate",
    State.NO_CALL: "no call",
    State.NOT_TESTED: "not tested",
    State.UNKNOWN: "unknown",
}


_NAMES: dict[type[Criterion], str] = {
    AllOf: "all_of",
    AnyOf: "any_of",
    Not: "not",
    NotKnown: "not_known",
    HasTumour: "tumour",
    HasVariant: "variant",
    HasFusion: "fusion",
    HasCopyNumber: "copy_number",
    HasExpression: "expression",
    ByAnyTest: "by_any_test",
    HasSignature: "signature",
    HasGenotype: "genotype",
    HasPhenotype: "phenotype",
    HasHla: "hla",
    HasCytogenetics: "cytogenetics",
    NoRecordedResistance: "no_recorded_resistance",
    InStage: "stage",
    InSetting: "setting",
    InLine: "line",
    HadTherapy: "had_therapy",
    AgeBetween: "age",
    SexIs: "sex",
    MenopausalStateIs: "menopause",
    InDiseaseState: "disease_state",
    PerformanceAtMost: "performance",
    NeedsJudgement: "judgement",
}


def criterion_name(criterion: Criterion) -> str:
    """The criterion's name as the YAML files write it: ``all_of``, ``variant``, ``had_therapy``."""
    return _NAMES[type(criterion)]


@singledispatch
def describe(criterion: Criterion) -> str:
    """A criterion in a few words."""
    raise TypeError(f"no wording for {type(criterion).__name__}")


@describe.register
def _(criterion: AllOf) -> str:
    return " and ".join(_bracketed(child) for child in criterion.criteria)


@describe.register
def _(criterion: AnyOf) -> str:
    return " or ".join(_bracketed(child) for child in criterion.criteria)


@describe.register
def _(criterion: Not) -> str:
    return f"no {_bracketed(criterion.criterion)}"


@describe.register
def _(criterion: NotKnown) -> str:
    return f"not known: {describe(criterion.criterion)}"


def _bracketed(criterion: Criterion) -> str:
    text = describe(criterion)
    return f"({text})" if isinstance(criterion, AllOf | AnyOf | ByAnyTest) else text


@describe.register
def _(criterion: HasTumour) -> str:
    return f"tumour type {criterion.node}"


@describe.register
def _(criterion: HasVariant) -> str:
    origin = f"{criterion.origin} " if criterion.origin else ""
    if criterion.protein:
        changes = " or ".join(sorted(short_protein(change) for change in criterion.protein))
        return f"{origin}{criterion.gene} {changes}"
    if criterion.codon is not None:
        return f"{origin}{criterion.gene} mutation at codon {criterion.codon}"
    if criterion.pathogenic:
        return f"{origin}{criterion.gene} pathogenic variant"
    noun = "" if re.search(r"deletion|insertion|skipping|rearrangement", criterion.variant_class or "") else " mutation"
    return f"{origin}{criterion.gene} {criterion.variant_class}{noun}"


@describe.register
def _(criterion: HasFusion) -> str:
    if criterion.or_ihc:
        return f"{criterion.gene} positivity (rearrangement or IHC)"
    return f"{criterion.gene} fusion with {criterion.partner}" if criterion.partner else f"{criterion.gene} fusion"


@describe.register
def _(criterion: HasCopyNumber) -> str:
    return f"{criterion.gene} {criterion.change}"


@describe.register
def _(criterion: HasExpression) -> str:
    scores = "/".join(sorted(criterion.scores))
    if criterion.positive:
        return " ".join(filter(None, [criterion.marker, scores, "positive"]))
    if criterion.values:
        return f"{criterion.marker} {scores} {_either(sorted(criterion.values))}"
    unit = " %" if criterion.scores & {"TPS", "TC", "IC", "TAP"} else ""
    if criterion.at_least is not None:
        return f"{criterion.marker} {scores} ≥ {criterion.at_least:g}{unit}"
    return f"{criterion.marker} {scores} < {criterion.below:g}{unit}"


@describe.register
def _(criterion: ByAnyTest) -> str:
    return f"{criterion.marker} {criterion.status}" if criterion.status else describe(AnyOf(criterion.tests))


@describe.register
def _(criterion: HasSignature) -> str:
    if criterion.at_least is not None:
        return f"{criterion.name} ≥ {criterion.at_least:g}"
    return f"{criterion.name} {' or '.join(sorted(criterion.values))}"


@describe.register
def _(criterion: HasGenotype) -> str:
    return f"{criterion.gene} {' or '.join(sorted(criterion.diplotypes))}"


@describe.register
def _(criterion: HasPhenotype) -> str:
    return f"{criterion.gene} {' or '.join(sorted(criterion.phenotypes))}"


@describe.register
def _(criterion: HasHla) -> str:
    return criterion.allele


@describe.register
def _(criterion: HasCytogenetics) -> str:
    return f"isolated {criterion.change}" if criterion.isolated else criterion.change


@describe.register
def _(criterion: NoRecordedResistance) -> str:
    return f"no recorded {criterion.gene} resistance alteration to {', '.join(sorted(criterion.drugs))}"


@describe.register
def _(criterion: InStage) -> str:
    whole = {stage for stage in criterion.stages if stage.rstrip("ABC") == stage}
    groups = sorted(
        stage for stage in criterion.stages & STAGE_GROUPS if stage in whole or stage.rstrip("ABC") not in whole
    )
    extents = sorted(extent.replace("-", " ") for extent in criterion.stages - STAGE_GROUPS)
    named = [f"stage {_either(groups)}"] if groups else []
    return _either([*named, *([f"{_either(extents)} disease"] if extents else [])])


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


@describe.register
def _(criterion: InSetting) -> str:
    return f"{criterion.setting} setting"


@describe.register
def _(criterion: InLine) -> str:
    if criterion.at_most is None:
        return f"line of therapy {criterion.at_least} or later"
    if criterion.at_least == criterion.at_most:
        return "first line of therapy" if criterion.at_least == 1 else f"line of therapy {criterion.at_least}"
    return f"line of therapy {criterion.at_least} to {criterion.at_most}"


@describe.register
def _(criterion: HadTherapy) -> str:
    what = criterion.inn or criterion.label or (criterion.drug_class or "").replace("-", " ")
    course = {
        "progression": " with progression",
        "no-progression": " without progression",
        "stable": " with stable disease",
        "intolerance": " not tolerated",
    }
    regimens = f", at least {criterion.regimens} regimens" if criterion.regimens > 1 else ""
    return f"prior {what}{course.get(criterion.course or '', '')}{regimens}"


@describe.register
def _(criterion: AgeBetween) -> str:
    least = f"{criterion.at_least_months} months" if criterion.at_least is None else f"{criterion.at_least} years"
    if criterion.below is None:
        return f"age ≥ {least}"
    if criterion.at_least is None and criterion.at_least_months is None:
        return f"age < {criterion.below} years"
    return f"age {least.removesuffix(' years')} to under {criterion.below} years"


@describe.register
def _(criterion: SexIs) -> str:
    return criterion.sex


@describe.register
def _(criterion: MenopausalStateIs) -> str:
    return criterion.state


@describe.register
def _(criterion: InDiseaseState) -> str:
    return f"{_either(sorted(state.replace('-', ' ') for state in criterion.states))} disease"


@describe.register
def _(criterion: PerformanceAtMost) -> str:
    return f"ECOG performance status ≤ {criterion.ecog}"


@describe.register
def _(criterion: NeedsJudgement) -> str:
    return criterion.statement


def short_protein(change: str) -> str:
    """``p.Leu858Arg`` as clinicians say it, ``L858R``; unreadable text unchanged."""
    try:
        return parse_protein_change(change).short
    except NotationError:
        return change


def describe_alteration(fact: Fact) -> str:
    """What was found, without its state: ``EGFR L858R``, ``ALK fusion``, ``PD-L1 TPS 50 %``."""
    match fact.kind:
        case Kind.VARIANT:
            detail = short_protein(fact.protein) if fact.protein else fact.coding or fact.genomic
            region = fact.variant_class if fact.variant_class and fact.variant_class != detail else None
            named = [part for part in (detail, f"({region})" if detail and region else region) if part]
            return " ".join(["/".join(fact.genes) or "gene not stated", *(named or ["variant"])])
        case Kind.FUSION:
            return "::".join(fact.genes) + (" fusion" if len(fact.genes) > 1 else " rearrangement")
        case Kind.COPY_NUMBER:
            copies = f" ({fact.copies:g} copies)" if fact.copies is not None else ""
            return f"{'/'.join(fact.genes) or 'gene not stated'} {fact.variant_class or 'copy number'}{copies}"
        case Kind.EXPRESSION:
            value = (
                ""
                if fact.value is None
                else f" {fact.comparator or ''}{fact.value:g}"
                if not isinstance(fact.value, str)
                else f" {fact.value}"
            )
            unit = f" {fact.unit}" if fact.unit and value else ""
            score = f" {fact.score}" if fact.score else ""
            return f"{fact.marker}{score}{value}{unit}"
        case Kind.DISEASE:
            return f"tumour type {fact.tumour}" if fact.tumour else "tumour type not recognised"
        case Kind.PHENOTYPE:
            return _named(fact, fact.phenotype)
        case Kind.GENOTYPE:
            return _named(fact, fact.diplotype or fact.allele)
        case Kind.HLA:
            return fact.allele or _named(fact, None)
        case Kind.THERAPY:
            name = fact.inn or (fact.marker or "therapy").replace("-", " ")
            return f"{name} ({fact.status})" if fact.status else name
    return f"{fact.marker or fact.kind.value} {fact.value if fact.value is not None else ''}".strip()


def _named(fact: Fact, result: str | None) -> str:
    value = fact.value if result is None else result
    return " ".join(part for part in ("/".join(fact.genes), "" if value is None else str(value)) if part)


def describe_fact(fact: Fact) -> str:
    """What was found with its state: ``EGFR L858R``, ``ALK: not detected``."""
    text = describe_alteration(fact)
    if fact.state is State.PRESENT:
        return f"{text}: positive" if fact.kind is Kind.EXPRESSION and fact.value is None else text
    subject = text.removesuffix(" variant").removesuffix(" rearrangement")
    return f"{subject}: {_STATE_WORDS[fact.state]}"
