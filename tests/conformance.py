"""What every answer of the service must satisfy, whatever a test asks."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class
from jsonschema import Draft202012Validator, FormatChecker

from cds_service.envelope import SCHEMAS

#: The specification says nothing of the form of an error: this is the form of ours.
_OWN_SCHEMAS = Path(__file__).parent / "schema"
#: The specification allows these to be empty; nothing else.
_MAY_BE_EMPTY = {("services",), ("cards",)}


class _Page(NamedTuple):
    media_type: str | tuple[str, ...]
    beginning: bytes


_HTML = _Page("text/html", b"<!doctype html>")
#: What is for people and for Prometheus, by method and first part of the path.
_PAGES = {
    ("GET", ""): _HTML,
    ("POST", ""): _HTML,
    ("GET", "statements"): _HTML,
    ("POST", "statements"): _HTML,
    ("GET", "feedback"): _HTML,
    ("GET", "assets"): _Page(("text/", "image/"), b""),
    ("GET", "metrics"): _Page("text/plain", b"#"),
}


def _validator(name: str, folder: Path = SCHEMAS) -> Draft202012Validator:
    schema = json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


_RESPONSE, _DISCOVERY = _validator("response"), _validator("discovery")
_ERROR = _validator("operation_outcome", _OWN_SCHEMAS)


def check_cards(cards: list[Any]) -> None:
    """Cards pass the response schema, hold no empty value, and every resource that they offer is valid FHIR."""
    _check_response({"cards": cards})


def _check_response(response: dict[str, Any]) -> None:
    _check(response, _RESPONSE)
    for card in response["cards"]:
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                if "resource" in action:
                    _check_resource(json.dumps(action["resource"], sort_keys=True))


def check_answer(method: str, path: str, status: int, media_type: str, body: bytes) -> None:
    """An answer of the service over HTTP, whatever was asked: a page, or JSON; an error is an OperationOutcome."""
    if _is_empty(method, path, status):
        assert body == b""
        return
    page = _PAGES.get((method, path.split("/")[1]))
    if page and (status == 200 or media_type.startswith(page.media_type)):
        assert media_type.startswith(page.media_type), f"{path}: {media_type}"
        assert body.lstrip().lower().startswith(page.beginning), body[:40]
        return
    assert media_type.startswith("application/json"), f"{path}: {media_type}"
    value = json.loads(body, parse_constant=_refuse_constant)
    if status != 200:
        _check(value, _ERROR)
    elif path.rstrip("/").endswith("/cds-services"):
        _check(value, _DISCOVERY)
    elif "/cds-services/" in path:
        _check_response(value)


def _is_empty(method: str, path: str, status: int) -> bool:
    taken_feedback = status == 200 and method == "POST" and path.endswith("/feedback")
    return taken_feedback or status == 304 or method in ("HEAD", "OPTIONS")


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


@functools.lru_cache(maxsize=4096)  # the same drafts come again and again
def _check_resource(text: str) -> None:
    value = json.loads(text)
    get_fhir_model_class(value["resourceType"]).model_validate(value)


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
