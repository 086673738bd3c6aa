"""Checks with the example patients beside the medicine files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from knowledge.cases import case_files, failures, read_cases
from knowledge.documents import schema_problems
from knowledge.evaluation import Outcome
from knowledge.loading import KnowledgeBase
from knowledge.problems import Problem, Severity
from knowledge.sources import CASES
from knowledge.yaml_files import UnreadableYaml, read_yaml

OPEN = frozenset({Outcome.MET, Outcome.VERIFY, Outcome.APPLIES})


def case_problems(data: Path, knowledge: KnowledgeBase, today: date) -> tuple[int, list[Problem]]:
    """How many example patients there are, and what is wrong with them."""
    number, problems = 0, []
    own: dict[str, set[str]] = {}
    for _, statement in knowledge.statements:
        own.setdefault(statement.id.rpartition("-")[0], set()).add(statement.id)
    files = {path.name.removesuffix(CASES): path for path in case_files(data)}
    for stem, path in files.items():
        found, count = problems_of_cases(path, own.get(stem, set()), knowledge, today)
        problems += found
        number += count
    for stem in sorted(set(own) - set(files)):
        problems.append(Problem(f"eu/{stem}.yaml", "", "case", "has no example patients", Severity.GAP))
    return number, problems


def problems_of_cases(path: Path, own: set[str], knowledge: KnowledgeBase, today: date) -> tuple[list[Problem], int]:
    """What is wrong with the example patients of a medicine whose own statements these are, and their number."""
    name = f"eu/{path.name}"
    try:
        broken = list(schema_problems(name, read_yaml(path), "cases"))
        cases = [] if broken else read_cases(path, today)
    except (UnreadableYaml, ValueError, TypeError) as error:
        return [Problem(name, "", "case", str(error))], 0
    if broken:
        return broken, 0
    problems = [
        Problem(name, "", "case", failure.removeprefix(f"{path.name}: "))
        for failure in failures(cases, knowledge, today)
    ]
    opened = {statement for case in cases for statement, outcome in case.expected.items() if outcome in OPEN}
    missed = {statement for case in cases for statement, outcome in case.expected.items() if outcome not in OPEN}
    problems += [Problem(name, lacking, "case", "opens for no example patient") for lacking in sorted(own - opened)]
    if own and not own & missed:
        problems.append(Problem(name, "", "case", "has no near miss: a patient who differs in what closes it"))
    return problems, len(cases)
