"""Putting fetched data into a request's prefetch, as if the client had sent it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cds_service.prefetch import Arrival, Need, arrival_of, holds_error, is_for
from fhir_mappings.elements import member, objects


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """What was fetched for one key: the pages, what the last of them names as the next, and why that is missing."""

    key: str
    need: Need | None
    pages: tuple[dict[str, Any], ...]
    following: Any
    failure: str | None


def with_parts(prefetch: Any, parts: Iterable[Part]) -> dict[str, Any]:
    """The prefetch with the fetched parts. What was sent is never lost, apart from errors that a fetch made good."""
    merged = dict(prefetch) if isinstance(prefetch, dict) else {}
    for part in parts:
        if part.pages:
            merged[part.key] = _joined(merged.get(part.key), part)
        if part.need is not None and part.failure is None:
            merged = {key: value for key, value in merged.items() if not _is_made_good(key, value, part.need)}
    return merged


def _is_made_good(key: str, value: Any, need: Need) -> bool:
    """Whether an error that was sent under another name of the need has been replaced by data."""
    return key != need.key and is_for(key, need) and arrival_of(value) is Arrival.FAILED


def _joined(sent: Any, part: Part) -> Any:
    """What was sent and the pages as one Bundle; a resource that was read by its id stays as it is."""
    if len(part.pages) == 1 and sent is None and part.pages[0].get("resourceType") != "Bundle":
        return part.pages[0]
    entries = _entries(sent, without_errors=part.failure is None and holds_error(sent))
    for page in part.pages:
        entries += _entries(page)
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    if part.failure is not None:
        bundle["link"] = [{"relation": "next", "url": part.following}]  # for whoever reads it: this is not all
    return bundle


def _entries(value: Any, without_errors: bool = False) -> list[dict[str, Any]]:
    if not isinstance(value, dict) or value.get("resourceType") == "OperationOutcome":
        return []
    if value.get("resourceType") != "Bundle":
        return [{"resource": value}]
    entries = objects(value.get("entry"))
    if without_errors:
        return [entry for entry in entries if member(entry, "resource").get("resourceType") != "OperationOutcome"]
    return list(entries)
