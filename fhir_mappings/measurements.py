"""Numbers as results carry them: quantities, integers, ratios, and numbers written as a whole text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fhir_mappings.elements import Json, codings, member, number, string

_COMPARATORS = {
    "<": "<",
    "<=": "<=",
    "=<": "<=",
    ">": ">",
    ">=": ">=",
    "=>": ">=",
    "≥": ">=",
    "≤": "<=",
    "less than": "<",
    "below": "<",
    "fewer than": "<",
    "greater than": ">",
    "more than": ">",
    "above": ">",
    "at least": ">=",
    "at most": "<=",
    "up to": "<=",
    "kleiner": "<",
    "unter": "<",
    "größer": ">",
    "über": ">",
    "mindestens": ">=",
}
_COMPARATOR = "|".join(re.escape(word) for word in sorted(_COMPARATORS, key=len, reverse=True))
#: A comma before exactly three digits may separate thousands; such a number is not read.
_NUMBER = rf"(?:(?P<comparator>{_COMPARATOR})\s*)?(?P<value>\d{{1,7}}(?:\.\d+|,\d{{1,2}}(?!\d))?)"
NUMBER = rf"{_NUMBER}\s*(?P<unit>%)?"
_WRITTEN = re.compile(rf"^{_NUMBER}\s*(?P<unit>[^\s\d<>][^<>]{{0,40}})?$", re.IGNORECASE)
_PART_OF = re.compile(r"^(\d{1,4})\s*(?:/|of|out of|von)\s*(\d{1,4})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with its comparator and unit as sent, and the element that held it."""

    value: float
    path: str
    raw: str
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None

    @property
    def is_percent(self) -> bool:
        """Whether the unit or its code says percent."""
        return "%" in (self.unit, self.code)

    def plain(self) -> float | int:
        """The value; a whole number as an integer."""
        return int(self.value) if self.value.is_integer() else self.value


def measured(element: Json, path: str) -> Measured | None:
    """The number that the value of a resource or component holds, if it is a number at all."""
    if quantity := member(element, "valueQuantity"):
        return _of_quantity(quantity, f"{path}valueQuantity")
    for name in ("valueInteger", "valueDecimal"):
        if (value := _finite(element.get(name))) is not None:
            return Measured(value, f"{path}{name}", f"{value:g}")
    return _of_ratio(member(element, "valueRatio"), f"{path}valueRatio")


def _of_quantity(quantity: Json, path: str) -> Measured | None:
    value = _finite(quantity.get("value"))
    if value is None:
        return None
    unit, code, sent = string(quantity.get("unit")), string(quantity.get("code")), string(quantity.get("comparator"))
    raw = f"{sent or ''}{value:g} {unit or code or ''}".strip()
    return Measured(value, path, raw, _COMPARATORS.get(sent or ""), unit, code)


def _of_ratio(ratio: Json, path: str) -> Measured | None:
    numerator = _finite(member(ratio, "numerator").get("value"))
    denominator = _finite(member(ratio, "denominator").get("value"))
    if numerator is None or not denominator:
        return None
    sent = string(member(ratio, "numerator").get("comparator"))
    raw = f"{sent or ''}{numerator:g}:{denominator:g}"
    return Measured(round(numerator / denominator, 4), path, raw, _COMPARATORS.get(sent or ""))


def written(text: str, path: str) -> Measured | None:
    """A number that is the whole text, with its comparator and unit: ``less than 1.8``, ``12 mut/Mb``."""
    if match := _WRITTEN.match(text.strip()):
        return of_match(match, path, text)
    return None


def of_match(match: re.Match[str], path: str, text: str) -> Measured:
    """The number of a match of ``NUMBER``."""
    comparator = _COMPARATORS.get((match["comparator"] or "").lower())
    unit = (match["unit"] or "").strip() or None
    return Measured(float(match["value"].replace(",", ".")), path, text, comparator, unit)


def part_of(text: str) -> tuple[int, int] | None:
    """``2/5`` or ``2 of 5`` as two numbers; the part is never more than the whole."""
    match = _PART_OF.match(text.strip())
    if match is None or int(match[1]) > int(match[2]):
        return None
    return int(match[1]), int(match[2])


def texts_of_value(element: Json, path: str) -> list[tuple[str, str]]:
    """Displays, text and codes of a coded value and the string value, each with its path.

    A code of a named system that is all digits is left out: it is a concept, never a number that was measured.
    """
    concept = member(element, "valueCodeableConcept")
    where = f"{path}valueCodeableConcept"
    found = [(display, where) for _, _, display in codings(concept) if display]
    if text := string(concept.get("text")):
        found.append((text, where))
    found += [(code, where) for system, code, _ in codings(concept) if code and not (system and code.isdigit())]
    plain = string(element.get("valueString"))
    return [*found, (plain, f"{path}valueString")] if plain else found


def _finite(value: object) -> float | None:
    found = number(value)
    return float(found) if found is not None and math.isfinite(found) else None
