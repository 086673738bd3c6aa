"""Suggestions that a clinician can take with one click: order a test, order a medicine, delete a draft.

One action each, because some clients take no more. Everything created is a draft in FHIR R4; nothing is pre-selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.language import Language, phrase
from knowledge.orders import DrugDraft
from knowledge.statements import Medicine
from knowledge.yaml_files import read_yaml

DATA = Path(__file__).parent / "data"
LOINC = "http://loinc.org"
ATC = "http://www.whocc.no/atc"
#: The code systems of what is suggested, and of what each holds codes.
SUGGESTED_SYSTEMS = {LOINC: "drafted tests", ATC: "drafted medicines"}

Suggestion = dict[str, Any]
_MOST_OPTIONS = 6


@dataclass(frozen=True, slots=True)
class TestCode:
    """How a test is ordered: text, and a LOINC code with its name where one is verified."""

    __test__ = False

    text: str
    loinc: str | None = None
    display: str | None = None


def load_test_codes(data: Path = DATA) -> Mapping[str, TestCode]:
    """The reviewed table of orderable tests, by analyte."""
    return {analyte: TestCode(**entry) for analyte, entry in read_yaml(data / "test_orders.yaml")["tests"].items()}


@dataclass(frozen=True, slots=True)
class Suggester:
    """Makes suggestions for one patient. ``new_id`` gives a fresh identifier for each."""

    patient: str
    codes: Mapping[str, TestCode]
    say: Language
    new_id: Callable[[], str]

    def tests(self, analytes: Iterable[str]) -> list[Suggestion]:
        """One draft order for each different test among the analytes."""
        wanted = {self._code(analyte): None for analyte in analytes}
        return [self._order_test(code) for code in wanted]

    def germline(self, genes: Iterable[str]) -> list[Suggestion]:
        """One draft order of germline testing for the genes together."""
        text = phrase("Germline analysis: {genes}", genes=", ".join(genes))
        return [self._order_test(TestCode(text))]

    def medicines(self, medicines: Iterable[Medicine]) -> list[Suggestion]:
        """Draft orders as options; none for a single one, and none for so many that some would have to be left out.

        Either would look like a recommendation.
        """
        options = {medicine.inn: medicine for medicine in medicines}
        if not 1 < len(options) <= _MOST_OPTIONS:
            return []
        return [self._order_medicine(medicine) for medicine in options.values()]

    def deletion(self, draft: DrugDraft) -> Suggestion:
        """Taking the draft back."""
        text = self.say("Remove the drafted order of {drug}", drug=" / ".join(map(self.say.drug, draft.drugs)))
        return self._suggestion(text, {"type": "delete", "description": text, "resourceId": draft.reference})

    def _code(self, analyte: str) -> TestCode:
        return self.codes.get(analyte) or TestCode(phrase("{analyte} test", analyte=phrase(analyte)))

    def _order_test(self, code: TestCode) -> Suggestion:
        text = self.say(code.text)
        coding = [{"system": LOINC, "code": code.loinc, "display": code.display}] if code.loinc else []
        return self._draft(self.say("Order: {test}", test=text), "ServiceRequest", "code", coding, text)

    def _order_medicine(self, medicine: Medicine) -> Suggestion:
        name = self.say.drug(medicine.inn)
        coding = [{"system": ATC, "code": medicine.atc, "display": medicine.inn}] if medicine.atc else []
        label = self.say("Option: draft an order of {drug}", drug=name)
        return self._draft(label, "MedicationRequest", "medicationCodeableConcept", coding, name)

    def _draft(self, label: str, kind: str, ordered: str, coding: list[dict[str, Any]], text: str) -> Suggestion:
        resource = {
            "resourceType": kind,
            "status": "draft",
            "intent": "order",
            ordered: ({"coding": coding} if coding else {}) | {"text": text},
            "subject": {"reference": self.patient},
        }
        return self._suggestion(label, {"type": "create", "description": label, "resource": resource})

    def _suggestion(self, label: str, action: dict[str, Any]) -> Suggestion:
        return {"label": label, "uuid": self.new_id(), "actions": [action]}
