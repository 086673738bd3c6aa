"""Recognising copy number changes, and naming them by count.

A gain is an amplification only from a threshold on or by the laboratory's own word; a loss is a deletion
only at zero copies. A "high-level gain" without a count stays a gain: it is a candidate, and the fact says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_mappings.tables import CopyNumberThresholds
from fhir_mappings.variant_parts import CHANGE_TYPES, VariantParts
from knowledge.language import phrase

_COPIES = "82155-3"
# Local components of the German tumour board profiles (MII MTB 2026) and of DNPM.
_RELATIVE = ("relative-copy-number",)
_ALLELE_A = ("copy-number-allele-a", "cnA")
_ALLELE_B = ("copy-number-allele-b", "cnB")
_NEUTRAL_LOSS = "copy-number-neutral-loh"
_YES = "LA33-6"
_HIGH_LEVEL = frozenset({"high-level-gain", "high-level gain"})
_CHANGES = frozenset({"gain", "loss", "amplification", "copy_number"})

#: Components whose presence describes a copy number change even where no value says that it was found.
COPY_NUMBER_COMPONENTS = (_COPIES, *_RELATIVE, *_ALLELE_A, *_ALLELE_B)


@dataclass(frozen=True, slots=True)
class CopyNumber:
    """A copy number change: its name, if it has one, the copies, if counted, and the ratio to the normal count."""

    name: str | None
    copies: float | None
    relative: float | None = None


def copy_number_of(parts: VariantParts) -> CopyNumber | None:
    """The copy number change that an Observation describes; ``None`` if it describes another kind.

    Copies that stand beside a small change of one gene are additional detail, not a second finding.
    """
    if parts.change not in _CHANGES and not parts.components.has(*COPY_NUMBER_COMPONENTS):
        return None
    copies, relative = _copies(parts), parts.number(*_RELATIVE)
    counted = copies is not None or relative is not None
    if parts.change not in _CHANGES and (not counted or parts.names.protein or parts.names.coding):
        return None
    _note_doubts(parts, copies)
    return CopyNumber(_name(parts, copies), copies, relative)


def _name(parts: VariantParts, copies: float | None) -> str | None:
    by_count = _by_count(copies, parts.context.tables.copy_numbers) if copies is not None else None
    stated = parts.change if parts.change in ("gain", "loss", "amplification") else None
    return stated if stated == "amplification" or by_count is None else by_count


def _note_doubts(parts: VariantParts, copies: float | None) -> None:
    if len(parts.symbols) > 1:
        parts.warnings.append(phrase("a segment with several genes, not a finding of one gene"))
    types = (text for component in parts.components.all(*CHANGE_TYPES) for text in component.value_texts())
    if copies is None and _HIGH_LEVEL & set(types):
        parts.warnings.append(phrase("a high-level gain may be an amplification; no count of copies was sent"))
    neutral = parts.components.first(_NEUTRAL_LOSS)
    if neutral is not None and (_YES in neutral.value_texts() or neutral.data.get("valueBoolean") is True):
        parts.warnings.append(phrase("copy-number-neutral loss of heterozygosity is reported"))


def _copies(parts: VariantParts) -> float | None:
    """Copies as counted, or of both alleles together."""
    if (counted := parts.number(_COPIES)) is not None:
        return counted
    one, other = parts.number(*_ALLELE_A), parts.number(*_ALLELE_B)
    if one is None or other is None:
        return None
    parts.warnings.append(phrase("the copies of both alleles were added"))
    return one + other


def _by_count(copies: float, thresholds: CopyNumberThresholds) -> str | None:
    if copies <= thresholds.deletion:
        return "deletion"
    if copies >= thresholds.amplification:
        return "amplification"
    if copies < 2:
        return "loss"
    return "gain" if copies > 2 else None
