"""Stage groups, TNM categories and other cancer stages of Observations and of Condition.stage.

Groups of the TNM family give a bare value ("IIIC"); any other scale keeps its name ("FIGO IIIA"). M1 means
distant metastasis by the definition of TNM; M0 is that category and says nothing about later metastases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fhir_mappings.context import Context, Reading
from fhir_mappings.dating import date_of_result
from fhir_mappings.elements import (
    Json,
    codings,
    concept_text,
    last_segment,
    member,
    number,
    objects,
    reference_text,
    string,
    texts,
)
from fhir_mappings.stage_codes import Category, StageGroup, StagingSystem, systems_stated, without_tag
from fhir_mappings.statuses import Use, use_of
from fhir_mappings.tables import CodeRule
from knowledge.dates import is_fhir_date
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

METASTATIC = "metastatic"
_POST_TREATMENT = "tnm-y-praefix"
_RECURRENCE = "tnm-r-praefix"


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage as it will stand in the fact."""

    value: str
    marker: str | None
    basis: str | None
    warnings: tuple[str, ...] = ()


def read_stage_group(context: Context, rule: CodeRule) -> Reading:
    """Read a stage group or another coded stage: the scale is the code's, the method's or the value's."""
    concept = _value(context.data)
    scale = context.tables.stages.systems.get(rule.marker or "")
    if extent := context.tables.stages.extent_of(concept):
        return Reading([_fact(context, _Stage(extent, "extent", rule.options.get("basis")), concept)])
    stage = _stage(context, concept, member(context.data, "method"), scale, rule.options.get("basis"))
    if stage is None:
        return _without_group(context, rule, scale, concept)
    return Reading([_fact(context, stage, concept)])


def read_category(context: Context, rule: CodeRule) -> Reading:
    """Read a TNM category; ``marker`` of the rule is its axis, T, N or M."""
    concept, axis = _value(context.data), rule.marker or ""
    category = context.tables.stages.category_of(concept, axis)
    if category is None:
        return _absent_reading(context, axis) or context.unread("TNM category not recognised")
    category, warnings = _with_prefixes(context.data, category, rule.options.get("basis"))
    fact = _fact(context, _Stage(category.text, axis, category.basis, warnings), concept)
    if category.is_not_assessable:
        return Reading([replace(fact, state=State.INDETERMINATE)])
    if not category.is_metastatic:
        return Reading([fact])
    return Reading([fact, replace(fact, value=METASTATIC, marker=None)])


def read_condition_stages(context: Context, tumour: str | None, state: State) -> Reading:
    """The stages in a Condition. One that its own assessment contradicts decides nothing."""
    reading = Reading()
    for index, entry in enumerate(objects(context.data.get("stage"))):
        summary = member(entry, "summary")
        stage = _condition_stage(context, summary, member(entry, "type"), tumour)
        if stage is None:
            if concept_text(summary):
                reading.unread += context.unread("stage not recognised").unread
            continue
        source = Source(context.resource.reference, f"stage[{index}].summary", _sent(summary))
        assessments = list(_assessments(context, entry))
        dates = [fact.date for fact in assessments if fact.date]
        fact = Fact(
            kind=Kind.STAGE,
            state=state,
            source=source,
            value=stage.value,
            marker=stage.marker,
            status=stage.basis,
            date=dates[0] if dates else _recorded(context.data),
            warnings=stage.warnings,
        )
        reading.facts.append(_unless_contradicted(fact, assessments))
    return reading


def _condition_stage(context: Context, summary: Json, kind: Json, tumour: str | None) -> _Stage | None:
    stages = context.tables.stages
    if extent := stages.extent_of(summary):
        return _Stage(extent, "extent", None)
    basis = stages.basis_of(kind)
    rule = context.tables.rule_for(kind)
    scale = stages.systems.get(rule.marker or "") if rule and rule.reader == "stage_group" else None
    basis = basis or (rule.options.get("basis") if rule else None)
    return _stage(context, summary, kind, scale, basis, tumour)


def _stage(
    context: Context,
    concept: Json,
    method: Json,
    scale: StagingSystem | None,
    basis: str | None,
    tumour: str | None = None,
) -> _Stage | None:
    """The stage that a value names, on the scale that its value, the method or the code state."""
    stages = context.tables.stages
    by_method = stages.method_of(method)
    found = stages.group_of(concept, next(systems_stated(by_method, scale), None))
    if found is None:
        return None
    stated = list(systems_stated(found.system, by_method, scale))
    system = _preferred(stated)
    warnings = _disagreement(stated)
    basis = found.basis or _component_basis(context) or basis
    if system is None:
        return _of_open_system(context, found, basis, tumour)
    return _Stage(system.shown(found.group), system.name, basis, warnings)


def _preferred(stated: list[StagingSystem]) -> StagingSystem | None:
    """Where scales contradict each other, the one outside TNM: it satisfies no criterion written for TNM."""
    specific = [system for system in stated if not system.generic]
    return next((system for system in specific if not system.tnm), next(iter(stated), None))


def _disagreement(stated: list[StagingSystem]) -> tuple[str, ...]:
    names = sorted({system.name for system in stated if not system.generic})
    return (phrase("different staging systems are stated: {systems}", systems=tuple(names)),) if len(names) > 1 else ()


