"""The example patients: invented records, each a complete request of an opened chart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.codec import loads

FOLDER = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """One example patient. ``drafts``: medicines that are worth drafting for the order hooks, in words."""

    id: str
    title: str
    description: str
    drafts: tuple[str, ...]

    @property
    def document(self) -> Any:
        """The request."""
        return loads((FOLDER / f"{self.id}.json").read_bytes())


@cache
def examples() -> dict[str, Example]:
    """Every example patient by its id, in the order in which they are offered."""
    listed = loads((FOLDER / "index.json").read_bytes())
    found = (Example(item["id"], item["title"], item["description"], tuple(item["drafts"])) for item in listed)
    return {example.id: example for example in found}
