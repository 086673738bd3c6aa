"""The pages for people: the playground, the explanation of statements, and what clinicians answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Flask
from jinja2 import StrictUndefined

from cds_service.advisor import Advisor
from cds_service.gate import open_to_anybody
from cds_service.limits import Deadline
from cds_service.pages.assets import assets_blueprint
from cds_service.pages.explanation import explanation_blueprint
from cds_service.pages.feedback import feedback_blueprint
from cds_service.pages.playground import playground_blueprint
from cds_service.recording import Recorder
from cds_service.settings import Settings

#: Views for browsers, which have no token: what is posted to them is shown to who posted it, and kept nowhere.
_FOR_ANYBODY = ("assets.asset", "explanation.statements", "playground.playground")


def register_pages(
    app: Flask,
    advisor: Advisor,
    settings: Settings,
    today: Callable[[], date],
    recorder: Recorder | None,
    deadline: Callable[[], Deadline],
) -> None:
    """Add the pages that the settings ask for. The explanation of statements, which cards link to, is always there.

    ``deadline`` tells when the current request has to be answered.
    """
    app.jinja_env.undefined = StrictUndefined
    has_playground = settings.demo or settings.playground
    app.jinja_env.globals |= {"has_playground": has_playground, "has_feedback": settings.demo}
    app.register_blueprint(assets_blueprint())
    app.register_blueprint(explanation_blueprint(advisor, today, deadline, posts=has_playground))
    if has_playground:
        app.register_blueprint(playground_blueprint(advisor, settings, today, recorder, deadline))
    if settings.demo:
        app.register_blueprint(feedback_blueprint(recorder.store if recorder else None))
    for name in _FOR_ANYBODY:
        if view := app.view_functions.get(name):
            open_to_anybody(view)
