"""Course of the disease and metastasis: improved, stable, worsened, remission; and where it has spread."""

from __future__ import annotations

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import Json, codings, member, string, texts
from fhir_mappings.stage_codes import without_tag
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

METASTASIS = "metastasis"
_METASTATIC = "metastatic"


def read_disease_status(context: Context, rule: CodeRule) -> Reading:
    """Read the course of the disease."""
    concept, codes = _value(context.data), context.tables.disease_status
    if codes.says_metastatic(concept):
        return Reading(metastasis_facts(context, _source(context, concept), State.PRESENT, None, context.date))
    status = codes.status_of(concept)
    if status is None:
        return context.unread("disease status not recognised")
    fact = Fact(
        kind=Kind.DISEASE_STATUS,
        state=State.PRESENT,
        source=_source(context, concept),
        marker="course",
        value=status,
        date=context.date,
    )
    return Reading([fact])


def read_metastasis_history(context: Context, rule: CodeRule) -> Reading:
    """Read "history of metastatic cancer": the code says yes by itself, ``false`` says no.

    A history is no statement about the extent of disease now, so it gives no stage.
    """
    path, raw = "code", next(texts(context.data.get("code")), None)
    state = State.PRESENT
    if answer := context.tables.answers.answer(context.data):
        state, path, raw = answer.state, answer.path, answer.raw
    elif any(name.startswith("value") for name in context.data):
        return context.unread("answer not recognised")
    fact = Fact(
        kind=Kind.DISEASE_STATUS,
        state=state,
        source=Source(context.resource.reference, path, raw),
        marker=METASTASIS,
        value=rule.options.get("site"),
        status="history",
        date=context.date,
    )
    return Reading([fact])


def read_metastasis_site(context: Context, rule: CodeRule) -> Reading:
    """Read the site of distant metastasis: a site is one, "none" is a documented negative."""
    concept, codes = _value(context.data), context.tables.disease_status
    source = _source(context, concept)
    if codes.says_none(concept):
        return Reading([_metastasis(source, State.ABSENT, None, context.date)])
    answer = context.tables.answers.answer(context.data)
    if answer is not None:
        return Reading([_metastasis(source, answer.state, None, context.date)])
    displays = (display for _, _, display in codings(concept) if display)
    site = codes.site_of(concept) or next(displays, None) or string(concept.get("text"))
    if site is None:
        return context.unread("site of metastasis not recognised")
    return Reading(metastasis_facts(context, source, State.PRESENT, without_tag(site), context.date))


def metastasis_facts(context: Context, source: Source, state: State, site: str | None, date: str | None) -> list[Fact]:
    """A metastasis with its site, and the stage that distant metastasis means.

    A secondary tumour of lymph nodes may be regional, so it alone is no metastatic stage.
    """
    if context.tables.disease_status.may_be_regional(site):
        warning = phrase("a metastasis in lymph nodes; regional or distant is not stated")
        return [_metastasis(source, state, site, date, (warning,))]
    stage = Fact(kind=Kind.STAGE, state=state, source=source, value=_METASTATIC, date=date)
    return [stage, _metastasis(source, state, site, date)]


def _metastasis(
    source: Source, state: State, site: str | None, date: str | None, warnings: tuple[str, ...] = ()
) -> Fact:
    return Fact(
        kind=Kind.DISEASE_STATUS,
        state=state,
        source=source,
        marker=METASTASIS,
        value=site,
        date=date,
        warnings=warnings,
    )


def _value(data: Json) -> Json:
    if text := string(data.get("valueString")):
        return {"text": text}
    return member(data, "valueCodeableConcept")


def _source(context: Context, concept: Json) -> Source:
    path = "valueString" if "valueString" in context.data else "valueCodeableConcept"
    return Source(context.resource.reference, path, " ".join(texts(concept))[:200] or None)
