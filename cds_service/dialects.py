"""What a client's dialect changes in the cards that it gets. What it sends is read in every dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cards import Card

Dialect = Callable[[Card], Card]

#: Object identifiers of code systems (HL7 OID registry), which Epic documents for the codes that it takes.
_OIDS = {
    "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
    "http://www.whocc.no/atc": "urn:oid:2.16.840.1.113883.6.73",
}


def _standard(card: Card) -> Card:
    return card


def _epic(card: Card) -> Card:
    """Code systems of what is suggested by their object identifiers.

    Epic shows the description of an action and takes one action in each suggestion, which all dialects keep to.
    """
    if "suggestions" not in card:
        return card
    return card | {"suggestions": [_with_oids(suggestion) for suggestion in card["suggestions"]]}


def _with_oids(value: Any) -> Any:
    """The same JSON with every known code system replaced by its identifier."""
    if isinstance(value, list):
        return [_with_oids(item) for item in value]
    if not isinstance(value, dict):
        return value
    replaced = {name: _with_oids(inner) for name, inner in value.items()}
    if isinstance(replaced.get("system"), str):
        replaced["system"] = _OIDS.get(replaced["system"], replaced["system"])
    return replaced


def system_in(dialect: str, system: str) -> str:
    """How a code system of what is suggested is named in a dialect."""
    return _OIDS.get(system, system) if dialect == "epic" else system


DIALECTS: Mapping[str, Dialect] = {"standard": _standard, "epic": _epic}
