"""The codings and the text of one diagnosis together: the most specific one decides, a contradiction is said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fhir_mappings.elements import Json, codings, concept_text, string
from fhir_mappings.tumour_codes import TumourCodes, TumourReading
from knowledge.language import phrase


@dataclass(frozen=True, slots=True)
class NamedTumour:
    """What a diagnosis names, where it says so, and a warning where its codings contradict each other."""

    reading: TumourReading
    path: str
    warnings: tuple[str, ...] = ()


def named_tumour(code: Json, tumours: TumourCodes) -> NamedTumour | None:
    """What the codings and the text of a diagnosis name together; ``None`` if there are none.

    Of codings that lie on one branch of OncoTree the deepest decides. Of others only what they have in common is
    believed, which may be nothing.
    """
    found = _readings(code, tumours)
    if not found:
        return None
    typed = [entry for entry in found if entry.reading.kind == "primary" and entry.reading.node]
    if typed:
        return _together(typed, tumours)
    return min(found, key=lambda entry: _RANK[entry.reading.kind] - (entry.reading.node is not None))


_RANK = {"primary": 1, "secondary": 2, "history": 3, "neoplasm": 4, "morphology": 5, "none": 6}


def _readings(code: Json, tumours: TumourCodes) -> list[NamedTumour]:
    found = [
        NamedTumour(tumours.for_coding(system, value, display), f"code.coding[{index}]")
        for index, (system, value, display) in enumerate(codings(code))
    ]
    if text := string(code.get("text")):
        by_text = tumours.for_text(text)
        if by_text is None and tumours.looks_like_cancer(text) and all(entry.reading.kind == "none" for entry in found):
            by_text = TumourReading("neoplasm", None, None, "the text names a tumour")
        if by_text is not None:
            found.append(NamedTumour(by_text, "code.text"))
    return found


def _together(typed: list[NamedTumour], tumours: TumourCodes) -> NamedTumour:
    best = _deepest(typed, tumours)
    if best is None:
        # What was only assumed of a code ("carcinoma") gives way to a coding that knows better.
        best = _deepest([_as_stated(entry, tumours) for entry in typed], tumours)
    if best is not None:
        sites = (entry.reading.topography for entry in (best, *typed))
        return replace(best, reading=replace(best.reading, topography=next(filter(None, sites), None)))
    nodes = sorted({entry.reading.node or "" for entry in typed})
    common = tumours.common(nodes)
    reading = TumourReading("primary" if common else "neoplasm", common, None, "codings that contradict each other")
    return NamedTumour(
        reading, "code", (phrase("the codings name different tumours: {tumours}", tumours=tuple(nodes)),)
    )


def _deepest(typed: list[NamedTumour], tumours: TumourCodes) -> NamedTumour | None:
    """The first of the deepest, if every other one lies above it."""
    tree = tumours.tree
    best = max(typed, key=lambda entry: len(tree.ancestors(entry.reading.node or "")))
    covered = all(tree.is_a(best.reading.node or "", entry.reading.node or "") for entry in typed)
    return best if covered else None


def _as_stated(entry: NamedTumour, tumours: TumourCodes) -> NamedTumour:
    reading = entry.reading
    if not reading.assumes or reading.node is None:
        return entry
    return replace(entry, reading=replace(reading, node=tumours.organ(reading.node), assumes=None))


def raw_diagnosis(code: object) -> str | None:
    """The diagnosis as it was sent: its codes and its text."""
    sent = [part for _, value, _ in codings(code) if (part := value)]
    return " ".join([*sent, *filter(None, [concept_text(code)])])[:200] or None
