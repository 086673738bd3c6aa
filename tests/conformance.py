"""What every answer of the service must satisfy, whatever a test asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from cds_service.envelope import SCHEMAS

#: The specification allows these to be empty; nothing else.
_MAY_BE_EMPTY = {("services",), ("cards",)}


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


_RESPONSE, _DISCOVERY, _ERROR = (_validator(name) for name in ("response", "discovery", "operation_outcome"))


def check_cards(cards: list[Any]) -> None:
    """Cards pass the response schema and hold no empty value."""
    _check({"cards": cards}, _RESPONSE)


def check_answer(path: str, status: int, content_type: str, body: bytes) -> None:
    """An answer of the service, by path and status."""
    assert content_type.startswith("application/json"), f"{path}: {content_type}"
    if status == 200 and path.endswith("/feedback"):
        assert body == b""
        return
    value = json.loads(body, parse_constant=_refuse_constant)
    if status != 200:
        _check(value, _ERROR)
    elif path.rstrip("/").endswith("/cds-services"):
        _check(value, _DISCOVERY)
    elif "/cds-services/" in path:
        _check(value, _RESPONSE)


def empty_values(value: Any, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Places of null, "", [] and {}, where the specification allows none (CDS Hooks 2.0, JSON)."""
    if value is None or (value in ("", [], {}) and not isinstance(value, bool) and place not in _MAY_BE_EMPTY):
        yield ".".join(place) or "top"
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from empty_values(child, (*place, str(name)))


def _check(value: Any, validator: Draft202012Validator) -> None:
    problems = [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(value)]
    assert not problems, problems
    assert not list(empty_values(value)), list(empty_values(value))


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
