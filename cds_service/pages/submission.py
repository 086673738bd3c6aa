"""What a form of the pages sends: which record, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from cds_service.hooks import BY_HOOK
from cds_service.inputs import inputs_in
from cds_service.pages.examples import Example, examples
from cds_service.pages.sending import Wish

MOST_DRAFTS = 6
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Submission:
    """A record with how it is to be sent.

    ``example`` is its example patient, ``text`` what was pasted or dropped in place of one. Of several records in one
    text, ``number`` of ``count`` is taken. ``keeps``: whether a decision record is kept, as for an EHR. ``problem``
    says why there is no ``document``.
    """

    wish: Wish
    example: Example | None = None
    text: str = ""
    document: Any = None
    number: int = 1
    count: int = 1
    keeps: bool = False
    problem: str | None = None

    @property
    def has_record(self) -> bool:
        """Whether there is a document, which may be any JSON value."""
        return self.problem is None and (self.example is not None or bool(self.text))


def read_submission(request: Request) -> Submission:
    """The record and the wish of a form that was posted, or of the address of an example."""
    form = request.values if request.method == "POST" else request.args
    wish, keeps = _wish(form), "keep" in form and _is_from_here(request)
    try:
        text = _text(request)
    except UnicodeDecodeError:
        return Submission(wish, keeps=keeps, problem="The file is no text in UTF-8.")
    if text.strip():
        return _pasted(text, wish, keeps, form.get("number", 1, type=int))
    name = form.get("example", "")
    if name in examples():
        example = examples()[name]
        return Submission(_with_drafts(wish, example), example, document=example.document, keeps=keeps)
    problem = "There is no example patient with this name." if name else None
    if request.method == "POST":
        problem = "Nothing was pasted or chosen."
    return Submission(wish, keeps=keeps, problem=problem)


def _is_from_here(request: Request) -> bool:
    """Whether no page of another site made the browser ask; nothing is kept because of those."""
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def _text(request: Request) -> str:
    """What was pasted or, if a file came, its content."""
    if request.method != "POST":
        return ""
    file = request.files.get("file")
    if file is not None and (content := file.read()):
        return str(content, "utf-8-sig")
    return str(request.form.get("document", ""))


def _pasted(text: str, wish: Wish, keeps: bool, number: int) -> Submission:
    found = list(inputs_in("record", text.encode("utf-8", errors="replace")))
    number = min(max(number, 1), len(found) or 1)
    chosen = found[number - 1] if found else None
    if chosen is None or chosen.problem:
        problem = f"The record cannot be read: {chosen.problem if chosen else 'it is empty'}."
        return Submission(wish, None, text, None, number, len(found), keeps, problem)
    return Submission(wish, None, text, chosen.document, number, len(found), keeps)


def _wish(form: MultiDict[str, str]) -> Wish:
    hook = form.get("hook", "")
    drafts = [" ".join(name.split())[:_LONGEST_NAME] for name in form.getlist("draft")]
    return Wish(
        hook=hook if hook in BY_HOOK else None,
        drafts=tuple(dict.fromkeys(filter(None, drafts)))[:MOST_DRAFTS],
        without=tuple(dict.fromkeys(form.getlist("without"))),
    )


def _with_drafts(wish: Wish, example: Example) -> Wish:
    """For an order hook without a draft, the first that the example suggests."""
    service = BY_HOOK.get(wish.hook or "")
    if service is None or not service.about_orders or wish.drafts:
        return wish
    return Wish(wish.hook, example.drafts[:1], wish.without)
