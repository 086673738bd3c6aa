"""Card summaries: one sentence of fewer than 140 characters (CDS Hooks 2.0, card ``summary``)."""

from __future__ import annotations

from collections.abc import Sequence

MAX_SUMMARY = 139


def with_names(before: str, names: Sequence[str], after: str = "") -> str:
    """A sentence with as many of the names as fit; the others are counted, never dropped silently."""
    for shown in range(len(names), 0, -1):
        rest = len(names) - shown
        listed = ", ".join(names[:shown]) + (f" and {rest} more" if rest else "")
        sentence = f"{before}{listed}{after}"
        if len(sentence) <= MAX_SUMMARY:
            return sentence
    return cut(f"{before}{len(names)} {'entry' if len(names) == 1 else 'entries'}{after}")


def cut(sentence: str) -> str:
    """A sentence cut at a word with an ellipsis if it is too long."""
    if len(sentence) <= MAX_SUMMARY:
        return sentence
    return sentence[: MAX_SUMMARY - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
