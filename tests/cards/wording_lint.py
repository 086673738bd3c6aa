"""What no card may say: tests/data/banned_words.yaml applied to a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from knowledge.yaml_files import read_yaml

_RULES = read_yaml(Path(__file__).parents[1] / "data" / "banned_words.yaml")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def objections(text: str, code: str) -> Iterator[str]:
    """What is wrong with a text, with the reason; the addresses of links are no words."""
    words = _LINK.sub(r"\1", text)
    for rule in _RULES[code]:
        flags = 0 if rule.get("case") else re.IGNORECASE
        left = words
        for allowed in rule.get("but", ()):
            left = re.sub(allowed, " ", left, flags=flags)
        if found := re.search(rule["pattern"], left, flags):
            yield f"{found[0]!r}: {rule['reason']}"
