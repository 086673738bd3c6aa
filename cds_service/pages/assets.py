"""The style sheet, script and icon of the pages, and the headers that every page has."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request

from cds_service.pages.safe_text import card_html, pretty, visible
from knowledge.wording import describe_fact

FOLDER = Path(__file__).parent.parent / "static"
TEMPLATES = Path(__file__).parent.parent / "templates"
#: Every file that is served, by name; nothing else of the folder is.
_TYPES = {"pages.css": "text/css", "playground.js": "text/javascript", "icon.svg": "image/svg+xml"}

#: No inline script, no inline style, nothing from elsewhere; forms and requests go to this service only.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def page(html: str, status: int = 200) -> Response:
    """A page, which no cache keeps and which can load and send nothing but what is this service's own."""
    headers = _HEADERS | {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
    return Response(html, status, headers, mimetype="text/html")


def assets_blueprint() -> Blueprint:
    """``GET /assets/<name>``; registering it gives the filters of the templates too."""
    blueprint = Blueprint("assets", __name__)
    for template_filter in (card_html, pretty, visible):
        blueprint.add_app_template_filter(template_filter)
    blueprint.add_app_template_filter(describe_fact, "in_words")

    @blueprint.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _TYPES:
            abort(404)
        content, tag = _content(name)
        response = Response(content, headers=_HEADERS | {"Cache-Control": "no-cache"}, mimetype=_TYPES[name])
        response.set_etag(tag)
        response.make_conditional(request)
        return response

    return blueprint


@cache
def _content(name: str) -> tuple[bytes, str]:
    content = (FOLDER / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]
