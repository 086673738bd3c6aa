"""How the evaluation of one patient grows with the facts of the patient and with the statements of the knowledge."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks.loading import enlarged
from benchmarks.workload import request_body
from cds_service.advisor import Advisor
from cds_service.codec import loads
from cds_service.memory import settle_memory
from knowledge import Fact, Kind, KnowledgeBase, evaluate, load_knowledge_base

#: Milliseconds that the evaluation of a patient with ``FACTS`` facts may take.
BUDGET = 2.0
FACTS = 50
TIMES = 10

_PATIENTS = 40
_OBSERVATIONS = 1200
_TODAY = date(2026, 11, 24)


class Cell(NamedTuple):
    """The median milliseconds of one size."""

    facts: int
    statements: int
    milliseconds: float


def growth() -> list[Cell]:
    """Every size: facts and statements as they are and ten times as many, the sizes in turn for each patient.

    The statements are repeated under other names, so they ask for the same criteria again; which of them concern the
    patient grows with them.
    """
    advisor = Advisor.load()
    settle_memory()
    with tempfile.TemporaryDirectory() as folder:
        many = load_knowledge_base(enlarged(Path(folder) / "data", TIMES * len(advisor.knowledge.statements)))
    sizes = [(facts, knowledge) for knowledge in (advisor.knowledge, many) for facts in (FACTS, TIMES * FACTS)]
    taken: list[list[float]] = [[] for _ in sizes]
    for number in range(_PATIENTS):
        facts = _facts(advisor, number)
        for times, (wanted, knowledge) in zip(taken, sizes, strict=True):
            times.append(_milliseconds(facts[:wanted], knowledge))
    return [
        Cell(facts, len(knowledge.statements), median(times))
        for times, (facts, knowledge) in zip(taken, sizes, strict=True)
    ]


def report(cells: Sequence[Cell]) -> str:
    """A table in Markdown, each time as a multiple of the first too."""
    first = cells[0].milliseconds
    lines = [f"Evaluating one patient (budget {BUDGET:.0f} ms with {FACTS} facts):", ""]
    lines += ["| Facts | Statements | ms | Multiple |", "| ---: | ---: | ---: | ---: |"]
    lines += [f"| {c.facts} | {c.statements} | {c.milliseconds:.2f} | {c.milliseconds / first:.1f} |" for c in cells]
    return "\n".join(lines)


def _facts(advisor: Advisor, number: int) -> list[Fact]:
    """The facts of one synthetic patient, those of the person and the tumour first."""
    record = advisor.record(loads(request_body(_OBSERVATIONS, number)))
    facts = sorted(record.facts, key=lambda fact: fact.kind not in (Kind.DISEASE, Kind.DEMOGRAPHIC))
    if len(facts) < TIMES * FACTS:
        raise ValueError(f"the patient has {len(facts)} facts only")
    return facts


def _milliseconds(facts: Sequence[Fact], knowledge: KnowledgeBase) -> float:
    begin = perf_counter()
    evaluate(facts, knowledge, _TODAY)
    return 1000 * (perf_counter() - begin)
