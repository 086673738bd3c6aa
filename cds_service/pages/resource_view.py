"""The JSON of the resources that facts were read from, with the elements that decided."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from cds_service.codec import dumps
from cds_service.pages.safe_text import shown_characters
from fhir_mappings.collection import collect, local_reference
from knowledge.facts import Fact, Source

#: Deeper nesting than this is shown on one line.
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class ShownResource:
    """One resource: the anchor of its place in the page, its reference, and its JSON as HTML."""

    anchor: str
    reference: str
    html: Markup


class ResourceViews:
    """The resources of a request that facts name, each once, and the anchor of every fact."""

    def __init__(self, document: object, facts: Iterable[Fact], others: Iterable[str] = ()) -> None:
        """``others``: references of further resources to show, those of unread results."""
        found = {resource.reference: resource.data for resource in collect(document).resources}
        paths: dict[str, dict[str, None]] = {}
        for fact in facts:
            paths.setdefault(fact.source.reference, {})[fact.source.path or ""] = None
        for reference in others:
            paths.setdefault(reference, {})
        self._anchors: dict[tuple[str, str], str] = {}
        self.resources: list[ShownResource] = []
        for reference, decided in paths.items():
            data = found.get(reference, found.get(local_reference(reference)))
            if data is None:
                continue
            anchor = f"resource-{len(self.resources) + 1}"
            existing = {path: _existing(data, path) for path in decided}
            marked = [path for path in dict.fromkeys(existing.values()) if path]
            marks = {path: f"{anchor}-{number}" for number, path in enumerate(marked, 1)}
            self._anchors |= {(reference, path): marks.get(place, anchor) for path, place in existing.items()}
            self._anchors[reference, ""] = anchor
            self.resources.append(ShownResource(anchor, reference, _html(data, "", marks, 0)))

    def anchor_of(self, source: Source) -> str | None:
        """Where the element that a fact was read from stands in the page; ``None`` if its resource is not there."""
        return self._anchors.get((source.reference, source.path or ""))

    def anchor_of_resource(self, reference: str) -> str | None:
        """Where a resource stands in the page."""
        return self._anchors.get((reference, ""))


def _existing(data: Any, path: str) -> str:
    """The longest beginning of a path that leads to an element."""
    reached = ""
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if part.startswith("["):
            index = int(part[1:-1])
            if not (isinstance(data, list) and index < len(data)):
                return reached
            data, reached = data[index], reached + part
        else:
            if not (isinstance(data, dict) and part in data):
                return reached
            data, reached = data[part], f"{reached}.{part}" if reached else part
    return reached


def _html(value: Any, path: str, marks: dict[str, str], depth: int) -> Markup:
    """A value as indented JSON; marked elements are in a span that a fragment can point to."""
    if isinstance(value, dict) and value and depth < _MAX_DEPTH:
        inner = [
            Markup('<span class="key">{}</span>: {}').format(
                _text(name), _html(item, f"{path}.{name}" if path else name, marks, depth + 1)
            )
            for name, item in value.items()
        ]
        shown = _block("{", inner, "}", depth)
    elif isinstance(value, list) and value and depth < _MAX_DEPTH:
        inner = [_html(item, f"{path}[{index}]", marks, depth + 1) for index, item in enumerate(value)]
        shown = _block("[", inner, "]", depth)
    else:
        shown = _text(value)
    if path not in marks:
        return shown
    return Markup('<mark id="{}">{}</mark>').format(marks[path], shown)


def _block(opening: str, items: list[Markup], closing: str, depth: int) -> Markup:
    inner = "\n" + "  " * (depth + 1)
    return Markup("{}{}{}{}{}").format(opening, inner, escape("," + inner).join(items), "\n" + "  " * depth, closing)


def _text(value: Any) -> Markup:
    return escape(shown_characters(dumps(value).decode()))
