"""How stage, setting, line and prior therapy are decided."""

from __future__ import annotations

from knowledge import notes
from knowledge.criteria import (
    COURSES,
    EXTENTS,
    FIGO_GROUPS,
    PHASES,
    STAGE_GROUPS,
    HadTherapy,
    InDiseaseState,
    InLine,
    InSetting,
    InStage,
    NeedsJudgement,
)
from knowledge.dates import date_interval
from knowledge.decisions import PAST, Decision, decide, newest
from knowledge.facts import Fact, Kind, State
from knowledge.patient import Patient
from knowledge.verdicts import Verdict

#: What distant metastasis excludes. A recorded early stage excludes nothing: the disease may have progressed.
_NOT_METASTATIC = (STAGE_GROUPS - {"IV", "IVA", "IVB", "IVC"}) | {"early", "resectable", "resected", "locally-advanced"}


@decide.register
def _(criterion: InStage, patient: Patient) -> Decision:
    asks_figo = not criterion.stages.isdisjoint(FIGO_GROUPS)
    terms = {
        id(fact): found
        for fact in patient.of_kind(Kind.STAGE)
        if fact.state is State.PRESENT and (found := _terms(fact) or (_figo_terms(fact) if asks_figo else frozenset()))
    }
    recorded = [fact for fact in patient.of_kind(Kind.STAGE) if id(fact) in terms]
    metastatic = [fact for fact in recorded if _means_metastasis(fact, patient)]
    if metastatic and criterion.stages & {"metastatic", "advanced"}:
        return Decision(Verdict.TRUE, tuple(metastatic))
    if metastatic and criterion.stages <= _NOT_METASTATIC:
        return Decision(Verdict.FALSE, tuple(metastatic))
    current = newest(recorded)
    if not current:
        return Decision(Verdict.UNKNOWN, note=notes.NO_STAGE)
    matching = [fact for fact in current if terms[id(fact)] & criterion.stages]
    if matching and len(matching) == len(current):
        return Decision(Verdict.TRUE, tuple(matching))
    note = notes.CONFLICTING_OF_SAME_DATE if matching else notes.STAGE_DOES_NOT_TELL
    return Decision(Verdict.UNKNOWN, tuple(current), note=note)


def _terms(fact: Fact) -> frozenset[str]:
    """The stage group with the groups that contain it, or the extent; empty for values of other scales."""
    if not isinstance(fact.value, str):
        return frozenset()
    group = fact.value.rstrip("123")
    if group in STAGE_GROUPS:
        return frozenset({group, group.rstrip("ABC")})
    return frozenset({fact.value}) & EXTENTS


def _figo_terms(fact: Fact) -> frozenset[str]:
    """The same of a stage of FIGO, which counts only where a label names such stages."""
    group = fact.value.rstrip("123") if isinstance(fact.value, str) else ""
    return frozenset({group, group.rstrip("ABC")}) if group in FIGO_GROUPS else frozenset()


def _means_metastasis(fact: Fact, patient: Patient) -> bool:
    """Documented metastasis, or stage IV of a tumour in which every stage IV has distant metastasis."""
    if fact.value == "metastatic":
        return True
    reference = patient.reference
    tumours = [
        disease.tumour
        for disease in patient.of_kind(Kind.DISEASE)
        if disease.state is State.PRESENT and disease.status not in PAST
    ]
    return (
        "IV" in _terms(fact)
        and bool(tumours)
        and all(
            tumour and any(reference.tumours.is_a(tumour, node) for node in reference.metastatic_at_stage_four)
            for tumour in tumours
        )
    )


@decide.register
def _(criterion: InSetting, patient: Patient) -> Decision:
    return Decision(Verdict.UNKNOWN, note=notes.NO_SETTING)


@decide.register
def _(criterion: NeedsJudgement, patient: Patient) -> Decision:
    return Decision(Verdict.UNKNOWN, note=notes.FOR_THE_CLINICIAN)


@decide.register
def _(criterion: InLine, patient: Patient) -> Decision:
    given = [fact for fact in patient.of_kind(Kind.THERAPY) if fact.state is State.PRESENT and fact.line is not None]
    if not given:
        return Decision(Verdict.UNKNOWN, note=notes.NO_LINE)
    next_line = max(fact.line or 0 for fact in given) + 1
    inside = next_line >= criterion.at_least and (criterion.at_most is None or next_line <= criterion.at_most)
    return Decision(Verdict.TRUE if inside else Verdict.FALSE, tuple(given))


