"""From findings to pieces of advice, each of which becomes one card."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from knowledge import notes
from knowledge.criteria import Role
from knowledge.decisions import PAST
from knowledge.evaluation import Finding, Layer, Outcome
from knowledge.facts import Fact, Kind, Origin, State
from knowledge.language import phrase
from knowledge.orders import Orders
from knowledge.prescribing import current_drugs
from knowledge.statements import Indication, Medicine, TestRequirement, analyte_of, name_of, protein_of
from knowledge.trace import Trace, leaf_of
from knowledge.verdicts import Verdict

_OPEN = (Outcome.MET, Outcome.VERIFY)
_CLOSED = (Outcome.UNMET, Outcome.CLEAR)

NO_ORDERS = Orders()

#: The "analyte" whose result refines a tumour type that is recorded too broadly for a label.
HISTOLOGY = phrase("histology")


@dataclass(frozen=True, slots=True)
class TherapyOptions:
    """EU-label options that one biomarker opens, with what the same biomarker closes."""

    key: tuple[str, ...]
    findings: tuple[Finding, ...]
    vetoed: tuple[Finding, ...]
    evidence: tuple[Fact, ...]

    @property
    def medicines(self) -> tuple[Medicine, ...]:
        """The medicines in display order, each once."""
        return tuple({id(finding.medicine): finding.medicine for finding in self.findings}.values())


@dataclass(slots=True)
class MissingTest:
    """An analyte without a result, with the options and test requirements that wait for it."""

    analyte: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def requirements(self) -> tuple[tuple[Medicine, TestRequirement], ...]:
        """What the labels require of the test, for each medicine once."""
        found = {
            (finding.medicine.brand, test): (finding.medicine, test)
            for finding in self.findings
            for test in finding.statement.tests
            if re.search(rf"(?<!\w){re.escape(name_of(self.analyte))}(?!\w)", test.analyte)
        }
        stated = [pair for pair in found.values() if pair[1].requirement != "not-stated"]
        return tuple(stated or found.values())


@dataclass(frozen=True, slots=True)
class TestsFirst:
    """Tests without which the EU-label options for this tumour cannot be judged."""

    __test__ = False

    tumours: tuple[Fact, ...]
    missing: tuple[MissingTest, ...]
    known: tuple[MissingTest, ...]
    awaited: tuple[MissingTest, ...] = ()
    agnostic: tuple[str, ...] = ()  # analytes that only labels for tumours of any type ask for


@dataclass(frozen=True, slots=True)
class TumourUnclear:
    """Biomarkers that open options in some tumour, while the patient's own tumour type is not known."""

    biomarkers: tuple[Fact, ...]
    diagnoses: tuple[Fact, ...]
    note: str
    medicines: tuple[Medicine, ...]


@dataclass(frozen=True, slots=True)
class GermlineFollowUp:
    """Pathogenic variants found in a tumour, in genes whose germline should then be looked at."""

    variants: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class SafetyAlert:
    """A safety statement that applies to a medicine which the patient receives, or which is shown as an option."""

    finding: Finding
    evidence: tuple[Fact, ...]


Advice = TherapyOptions | TestsFirst | TumourUnclear | SafetyAlert | GermlineFollowUp


def patient_view_advice(
    findings: Sequence[Finding],
    facts: Iterable[Fact],
    orders: Orders = NO_ORDERS,
    germline_genes: frozenset[str] = frozenset(),
    all_comers: bool = False,
) -> list[Advice]:
    """All advice for an opened chart, most important first: safety, options, tests, germline, unclear tumour."""
    facts = list(facts)
    # Most statements are closed, usually by the tumour type, and have nothing to say.
    findings = [
        finding
        for finding in findings
        if (finding.outcome not in _CLOSED or finding.veto) and (all_comers or _depends_on_a_biomarker(finding))
    ]
    if has_current_tumour(facts):
        findings = [finding for finding in findings if not _is_of_the_past(finding)]
    options = _therapy_options(findings)
    advice: list[Advice] = [*_safety_alerts(findings, facts, options), *options]
    if tests := _tests_first(findings, _analytes_with_result(facts), orders):
        advice.append(tests)
    if variants := _germline_candidates(facts, germline_genes):
        advice.append(GermlineFollowUp(variants))
    if unclear := _tumour_unclear(findings):
        advice.append(unclear)
    return advice


