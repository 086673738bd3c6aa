"""The language of what people read: English texts are the keys, a catalogue holds them in another language.

Texts of the program and texts of the knowledge files pass through the same object. What a catalogue does not hold
stays English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language: its code (BCP 47) and its texts by their English text; of a plural, both forms by the first."""

    code: str
    texts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, text: str, **values: object) -> str:
        """A text with its values in braces filled in."""
        found = self.texts.get(text, text)
        said = found if isinstance(found, str) else found[0]
        return said.format(**values) if values else said

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """The form for a number; ``count`` itself may stand in the text."""
        found = self.texts.get(one)
        forms = found if isinstance(found, tuple) else (one, many)
        return forms[0 if count == 1 else -1].format(count=count, **values)


ENGLISH = Language("en")
