"""Example patients beside the medicine files: synthetic facts with the outcomes that they must come to.

Every statement of a medicine has a patient for whom it opens, and every medicine a near miss: a patient who differs
from such a one in the point that closes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.evaluation import Outcome, evaluate, outcome_of
from knowledge.facts import Fact, Kind, Origin, Source, State
from knowledge.loading import KnowledgeBase
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.sources import CASES
from knowledge.yaml_files import read_yaml

_TUPLES = ("genes", "warnings")
_NOT_A_FACT = {"age", "age_months"}


@dataclass(frozen=True, slots=True)
class Case:
    """One example patient: the file it stands in, who it is, the facts, and the outcome by statement id."""

    file: str
    patient: str
    facts: tuple[Fact, ...]
    expected: Mapping[str, Outcome]


def read_cases(path: Path, today: date) -> list[Case]:
    """The example patients of one file; ages are turned into birth dates as of ``today``."""
    return [
        Case(
            path.name,
            item["patient"],
            read_facts(item["facts"], today),
            {name: Outcome(outcome) for name, outcome in item["expect"].items()},
        )
        for item in read_yaml(path)["cases"]
    ]


def read_facts(items: Iterable[Mapping[str, Any]], today: date) -> tuple[Fact, ...]:
    """Facts as example patients write them; ``age`` in years or ``age_months`` stands for the birth date."""
    return tuple(_fact(item, number, today) for number, item in enumerate(items, 1))


def case_files(data: Path) -> list[Path]:
    """The files of example patients in a knowledge folder."""
    return sorted(data.glob(f"eu/*{CASES}"))


def failures(cases: Iterable[Case], knowledge: KnowledgeBase, today: date) -> Iterator[str]:
    """What the engines say otherwise than the cases expect; each case is asked of both engines."""
    statements = {statement.id: statement for _, statement in knowledge.statements}
    for case in cases:
        found = _outcomes(case, knowledge, today)
        engine = ReferenceEngine(Patient(case.facts, today, knowledge.reference))
        for name, expected in case.expected.items():
            where = f"{case.file}: {case.patient}: {name}"
            if name not in statements:
                yield f"{where} is not a statement"
                continue
            if found.get(name) is not expected:
                yield f"{where} should be {expected}, is {found.get(name, 'not concerned')}"
            plain = outcome_of(statements[name], engine.trace(statements[name].criterion))
            if plain is not expected:
                yield f"{where} should be {expected}, is {plain} in the reference engine"


def _outcomes(case: Case, knowledge: KnowledgeBase, today: date) -> dict[str, Outcome]:
    """Every statement that concerns the patient, and those closed ones that do so only when their medicine is ordered.

    Of the latter kind is an indication without a biomarker for another tumour.
    """
    found = {finding.statement.id: finding.outcome for finding in evaluate(case.facts, knowledge, today)}
    closed = {name for name, outcome in case.expected.items() if outcome is Outcome.UNMET} - found.keys()
    if not closed:
        return found
    drugs = {drug for medicine, statement in knowledge.statements if statement.id in closed for drug in medicine.drugs}
    ordered = evaluate(case.facts, knowledge, today, drugs)
    return found | {finding.statement.id: finding.outcome for finding in ordered if finding.statement.id in closed}


def _fact(item: Mapping[str, Any], number: int, today: date) -> Fact:
    source = Source(f"Example/{number}")
    if _NOT_A_FACT & set(item):
        born = _born(today, 12 * item.get("age", 0) + item.get("age_months", 0))
        return Fact(kind=Kind.DEMOGRAPHIC, state=State.PRESENT, source=source, marker="birth-date", value=born)
    members: dict[str, Any] = {name: tuple(value) if name in _TUPLES else value for name, value in item.items()}
    members |= {"kind": Kind(item["kind"]), "state": State(item.get("state", "present"))}
    if "origin" in members:
        members["origin"] = Origin(members["origin"])
    return Fact(source=source, **members)


def _born(today: date, months: int) -> str:
    """The first day of the month in which somebody of this age was born."""
    year, month = divmod(12 * today.year + today.month - 1 - months, 12)
    return date(year, month + 1, 1).isoformat()