@decide.register
def _(criterion: HadTherapy, patient: Patient) -> Decision:
    facts = _therapies(criterion, patient)
    given = [fact for fact in facts if fact.state is State.PRESENT]
    if given and criterion.regimens > 1:
        return _regimens(given, criterion.regimens)
    if given and criterion.course is None:
        return Decision(Verdict.TRUE, tuple(given))
    if given:
        return _course(given, criterion.course or "")
    denied = [
        fact for fact in facts if fact.state is State.ABSENT and (criterion.inn or fact.marker == criterion.drug_class)
    ]
    if denied:
        return Decision(Verdict.FALSE, tuple(denied))
    if facts:
        return Decision(Verdict.UNKNOWN, tuple(facts), note=notes.ORDERED_ONLY)
    return Decision(Verdict.UNKNOWN, note=notes.NOT_RECORDED)


def _therapies(criterion: HadTherapy, patient: Patient) -> list[Fact]:
    """Therapy facts of the drug, or of the class: by a member, or named as the class itself."""
    therapies = patient.of_kind(Kind.THERAPY)
    if criterion.drug_class is None:
        return [fact for fact in therapies if fact.inn == criterion.inn]
    classes = patient.reference.drug_classes
    members, names = classes.members(criterion.drug_class), classes.included(criterion.drug_class)
    return [fact for fact in therapies if fact.inn in members or fact.marker in names]


def _regimens(given: list[Fact], regimens: int) -> Decision:
    """Counted by the lines that a sender stated. Fewer stated lines exclude nothing: others may not be recorded."""
    if len({fact.line for fact in given if fact.line is not None}) >= regimens:
        return Decision(Verdict.TRUE, tuple(given))
    return Decision(Verdict.UNKNOWN, tuple(given), note=notes.REGIMENS_NOT_TOLD)


def _course(given: list[Fact], course: str) -> Decision:
    """The latest recorded course that says something about the one asked for."""
    telling = {fact: _tells(course, fact.value) for fact in given}
    known = [fact for fact in given if telling[fact] is not Verdict.UNKNOWN]
    if not known:
        return Decision(Verdict.UNKNOWN, tuple(given), note=notes.NO_COURSE)
    latest = max(known, key=lambda fact: date_interval(fact.date))
    return Decision(telling[latest], (latest,))


def _tells(course: str, recorded: object) -> Verdict:
    if recorded == course or (course == "no-progression" and recorded == "stable"):
        return Verdict.TRUE
    return Verdict.FALSE if recorded in COURSES[course] else Verdict.UNKNOWN


#: What the clinical status of the diagnosis (HL7 condition-clinical) and the course of the disease say about its state.
_STATES_BY_STATUS = {"relapse": "relapsed", "recurrence": "relapsed", "remission": "remission"}
_STATES_BY_COURSE = {"worsened": "progressive", "remission": "remission"}


@decide.register
def _(criterion: InDiseaseState, patient: Patient) -> Decision:
    recorded = _recorded_states(patient)
    matching = tuple(fact for fact, state in recorded if state in criterion.states)
    phases = tuple(fact for fact, state in recorded if state in PHASES)
    if matching and len({state for _, state in recorded if state in PHASES}) > 1 and set(matching) <= set(phases):
        return Decision(Verdict.UNKNOWN, phases, note=notes.CONFLICTING_OF_SAME_DATE)
    if matching:
        return Decision(Verdict.TRUE, matching)
    if phases and criterion.states <= PHASES:
        return Decision(Verdict.FALSE, phases)
    # Otherwise a state excludes no other: a disease in remission has relapsed before, or may be refractory tomorrow.
    return Decision(Verdict.UNKNOWN, note=notes.NO_DISEASE_STATE)


def _recorded_states(patient: Patient) -> list[tuple[Fact, str]]:
    """What the diagnoses, the newest course and the newest phase say, each with the fact that says it."""
    diagnoses = [fact for fact in patient.of_kind(Kind.DISEASE) if fact.state is State.PRESENT]
    found = [(fact, _STATES_BY_STATUS.get(fact.status or "")) for fact in diagnoses]
    found += [(fact, _STATES_BY_COURSE.get(str(fact.value))) for fact in _newest_of("course", patient)]
    found += [(fact, str(fact.value)) for fact in _newest_of("phase", patient)]
    found += [(fact, str(fact.value)) for fact in patient.of_marker("disease-state") if fact.state is State.PRESENT]
    return [(fact, state) for fact, state in found if state]


def _newest_of(marker: str, patient: Patient) -> list[Fact]:
    return newest(fact for fact in patient.of_marker(marker) if fact.state is State.PRESENT)
