"""What an Observation's code says before anything else of it is read.

Most results of a chart have nothing to do with a tumour. Their codes recur from patient to patient, so each
is looked up once and remembered; such a result is then passed over at the cost of one look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_mappings.context import code_text
from fhir_mappings.elements import Json, codings, objects, texts
from fhir_mappings.phenotypes import is_name_of_result
from fhir_mappings.tables import CodeRule, MappingTables

#: Codes remembered at most; then the memory starts anew.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Classified:
    """The rule of a code, the name of one without a reader, and whether its words speak of a biomarker."""

    rule: CodeRule | None
    unread_name: str | None
    identified_by_name: bool
    relevant: bool

    @property
    def is_known(self) -> bool:
        """Whether the code alone makes the result worth reading or reporting."""
        return bool(self.rule or self.unread_name or self.identified_by_name or self.relevant)


def classify(concept: Any, tables: MappingTables) -> Classified:
    """Look up a code."""
    key = _key(concept)
    try:
        known = tables.classified.get(key) if key is not None else None
    except TypeError:  # an object or a list where a text belongs
        key = known = None
    if known is None:
        known = _classified(concept, tables)
        if key is not None:
            if len(tables.classified) >= _REMEMBERED:
                tables.classified.clear()
            tables.classified[key] = known
    return known


def _classified(concept: Any, tables: MappingTables) -> Classified:
    words = list(texts(concept)) or [code_text(concept)]
    return Classified(
        rule=tables.rule_for(concept),
        unread_name=tables.unread_name(concept),
        identified_by_name=any(is_name_of_result(text) for text in words),
        relevant=any(tables.relevant_words.search(text) for text in words),
    )


def _key(concept: Any) -> tuple[Any, ...] | None:
    """A code as a dictionary key; ``None`` for one that is not of the usual form.

    Numbers and truth values in place of texts all mean nothing, so that it does no harm where some are equal.
    """
    if not isinstance(concept, dict) or not isinstance(coding := concept.get("coding", ()), list | tuple):
        return None
    parts = [concept.get("text")]
    for item in coding:
        if not isinstance(item, dict):
            return None
        parts += (item.get("system"), item.get("code"), item.get("display"))
    return tuple(parts)


def is_genetic_category(data: Json) -> bool:
    """Whether the laboratory section is genetics (HL7 v2 table 0074, GE)."""
    return any(code == "GE" for category in objects(data.get("category")) for _, code, _ in codings(category))
