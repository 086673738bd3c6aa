"""What a prescriber is about to order: drafted drugs and tests, and tests that were ordered before.

Drafts are in the request itself and never on the FHIR server, so nothing here is looked up by id. A draft is no
therapy: it never becomes a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappings.collection import Collection, Resource, collect, local_reference
from fhir_mappings.context import Context
from fhir_mappings.elements import codings, concept_text, member, objects, reference_text, string, texts
from fhir_mappings.record import Unread
from fhir_mappings.subjects import SubjectGuard
from fhir_mappings.tables import MappingTables
from fhir_mappings.therapies import medication_of
from knowledge.orders import DrugDraft, Orders, TestOrder

#: Statuses of an order that is not going to be carried out.
_GIVEN_UP = frozenset({"entered-in-error", "cancelled", "stopped", "completed"})
_WORD = re.compile(r"[^\W_](?:[\w/.-]*\w)?")


@dataclass(frozen=True, slots=True)
class OrderReading:
    """The orders of a request, and what of them could not be read."""

    orders: Orders
    unread: tuple[Unread, ...] = ()
    warnings: tuple[str, ...] = ()


def read_orders(
    request: Mapping[str, Any], tables: MappingTables, collection: Collection | None = None
) -> OrderReading:
    """Read ``context.draftOrders``, ``context.selections`` and the ServiceRequests of the prefetch.

    ``collection``: the resources of the prefetch, if they were collected before. Without readable selections every
    drafted drug counts as selected: all of them are about to be signed.
    """
    context = member(request, "context")
    drafted = _resources(context.get("draftOrders"))
    if drafted or collection is None:
        collection = collect([*drafted, *member(request, "prefetch").values()])
        if patient := string(context.get("patientId")):
            collection.context_patient = patient if "/" in patient else f"Patient/{patient}"
    reader = _OrderReader(collection, tables, frozenset(map(id, drafted)), _selected(context.get("selections")))
    return reader.read()


class _OrderReader:
    """Reads the orders of one request."""

    def __init__(
        self, collection: Collection, tables: MappingTables, drafted: frozenset[int], selected: frozenset[str]
    ) -> None:
        self._collection = collection
        self._tables = tables
        self._drafted = drafted
        self._selected = selected
        self._unread: list[Unread] = []
        self._warnings: list[str] = []

    def read(self) -> OrderReading:
        """Everything that is ordered."""
        guard = SubjectGuard(self._collection)
        drugs: list[DrugDraft] = []
        tests: list[TestOrder] = []
        for resource in self._collection.of_type("MedicationRequest", "ServiceRequest"):
            is_draft = id(resource.data) in self._drafted
            if not is_draft and resource.type == "MedicationRequest":
                continue
            if not guard.accepts(resource):
                self._warnings.append(f"{resource.reference}: belongs to another patient and was not used")
            elif resource.type == "ServiceRequest":
                tests += self._test(resource)
            else:
                drugs += self._drug(resource)
        return OrderReading(Orders(tuple(drugs), tuple(tests)), tuple(self._unread), tuple(self._warnings))

    def _drug(self, resource: Resource) -> Iterable[DrugDraft]:
        data = resource.data
        if string(data.get("status")) in _GIVEN_UP or data.get("doNotPerform") is True:
            return
        medication = medication_of(Context(resource, self._collection, self._tables, None))
        name = medication.name if medication else ""
        problem = medication.reading.problem if medication else "the medication is not named in the request"
        if problem:
            self._unread.append(Unread(resource.reference, name, f"drafted medication: {problem}"))
        if medication and medication.reading.drugs:
            selected = not self._selected or local_reference(resource.reference) in self._selected
            yield DrugDraft(resource.reference, medication.reading.drugs, name, selected)

    def _test(self, resource: Resource) -> Iterable[TestOrder]:
        names = self._tables.test_names
        data = resource.data
        if string(data.get("status")) not in names.open_statuses or data.get("doNotPerform") is True:
            return
        concepts = [data.get("code"), *objects(data.get("orderDetail"))]
        analytes: set[str] = set()
        is_panel = False
        for concept in concepts:
            analytes |= self._analytes(concept)
            is_panel = is_panel or any(code in names.panel_codes for _, code, _ in codings(concept))
            is_panel = is_panel or any(names.panel_words.search(text) for text in texts(concept))
        if analytes or is_panel:
            yield TestOrder(resource.reference, frozenset(analytes), is_panel, concept_text(data.get("code")) or "")

    def _analytes(self, concept: object) -> set[str]:
        """Analytes by the code of the result that the test gives, and by whole words of the text."""
        rule = self._tables.rule_for(concept)
        found = {*rule.genes, *([rule.marker] if rule.marker else [])} if rule else set()
        for text in texts(concept):
            for match in _WORD.finditer(text):
                word = match.group()
                found |= self._tables.test_names.analytes_by_word.get(word.casefold(), frozenset())
                if self._tables.genes.by_symbol(word):
                    found.add(word)
        return found


def _resources(drafts: object) -> list[dict[str, Any]]:
    """The drafted resources of a Bundle, or of the list that some clients send instead."""
    if isinstance(drafts, dict) and drafts.get("resourceType") != "Bundle" and "entry" not in drafts:
        return [drafts]
    if isinstance(drafts, dict):
        return [resource for entry in objects(drafts.get("entry")) if (resource := member(entry, "resource"))]
    return [member(item, "resource") or item for item in objects(drafts)]


def _selected(selections: object) -> frozenset[str]:
    """``selections`` as local references; some clients send absolute ones or Reference objects."""
    listed = selections if isinstance(selections, list) else []
    found = [reference_text(item) if isinstance(item, dict) else string(item) for item in listed]
    return frozenset(local_reference(text) for text in found if text)
