"""One card of what studies report beyond the label, for clients that ask for it. It never looks like a label's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cards.building import CardMaker, Planned
from cards.details import basis_lines, evidence_lines, finding_names
from cards.lists import listed
from cards.markdown import MAX_OWN_TEXT, bullet, escape
from cards.style import Indicator
from cards.summaries import with_names
from knowledge.criteria import Role
from knowledge.evidence_findings import EvidenceFinding
from knowledge.facts import Fact, Kind
from knowledge.language import Language, phrase
from knowledge.trace import leaf_of
from knowledge.verdicts import Verdict

SOURCE_LABEL = phrase("Oncohooks: CIViC, evidence beyond the EU label")
SOURCE_URL = "https://civicdb.org"


def evidence_cards(findings: Sequence[EvidenceFinding], maker: CardMaker) -> list[Planned]:
    """The card, or none if no evidence goes beyond or against what labels support for this patient."""
    beyond = [finding for finding in findings if finding.is_off_label_option]
    against = [finding for finding in findings if finding.opposes]
    if not beyond and not against:
        return []
    say = maker.style.language
    facts = _biomarkers([*beyond, *against])
    summary = with_names(
        say("Evidence beyond the EU label, no recommendation: "), finding_names(facts, say) or [say("see detail")], say
    )
    planned = maker.planned(
        topic="evidence" + "".join(sorted({gene for fact in facts for gene in fact.genes})),
        indicator=Indicator.INFO,
        summary=summary,
        detail=_detail(beyond, against, facts, maker),
        statements=[finding.statement.id for finding in (*beyond, *against)],
    )
    planned.card["source"] |= {"label": say(SOURCE_LABEL), "url": SOURCE_URL}
    return [planned]


def _detail(
    beyond: Iterable[EvidenceFinding], against: Iterable[EvidenceFinding], facts: Sequence[Fact], maker: CardMaker
) -> str:
    say = maker.style.language
    lines = [
        escape(
            say(
                "None of this is an EU indication. It is what CIViC reports of studies; line, stage and prior therapy "
                "are not judged."
            )
        )
    ]
    lines += _section(say("Reported sensitivity"), beyond, say)
    lines += _section(say("Reported resistance to an option of the EU label"), against, say)
    return "\n".join([*lines, *evidence_lines(facts, say), *basis_lines(maker.basis, (), say)])


def _section(heading: str, findings: Iterable[EvidenceFinding], say: Language) -> list[str]:
    bullets = [bullet(_claim(finding, say)) for finding in findings]
    return ["", f"**{escape(heading)}**", "", *bullets] if bullets else []


def _claim(finding: EvidenceFinding, say: Language) -> str:
    items = listed(str, (item.id for item in finding.statement.items), say)
    text = say("{claim} ({items})", claim=escape(say(finding.statement.claim), MAX_OWN_TEXT), items=items)
    if finding.contradicted_by:
        against = listed(str, finding.contradicted_by, say)
        text += say("; other evidence says otherwise: {items}", items=against)
    return text


def _biomarkers(findings: Iterable[EvidenceFinding]) -> list[Fact]:
    """The facts that the evidence is about, each once."""
    facts = {
        fact: None
        for finding in findings
        for leaf in finding.unnegated_leaves()
        if leaf.verdict is Verdict.TRUE and leaf_of(leaf).role is Role.BIOMARKER
        for fact in leaf.facts
        if fact.kind is not Kind.DISEASE
    }
    return list(facts)
