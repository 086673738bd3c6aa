"""The two terminologies that facts are written in: HGNC gene symbols and OncoTree tumour types.

Both are read from the compiled tables under ``data/terminology``. What is loaded belongs to whoever loaded
it: this module keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

GeneMatchKind = Literal["approved", "previous", "alias"]

_AMBIGUOUS = ""  # stands for the symbol wherever one name belongs to several genes
_GENE_COLUMNS = "hgnc_id\tsymbol\tncbi\tprevious\taliases"
_TUMOUR_COLUMNS = "code\tname\tparent\tmain_type\tnci"
_HGNC_ID = re.compile(r"\s*(?:HGNC:)?(\d+)\s*", re.IGNORECASE | re.ASCII)
_NOT_TELLING = re.compile(r"[\s_/.-]+")


class TableError(ValueError):
    """A compiled table or the file of reviewed aliases is not what the loader expects."""


@dataclass(frozen=True, slots=True)
class Gene:
    """One approved HGNC gene. ``ncbi`` is the NCBI Gene id, or empty where HGNC names none."""

    hgnc_id: str
    symbol: str
    ncbi: str
    previous: tuple[str, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GeneMatch:
    """What a name was resolved to: the approved symbol, and what kind of name it was."""

    symbol: str
    how: GeneMatchKind


@dataclass(frozen=True, slots=True)
class _Names:
    """One spelling of each name and the symbol it stands for.

    A name that has a lower-case letter is found by its upper-case form in ``folded``; one that has none is
    found there by itself, so it is not stored a second time.
    """

    exact: dict[str, str]
    folded: dict[str, str]

    def add(self, joined: str, symbol: str) -> None:
        """Index the names of one cell of the table."""
        exact, folded = self.exact, self.folded
        for name in joined.split("|"):
            if exact.setdefault(name, symbol) != symbol:
                exact[name] = _AMBIGUOUS
            if not name.isupper() and (upper := name.upper()) != name and folded.setdefault(upper, symbol) != symbol:
                folded[upper] = _AMBIGUOUS

    def find_folded(self, upper: str) -> str | None:
        """The symbol if the upper-case form belongs to one gene, the mark of ambiguity if to several."""
        symbols = {symbol for symbol in (self.exact.get(upper), self.folded.get(upper)) if symbol is not None}
        if not symbols:
            return None
        return symbols.pop() if len(symbols) == 1 else _AMBIGUOUS


def _add(index: dict[str, str], name: str, symbol: str) -> None:
    if index.setdefault(name, symbol) != symbol:
        index[name] = _AMBIGUOUS


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class GeneTable:
    """All approved HGNC genes, by id, NCBI Gene id and every name they have or had."""

    _rows: Mapping[str, str]
    _ids: Mapping[str, str]
    _ncbi: Mapping[str, str]
    _approved: _Names
    _previous: _Names
    _aliases: _Names
    _reviewed: Mapping[str, str]
    _reviewed_folded: Mapping[str, str]

    @classmethod
    def load(cls, path: Path, aliases: Path | None = None) -> GeneTable:
        """Read the compiled genes and the reviewed aliases (``gene_aliases.yaml`` beside them).

        Raises ``TableError`` if a file is not of the expected form or a reviewed alias names no approved gene.
        """
        rows: dict[str, str] = {}
        ids: dict[str, str] = {}
        ncbi: dict[str, str] = {}
        approved, previous, other = (_Names({}, {}) for _ in range(3))
        for row in table_rows(path.read_text(encoding="utf-8"), _GENE_COLUMNS, path.name):
            hgnc_id, symbol, gene_id, old, alias = row.split("\t")
            rows[symbol] = row
            ids[hgnc_id[5:]] = symbol
            if gene_id:
                ncbi[gene_id] = symbol
            if not symbol.isupper():
                approved.add(symbol, symbol)
            if old:
                previous.add(old, symbol)
            if alias:
                other.add(alias, symbol)
        reviewed = _reviewed_aliases(aliases or path.with_name("gene_aliases.yaml"), rows)
        folded = {_fold(name): symbol for name, symbol in reviewed.items()}
        return cls(rows, ids, ncbi, approved, previous, other, reviewed, folded)

    def by_id(self, hgnc_id: str) -> Gene | None:
        """The gene of an HGNC id, written ``HGNC:3236`` or ``3236``; None for unknown and withdrawn ids."""
        found = _HGNC_ID.fullmatch(hgnc_id)
        return self._gene(self._ids.get(found.group(1))) if found else None

    def symbol_of_id(self, hgnc_id: str) -> str | None:
        """The symbol of an HGNC id alone, for those who need no more."""
        found = _HGNC_ID.fullmatch(hgnc_id)
        return self._ids.get(found.group(1)) if found else None

    def by_ncbi(self, ncbi: str) -> Gene | None:
        """The gene of an NCBI Gene id (``1956``)."""
        return self._gene(self._ncbi.get(ncbi.strip()))

    def by_symbol(self, symbol: str) -> Gene | None:
        """The gene of an approved symbol, exactly as HGNC writes it."""
        return self._gene(symbol if symbol in self._rows else None)

    def resolve(self, symbol: str) -> GeneMatch | None:
        """The gene that a whole name means, or None where that is not certain.

        The approved symbol wins in any capitals ("Met" is MET, though HGNC lists it as an alias of SLTM), then
        the reviewed aliases, then a previous symbol, then an alias, each only if it belongs to one gene. Among
        the last two the spelling as it is goes before any other use of capitals.
        """
        name = symbol.strip()
        if name in self._rows:
            return GeneMatch(name, "approved")
        upper = name.upper()
        return _first(
            (
                (self._reviewed.get(name), "alias"),
                (upper if upper in self._rows else self._approved.find_folded(upper), "approved"),
                (self._reviewed_folded.get(_fold(name)), "alias"),
                (self._previous.exact.get(name), "previous"),
                (self._aliases.exact.get(name), "alias"),
                (self._previous.find_folded(upper), "previous"),
                (self._aliases.find_folded(upper), "alias"),
            )
        )

    def _gene(self, symbol: str | None) -> Gene | None:
        if symbol is None:
            return None
        hgnc_id, symbol, ncbi, previous, aliases = self._rows[symbol].split("\t")
        return Gene(hgnc_id, symbol, ncbi, _cell(previous), _cell(aliases))


def _first(found: Iterable[tuple[str | None, GeneMatchKind]]) -> GeneMatch | None:
    """The first name that is known. An ambiguous one ends the search without a gene."""
    for symbol, how in found:
        if symbol is not None:
            return GeneMatch(symbol, how) if symbol != _AMBIGUOUS else None
    return None


def _reviewed_aliases(path: Path, genes: Mapping[str, str]) -> dict[str, str]:
    """Alias to symbol; an alias reviewed as meaning no single gene gets the mark of ambiguity."""
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    reviewed: dict[str, str] = {}
    for alias, entry in entries.items():
        symbol = entry["symbol"]
        if symbol is not None and symbol not in genes:
            raise TableError(f"{path.name}: {alias!r} points to {symbol!r}, which is no approved symbol")
        reviewed[str(alias)] = symbol or _AMBIGUOUS
    return reviewed


def _fold(name: str) -> str:
    """A name without what reports write in many ways: case, spaces, hyphens, slashes and dots."""
    return _NOT_TELLING.sub("", name).upper()


#: The root of OncoTree: a statement about it is about every tumour that it does not exclude.
ANY_TUMOUR = "TISSUE"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TumourTree:
    """The OncoTree hierarchy. Every method but ``in`` raises ``KeyError`` for a code that is not in the tree."""

    _names: Mapping[str, str]
    _main_types: Mapping[str, str]
    _ancestors: Mapping[str, tuple[str, ...]]
    _by_nci: Mapping[str, str]
    _by_name: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> TumourTree:
        """Read the compiled tree from its file. Raises ``TableError`` like :meth:`parse`."""
        return cls.parse(path.read_text(encoding="utf-8"), path.name)

    @classmethod
    def parse(cls, text: str, name: str = "oncotree.tsv") -> TumourTree:
        """Read the compiled tree. Raises ``TableError`` if a parent is missing or a branch has no root."""
        names: dict[str, str] = {}
        main_types: dict[str, str] = {}
        parents: dict[str, str] = {}
        by_nci: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for row in table_rows(text, _TUMOUR_COLUMNS, name):
            code, title, parent, main_type, nci = row.split("\t")
            names[code], main_types[code], parents[code] = title, main_type, parent
            _add(by_name, _name_key(title), code)
            for reference in _cell(nci):
                _add(by_nci, reference, code)
        ancestors = {code: _ancestors(code, parents, name) for code in names}
        return cls(names, main_types, ancestors, by_nci, by_name)

    def __contains__(self, code: object) -> bool:
        return code in self._names

    def codes(self) -> Iterable[str]:
        """Every code of the tree."""
        return self._names.keys()

    def name(self, code: str) -> str:
        """The OncoTree name: ``Lung Adenocarcinoma``."""
        return self._names[code]

    def main_type(self, code: str) -> str:
        """The OncoTree main type. It does not follow the branches: do not decide by it."""
        return self._main_types[code]

    def parent(self, code: str) -> str | None:
        """The node above, None for the root."""
        above = self._ancestors[code]
        return above[0] if above else None

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The nodes above, nearest first, the root last."""
        return self._ancestors[code]

    def is_a(self, code: str, ancestor: str) -> bool:
        """Whether the code is the ancestor or lies below it. Both must be in the tree."""
        if ancestor not in self._names:
            raise KeyError(ancestor)
        return code == ancestor or ancestor in self._ancestors[code]

    def by_nci(self, c_code: str) -> str | None:
        """The node that refers to an NCI Thesaurus code (``C3512``), None if none does or several do."""
        return self._by_nci.get(c_code.strip().upper()) or None

    def by_name(self, text: str) -> str | None:
        """The node of exactly this OncoTree name, in any case; None if several nodes share it."""
        return self._by_name.get(_name_key(text)) or None


def _ancestors(code: str, parents: Mapping[str, str], name: str) -> tuple[str, ...]:
    above: list[str] = []
    node = parents[code]
    while node:
        if node not in parents or node in above:
            raise TableError(f"{name}: {code} does not lead to the root, it stops at {node}")
        above.append(node)
        node = parents[node]
    return tuple(above)


def _name_key(name: str) -> str:
    return " ".join(name.casefold().split())


def _cell(joined: str) -> tuple[str, ...]:
    return tuple(joined.split("|")) if joined else ()


def table_rows(text: str, columns: str, name: str) -> list[str]:
    """The rows of a compiled table below the comments and the line of column names. Raises ``TableError``."""
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)
    if lines[start] != columns or lines[-1]:
        raise TableError(f"{name}: expected the columns {columns.split()} and a line break at the end")
    return lines[start + 1 : -1]
