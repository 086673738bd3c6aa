"""What the EU label says about a drug that is about to be ordered for this patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.criteria import Role
from knowledge.drugs import DrugClasses
from knowledge.evaluation import Finding, Layer, Outcome
from knowledge.facts import Fact, Kind, State
from knowledge.orders import DrugDraft, Orders
from knowledge.statements import Partner, Statement, analyte_of
from knowledge.trace import leaf_of
from knowledge.verdicts import Verdict, conjunction

_OPEN = (Outcome.MET, Outcome.VERIFY)
#: How a therapy fact's status begins while the therapy goes on.
_CURRENT = ("active", "in-progress", "intended", "on-hold")


class Support(StrEnum):
    """How the label's indications stand to a drafted drug, from the best to the worst.

    ``SUPPORTED``: one is met, or only clinical details are to be verified. ``TEST``: none is, and a biomarker that
    decides has no result. ``PARTNER``: one is, but together with a drug that is not in the regimen. ``TUMOUR_UNCLEAR``:
    the tumour type is not known well enough. ``CLINICAL``: the biomarkers fit, and line, stage, age or prior therapy do
    not. ``FAILING``: a documented biomarker excludes it. ``RESISTANT``: a recorded alteration predicts resistance.
    ``OTHER_TUMOUR``: no indication held is for this tumour. ``NOT_HELD``: no indication of the drug is held.
    """

    SUPPORTED = "supported"
    TEST = "test"
    PARTNER = "partner"
    TUMOUR_UNCLEAR = "tumour-unclear"
    CLINICAL = "clinical"
    FAILING = "failing"
    RESISTANT = "resistant"
    OTHER_TUMOUR = "other-tumour"
    NOT_HELD = "not-held"


@dataclass(frozen=True, slots=True)
class DraftJudgement:
    """What the label says about one draft.

    ``findings`` are the indications behind ``support``, ``alerts`` the safety statements that apply. ``missing`` are
    the analytes that have to be tested first and that nobody has ordered, ``awaited`` those that somebody has.
    """

    draft: DrugDraft
    support: Support
    findings: tuple[Finding, ...]
    alerts: tuple[Finding, ...]
    missing: tuple[str, ...]
    awaited: tuple[str, ...]


class Regimen:
    """The drugs that the patient would receive together: all drafts, and the therapies that go on."""

    def __init__(self, orders: Orders, facts: Iterable[Fact], classes: DrugClasses) -> None:
        self.drugs = frozenset(drug for draft in orders.drugs for drug in draft.drugs) | current_drugs(facts)
        self._classes = classes

    def fits(self, statement: Statement) -> Verdict:
        """Whether every partner that a statement names is in the regimen; unknown for one described in words only."""
        return conjunction(self._holds(partner) for partner in statement.partners)

    def _holds(self, partner: Partner) -> Verdict:
        accepted = set(partner.inns)
        if partner.drug_class:
            accepted |= self._classes.members(partner.drug_class)
        if not accepted:
            return Verdict.UNKNOWN
        return Verdict.TRUE if accepted & self.drugs else Verdict.FALSE


def current_drugs(facts: Iterable[Fact]) -> frozenset[str]:
    """The drugs that the record says the patient is receiving or has been prescribed."""
    return frozenset(
        fact.inn
        for fact in facts
        if fact.kind is Kind.THERAPY
        and fact.inn
        and fact.state in (State.PRESENT, State.UNKNOWN)
        and (fact.status or "").startswith(_CURRENT)
    )


def judge_drafts(
    orders: Orders, findings: Sequence[Finding], facts: Iterable[Fact], classes: DrugClasses
) -> tuple[DraftJudgement, ...]:
    """Judge every selected draft; drugs of which nothing is held give no judgement."""
    regimen = Regimen(orders, facts, classes)
    judged = (_judge(draft, findings, regimen, orders) for draft in orders.drugs if draft.selected)
    return tuple(item for item in judged if item.support is not Support.NOT_HELD or item.alerts or item.missing)


def _judge(draft: DrugDraft, findings: Sequence[Finding], regimen: Regimen, orders: Orders) -> DraftJudgement:
    own = [finding for finding in findings if finding.medicine.drugs <= set(draft.drugs)]
    support, behind = _support([finding for finding in own if finding.layer is Layer.LABEL], regimen)
    safety = [finding for finding in own if finding.layer is Layer.SAFETY and _concerns(finding, regimen)]
    alerts = tuple(finding for finding in safety if finding.outcome is Outcome.APPLIES)
    wanted = dict.fromkeys(_analytes_to_test(support, behind, safety))
    awaited = tuple(analyte for analyte in wanted if orders.covering(analyte))
    missing = tuple(analyte for analyte in wanted if analyte not in awaited)
    return DraftJudgement(draft, support, behind, alerts, missing, awaited)


def _support(label: Sequence[Finding], regimen: Regimen) -> tuple[Support, tuple[Finding, ...]]:
    """The best that any indication comes to, with the indications that come to it."""
    if not label:
        return Support.NOT_HELD, ()
    found: dict[_Standing, list[Finding]] = {}
    for finding in label:
        found.setdefault(_standing(finding, regimen), []).append(finding)
    best = min(found, key=_ORDER.index)
    if _ORDER.index(best) > _ORDER.index((Support.TEST, False)) and (Support.RESISTANT, True) in found:
        best = (Support.RESISTANT, True)  # a recorded resistance says more than a line or stage that does not fit
    return best[0], tuple(found[best])


#: A support, and whether the regimen holds the partners that the indication asks for.
_Standing = tuple[Support, bool]
_ORDER: tuple[_Standing, ...] = (
    (Support.SUPPORTED, True),
    (Support.TEST, True),
    (Support.PARTNER, False),
    (Support.TEST, False),
    (Support.TUMOUR_UNCLEAR, True),
    (Support.CLINICAL, True),
    (Support.FAILING, True),
    (Support.RESISTANT, True),
    (Support.OTHER_TUMOUR, True),
)


def _standing(finding: Finding, regimen: Regimen) -> _Standing:
    has_partners = regimen.fits(finding.statement) is not Verdict.FALSE
    if finding.outcome in _OPEN:
        return (Support.SUPPORTED if has_partners else Support.PARTNER), has_partners
    if finding.tumour is Verdict.FALSE:
        return Support.OTHER_TUMOUR, True
    if finding.outcome is Outcome.TEST:
        return (Support.TUMOUR_UNCLEAR, True) if finding.tumour is Verdict.UNKNOWN else (Support.TEST, has_partners)
    if finding.veto:
        return Support.RESISTANT, True
    roles = {leaf_of(leaf).role for leaf in finding.closing()}
    return (Support.FAILING if Role.BIOMARKER in roles else Support.CLINICAL), True


def _concerns(finding: Finding, regimen: Regimen) -> bool:
    """Whether a safety statement speaks of this regimen: one about a combination needs a partner that is in it."""
    return regimen.fits(finding.statement) is Verdict.TRUE


def _analytes_to_test(support: Support, behind: Iterable[Finding], safety: Iterable[Finding]) -> Iterator[str]:
    """Safety first: what a label requires to be tested before the drug, then what decides its indications."""
    for finding in safety:
        required = any(test.timing for test in finding.statement.tests)
        if finding.outcome is Outcome.APPLIES or (finding.outcome is Outcome.TEST and required):
            yield from (analyte_of(leaf_of(leaf)) for leaf in finding.gaps())
    if support is Support.TEST:
        for finding in behind:
            yield from (analyte_of(leaf_of(leaf)) for leaf in finding.missing(Role.BIOMARKER))
