"""Criteria and facts in the words of the field, for traces, the curator's tools and cards.

Traces and tools speak English, cards the language of their reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import singledispatch

from knowledge.criteria import (
    FIGO_GROUPS,
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
from knowledge.language import ENGLISH, Language, phrase
from knowledge.protein_change import NotationError, parse_protein_change

_STATE_WORDS = {
    State.ABSENT: phrase("not detected"),
    State.INDETERMINATE: phrase("indeterminate"),
    State.NO_CALL: phrase("no call"),
    State.NOT_TESTED: phrase("not tested"),
    State.UNKNOWN: phrase("unknown"),
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
def describe(criterion: Criterion, say: Language = ENGLISH) -> str:
    """A criterion in a few words."""
    raise TypeError(f"no wording for {type(criterion).__name__}")


@describe.register
def _(criterion: AllOf, say: Language = ENGLISH) -> str:
    return say(" and ").join(_bracketed(child, say) for child in criterion.criteria)


@describe.register
def _(criterion: AnyOf, say: Language = ENGLISH) -> str:
    return say(" or ").join(_bracketed(child, say) for child in _alternatives(criterion))


def _alternatives(criterion: AnyOf) -> Iterator[Criterion]:
    """The alternatives with those of an alternative among them: "A or (B or C)" is no easier to read than its sense."""
    for child in criterion.criteria:
        if isinstance(child, AnyOf):
            yield from _alternatives(child)
        elif isinstance(child, ByAnyTest) and not child.status:
            yield from _alternatives(AnyOf(child.tests))
        else:
            yield child


@describe.register
def _(criterion: Not, say: Language = ENGLISH) -> str:
    return say("no {criterion}", criterion=_bracketed(criterion.criterion, say))


@describe.register
def _(criterion: NotKnown, say: Language = ENGLISH) -> str:
    return say("not known: {criterion}", criterion=describe(criterion.criterion, say))


def _bracketed(criterion: Criterion, say: Language) -> str:
    text = describe(criterion, say)
    is_group = isinstance(criterion, AllOf | AnyOf) or (isinstance(criterion, ByAnyTest) and not criterion.status)
    return f"({text})" if is_group else text


@describe.register
def _(criterion: HasTumour, say: Language = ENGLISH) -> str:
    return say("tumour type {tumour}", tumour=criterion.node)


@describe.register
def _(criterion: HasVariant, say: Language = ENGLISH) -> str:
    text = _wanted_variant(criterion, say)
    return say("{origin} {alteration}", origin=say(criterion.origin), alteration=text) if criterion.origin else text


def _wanted_variant(criterion: HasVariant, say: Language) -> str:
    gene = criterion.gene
    if criterion.protein:
        changes = say(" or ").join(sorted(short_protein(change) for change in criterion.protein))
        return f"{gene} {changes}"
    if criterion.codon is not None:
        return say("{gene} mutation at codon {codon}", gene=gene, codon=criterion.codon)
    if criterion.pathogenic:
        return say("{gene} pathogenic variant", gene=gene)
    kind = criterion.variant_class or ""
    if re.search(r"deletion|insertion|skipping|rearrangement", kind):
        return f"{gene} {say(kind)}"
    return say("{gene} {kind} mutation", gene=gene, kind=say(kind))


@describe.register
def _(criterion: HasFusion, say: Language = ENGLISH) -> str:
    if criterion.or_ihc:
        return say("{gene} positivity (rearrangement or IHC)", gene=criterion.gene)
    if criterion.partner:
        return say("{gene} fusion with {partner}", gene=criterion.gene, partner=criterion.partner)
    return say("{gene} fusion", gene=criterion.gene)


@describe.register
def _(criterion: HasCopyNumber, say: Language = ENGLISH) -> str:
    return say("{gene} {copy_number}", gene=criterion.gene, copy_number=say(criterion.change))


@describe.register
def _(criterion: HasExpression, say: Language = ENGLISH) -> str:
    marker = " ".join(filter(None, [criterion.marker, "/".join(sorted(criterion.scores))]))
    if criterion.positive:
        return say("{marker} positive", marker=marker)
    if criterion.values:
        return f"{marker} {say.either([say(value) for value in sorted(criterion.values)])}"
    if criterion.scores == {"IHC"} and criterion.at_least is not None:
        return f"{marker} {_stain(criterion.at_least, say)}" + (
            "" if criterion.at_least >= _STRONGEST else f" {say('or more')}"
        )
    unit = " %" if criterion.scores & {"TPS", "TC", "IC", "TAP"} else ""
    for score in criterion.scores & _UNITS.keys():
        marker, unit = criterion.marker, f" {_UNITS[score]}"
    if criterion.at_least is not None:
        return f"{marker} ≥ {say.number(criterion.at_least)}{unit}"
    return f"{marker} < {say.number(criterion.below or 0)}{unit}"


#: Scores that are a number in a unit and nothing else, with the unit.
_UNITS = {"percent": "%", "serum ng/ml": "ng/mL", "ng/ml": "ng/mL"}

#: The strongest class of a stain that is scored 0 to 3+.
_STRONGEST = 3


def _stain(value: float, say: Language) -> str:
    """A class of a stain as pathologists write it: ``0``, ``2+``."""
    return f"{say.number(value)}+" if value > 0 else say.number(value)


@describe.register
def _(criterion: ByAnyTest, say: Language = ENGLISH) -> str:
    if criterion.status:
        return f"{criterion.marker} {say(criterion.status)}"
    return describe(AnyOf(criterion.tests), say)


@describe.register
def _(criterion: HasSignature, say: Language = ENGLISH) -> str:
    if criterion.at_least is not None:
        return f"{criterion.name} ≥ {say.number(criterion.at_least)}"
    return _signature(criterion.name, say(" or ").join(say(value) for value in sorted(criterion.values)))


#: Signatures whose values name them: "MSI-H", "dMMR".
_SELF_EXPLAINING = frozenset({"MSI-H", "MSI-L", "MSS", "dMMR", "pMMR"})


def _signature(name: str, value: str) -> str:
    return value if value in _SELF_EXPLAINING else f"{name} {value}"


@describe.register
def _(criterion: HasGenotype, say: Language = ENGLISH) -> str:
    return f"{criterion.gene} {say(' or ').join(sorted(criterion.diplotypes))}"


@describe.register
def _(criterion: HasPhenotype, say: Language = ENGLISH) -> str:
    return f"{criterion.gene} {say(' or ').join(say(phenotype) for phenotype in sorted(criterion.phenotypes))}"


@describe.register
def _(criterion: HasHla, say: Language = ENGLISH) -> str:
    return criterion.allele


@describe.register
def _(criterion: HasCytogenetics, say: Language = ENGLISH) -> str:
    return say("isolated {change}", change=criterion.change) if criterion.isolated else criterion.change


@describe.register
def _(criterion: NoRecordedResistance, say: Language = ENGLISH) -> str:
    drugs = ", ".join(say.drug(drug) for drug in sorted(criterion.drugs))
    return say("no recorded {gene} resistance alteration to {drugs}", gene=criterion.gene, drugs=drugs)


@describe.register
def _(criterion: InStage, say: Language = ENGLISH) -> str:
    figo = _widest({stage.removeprefix("FIGO ") for stage in criterion.stages & FIGO_GROUPS})
    groups = [group for group in _widest(criterion.stages & STAGE_GROUPS) if group not in figo]
    extents = [say(extent.replace("-", " ")) for extent in sorted(criterion.stages - STAGE_GROUPS - FIGO_GROUPS)]
    named = [say("FIGO stage {stages}", stages=say.either(figo))] if figo else []
    named += [say("stage {stages}", stages=say.either(groups))] if groups else []
    return say.either([*named, *([say("{extents} disease", extents=say.either(extents))] if extents else [])])


def _widest(groups: Iterable[str]) -> list[str]:
    """Stage groups without those that another one contains: ``IIIA`` beside ``III``."""
    found = set(groups)
    return sorted(stage for stage in found if stage.rstrip("ABC") == stage or stage.rstrip("ABC") not in found)


@describe.register
def _(criterion: InSetting, say: Language = ENGLISH) -> str:
    return say("{setting} setting", setting=say(criterion.setting))


@describe.register
def _(criterion: InLine, say: Language = ENGLISH) -> str:
    least, most = criterion.at_least, criterion.at_most
    if most is None:
        return say("line of therapy {line} or later", line=least)
    if least == most:
        return say("first line of therapy") if least == 1 else say("line of therapy {line}", line=least)
    return say("line of therapy {first} to {last}", first=least, last=most)


_PRIOR = {
    None: phrase("prior {therapy}"),
    "progression": phrase("prior {therapy} with progression"),
    "no-progression": phrase("prior {therapy} without progression"),
    "stable": phrase("prior {therapy} with stable disease"),
    "intolerance": phrase("prior {therapy} not tolerated"),
}


@describe.register
def _(criterion: HadTherapy, say: Language = ENGLISH) -> str:
    by_class = criterion.label or (criterion.drug_class or "").replace("-", " ")
    therapy = say.drug(criterion.inn) if criterion.inn else say(by_class)
    text = say(_PRIOR[criterion.course].key, therapy=therapy)
    return (
        say("{therapy}, at least {count} regimens", therapy=text, count=criterion.regimens)
        if criterion.regimens > 1
        else text
    )


@describe.register
def _(criterion: AgeBetween, say: Language = ENGLISH) -> str:
    years, months, below = criterion.at_least, criterion.at_least_months, criterion.below
    if below is None:
        return (
            say("age ≥ {count} years", count=years) if years is not None else say("age ≥ {count} months", count=months)
        )
    if years is not None:
        return say("age {count} to under {below} years", count=years, below=below)
    if months is not None:
        return say("age {count} months to under {below} years", count=months, below=below)
    return say("age < {below} years", below=below)


@describe.register
def _(criterion: SexIs, say: Language = ENGLISH) -> str:
    return say(criterion.sex)


@describe.register
def _(criterion: MenopausalStateIs, say: Language = ENGLISH) -> str:
    return say(criterion.state)


@describe.register
def _(criterion: InDiseaseState, say: Language = ENGLISH) -> str:
    states = say.either([say(state.replace("-", " ")) for state in sorted(criterion.states)])
    return say("{states} disease", states=states)


@describe.register
def _(criterion: PerformanceAtMost, say: Language = ENGLISH) -> str:
    return say("ECOG performance status ≤ {ecog}", ecog=criterion.ecog)


@describe.register
def _(criterion: NeedsJudgement, say: Language = ENGLISH) -> str:
    return say(criterion.statement)


def short_protein(change: str) -> str:
    """``p.Leu858Arg`` as clinicians say it, ``L858R``; unreadable text unchanged."""
    try:
        return parse_protein_change(change).short
    except NotationError:
        return change


def describe_alteration(fact: Fact, say: Language = ENGLISH) -> str:
    """What was found, without its state: ``EGFR L858R``, ``ALK fusion``, ``PD-L1 TPS 50 %``."""
    match fact.kind:
        case Kind.VARIANT:
            named = _variant_details(fact, say)
            genes = _genes(fact, say)
            return f"{genes} {named}" if named else say("{genes} variant", genes=genes)
        case Kind.FUSION:
            genes = "::".join(fact.genes)
            return say("{gene} fusion", gene=genes) if len(fact.genes) > 1 else say("{gene} rearrangement", gene=genes)
        case Kind.COPY_NUMBER:
            change = say(fact.variant_class or phrase("copy number"))
            text = say("{gene} {copy_number}", gene=_genes(fact, say), copy_number=change)
            return text + ("" if fact.copies is None else say(" ({copies} copies)", copies=say.number(fact.copies)))
        case Kind.EXPRESSION:
            return _score(fact, say)
        case Kind.DISEASE:
            return say("tumour type {tumour}", tumour=fact.tumour) if fact.tumour else say("tumour type not recognised")
        case Kind.PHENOTYPE:
            return _named(fact, fact.phenotype, say)
        case Kind.GENOTYPE:
            return _named(fact, fact.diplotype or fact.allele, say)
        case Kind.HLA:
            return fact.allele or _named(fact, None, say)
        case Kind.THERAPY:
            name = say.drug(fact.inn) if fact.inn else say((fact.marker or "therapy").replace("-", " "))
            return f"{name} ({say(fact.status)})" if fact.status else name
    value = "" if fact.value is None else say(str(fact.value))
    if fact.kind is Kind.STAGE and value.startswith(f"{fact.marker} "):
        return value
    if fact.kind is Kind.SIGNATURE:
        return _signature(say(fact.marker or fact.kind.value), value).strip()
    return f"{say(fact.marker or fact.kind.value)} {value}".strip()


def _score(fact: Fact, say: Language) -> str:
    """A protein with its score: ``PD-L1 TPS 50 %``, ``HER2 IHC 2+``, ``ER 90 %``."""
    value = _value(fact, say)
    if fact.score == "IHC" and isinstance(fact.value, int | float) and fact.value <= _STRONGEST:
        value = f"{fact.comparator or ''}{_stain(fact.value, say)}"
    score = None if fact.score in _UNITS and value else fact.score
    return " ".join(filter(None, [fact.marker, score, value, fact.unit if value else None]))


def _variant_details(fact: Fact, say: Language) -> str:
    detail = short_protein(fact.protein) if fact.protein else fact.coding or fact.genomic
    region = say(fact.variant_class) if fact.variant_class and fact.variant_class != detail else None
    return " ".join(filter(None, [detail, f"({region})" if detail and region else region]))


def _genes(fact: Fact, say: Language) -> str:
    return "/".join(fact.genes) or say("gene not stated")


def _value(fact: Fact, say: Language) -> str:
    """A score with its comparator, or the laboratory's class."""
    if fact.value is None:
        return ""
    return say(fact.value) if isinstance(fact.value, str) else f"{fact.comparator or ''}{say.number(fact.value)}"


def _named(fact: Fact, result: str | None, say: Language) -> str:
    value = fact.value if result is None else result
    return " ".join(filter(None, ["/".join(fact.genes), "" if value is None else say(str(value))]))


def describe_fact(fact: Fact, say: Language = ENGLISH) -> str:
    """What was found with its state: ``EGFR L858R``, ``ALK: not detected``."""
    if fact.state is State.PRESENT:
        text = describe_alteration(fact, say)
        return say("{marker}: positive", marker=text) if fact.kind is Kind.EXPRESSION and fact.value is None else text
    return f"{_subject(fact, say)}: {say(_STATE_WORDS[fact.state])}"


def _subject(fact: Fact, say: Language) -> str:
    """What a result that found nothing is about; the bare gene where it names no change."""
    if fact.kind is Kind.FUSION and len(fact.genes) == 1:
        return fact.genes[0]
    if fact.kind is Kind.VARIANT and not _variant_details(fact, say):
        return _genes(fact, say)
    return describe_alteration(fact, say)
