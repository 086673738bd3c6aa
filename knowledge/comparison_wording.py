"""How a difference is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def said_of_members(added: Sequence[str], removed: Sequence[str]) -> str:
    """What came to a list and what left it."""
    parts = [f"now also {', '.join(added)}"] if added else []
    parts += [f"no longer {', '.join(removed)}"] if removed else []
    return "; ".join(parts) or "in another order"


def replaced(name: str, old: object, new: object) -> Iterator[str]:
    """One value in the place of another; nothing if they are equal."""
    if old != new:
        yield f"{name}: {old or 'none'} → {new or 'none'}"


def replaced_in_list(name: str, old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    """What stands in the place of what, and what is left over on either side."""
    before, after = list(old), list(new)
    gone, come = [item for item in before if item not in after], [item for item in after if item not in before]
    for one, other in zip(gone, come, strict=False):
        yield f"{name}: {one} → {other}"
    yield from (f"{name} no longer: {item}" for item in gone[len(come) :])
    yield from (f"{name} now: {item}" for item in come[len(gone) :])
