"""The floor: the least that any WSGI service under the same server must do with the same request.

It reads the whole body, parses it with the reader of the service and answers with constant JSON. It has no
routing, no checks, no framework and keeps nothing of what it parsed. Its process imports ``cds_service`` for
the reader, but loads no knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cds_service.codec import dumps, loads


def floor_application(answer_bytes: int) -> WSGIApplication:
    """The floor with a constant answer of so many bytes."""
    answer = constant_answer(answer_bytes)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", headers)
        return [answer]

    return application


def constant_answer(length: int) -> bytes:
    """JSON in the shape of a CDS Hooks answer, padded to so many bytes (at least those of its frame)."""
    frame = dumps({"cards": [{"detail": ""}]})
    return dumps({"cards": [{"detail": "x" * max(0, length - len(frame))}]})
