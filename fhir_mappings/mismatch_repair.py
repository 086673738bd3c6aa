"""Mismatch repair proteins by immune stain, whose polarity is reversed: present is normal, loss is the finding.

The status of the whole system follows from the single proteins: any loss is deficiency; proficiency needs all four
of MLH1, MSH2, MSH6 and PMS2 documented as intact.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context
from fhir_mappings.elements import Json
from fhir_mappings.measurements import texts_of_value
from fhir_mappings.scores import presence_fact
from fhir_mappings.tables import CodeRule, MappingTables
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

#: The proteins that decide; loss of MLH3 or MSH3 alone is no deficiency by this definition.
DECIDING = ("MLH1", "MSH2", "MSH6", "PMS2")
_DERIVED = phrase("derived from the stains of single proteins")


def mmr_protein_facts(context: Context, element: Json, path: str, rule: CodeRule) -> list[Fact]:
    """The fact of one protein: ``present`` is intact, ``absent`` is loss. A percentage is not judged here."""
    answer = _answer(context, element, path, rule)
    return [presence_fact(context, rule, answer)] if answer else []


def _answer(context: Context, element: Json, path: str, rule: CodeRule) -> Answer | None:
    table = context.tables.markers.levels["mmr_protein"]
    if found := table.find(element, path):
        return Answer(found.level.state, found.path, found.raw)
    for text, where in texts_of_value(element, path):
        for name in (rf"\b{rule.marker}\b", rf"\bof\s+{rule.marker}\b"):
            if level := table.of_words(re.sub(name, "", text, flags=re.IGNORECASE)):
                return Answer(level.state, where, text)
    answer = context.tables.markers.answers.answer(element, path)
    # "Positive" as an interpretation could be the stain or the finding, which are opposites here.
    return None if answer and "interpretation" in answer.path else answer


def mmr_status_from_proteins(facts: list[Fact], tables: MappingTables) -> list[Fact]:
    """All facts with the mismatch repair status that the single proteins come to, by the date of the stains.

    Proteins of one date are judged together. Only where no date decides, intact stains of several dates that
    contradict nothing count together.
    """
    proteins = [fact for fact in facts if fact.kind is Kind.EXPRESSION and fact.marker in DECIDING]
    by_date: dict[str | None, list[Fact]] = defaultdict(list)
    for fact in proteins:
        by_date[fact.date].append(fact)
    derived = [status for group in by_date.values() if (status := _status(group))]
    if not derived and (status := _status(proteins)):
        derived = [status]
    return facts + [status for status in derived if not _already_stated(status, facts)]


def _status(proteins: list[Fact]) -> Fact | None:
    lost = [fact for fact in proteins if fact.state is State.ABSENT]
    if lost:
        contradicted = {fact.marker for fact in proteins if fact.state is State.PRESENT}
        certain = [fact for fact in lost if fact.marker not in contradicted]
        return _fact("dMMR", certain) if certain else None
    states: dict[str | None, set[State]] = defaultdict(set)
    for fact in proteins:
        states[fact.marker].add(fact.state)
    if all(states[marker] == {State.PRESENT} for marker in DECIDING):
        return _fact("pMMR", proteins)
    return None


def _fact(value: str, deciding: list[Fact]) -> Fact:
    latest = max(deciding, key=lambda fact: fact.date or "")
    return Fact(
        kind=Kind.SIGNATURE,
        state=State.PRESENT,
        source=Source(latest.source.reference, latest.source.path, "; ".join(_named(fact) for fact in deciding)),
        marker="MMR",
        value=value,
        date=latest.date,
        warnings=(_DERIVED,),
    )


def _named(fact: Fact) -> str:
    word = "loss" if fact.state is State.ABSENT else "intact"
    return f"{fact.marker} {word} ({fact.source.reference}: {fact.source.raw})"


def _already_stated(status: Fact, facts: Iterable[Fact]) -> bool:
    """Whether the laboratory drew the same conclusion itself on the same date."""
    return any(
        fact.kind is Kind.SIGNATURE and (fact.marker, fact.value, fact.date) == ("MMR", status.value, status.date)
        for fact in facts
    )
