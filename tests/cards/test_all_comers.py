"""Indications whose label asks for no biomarker are left out of an opened chart unless a setting asks for them."""

from __future__ import annotations

import pytest

from cards.advice import HISTOLOGY, Advice, TestsFirst, TherapyOptions, patient_view_advice
from cds_service import Advisor
from knowledge import evaluate
from tests.conftest import TODAY
from tests.facts import negative, tumour


def _advice(advisor: Advisor, code: str, all_comers: bool) -> list[Advice]:
    facts = [tumour(code), negative("EGFR")]
    return patient_view_advice(evaluate(facts, advisor.knowledge, TODAY), facts, all_comers=all_comers)


@pytest.mark.parametrize("all_comers", [False, True])
def test_options(advisor: Advisor, all_comers: bool) -> None:
    options = [item for item in _advice(advisor, "LUSC", all_comers) if isinstance(item, TherapyOptions)]
    shown = {finding.statement.id for option in options for finding in option.findings}
    assert ("keytruda-23" in shown) is ("giotrif-2" in shown) is all_comers


@pytest.mark.parametrize("all_comers", [False, True])
def test_they_ask_for_the_histology_only_where_they_are_shown(advisor: Advisor, all_comers: bool) -> None:
    (tests,) = (item for item in _advice(advisor, "NSCLC", all_comers) if isinstance(item, TestsFirst))
    (histology,) = (entry for entry in tests.missing if entry.analyte == HISTOLOGY)
    waiting = [finding.statement for finding in histology.findings]
    assert waiting
    asked = {statement.id for statement in waiting}
    assert ("keytruda-23" in asked) is ("giotrif-2" in asked) is all_comers
