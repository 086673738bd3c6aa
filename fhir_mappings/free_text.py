"""Changes named in running text: read only by strict patterns, and never as absent.

A sentence with a negation, a doubt or a list of what was tested gives nothing. Whoever reads such a text
knows the gene already, or the text names it beside the change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|[\r\n]+")
_CHANGE = (
    r"(?:p\.\(?[A-Z][a-z]{0,2}\d{1,4}[^\s,;]*"
    r"|[A-Z](?:[a-z]{2})?\d{1,4}(?:[A-Z](?:[a-z]{2})?(?:fs\S*)?|\*|_[A-Z](?:[a-z]{2})?\d{1,4}(?:delins|del|dup|ins)[A-Za-z]*"
    r"|del|dup|fs\S*))"
)
_NAMED = re.compile(rf"(?<![\w./-])(?P<gene>[A-Z][A-Z0-9]{{1,9}})[\s:]+(?P<change>{_CHANGE})(?![\w/^|=])")
_HGVS = re.compile(r"(?<![\w./:-])(?:N[MP]_\d+\.?\d*(?:\([A-Z0-9]+\))?:)?[pc]\.[^\s,;]+")
_EXON_NUMBER = re.compile(r"\b(?:exon|ex)\s*\d{1,2}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamedInText:
    """A change as a sentence writes it, with the gene where the sentence names one before it."""

    gene: str | None
    change: str


class FreeTextWords:
    """The reviewed words that block a sentence, and those that say nothing."""

    def __init__(self, blocking: Iterable[str], filler: Iterable[str]) -> None:
        self._blocking = _whole_words(blocking)
        self._filler = _whole_words(filler)

    def blocks(self, text: str) -> bool:
        """Whether a text denies, doubts or lists what was tested, so that no finding may be read from it."""
        return self._blocking.search(text) is not None

    def bare_name(self, text: str) -> str:
        """The text without words that say nothing: ``L858R mutation detected`` to ``L858R``."""
        name = self._filler.sub(" ", _EXON_NUMBER.sub(" ", text))
        return re.sub(r"\s+", " ", name).strip(" .,:;-")

    def changes(self, text: str) -> Iterator[NamedInText]:
        """The changes that the sentences of a text name as found."""
        for sentence in _SENTENCE.split(text):
            if self.blocks(sentence):
                continue
            taken: list[tuple[int, int]] = []
            for match in _NAMED.finditer(sentence):
                taken.append(match.span())
                yield NamedInText(match["gene"], _trimmed(match["change"]))
            for match in _HGVS.finditer(sentence):
                if not any(start <= match.start() < end for start, end in taken):
                    yield NamedInText(None, _trimmed(match[0]))


def _trimmed(change: str) -> str:
    """Without the sentence's own full stop and a closing bracket that was opened before."""
    change = change.rstrip(".")
    return change.removesuffix(")") if change.count(")") > change.count("(") else change


def _whole_words(words: Iterable[str]) -> re.Pattern[str]:
    patterns = (re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"[\s-]+") for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(patterns, key=len, reverse=True))})(?!\w)", re.IGNORECASE)
