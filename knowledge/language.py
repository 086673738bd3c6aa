"""The language of what people read: English texts are the keys, a catalogue holds them in another language.

Texts of the program and texts of the knowledge files pass through the same object. What a catalogue does not hold
stays English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class Phrase(str):
    """An English text that remembers how it was made, so that it can be said again in another language.

    ``key`` is the text with its values in braces; a value that is a phrase is translated too, a tuple is a list of
    names. Wherever its language does not matter it is the English text.
    """

    __slots__ = ("key", "values")
    key: str
    values: Mapping[str, object]

    def __new__(cls, key: str, values: Mapping[str, object] | None = None) -> Phrase:
        made = super().__new__(cls, _filled(key, values, str) if values else key)
        made.key = key
        made.values = values or {}
        return made


def phrase(key: str, **values: object) -> Phrase:
    """A text that is made in English here and shown later, perhaps in another language."""
    return key if isinstance(key, Phrase) and not values else Phrase(key, values)


def _filled(text: str, values: Mapping[str, object], said: Callable[[str], str]) -> str:
    return text.format(**{name: _said(value, said) for name, value in values.items()})


def _said(value: object, said: Callable[[str], str]) -> object:
    if isinstance(value, tuple):
        return ", ".join(str(_said(item, said)) for item in value)
    return said(value) if isinstance(value, Phrase) else value


def _english_form(count: int) -> int:
    return 0 if count == 1 else 1


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language: its code (BCP 47) and its texts by their English text; of a plural, all forms by the first.

    ``form``: which of the forms a number takes. ``decimal``: the mark between a number and its fraction.
    """

    code: str
    texts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    form: Callable[[int], int] = _english_form
    decimal: str = "."

    def __call__(self, text: str, **values: object) -> str:
        """A text with its values in braces filled in."""
        if isinstance(text, Phrase):
            return _filled(self(text.key), text.values, self) if text.values else self(text.key)
        found = self.texts.get(text, text)
        said = found if isinstance(found, str) else found[0]
        return said.format(**values) if values else said

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """The form for a number; ``count`` itself may stand in the text."""
        found = self.texts.get(one)
        said = found[self.form(count)] if isinstance(found, tuple) else (one, many)[_english_form(count)]
        return said.format(count=count, **values)

    def number(self, value: float) -> str:
        """A number as it is written in this language, with up to six digits."""
        return f"{value:g}".replace(".", self.decimal)

    def drug(self, inn: str) -> str:
        """The name of a drug, or of a fixed combination, by its INN."""
        return " / ".join(map(self, inn.split(" / ")))

    def either(self, names: list[str]) -> str:
        """Names of which one is meant: ``a, b or c``."""
        return self(" or ").join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


ENGLISH = Language("en")
