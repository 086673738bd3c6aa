"""Criteria and facts in the words that clinicians use."""

from __future__ import annotations

import pytest

from knowledge.criteria import AllOf, AnyOf, Criterion, HasExpression, HasSignature, HasTumour, InStage
from knowledge.facts import Fact, Kind, Source, State
from knowledge.wording import describe, describe_fact

STAIN, RECEPTOR = frozenset({"IHC"}), frozenset({"percent"})
MSI_H, DMMR = HasSignature("MSI", frozenset({"MSI-H"})), HasSignature("MMR", frozenset({"dMMR"}))


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (HasExpression("HER2", scores=STAIN, at_least=3), "HER2 IHC 3+"),
        (HasExpression("HER2", scores=STAIN, at_least=2), "HER2 IHC 2+ or more"),
        (HasExpression("ER", scores=RECEPTOR, at_least=1), "ER ≥ 1 %"),
        (HasExpression("AFP", scores=frozenset({"serum ng/ml"}), at_least=400), "AFP ≥ 400 ng/mL"),
        (MSI_H, "MSI-H"),
        (HasSignature("TMB", at_least=10), "TMB ≥ 10"),
        (
            InStage(frozenset({"FIGO III", "FIGO IV", "III", "IV", "advanced"})),
            "FIGO stage III or IV or advanced disease",
        ),
        (InStage(frozenset({"III", "IIIA", "metastatic"})), "stage III or metastatic disease"),
        (AnyOf((MSI_H, AnyOf((DMMR, HasTumour("MEL"))))), "MSI-H or dMMR or tumour type MEL"),
        (AnyOf((MSI_H, AllOf((DMMR, HasTumour("MEL"))))), "MSI-H or (dMMR and tumour type MEL)"),
    ],
)
def test_a_criterion_in_words(criterion: Criterion, words: str) -> None:
    assert describe(criterion) == words


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"kind": Kind.EXPRESSION, "marker": "HER2", "score": "IHC", "value": 2}, "HER2 IHC 2+"),
        ({"kind": Kind.EXPRESSION, "marker": "HER2", "score": "IHC", "value": 0}, "HER2 IHC 0"),
        ({"kind": Kind.EXPRESSION, "marker": "ER", "score": "percent", "value": 90, "unit": "%"}, "ER 90 %"),
        ({"kind": Kind.EXPRESSION, "marker": "PD-L1", "score": "TPS", "value": 60, "unit": "%"}, "PD-L1 TPS 60 %"),
        ({"kind": Kind.STAGE, "marker": "FIGO", "value": "FIGO IIIC"}, "FIGO IIIC"),
        ({"kind": Kind.STAGE, "marker": "AJCC", "value": "IIIC"}, "AJCC IIIC"),
        (
            {"kind": Kind.EXPRESSION, "marker": "AFP", "score": "serum ng/ml", "value": 850, "unit": "ng/mL"},
            "AFP 850 ng/mL",
        ),
        ({"kind": Kind.SIGNATURE, "marker": "MMR", "value": "dMMR"}, "dMMR"),
        ({"kind": Kind.SIGNATURE, "marker": "MSI", "value": "MSS"}, "MSS"),
        ({"kind": Kind.SIGNATURE, "marker": "TMB", "value": 7.5}, "TMB 7.5"),
    ],
)
def test_a_fact_in_words(members: dict[str, object], words: str) -> None:
    fact = Fact(state=State.PRESENT, source=Source("Observation/1"), **members)  # type: ignore[arg-type]
    assert describe_fact(fact) == words
