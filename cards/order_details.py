"""The Markdown detail of a card about a drafted drug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cards.details import (
    Basis,
    basis_lines,
    evidence_lines,
    finding_names,
    label_link,
    open_questions,
    requirement_lines,
)
from cards.lists import in_full
from cards.markdown import MAX_OWN_TEXT, MAX_TEXT, bullet, escape
from cards.named_tests import named_test_lines
from knowledge.criteria import Not
from knowledge.evaluation import Finding, Outcome
from knowledge.facts import Fact, Kind
from knowledge.language import Language, phrase
from knowledge.prescribing import DraftJudgement, Support
from knowledge.statement_wording import describe_partner
from knowledge.statements import Indication, Medicine, SafetyStatement, TestRequirement, name_of
from knowledge.trace import Trace
from knowledge.verdicts import Verdict
from knowledge.wording import describe


def order_detail(judgement: DraftJudgement, basis: Basis, say: Language) -> str:
    """What the label says about the draft: alerts, tests first, the indications, the evidence."""
    lines = [_headline(judgement, say)]
    lines += _alert_lines(judgement.alerts, say)
    lines += _test_lines(judgement, say)
    lines += _indication_lines(judgement, say)
    findings = [*judgement.alerts, *judgement.findings]
    lines += evidence_lines(_evidence(findings), say)
    return "\n".join(lines + basis_lines(basis, findings, say))


def _headline(judgement: DraftJudgement, say: Language) -> str:
    drug = f"**{escape(' / '.join(map(say.drug, judgement.draft.drugs)))}**"
    said = _HEADLINES.get(judgement.support)
    return f"{drug}: {escape(say(said))}" if said else drug


_HEADLINES = {
    Support.SUPPORTED: phrase("an indication of the EU label fits the record."),
    Support.TEST: phrase("no result in the record for a biomarker on which its EU indications depend."),
    Support.DEPENDS: phrase(
        "line, stage or setting decide which EU indication is meant, and not all of it is recorded. One asks for no "
        "biomarker; the others wait for a result."
    ),
    Support.PARTNER: phrase(
        "the EU label supports it together with a medicine that this patient's regimen does not hold."
    ),
    Support.TUMOUR_UNCLEAR: phrase("its EU indications ask for a tumour type that the record does not tell."),
    Support.CLINICAL: phrase(
        "the biomarkers fit an EU indication; line, stage, age or prior therapy as recorded do not."
    ),
    Support.UNTESTED: phrase(
        "line, stage, age or prior therapy as recorded do not fit its EU indications; a biomarker for which they ask "
        "has no result that decides."
    ),
    Support.OTHER_SETTING: phrase(
        "line, stage, age or prior therapy as recorded do not fit an EU indication that depends on no biomarker."
    ),
    Support.FAILING: phrase("a documented biomarker result excludes its EU indications for this tumour and regimen."),
    Support.RESISTANT: phrase("the record holds an alteration that predicts resistance."),
    Support.OTHER_TUMOUR: phrase(
        "none of its biomarker-dependent EU indications is for the recorded tumour. "
        "Indications of the label that depend on no biomarker may not be held here."
    ),
}


def _alert_lines(alerts: Iterable[Finding], say: Language) -> Iterator[str]:
    for finding in alerts:
        statement = finding.statement
        if isinstance(statement, SafetyStatement):
            yield ""
            kind = say(_CATEGORIES[statement.category])
            consequence = escape(say(statement.consequence), MAX_OWN_TEXT)
            yield f"**{escape(kind)}**: {consequence} ({label_link(finding.medicine, say)})"


_CATEGORIES = {
    "contraindication": phrase("Contraindication of the EU label"),
    "restriction": phrase("Restriction of the EU label"),
    "warning": phrase("Warning of the EU label"),
    "dose": phrase("Dose advice of the EU label"),
    "test": phrase("Test before treatment"),
}


def _test_lines(judgement: DraftJudgement, say: Language) -> list[str]:
    lines: list[str] = []
    if missing := (*judgement.missing, *judgement.depending):
        lines += ["", f"**{escape(say('No usable result in the record for'))}**", ""]
        for analyte in missing:
            lines.append(bullet(escape(say(analyte))))
            lines += requirement_lines(_requirements(judgement, analyte), say)
            lines += named_test_lines((*judgement.alerts, *judgement.findings), analyte, say)
    if judgement.undecided:
        names = in_full(finding_names(judgement.undecided, say), ", ", MAX_TEXT)
        lines += ["", say("Found, and not enough for the label to be judged: {findings}.", findings=names)]
    if judgement.awaited:
        names = in_full(map(say, judgement.awaited), ", ")
        lines += ["", say("Ordered, no result in the record yet: {analytes}.", analytes=names)]
    return lines


def _requirements(judgement: DraftJudgement, analyte: str) -> list[tuple[Medicine, TestRequirement]]:
    """What the labels behind the judgement require of the test of an analyte."""
    findings = (*judgement.alerts, *judgement.findings)
    return [
        (found.medicine, test)
        for found in findings
        for test in found.statement.tests
        if name_of(analyte) in test.analyte
    ]


def _indication_lines(judgement: DraftJudgement, say: Language) -> list[str]:
    shown = [finding for finding in judgement.findings if judgement.support is not Support.OTHER_TUMOUR]
    if not shown:
        return []
    lines = ["", f"**{escape(say('EU indications for this tumour'))}**", ""]
    for finding in shown:
        statement = finding.statement
        if isinstance(statement, Indication):
            what = say(statement.summary)
            if judgement.support is Support.PARTNER:
                what = _with_partners(what, statement, say)
            lines.append(
                bullet(f"{escape(what, MAX_OWN_TEXT)}, {label_link(finding.medicine, say)}: {_why(finding, say)}")
            )
    return lines


def _with_partners(summary: str, statement: Indication, say: Language) -> str:
    """The indication with the partners that its summary does not name."""
    names = [describe_partner(partner, say) for partner in statement.partners]
    if all(name in summary for name in names):
        return summary
    return say("{indication} (with {partners})", indication=summary, partners=" + ".join(names))


def _why(finding: Finding, say: Language) -> str:
    if finding.veto:
        return escape(say(finding.veto.note or "recorded resistance"), MAX_OWN_TEXT)
    if finding.outcome is Outcome.UNMET:
        return in_full(reasons(finding, say))
    questions = open_questions(finding, say)
    return say("to verify: {questions}", questions=in_full(questions)) if questions else escape(say("met"))


def reasons(finding: Finding, say: Language) -> list[str]:
    """What keeps an indication from being met, each once: what it excludes and was found, what it asks in vain."""
    return list(dict.fromkeys(text for trace in finding.failing() for text in _reason(trace, say)))


def _reason(trace: Trace, say: Language) -> Iterator[str]:
    if not isinstance(trace.criterion, Not):
        yield say("not met: {criterion}", criterion=describe(trace.criterion, say))
        return
    for leaf in trace.deciding_leaves():
        found = leaf.verdict is Verdict.TRUE
        yield say(
            "excluded by {finding}" if found else "not met: {criterion}",
            finding=describe(leaf.criterion, say),
            criterion=describe(leaf.criterion, say),
        )


def _evidence(findings: Sequence[Finding]) -> list[Fact]:
    """The facts that decided anything, each once; age and sex are the clinician's to know."""
    facts = {
        fact: None
        for finding in findings
        for leaf in (finding.closing() or tuple(finding.leaves()))
        for fact in leaf.facts
        if fact.kind is not Kind.DEMOGRAPHIC
    }
    return list(facts)
