"""Reading what is left of a request that was answered without its body, so that its connection can be used again.

The server closes a connection on which much of a body is still to come, after it promised to keep it; the client's next
request would then get no answer. Bodies above the limit of the settings are left alone.
"""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, request


def register_draining(app: Flask) -> None:
    """Drain after every answer: errors are not the only ones that need no body, an OPTIONS may come with one too."""

    @app.after_request
    def _drain(response: Response) -> Response:
        is_too_long = (request.content_length or 0) > (app.config["MAX_CONTENT_LENGTH"] or 0)
        if not is_too_long:
            with suppress(Exception):  # whatever the server makes of a body that breaks off
                while request.stream.read(65536):
                    pass
        return response
