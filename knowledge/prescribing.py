"""What the EU label says about a drug that is about to be ordered for this patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.criteria import Role
from knowledge.drugs import DrugClasses
from knowledge.evaluation import Finding, Layer, Outcome
from knowledge.facts import Fact, Kind, State
from knowledge.gaps import indication_gaps, safety_gaps, without_result
from knowledge.orders import DrugDraft, Orders
from knowledge.patient import Reference
from knowledge.statements import Indication, Medicine, Partner, Statement
from knowledge.terminology import TumourTree
from knowledge.trace import leaf_of
from knowledge.verdicts import Verdict, conjunction

_OPEN = (Outcome.MET, Outcome.VERIFY)
#: How a therapy fact's status begins while the therapy goes on.
_CURRENT = ("active", "in-progress", "intended", "on-hold")


class Support(StrEnum):
    """How the label's indications stand to a drafted drug, from the best to the worst.

    ``SUPPORTED``: one is met, or only clinical details are to be verified. ``DEPENDS``: the same, but only of one that
    asks for no biomarker, whose clinical details are not recorded, while another waits for a biomarker. ``TEST``: none
    is, and a biomarker that decides has no result. ``PARTNER``: one is, but together with a drug that is not in the
    regimen. ``TUMOUR_UNCLEAR``: the tumour type is not known well enough. ``CLINICAL``: the biomarkers fit, and line,
    stage, age or prior therapy do not. ``UNTESTED``: these do not, and the biomarkers are not all known.
    ``OTHER_SETTING``: these do not, of an indication that asks for no biomarker. ``FAILING``: a documented biomarker
    excludes it. ``RESISTANT``: a recorded alteration predicts resistance. ``OTHER_TUMOUR``: no indication held is for
    this tumour. ``NOT_HELD``: no indication of the drug is held.
    """

    SUPPORTED = "supported"
    DEPENDS = "depends"
    TEST = "test"
    PARTNER = "partner"
    TUMOUR_UNCLEAR = "tumour-unclear"
    CLINICAL = "clinical"
    UNTESTED = "untested"
    OTHER_SETTING = "other-setting"
    FAILING = "failing"
    RESISTANT = "resistant"
    OTHER_TUMOUR = "other-tumour"
    NOT_HELD = "not-held"


@dataclass(frozen=True, slots=True)
class DraftJudgement:
    """What the label says about one draft.

    ``findings`` are the indications behind ``support``, ``alerts`` the safety statements that apply. ``missing`` are
    the analytes that have to be tested first and that nobody has ordered, ``awaited`` those that somebody has,
    ``undecided`` the results that were found and do not tell. ``depending`` are the analytes without a result that have
    to be tested only if clinical details which are not recorded turn out so.
    """

    draft: DrugDraft
    support: Support
    findings: tuple[Finding, ...]
    alerts: tuple[Finding, ...]
    missing: tuple[str, ...]
    awaited: tuple[str, ...]
    undecided: tuple[Fact, ...] = ()
    depending: tuple[str, ...] = ()


class Regimen:
    """The drugs that the patient would receive together: all drafts, and the therapies that go on."""

    def __init__(self, orders: Orders, facts: Iterable[Fact], classes: DrugClasses) -> None:
        self.drugs = frozenset(drug for draft in orders.drugs for drug in draft.drugs) | current_drugs(facts)
        self._classes = classes

    def fits(self, statement: Statement) -> Verdict:
        """Whether every partner that a statement names is in the regimen; unknown for one described in words only."""
        return conjunction(self._holds(partner) for partner in statement.partners)

    def is_as_named(self, statement: Statement) -> bool:
        """Whether each partner that a statement names is in the regimen: the prescriber means this combination."""
        asked = [partner for partner in statement.partners if not partner.supportive]
        return bool(asked) and conjunction(map(self._holds, asked)) is Verdict.TRUE

    def holds_some_of(self, statement: Statement) -> bool:
        """Whether at least one of the partners that a statement names is in the regimen."""
        return any(self._holds(partner) is Verdict.TRUE for partner in statement.partners)

    def _holds(self, partner: Partner) -> Verdict:
        accepted = set(partner.inns)
        if partner.drug_class:
            accepted |= self._classes.members(partner.drug_class)
        if not accepted:
            return Verdict.UNKNOWN
        if accepted & self.drugs:
            return Verdict.TRUE
        return Verdict.UNKNOWN if partner.conditional or partner.supportive else Verdict.FALSE


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
    orders: Orders, findings: Sequence[Finding], facts: Iterable[Fact], reference: Reference
) -> tuple[DraftJudgement, ...]:
    """Judge every selected draft; drugs of which nothing is held give no judgement."""
    facts = list(facts)
    regimen = Regimen(orders, facts, reference.drug_classes)
    tumours = _tumours(facts)
    judged = (
        _judge(
            draft,
            findings,
            regimen,
            orders,
            lambda medicine, support: _is_unheld(medicine, support, tumours, reference.tumours),
        )
        for draft in orders.drugs
        if draft.selected
    )
    return tuple(item for item in judged if item.support is not Support.NOT_HELD or item.alerts or item.missing)


def _tumours(facts: Iterable[Fact]) -> frozenset[str]:
    diseases = (fact for fact in facts if fact.kind is Kind.DISEASE and fact.state is State.PRESENT)
    return frozenset(fact.tumour for fact in diseases if fact.tumour)


def _is_unheld(medicine: Medicine, support: Support, tumours: frozenset[str], tree: TumourTree) -> bool:
    """Whether the label may have an indication for one of the tumours that is not held here.

    For a tumour that is less specific than those which are not held, it stays true that the tumour type is unclear.
    """
    if any(tree.is_a(tumour, node) for tumour in tumours for node in medicine.not_held):
        return True
    if support is Support.TUMOUR_UNCLEAR:
        return False
    return any(tree.is_a(node, tumour) for tumour in tumours for node in medicine.not_held)


def _judge(
    draft: DrugDraft,
    findings: Sequence[Finding],
    regimen: Regimen,
    orders: Orders,
    is_unheld: Callable[[Medicine, Support], bool],
) -> DraftJudgement:
    own = [finding for finding in findings if finding.medicine.drugs <= set(draft.drugs)]
    labelled = _of_its_label(draft, own)
    support, behind = _support([finding for finding in labelled if finding.layer is Layer.LABEL], regimen)
    if support in _SAID_OF_THE_WHOLE_LABEL and any(is_unheld(finding.medicine, support) for finding in labelled):
        support, behind = Support.NOT_HELD, ()
    safety = [finding for finding in own if finding.layer is Layer.SAFETY and _concerns(finding, regimen)]
    alerts = tuple(finding for finding in safety if finding.outcome is Outcome.APPLIES)
    gaps = [*safety_gaps(safety, support in _CLOSED), *(indication_gaps(behind) if support is Support.TEST else ())]
    undecided = dict.fromkeys(fact for _, leaf in gaps for fact in leaf.facts if fact.state is State.PRESENT)
    wanted = without_result(gaps)
    depending = without_result(indication_gaps(behind) if support is Support.DEPENDS else ())
    awaited = tuple(analyte for analyte in dict.fromkeys([*wanted, *depending]) if orders.covering(analyte))
    missing = tuple(analyte for analyte in wanted if analyte not in awaited)
    depending = [analyte for analyte in depending if analyte not in (*awaited, *missing)]
    return DraftJudgement(draft, support, behind, alerts, missing, awaited, tuple(undecided), tuple(depending))


def _of_its_label(draft: DrugDraft, findings: list[Finding]) -> list[Finding]:
    """The findings of the medicine with exactly these drugs; of those with a part of them only if there is none.

    A fixed combination has indications of its own, and those of its components are not among them.
    """
    return [finding for finding in findings if finding.medicine.drugs == set(draft.drugs)] or findings


#: No result of a test opens an indication any more.
_CLOSED = frozenset({Support.CLINICAL, Support.UNTESTED, Support.OTHER_SETTING})

#: What may only be said of a drug when every indication of its label for the tumour is held.
_SAID_OF_THE_WHOLE_LABEL = frozenset(
    {
        Support.TEST,
        Support.PARTNER,
        Support.TUMOUR_UNCLEAR,
        Support.CLINICAL,
        Support.UNTESTED,
        Support.OTHER_SETTING,
        Support.FAILING,
        Support.OTHER_TUMOUR,
    }
)


def _support(label: Sequence[Finding], regimen: Regimen) -> tuple[Support, tuple[Finding, ...]]:
    """The best that any indication comes to, with the indications that come to it."""
    if not label:
        return Support.NOT_HELD, ()
    found: dict[_Standing, list[Finding]] = {}
    for finding in label:
        found.setdefault(_standing(finding, regimen), []).append(finding)
    best = min(found, key=_ORDER.index)
    if best[0] is Support.SUPPORTED and (
        waiting := _waiting(found[best], found.get((Support.TEST, True), ()), regimen)
    ):
        return Support.DEPENDS, (*found[best], *waiting)
    if best == (Support.TEST, True):  # a combination that is begun is meant, not another use that waits for a test
        possible = found.get((Support.PARTNER, False), ())
        if begun := [finding for finding in possible if regimen.holds_some_of(finding.statement)]:
            return Support.PARTNER, tuple(begun)
    if best[0] is Support.PARTNER:  # the combination that is drafted, before one that could be
        named = [
            finding for finding in found.get((Support.FAILING, True), ()) if regimen.is_as_named(finding.statement)
        ]
        if named:
            return Support.FAILING, tuple(named)
    if best[0] not in (Support.SUPPORTED, Support.TEST, Support.PARTNER) and (Support.RESISTANT, True) in found:
        best = (Support.RESISTANT, True)  # a recorded resistance says more than a line or stage that does not fit
    return best[0], tuple(found[best])


#: A support, and whether the regimen holds the partners that the indication asks for. What is prescribed is judged
#: before what would be another regimen.
_Standing = tuple[Support, bool]
_ORDER: tuple[_Standing, ...] = (
    (Support.SUPPORTED, True),
    (Support.TEST, True),
    (Support.PARTNER, False),
    (Support.TUMOUR_UNCLEAR, True),
    (Support.CLINICAL, True),
    (Support.UNTESTED, True),
    (Support.FAILING, True),
    (Support.TEST, False),
    (Support.OTHER_SETTING, True),
    (Support.CLINICAL, False),
    (Support.UNTESTED, False),
    (Support.FAILING, False),
    (Support.OTHER_SETTING, False),
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
    if Role.BIOMARKER in {leaf_of(leaf).role for leaf in finding.closing()}:
        return Support.FAILING, has_partners
    if not _asks_for_a_biomarker(finding):
        return Support.OTHER_SETTING, has_partners
    return (Support.CLINICAL if finding.biomarkers is Verdict.TRUE else Support.UNTESTED), has_partners


def _asks_for_a_biomarker(finding: Finding) -> bool:
    return isinstance(finding.statement, Indication) and finding.statement.asks_for_a_biomarker


def _waiting(supported: Sequence[Finding], untested: Sequence[Finding], regimen: Regimen) -> list[Finding]:
    """The indications that wait for a biomarker, where those that fit so far ask for none and for much else.

    Clinical details that are not recorded must not hide the test. A combination that is drafted as the label names it
    tells which indication is meant; one that is not then does not matter.
    """
    if any(finding.outcome is Outcome.MET or _asks_for_a_biomarker(finding) for finding in supported):
        return []
    is_named = any(regimen.is_as_named(finding.statement) for finding in supported)
    return [finding for finding in untested if not is_named or regimen.is_as_named(finding.statement)]


def _concerns(finding: Finding, regimen: Regimen) -> bool:
    """Whether a safety statement speaks of this regimen: one about a combination needs a partner that may be in it."""
    return regimen.fits(finding.statement) is not Verdict.FALSE
