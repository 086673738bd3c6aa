"""Text from outside for people to look at: nothing in it is markup, and nothing in it is invisible."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup

from cds_service.codec import dumps_pretty

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

#: Longest text of a record in one place; the resource itself is shown beside it.
MAX_TEXT = 300
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "code", "a", "br"}
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https"}


def card_html(detail: str) -> Markup:
    """The Markdown of a card as a careful EHR shows it: paragraphs, lists, emphasis and links, and nothing else."""
    rendered = _renderer().render(detail)
    cleaned = nh3.clean(
        rendered, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer"
    )
    return Markup(cleaned)  # noqa: S704 - cleaned in the line above


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt  # for people's pages only: no hook waits for it, and no start

    return MarkdownIt("commonmark", {"html": False})


def visible(text: object) -> str:
    """A text on one line, cut if it is long, in which control and direction characters are shown as escapes."""
    shown = " ".join(shown_characters(str(text)).split())
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1].rstrip() + "…"


def pretty(value: object) -> str:
    """A value as indented JSON in which every character is seen."""
    return shown_characters(dumps_pretty(value))


def shown_characters(text: str) -> str:
    """The text with every character that would be invisible, or turn the text around, as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_seen(char) else f"\\u{ord(char):04x}" for char in text)


def _is_seen(char: str) -> bool:
    return char in "\n\r\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