def _of_open_system(context: Context, found: StageGroup, basis: str | None, tumour: str | None) -> _Stage:
    """A group without a scale is one of TNM only for tumours that no other scale is in common use for."""
    tree = context.tables.tumours.tree
    if tumour and any(tree.is_a(tumour, tissue) for tissue in context.tables.stages.tnm_tissues):
        return _Stage(
            found.group, "TNM", basis, (phrase("the staging system is not stated; read as TNM for this tumour"),)
        )
    return _Stage(f"stage {found.group}", None, basis, (phrase("the staging system is not stated"),))


def _component_basis(context: Context) -> str | None:
    """Clinical or pathologic as a component states it (mCODE lymphoma stage)."""
    components = objects(context.data.get("component"))
    bases = (context.tables.stages.basis_of(component.get("valueCodeableConcept")) for component in components)
    return next(filter(None, bases), None)


def _without_group(context: Context, rule: CodeRule, scale: StagingSystem | None, concept: Json) -> Reading:
    """An Observation of a scale that keeps its raw value, or of no group that is known."""
    if absent := _absent_reading(context, rule.marker):
        return absent
    system = _preferred(list(systems_stated(context.tables.stages.method_of(context.data.get("method")), scale)))
    if system is None or system.tnm:
        return context.unread("stage not recognised")
    if raw := _raw(concept):
        return Reading([_fact(context, _Stage(system.shown(raw), system.name, rule.options.get("basis")), concept)])
    quantity = member(context.data, "valueQuantity")
    value = number(quantity.get("value") if quantity else context.data.get("valueInteger"))
    if value is None:
        return context.unread("stage not recognised")
    source = Source(context.resource.reference, "valueQuantity" if quantity else "valueInteger", f"{value:g}")
    unit = string(quantity.get("unit")) or string(quantity.get("code"))
    return Reading(
        [
            Fact(
                kind=Kind.STAGE,
                state=State.PRESENT,
                source=source,
                marker=system.name,
                value=value,
                unit=unit,
                comparator=string(quantity.get("comparator")),
                date=context.date,
            )
        ]
    )


def _absent_reading(context: Context, marker: str | None) -> Reading | None:
    """A value that says why there is none is a fact with that state and without a value."""
    answer = context.tables.answers.answer(context.data)
    if answer is None or answer.is_decided:
        return None
    source = Source(context.resource.reference, answer.path, answer.raw)
    return Reading([Fact(kind=Kind.STAGE, state=answer.state, source=source, marker=marker, date=context.date)])


def _with_prefixes(data: Json, category: Category, basis: str | None) -> tuple[Category, tuple[str, ...]]:
    """Add the prefixes that stand elsewhere: c or p in the code, y and r in the German modifier extensions."""
    warnings: tuple[str, ...] = ()
    prefix = category.prefix
    if basis and category.basis is None:
        prefix += basis[0]
    elif basis and category.basis != basis:
        warnings = (
            phrase("the code says {basis}, the value {other}", basis=phrase(basis), other=phrase(category.basis or "")),
        )
    urls = {last_segment(string(extension.get("url"))) for extension in objects(data.get("modifierExtension"))}
    for ending, letter in ((_POST_TREATMENT, "y"), (_RECURRENCE, "r")):
        if letter not in prefix and any(url.endswith(ending) for url in urls):
            prefix = letter + prefix
    return replace(category, prefix=prefix), warnings


def _assessments(context: Context, entry: Json) -> Iterator[Fact]:
    """What the Observations that a Condition's stage refers to say themselves."""
    for reference in objects(entry.get("assessment")):
        target = context.collection.resolve(reference_text(reference), context.resource)
        rule = context.tables.rule_for(target.data.get("code")) if target else None
        if target is None or rule is None or rule.reader != "stage_group" or use_of(target.data) is not Use.USE:
            continue
        own = replace(context, resource=target, date=date_of_result(target, context.collection))
        yield from read_stage_group(own, rule).facts


def _unless_contradicted(fact: Fact, assessments: Iterable[Fact]) -> Fact:
    others = {assessed.value for assessed in assessments if assessed.value is not None}
    if not others or fact.value in others:
        return fact
    warning = phrase("the Observation that it refers to gives another stage")
    return replace(fact, state=State.INDETERMINATE, warnings=(*fact.warnings, warning))


def _recorded(data: Json) -> str | None:
    recorded = string(data.get("recordedDate"))
    return recorded if recorded and is_fhir_date(recorded) else None


def _fact(context: Context, stage: _Stage, concept: Json) -> Fact:
    path = "valueCodeableConcept" if "valueCodeableConcept" in context.data else "valueString"
    return Fact(
        kind=Kind.STAGE,
        state=State.PRESENT,
        source=Source(context.resource.reference, path, _sent(concept)),
        value=stage.value,
        marker=stage.marker,
        status=stage.basis,
        date=context.date,
        warnings=stage.warnings,
    )


def _value(data: Json) -> Json:
    """The coded value; a plain string stands for the text of one."""
    if text := string(data.get("valueString")):
        return {"text": text}
    return member(data, "valueCodeableConcept")


def _raw(concept: Json) -> str | None:
    words = next((display for _, _, display in codings(concept) if display), None) or concept_text(concept)
    return without_tag(words)[:100] if words else None


def _sent(concept: Json) -> str | None:
    return " ".join(texts(concept))[:200] or None
