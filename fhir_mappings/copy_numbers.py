"""Recognising copy number changes, and naming them by count.

A gain is an amplification only from a threshold on or by the laboratory's own word; a loss is a deletion
only at zero copies.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_mappings.elements import member, number
from fhir_mappings.tables import CopyNumberThresholds
from fhir_mappings.variant_parts import VariantParts

_COPIES = "82155-3"
_CHANGES = frozenset({"gain", "loss", "amplification", "copy_number"})


@dataclass(frozen=True, slots=True)
class CopyNumber:
    """A copy number change: its name, if it has one, and the copies, if they were counted."""

    name: str | None
    copies: float | None


def copy_number_of(parts: VariantParts) -> CopyNumber | None:
    """The copy number change that an Observation describes; ``None`` if it describes another kind.

    Copies that stand beside a small change of one gene are additional detail, not a second finding.
    """
    copies = _copies(parts)
    if parts.change not in _CHANGES and (copies is None or parts.names.protein or parts.names.coding):
        return None
    by_count = _by_count(copies, parts.context.tables.copy_numbers) if copies is not None else None
    stated = parts.change if parts.change in ("gain", "loss", "amplification") else None
    if stated == "amplification" or by_count is None:
        return CopyNumber(stated, copies)
    return CopyNumber(by_count, copies)


def _copies(parts: VariantParts) -> float | None:
    component = parts.components.first(_COPIES)
    if component is None:
        return None
    quantity = number(member(component.data, "valueQuantity").get("value"))
    if quantity is not None:
        return float(quantity)
    low = number(member(member(component.data, "valueRange"), "low").get("value"))
    return float(low) if low is not None else None


def _by_count(copies: float, thresholds: CopyNumberThresholds) -> str | None:
    if copies <= thresholds.deletion:
        return "deletion"
    if copies >= thresholds.amplification:
        return "amplification"
    if copies < 2:
        return "loss"
    return "gain" if copies > 2 else None
