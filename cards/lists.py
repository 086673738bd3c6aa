"""Lists on cards: criteria are shown in full, names as many as fit, cut between two of them and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cards.markdown import MAX_OWN_TEXT, MAX_TEXT, escape
from knowledge.language import ENGLISH, Language


def in_full(items: Iterable[str], separator: str = "; ", most: int = MAX_OWN_TEXT) -> str:
    """Every item as literal Markdown: what a label asks for is never cut from a list.

    ``most`` characters of one item are shown; ``MAX_TEXT`` for items that a record holds.
    """
    return separator.join(escape(item, most) for item in items)


def fitting(
    make: Callable[[str], str],
    names: Sequence[str],
    say: Language = ENGLISH,
    *,
    most: int = MAX_TEXT,
    separator: str = ", ",
) -> str | None:
    """The text that ``make`` makes of as many names as fit into ``most`` characters; the others are counted.

    ``None`` if not even one of them fits.
    """
    for shown in range(len(names), 0, -1):
        listed, rest = separator.join(names[:shown]), len(names) - shown
        text = make(say("{names} and {rest} more", names=listed, rest=rest) if rest else listed)
        if len(text) <= most:
            return text
    return None


def listed(make: Callable[[str], str], names: Iterable[str], say: Language, separator: str = ", ") -> str:
    """The same as literal Markdown; a single name that is too long is cut."""
    found = list(names)
    return escape(fitting(make, found, say, separator=separator) or make(separator.join(found)))
