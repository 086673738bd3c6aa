"""The languages in which cards can be written: English, and those with a folder of gettext catalogues here.

A language is a folder ``locale/CODE`` of ``.po`` files (GNU gettext); it needs no code. What a catalogue does not hold,
or holds as fuzzy, stays English.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from knowledge.language import ENGLISH, Language

LOCALE = Path(__file__).parent / "locale"


class UnknownLanguage(ValueError):
    """A language in which no cards can be written; the message names those that are there."""


def available_languages() -> tuple[str, ...]:
    """The codes (BCP 47) of the languages, English first."""
    return ("en", *sorted({path.parent.name for path in LOCALE.glob("*/*.po")}))


@cache  # read once, when the settings are: every client may name its language
def load_language(code: str) -> Language:
    """A language with all its texts. Raises :class:`UnknownLanguage`."""
    if code not in (known := available_languages()):
        raise UnknownLanguage(f"there is no language {code!r}; there are {', '.join(known)}")
    if code == ENGLISH.code:
        return ENGLISH
    from cards.catalogues import read_catalogues  # Babel is needed for other languages only

    return read_catalogues(code, sorted((LOCALE / code).glob("*.po")))
