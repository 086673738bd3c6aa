"""Cards about many patients in a language, and what was said for them that its catalogues do not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

from cards import (
    Basis,
    CardMaker,
    CardStyle,
    Notice,
    Planned,
    Suggester,
    evidence_cards,
    order_cards,
    patient_view_cards,
)
from cds_service import Advisor
from knowledge import evaluate
from knowledge.cases import case_files, read_cases
from knowledge.evidence_findings import evaluate_evidence
from knowledge.facts import Fact
from knowledge.language import Language
from knowledge.loading import DATA
from knowledge.orders import DrugDraft, Orders
from knowledge.prescribing import judge_drafts
from tests.conftest import TODAY

#: Nothing is left out: every card, and a word about every draft.
EVERYTHING = CardStyle(limit=10_000, all_comers=True, supported=Notice.INFO, mismatch=Notice.INFO)


class Heard(dict[str, Any]):
    """The texts of a language, which remembers what was asked for in vain."""

    def __init__(self, texts: Mapping[str, Any]) -> None:
        super().__init__(texts)
        self.missing: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self.missing.add(key)
        return super().get(key, default)


def listening(language: Language) -> tuple[Language, Heard]:
    """The language with texts that remember what they lack."""
    heard = Heard(language.texts)
    return replace(language, texts=heard), heard


@cache
def example_patients() -> tuple[tuple[str, tuple[Fact, ...]], ...]:
    """The example patients of all medicines, each with the stem of the file that it stands in."""
    cases = (case for path in case_files(DATA) for case in read_cases(path, TODAY))
    return tuple((case.file.partition(".")[0], case.facts) for case in cases)


def cards_about(
    patients: Iterable[tuple[str, tuple[Fact, ...]]], language: Language, advisor: Advisor
) -> Iterator[Planned]:
    """Cards for an opened chart of each patient, and about a draft of each drug of the patient's own medicine."""
    drugs = {medicine.label.url.rpartition("/")[2]: medicine.drugs for medicine in advisor.knowledge.medicines}
    drugs |= {medicine.brand.lower(): medicine.drugs for medicine in advisor.knowledge.medicines}
    for stem, facts in patients:
        yield from cards_of(facts, tuple(sorted(drugs.get(stem, frozenset()))), language, advisor)


def cards_of(facts: tuple[Fact, ...], drugs: tuple[str, ...], language: Language, advisor: Advisor) -> list[Planned]:
    """All cards about one patient: of the opened chart, of evidence, and of a draft with these drugs."""
    numbers = count()
    maker = CardMaker(
        replace(EVERYTHING, language=language),
        Basis("sha256:0", unread=2, incomplete=True),
        lambda: str(next(numbers)),
        Suggester("Patient/p", advisor.test_codes, language, lambda: str(next(numbers))),
        advisor.override_reasons,
    )
    findings = evaluate(facts, advisor.knowledge, TODAY, drugs)
    orders = Orders((DrugDraft("MedicationRequest/1", drugs, "draft"),)) if drugs else Orders()
    judged = judge_drafts(orders, findings, facts, advisor.knowledge.reference)
    return [
        *evidence_cards(evaluate_evidence(facts, advisor.knowledge, TODAY, findings), maker),
        *patient_view_cards(findings, facts, Orders(), advisor.germline_genes, maker),
        *order_cards(judged, maker),
    ]
