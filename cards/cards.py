"""CDS Hooks cards (2.0.1) for an opened chart, from findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cards.advice import (
    HISTOLOGY,
    Advice,
    GermlineFollowUp,
    SafetyAlert,
    TestsFirst,
    TherapyOptions,
    TumourUnclear,
    patient_view_advice,
)
from cards.building import CardMaker, Planned
from cards.details import (
    alerting_facts,
    finding_names,
    germline_detail,
    missing_tests_detail,
    options_detail,
    safety_detail,
    unclear_detail,
)
from cards.style import Indicator
from cards.suggestions import Suggestion
from cards.summaries import before_missing_tests, with_names
from knowledge.evaluation import Finding
from knowledge.facts import Fact, Kind, State
from knowledge.language import Language
from knowledge.orders import Orders


def patient_view_cards(
    findings: Sequence[Finding], facts: Iterable[Fact], orders: Orders, germline_genes: frozenset[str], maker: CardMaker
) -> list[Planned]:
    """The planned cards for an opened chart; none if there is nothing to say."""
    advice = patient_view_advice(findings, facts, orders, germline_genes, maker.style.all_comers)
    return [_card(item, maker) for item in advice]


def _card(advice: Advice, maker: CardMaker) -> Planned:
    match advice:
        case TherapyOptions():
            return _options_card(advice, maker)
        case TestsFirst():
            return _tests_card(advice, maker)
        case TumourUnclear():
            return _unclear_card(advice, maker)
        case GermlineFollowUp():
            return _germline_card(advice, maker)
        case SafetyAlert():
            return _safety_card(advice, maker)


def _options_card(advice: TherapyOptions, maker: CardMaker) -> Planned:
    say = maker.style.language
    opening = [fact for fact in advice.evidence if fact.kind is not Kind.DISEASE and fact.state is State.PRESENT]
    opening = [fact for fact in opening if {*fact.genes, fact.marker} & set(advice.key)]
    opened_by = ", ".join(finding_names(opening, say)) or _without_positive(advice.evidence, say)
    names = list(dict.fromkeys(say.drug(medicine.inn) for medicine in advice.medicines))
    return maker.planned(
        topic="options" + "".join(advice.key) if advice.key else "optionsWithoutPositiveBiomarker",
        indicator=Indicator.INFO,
        summary=with_names(say("{finding}: EU-label options ", finding=opened_by), names, say),
        detail=options_detail(advice, maker.basis, say),
        medicines=advice.medicines,
        statements=[finding.statement.id for finding in advice.findings],
        suggestions=maker.suggester.medicines(advice.medicines) if maker.suggester else [],
    )


def _without_positive(facts: Iterable[Fact], say: Language) -> str:
    """What stands for the biomarker where no positive result opens the options."""
    facts = list(facts)
    biomarkers = [fact for fact in facts if fact.kind is not Kind.DISEASE]
    if biomarkers and all(fact.state is State.ABSENT for fact in biomarkers):
        proteins = [fact for fact in biomarkers if fact.kind is Kind.EXPRESSION and fact.marker]
        genes = dict.fromkeys(gene for fact in biomarkers if fact not in proteins for gene in fact.genes)
        markers = dict.fromkeys(fact.marker or "" for fact in proteins)
        found = [say("No {genes} alteration", genes=say(" or ").join(genes))] if genes else []
        found += [say("{markers} negative", markers=", ".join(markers))] if markers else []
        if found:
            return ", ".join(found)
    tumours = "/".join(sorted({fact.tumour for fact in facts if fact.tumour}))
    return say("{tumour}, not opened by a biomarker", tumour=tumours)


def _tests_card(advice: TestsFirst, maker: CardMaker) -> Planned:
    say = maker.style.language
    tumours = sorted({fact.tumour for fact in advice.tumours if fact.tumour})
    where = f"{'/'.join(tumours)}: " if tumours else ""
    sent = (
        say("test first, no result sent in an incomplete record for ")
        if maker.basis.incomplete
        else say("test first, no result for ")
    )
    analytes = [missing.analyte for missing in advice.missing]
    return maker.planned(
        topic=f"testsFirst{''.join(tumours)}",
        indicator=Indicator.INFO,
        summary=with_names(where + sent, [say(analyte) for analyte in analytes], say),
        detail=missing_tests_detail(advice, maker.basis, say),
        statements=[finding.statement.id for missing in advice.missing for finding in missing.findings],
        suggestions=_test_suggestions(analytes, maker),
    )


#: Orders suggested at most for an opened chart; a label of every missing analyte would be a wall of buttons.
_MOST_TESTS = 6


def _test_suggestions(analytes: Sequence[str], maker: CardMaker) -> list[Suggestion]:
    orderable = [analyte for analyte in analytes if analyte != HISTOLOGY]
    return maker.suggester.tests(orderable)[:_MOST_TESTS] if maker.suggester else []


def _unclear_card(advice: TumourUnclear, maker: CardMaker) -> Planned:
    say = maker.style.language
    names = finding_names(advice.biomarkers, say)
    summary = (
        with_names(say("Tumour type unclear, EU labels not judged for "), names, say)
        if names
        else say("Tumour type unclear")
    )
    return maker.planned("tumourUnclear", Indicator.INFO, summary, unclear_detail(advice, maker.basis, say))


def _germline_card(advice: GermlineFollowUp, maker: CardMaker) -> Planned:
    say = maker.style.language
    genes = list(dict.fromkeys(gene for fact in advice.variants for gene in fact.genes))
    summary = with_names(say("Tumour finding that may be germline: "), finding_names(advice.variants, say), say)
    suggestions = maker.suggester.germline(genes) if maker.suggester else []
    detail = germline_detail(advice, maker.basis, say)
    return maker.planned(f"germline{''.join(genes)}", Indicator.INFO, summary, detail, suggestions=suggestions)


def _safety_card(advice: SafetyAlert, maker: CardMaker) -> Planned:
    finding = advice.finding
    say = maker.style.language
    drug = say.drug(finding.medicine.inn)
    found = ", ".join(finding_names(alerting_facts(finding), say))
    is_contraindication = getattr(finding.statement, "category", "") == "contraindication"
    summary = f"{drug}: {found}" if found else drug
    if not found and (gaps := dict.fromkeys(finding.analyte(leaf) for leaf in finding.gaps())):
        before = before_missing_tests(
            drug, incomplete=maker.basis.incomplete, contraindicated=is_contraindication, say=say
        )
        summary = with_names(before, list(map(say, gaps)), say)
    return maker.planned(
        topic=f"safety{finding.statement.id}",
        indicator=Indicator.CRITICAL if is_contraindication else Indicator.WARNING,
        summary=summary,
        detail=safety_detail(advice, maker.basis, say),
        medicines=(finding.medicine,),
        statements=(finding.statement.id,),
    )