def has_current_tumour(facts: Iterable[Fact]) -> bool:
    """Whether a confirmed tumour of known type is recorded that is not over."""
    return any(
        fact.kind is Kind.DISEASE and fact.tumour and fact.state is State.PRESENT and fact.status not in PAST
        for fact in facts
    )


def _is_of_the_past(finding: Finding) -> bool:
    """Whether only a tumour that is over may be the label's."""
    return any(leaf.note == notes.TUMOUR_PAST for leaf in finding.missing(Role.TUMOUR))


def _safety_alerts(
    findings: Sequence[Finding], facts: Iterable[Fact], options: Iterable[TherapyOptions]
) -> Iterator[SafetyAlert]:
    """Alerts that matter now: of medicines that the patient receives, or that are shown as options."""
    received = current_drugs(facts)
    shown = frozenset(medicine.inn for option in options for medicine in option.medicines)
    for finding in findings:
        if finding.layer is Layer.SAFETY and finding.outcome is Outcome.APPLIES:
            drugs = finding.medicine.drugs
            concerned = drugs <= received or (not finding.statement.partners and finding.medicine.inn in shown)
            if concerned and _partners_received(finding, received):
                yield SafetyAlert(finding, _evidence([finding]))


def _partners_received(finding: Finding, received: frozenset[str]) -> bool:
    """Whether a statement about a combination finds its partners among what the patient receives."""
    return all(received & set(partner.inns) for partner in finding.statement.partners)


# --- germline ----------------------------------------------------------------------------------------

_PATHOGENIC = ("pathogenic", "likely pathogenic")


def _germline_candidates(facts: Iterable[Fact], genes: frozenset[str]) -> tuple[Fact, ...]:
    """Pathogenic variants of the listed genes that are not already known to be germline."""
    facts = list(facts)
    settled = {gene for fact in facts if fact.origin is Origin.GERMLINE for gene in fact.genes}
    return tuple(
        fact
        for fact in facts
        if fact.kind is Kind.VARIANT
        and fact.state is State.PRESENT
        and fact.significance in _PATHOGENIC
        and set(fact.genes) & genes - settled
    )


# --- options -----------------------------------------------------------------------------------------


def _depends_on_a_biomarker(finding: Finding) -> bool:
    """False for an indication whose label asks for no biomarker; of these, not even the histology is asked."""
    return not isinstance(finding.statement, Indication) or finding.statement.asks_for_a_biomarker


def _therapy_options(findings: Sequence[Finding]) -> list[TherapyOptions]:
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.layer is Layer.LABEL and finding.outcome in _OPEN and _is_option(finding):
            groups[opening_key(finding)].append(finding)
    vetoed = [(finding, opening_key(finding)) for finding in findings if finding.veto]
    options = []
    for key, members in sorted(groups.items(), key=lambda group: (not group[0], group[0])):
        ordered = sorted(members, key=_display_order)
        closed = [finding for finding, opened_by in vetoed if not set(key).isdisjoint(opened_by)]
        vetoed = [(finding, opened_by) for finding, opened_by in vetoed if set(key).isdisjoint(opened_by)]
        options.append(TherapyOptions(key, tuple(ordered), tuple(closed), _evidence(ordered)))
    return options


def _is_option(finding: Finding) -> bool:
    return isinstance(finding.statement, Indication) and not finding.statement.is_diagnostic


def _display_order(finding: Finding) -> tuple[bool, int, str, str]:
    """Met before to-be-verified, fewest open questions first; no option is called best."""
    open_questions = len(finding.missing())
    return finding.outcome is not Outcome.MET, open_questions, finding.medicine.brand, finding.statement.id


def opening_key(finding: Finding) -> tuple[str, ...]:
    """The genes or markers whose positive result opens an option; empty if only negatives do."""
    names = set()
    for leaf in finding.unnegated_leaves():
        holds = leaf.verdict is Verdict.TRUE and leaf_of(leaf).role is Role.BIOMARKER
        if holds and _has_positive_result(leaf):
            names.add(analyte_of(leaf_of(leaf)))
    return tuple(sorted(names))


def _evidence(findings: Iterable[Finding]) -> tuple[Fact, ...]:
    """The facts that decided tumour and biomarker criteria, each once."""
    # Many findings rest on the same few leaves; comparing the facts themselves is the costly part.
    deciding = {
        id(leaf): leaf
        for finding in findings
        for leaf in finding.leaves()
        if leaf.facts and leaf.verdict is not Verdict.UNKNOWN and leaf_of(leaf).role is not Role.CLINICAL
    }
    return tuple(dict.fromkeys(fact for leaf in deciding.values() for fact in leaf.facts))


