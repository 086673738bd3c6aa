"""Whether an answer has the form that CDS Hooks gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import requests
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from cds_service.envelope import SCHEMAS

#: The specification allows these to be empty; nothing else.
_MAY_BE_EMPTY = frozenset({"services", "cards"})


def objections(response: requests.Response, schema: str) -> str:
    """What is wrong with an answer by the schema of this name; empty if nothing is. Values are not repeated."""
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        return "the content type is not application/json"
    try:
        content = response.json()
    except requests.JSONDecodeError:
        return "the answer is not JSON"
    error = best_match(_validator(schema).iter_errors(content))
    if error is not None:
        place = ".".join(str(part) for part in error.absolute_path) or "the answer"
        return f"{place}: does not satisfy {error.validator}"
    return next((f"{place}: is empty" for place in _empty(content)), "")


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")))


def _empty(value: Any, place: str = "") -> Iterator[str]:
    """Places of null, "", [] and {}, where the specification allows none (CDS Hooks 2.0, JSON)."""
    if value is None or (value in ("", [], {}) and not isinstance(value, bool) and place not in _MAY_BE_EMPTY):
        yield place
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _empty(child, f"{place}.{name}".removeprefix("."))
