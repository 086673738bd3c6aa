"""Reading gettext catalogues (``.po``), as translators keep them: without a compiled form."""

from __future__ import annotations

from collections.abc import Iterable
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol

from knowledge.language import Language


def read_catalogues(code: str, files: Iterable[Path]) -> Language:
    """The texts of all files as one language; what is not translated or fuzzy is left out."""
    texts: dict[str, str | tuple[str, ...]] = {}
    plural = "n != 1"
    for file in files:
        catalogue = read_catalogue(file, code)
        texts |= dict(_translated(catalogue))
        plural = catalogue.plural_expr
    decimal = get_decimal_symbol(Locale.parse(code, sep="-"))
    return Language(code, texts, c2py(plural), decimal)


def read_catalogue(file: Path, code: str) -> Catalog:
    """One file with everything that is in it. Raises ``babel.messages.pofile.PoFileError`` if it cannot be read."""
    with file.open("rb") as stream:
        return read_po(stream, locale=code.replace("-", "_"), abort_invalid=True)


def _translated(catalogue: Catalog) -> Iterable[tuple[str, str | tuple[str, ...]]]:
    for message in catalogue:
        key, said = message.id, message.string
        if not key or message.fuzzy:
            continue
        if isinstance(key, str) and isinstance(said, str) and said:
            yield key, said
        elif not isinstance(key, str) and said and not isinstance(said, str) and all(said):
            yield key[0], tuple(said)
