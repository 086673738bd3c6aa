"""Cards about drafted drugs (hooks ``order-select`` and ``order-sign``): one for each draft that needs a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cards.building import CardMaker, Planned
from cards.details import alerting_facts, finding_names
from cards.order_details import order_detail, reasons
from cards.style import CardStyle, Indicator, Notice
from cards.suggestions import Suggestion
from cards.summaries import before_missing_tests, with_names
from knowledge.criteria import Role
from knowledge.evaluation import Finding
from knowledge.facts import Kind
from knowledge.language import Language
from knowledge.prescribing import DraftJudgement, Support
from knowledge.statement_wording import describe_partner
from knowledge.statements import SafetyStatement
from knowledge.trace import leaf_of
from knowledge.wording import describe_fact


def order_cards(judgements: Sequence[DraftJudgement], maker: CardMaker) -> list[Planned]:
    """One planned card for each judged draft about which there is something to say."""
    planned = []
    for judgement in judgements:
        indicator = indicator_of(judgement, maker.style)
        if indicator is not None:
            planned.append(_planned(judgement, indicator, maker))
    return planned


def indicator_of(judgement: DraftJudgement, style: CardStyle) -> Indicator | None:
    """How urgent the card is; ``None`` where silence is the answer."""
    found = [_ALERTS.get(_category(finding), Indicator.WARNING) for finding in judgement.alerts]
    if judgement.missing:
        found.append(Indicator.WARNING)
    elif judgement.undecided:
        found.append(Indicator.WARNING)
    elif judgement.awaited:
        found.append(Indicator.INFO)
    if judgement.support in (Support.FAILING, Support.RESISTANT):
        found.append(Indicator.WARNING)
    notice = _NOTICES.get(judgement.support)
    if notice and (level := getattr(style, notice)) is not Notice.SILENT:
        found.append(Indicator(level))
    return max(found, key=lambda indicator: indicator.rank, default=None)


_ALERTS = {"contraindication": Indicator.CRITICAL}
#: Supports that a setting makes loud or silent.
_NOTICES = {
    Support.SUPPORTED: "supported",
    Support.DEPENDS: "mismatch",
    Support.PARTNER: "mismatch",
    Support.CLINICAL: "mismatch",
    Support.UNTESTED: "mismatch",
    Support.OTHER_SETTING: "mismatch",
    Support.OTHER_TUMOUR: "mismatch",
    Support.TUMOUR_UNCLEAR: "mismatch",
}


def _planned(judgement: DraftJudgement, indicator: Indicator, maker: CardMaker) -> Planned:
    medicines = {finding.medicine.brand: finding.medicine for finding in (*judgement.alerts, *judgement.findings)}
    shown = medicines.values() if judgement.support is not Support.OTHER_TUMOUR else list(medicines.values())[:1]
    return maker.planned(
        topic=f"order{''.join(judgement.draft.drugs)}{_matter(judgement)}",
        indicator=indicator,
        summary=_summary(judgement, maker),
        detail=order_detail(judgement, maker.basis, maker.style.language),
        medicines=shown,
        statements=[finding.statement.id for finding in (*judgement.alerts, *judgement.findings)],
        suggestions=_suggestions(judgement, indicator, maker),
    )


def _matter(judgement: DraftJudgement) -> str:
    """What the card is about, for the stable topic: its safety statements, else how the label stands to the draft."""
    return "".join(finding.statement.id for finding in judgement.alerts) or judgement.support.value


def _suggestions(judgement: DraftJudgement, indicator: Indicator, maker: CardMaker) -> list[Suggestion]:
    if maker.suggester is None:
        return []
    suggestions = maker.suggester.tests((*judgement.missing, *judgement.depending))
    if indicator is not Indicator.INFO:
        suggestions.append(maker.suggester.deletion(judgement.draft))
    return suggestions


def _test_first(drug: str, maker: CardMaker, *, contraindicated: bool = False) -> str:
    say = maker.style.language
    return before_missing_tests(drug, incomplete=maker.basis.incomplete, contraindicated=contraindicated, say=say)


def _summary(judgement: DraftJudgement, maker: CardMaker) -> str:
    say = maker.style.language
    drug = " / ".join(map(say.drug, judgement.draft.drugs))
    alerts = sorted(judgement.alerts, key=lambda finding: _category(finding) != "contraindication")
    if alerts:
        return _alert_summary(drug, alerts[0], judgement, maker)
    if judgement.missing:
        return with_names(_test_first(drug, maker), _said(judgement.missing, say), say)
    if judgement.undecided:
        return with_names(
            say("{drug}: a result that does not decide, ", drug=drug), finding_names(judgement.undecided, say), say
        )
    if judgement.support is Support.DEPENDS and judgement.depending:
        before = say("{drug}: line, stage or setting decides; no result for ", drug=drug)
        return with_names(before, _said(judgement.depending, say), say)
    if judgement.awaited:
        return with_names(say("{drug}: result awaited for ", drug=drug), _said(judgement.awaited, say), say)
    match judgement.support:
        case Support.FAILING:
            return with_names(
                say("{drug}: not supported by the EU label with ", drug=drug), _closing_names(judgement, say), say
            )
        case Support.RESISTANT:
            return with_names(say("{drug}: recorded resistance, ", drug=drug), _veto_names(judgement, say), say)
        case Support.PARTNER:
            partners = [name for finding in judgement.findings for name in _partners(finding, say)]
            return with_names(
                say("{drug}: EU label supports it together with ", drug=drug), list(dict.fromkeys(partners)), say
            )
        case Support.CLINICAL:
            return with_names(say("{drug}: biomarkers fit; ", drug=drug), _reasons(judgement, say), say)
        case Support.UNTESTED | Support.OTHER_SETTING:
            return with_names(say("{drug}: no EU indication fits; ", drug=drug), _reasons(judgement, say), say)
        case Support.TUMOUR_UNCLEAR:
            return say("{drug}: tumour type unclear, EU label not judged", drug=drug)
        case Support.OTHER_TUMOUR:
            return with_names(
                say("{drug}: no biomarker-dependent EU indication held for ", drug=drug), _tumours(judgement), say
            )
    return say("{drug}: an EU indication fits the record", drug=drug)


def _alert_summary(drug: str, alert: Finding, judgement: DraftJudgement, maker: CardMaker) -> str:
    say = maker.style.language
    names = finding_names(alerting_facts(alert), say)
    category = _category(alert)
    if category == "test" or not names:
        analytes = judgement.missing or judgement.awaited
        before = _test_first(drug, maker, contraindicated=category == "contraindication")
        return with_names(before, _said(analytes, say), say) if analytes else before.rstrip(" :,")
    before = (
        say("{drug}: contraindicated by the EU label, ", drug=drug)
        if category == "contraindication"
        else say("{drug}: EU label warning, ", drug=drug)
    )
    return with_names(before, names, say)


def _said(names: Iterable[str], say: Language) -> list[str]:
    return [say(name) for name in names]


def _category(finding: Finding) -> str:
    return finding.statement.category if isinstance(finding.statement, SafetyStatement) else ""


def _reasons(judgement: DraftJudgement, say: Language) -> list[str]:
    return list(dict.fromkeys(reason for finding in judgement.findings for reason in reasons(finding, say)))


def _closing_names(judgement: DraftJudgement, say: Language) -> list[str]:
    """The biomarker results that exclude the indications; a stage may exclude one of them besides."""
    closing = [leaf for finding in judgement.findings for leaf in finding.closing()]
    found = [fact for leaf in closing if leaf_of(leaf).role is Role.BIOMARKER for fact in leaf.facts]
    return list(dict.fromkeys(describe_fact(fact, say) for fact in found if fact.kind is not Kind.DISEASE))


def _veto_names(judgement: DraftJudgement, say: Language) -> list[str]:
    facts = [fact for finding in judgement.findings if finding.veto for fact in finding.veto.facts]
    return finding_names(facts, say)


def _partners(finding: Finding, say: Language) -> Iterable[str]:
    return [describe_partner(partner, say) for partner in finding.statement.partners]


def _tumours(judgement: DraftJudgement) -> list[str]:
    facts = [fact for finding in judgement.findings for leaf in finding.leaves() for fact in leaf.facts]
    return sorted({fact.tumour for fact in facts if fact.kind is Kind.DISEASE and fact.tumour})
