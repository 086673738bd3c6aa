"""CIViC's molecular profiles: variants joined by AND, OR and NOT, kept whole.

``BRAF Amplification AND ( BRAF V600E OR BRAF V600K )``: brackets and connectives are words of their own, so a bracket
inside the name of a variant is not taken for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from knowledge.civic.refusal import NotExact

Document = dict[str, Any]

_CONNECTIVES = {"AND": "all_of", "OR": "any_of"}
_WORDS = {*_CONNECTIVES, "NOT", "(", ")"}


def profile_document(name: str, of_variant: Callable[[str], Document]) -> Document:
    """A profile as a criterion document; ``of_variant`` gives the criterion of one variant by its name.

    Raises :class:`NotExact` if the profile, or any of its variants, cannot be said exactly.
    """
    reader = _Reader(name.split(), of_variant)
    document = reader.expression()
    if not reader.at_end:
        raise NotExact("profile: the brackets do not close")
    return document


class _Reader:
    def __init__(self, words: list[str], of_variant: Callable[[str], Document]) -> None:
        self._words = words
        self._position = 0
        self._of_variant = of_variant

    @property
    def at_end(self) -> bool:
        return self._position >= len(self._words)

    def expression(self) -> Document:
        parts: list[str | Document] = [self._part()]
        connectives: set[str] = set()
        while self._next() in _CONNECTIVES:
            connectives.add(self._take())
            parts.append(self._part())
        if len(connectives) > 1:
            raise NotExact("profile: AND and OR stand together without brackets")
        if "OR" in connectives:
            parts = [part for part in parts if not _is_covered(part, parts)]
        documents: list[Document] = []
        for part in parts:
            document = self._of_variant(part) if isinstance(part, str) else part
            if document not in documents:
                documents.append(document)
        return documents[0] if len(documents) == 1 else {_CONNECTIVES[connectives.pop()]: documents}

    def _part(self) -> str | Document:
        """A negation or a bracket as its document, a variant as its name."""
        word = self._next()
        if word == "NOT":
            self._take()
            part = self._part()
            return {"not": self._of_variant(part) if isinstance(part, str) else part}
        if word == "(":
            self._take()
            document = self.expression()
            if self._next() != ")":
                raise NotExact("profile: the brackets do not close")
            self._take()
            return document
        words: list[str] = []
        while (word := self._next()) is not None and word not in _WORDS:
            words.append(self._take())
        if not words:
            raise NotExact("profile: a connective joins nothing")
        return " ".join(words)

    def _next(self) -> str | None:
        return None if self.at_end else self._words[self._position]

    def _take(self) -> str:
        self._position += 1
        return self._words[self._position - 1]


def _is_covered(part: str | Document, alternatives: list[str | Document]) -> bool:
    """Whether "unknown partner" stands beside "any partner" of the same fusion, which includes it."""
    return isinstance(part, str) and "?" in part and part.replace("?", "v") in alternatives
