"""A small knowledge folder to damage: some of the shipped medicines, and all that they refer to."""

from __future__ import annotations

import shutil
from pathlib import Path

from knowledge.sources import DATA

MEDICINES = ("avastin", "iressa", "krazati", "tagrisso", "vectibix", "vizimpro")


class Folder:
    """A copy of a part of the shipped knowledge, in which text can be replaced."""

    def __init__(self, place: Path) -> None:
        self.path = Path(shutil.copytree(DATA, place, ignore=_others))

    def replace(self, name: str, old: str, new: str, count: int = 1) -> None:
        """Replace text in a file; it must be there."""
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer holds {old!r}"
        path.write_text(text.replace(old, new, count), encoding="utf-8")


def _others(folder: str, names: list[str]) -> list[str]:
    if Path(folder).name != "eu":
        return [name for name in names if name == "genes.tsv"]
    return [name for name in names if name.partition(".")[0] not in MEDICINES]
