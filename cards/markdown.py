"""Writing GitHub-flavoured Markdown in which nothing that came from outside is markup.

CDS clients render ``detail`` with differing care, some with raw HTML. Every text from a record or a
label therefore passes :func:`escape`.
"""

from __future__ import annotations

import re
import unicodedata

#: Longest text from outside that is shown; longer ones are cut with an ellipsis.
MAX_TEXT = 300
#: Longest text of the knowledge files that is shown: it is reviewed, and what it says must not be cut.
MAX_OWN_TEXT = 2_000

_SPECIAL = re.compile(r"([\\`*_{}\[\]~|$])")
_AT_START = re.compile(r"^([-+#=>]|\d+(?=[.)]))")
_AUTOLINK = re.compile(r"(?i)(\bwww(?=\.)|:(?=//)|(?<=\w)@(?=\w))")


#: Texts of only these characters, with no address and no block mark at the start, are already literal.
_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿ"
_LITERAL = re.compile(rf"[{_LETTERS}(%][{_LETTERS}0-9 ,;()%+/=.'≥≤–-]*(?::[{_LETTERS}0-9 ,;()%+=.'≥≤–-]+)*")


def escape(text: str, most: int = MAX_TEXT) -> str:
    """A text as literal Markdown on one line, cut after ``most`` characters, without control characters."""
    if len(text) <= most and _LITERAL.fullmatch(text) and "  " not in text and "www." not in text.lower():
        return text.rstrip()
    plain = "".join(" " if char in "\n\r\t" else char for char in text if _is_printable(char))
    plain = re.sub(r"\s+", " ", plain).strip()
    if len(plain) > most:
        plain = plain[: most - 1].rstrip() + "…"
    plain = _SPECIAL.sub(r"\\\1", plain)
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width joiner keeps clients from making links of addresses.
    plain = _AUTOLINK.sub("\\1\u2060", plain)
    return _AT_START.sub(_escaped_start, plain)


def _escaped_start(match: re.Match[str]) -> str:
    """A list, heading or quotation mark that would begin a block; a number is kept, its full stop is not."""
    return f"{match[1]}\u2060" if match[1].isdigit() else f"\\{match[1]}"


def _is_printable(char: str) -> bool:
    return char in "\n\r\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def link(label: str, url: str) -> str:
    """A link to one of our own URLs."""
    return f"[{escape(label)}]({url.replace('(', '%28').replace(')', '%29')})"


def bullet(text: str, level: int = 0) -> str:
    """One list item."""
    return f"{'  ' * level}- {text}"
