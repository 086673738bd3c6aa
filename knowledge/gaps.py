"""Biomarkers without a result that decides, behind what is said of a drafted drug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.criteria import Role
from knowledge.evaluation import Finding, Outcome
from knowledge.facts import State
from knowledge.statements import Medicine, analyte_of, genes_of
from knowledge.trace import Trace, leaf_of

#: An unknown leaf with the finding that it leaves open.
Gap = tuple[Finding, Trace]


def without_result(gaps: Iterable[Gap]) -> list[str]:
    """The analytes of gaps near which nothing was found, so that another test would not ask the same again."""
    untested = (gap for gap in gaps if not any(fact.state is State.PRESENT for fact in gap[1].facts))
    return list(dict.fromkeys(finding.analyte(leaf) for finding, leaf in untested))


def safety_gaps(safety: Iterable[Finding], closed: bool) -> Iterator[Gap]:
    """The unknown biomarkers that a label asks to be tested before, whatever the indication.

    Those that only tell whether an indication fits are not asked for where all are ``closed`` by something else.
    """
    for finding in safety:
        required = any(test.timing for test in finding.statement.tests)
        if finding.outcome is not Outcome.APPLIES and not (finding.outcome is Outcome.TEST and required):
            continue
        asked = _asked_by_indications(finding.medicine) if closed else frozenset()
        yield from ((finding, leaf) for leaf in finding.gaps() if analyte_of(leaf_of(leaf)) not in asked)


def _asked_by_indications(medicine: Medicine) -> frozenset[str]:
    return frozenset[str]().union(*(genes_of(indication) for indication in medicine.indications))


def indication_gaps(behind: Iterable[Finding]) -> Iterator[Gap]:
    """The unknown biomarkers that decide indications."""
    for finding in behind:
        yield from ((finding, leaf) for leaf in finding.missing(Role.BIOMARKER))
