"""How the index writes stages, performance, disease status, metastasis and significance, and the facts it means.

One line of the index may stand for several facts (``T0 N2 M0 clinical``); each is wanted by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from knowledge import Fact, Kind

Wanted = Callable[[Fact], bool]
Pairs = Mapping[str, str]

#: Index kinds that are no facts, by design.
NOT_FACTS = {
    "molecular_consequence": "describes a variant that stands elsewhere; without it the result is reported as unread",
    "lab_claim": "what a laboratory says of drugs is neither a finding nor a therapy",
    "recommendation": "a recommended medicine is not a taken one",
    "tested_region": "what was tested has no result: never present, never absent",
    "phase": "says how two variants lie to each other; no criterion reads it",
    "overall": "concerns the whole report and names no gene",
    "supportive": "supportive drugs are no cancer therapy",
    "drug_definition": "defines a drug that nobody took",
}

_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def _stages(pairs: Pairs) -> list[Wanted]:
    return [_has(Kind.STAGE, _stage_value(value)) for value in re.split(r" and ", pairs["value"].split(" (")[0])]


def _stage_value(text: str) -> str:
    value = text.replace(" Stage ", " ").split(" clinical")[0]
    return _ROMAN.get(value[0], value[0]) + value[1:]


def _categories(pairs: Pairs) -> list[Wanted]:
    """``T0 N2 M0 clinical`` to cT0, cN2, cM0."""
    words = pairs["value"].split()
    prefix = "c" if words[-1] == "clinical" else ""
    return [_has(Kind.STAGE, prefix + word) for word in words if word != "clinical"]


def _performance(pairs: Pairs) -> list[Wanted]:
    """``ECOG`` with a value, or both in one: ``Karnofsky 30 % and ECOG 3 (two components)``."""
    if "value" in pairs:
        return [_scored(pairs["scale"], int(pairs["value"]))]
    return [_scored(scale, int(value)) for scale, value in re.findall(r"(Karnofsky|ECOG|Lansky) (\d+)", pairs["scale"])]


def _status(pairs: Pairs) -> list[Wanted]:
    value = pairs["value"].split(" (")[0]
    return [_has(Kind.DISEASE_STATUS, "improved" if value == "improving" else value)]


def _metastasis(pairs: Pairs) -> list[Wanted]:
    absent = pairs.get("value", "").startswith("false")
    site = pairs.get("site")
    return [
        lambda fact: (fact.marker, fact.value, fact.state) == ("metastasis", site, "absent" if absent else "present")
    ]


def _significance(pairs: Pairs) -> list[Wanted]:
    return [lambda fact: fact.significance == pairs["sig"].split(" (")[0]]


def _has(kind: Kind, value: str) -> Wanted:
    return lambda fact: (fact.kind, fact.value, fact.state) == (kind, value, "present")


def _scored(scale: str, value: int) -> Wanted:
    return lambda fact: (fact.kind, fact.score, fact.value) == (Kind.PERFORMANCE, scale, value)


CLINICAL: Mapping[str, Callable[[Pairs], list[Wanted]]] = {
    "stage": _stages,
    "tnm": _categories,
    "performance": _performance,
    "disease_status": _status,
    "metastasis": _metastasis,
    "significance": _significance,
}


def is_in_the_file(kind: str, pairs: Pairs) -> bool:
    """Whether the file holds what the fact is about: a significance about another file's variant is unread."""
    return not (kind == "significance" and "about" in pairs)