# --- tests first -------------------------------------------------------------------------------------


def _tests_first(findings: Sequence[Finding], with_result: frozenset[str], orders: Orders) -> TestsFirst | None:
    missing: dict[str, MissingTest] = {}
    known: dict[str, MissingTest] = {}
    awaited: dict[str, MissingTest] = {}
    agnostic: dict[str, None] = {}
    tumours: dict[Fact, None] = {}
    for finding in findings:
        if finding.layer is not Layer.LABEL or finding.outcome is not Outcome.TEST or not _tumour_is_recorded(finding):
            continue
        analytes = dict.fromkeys(finding.analyte(leaf) for leaf in finding.missing(Role.BIOMARKER))
        if isinstance(finding.statement, Indication) and finding.statement.is_tumour_agnostic:
            agnostic |= dict.fromkeys(name for name in analytes if name not in with_result)
            continue
        tumours |= dict.fromkeys(_tumour_facts(finding))
        if finding.missing(Role.TUMOUR):  # which biomarkers matter is only known when the type is
            missing.setdefault(HISTOLOGY, MissingTest(HISTOLOGY)).findings.append(finding)
            continue
        for analyte in analytes:
            place = known if analyte in with_result else awaited if orders.covering(analyte) else missing
            place.setdefault(analyte, MissingTest(analyte)).findings.append(finding)
    if not missing:
        return None
    ordered = sorted(missing.values(), key=lambda entry: (-len(entry.findings), entry.analyte))
    others = tuple(name for name in agnostic if name not in missing and not orders.covering(name))
    return TestsFirst(tuple(tumours), tuple(ordered), tuple(known.values()), tuple(awaited.values()), others)


def _tumour_is_recorded(finding: Finding) -> bool:
    """Whether a tumour type is recorded that is, or with its histology may be, the label's, and is not over."""
    unclear = finding.missing(Role.TUMOUR)
    return all(leaf.facts and all(fact.tumour and fact.status not in PAST for fact in leaf.facts) for leaf in unclear)


def _tumour_facts(finding: Finding) -> tuple[Fact, ...]:
    return tuple(
        fact
        for leaf in finding.unnegated_leaves()
        if leaf_of(leaf).role is Role.TUMOUR and leaf.verdict is not Verdict.FALSE
        for fact in leaf.facts
    )


def _has_positive_result(leaf: Trace) -> bool:
    return any(fact.state is State.PRESENT for fact in leaf.facts)


def _analytes_with_result(facts: Iterable[Fact]) -> frozenset[str]:
    """Analytes for which something was found: they were tested, whatever detail a label still asks.

    A protein that was not found has been tested as well; of a gene, another alteration may not have been.
    """
    names: set[str | None] = set()
    for fact in facts:
        if fact.kind is Kind.EXPRESSION and fact.marker and fact.state in (State.PRESENT, State.ABSENT):
            names |= {fact.marker, protein_of(fact.marker)}
        elif fact.state is State.PRESENT:
            names |= {*fact.genes, fact.marker}
    return frozenset(name for name in names if name)


# --- unclear tumour ----------------------------------------------------------------------------------


def _tumour_unclear(findings: Sequence[Finding]) -> TumourUnclear | None:
    """Options that only the tumour type keeps open, gathered into one piece of advice."""
    waiting = [finding for finding in findings if finding.layer is Layer.LABEL and _waits_for_tumour(finding)]
    if not waiting:
        return None
    leaves = [leaf for finding in waiting for leaf in finding.missing(Role.TUMOUR)]
    diagnoses = tuple({fact: None for leaf in leaves for fact in leaf.facts})
    biomarkers = tuple(
        fact for fact in _evidence(waiting) if fact.kind is not Kind.DISEASE and fact.state is State.PRESENT
    )
    medicines = tuple({finding.medicine.brand: finding.medicine for finding in waiting}.values())
    return TumourUnclear(biomarkers, diagnoses, leaves[0].note or "", medicines)


def _waits_for_tumour(finding: Finding) -> bool:
    if finding.outcome is not Outcome.TEST or not opening_key(finding) or _tumour_is_recorded(finding):
        return False
    unknown = {leaf_of(leaf).role for leaf in finding.missing()}
    return Role.TUMOUR in unknown and Role.BIOMARKER not in unknown
