"""CORS: browser clients of listed origins may call discovery, the services and their feedback."""

from __future__ import annotations

from flask import Flask, Response, request

_PATH = "/cds-services"
_METHODS = "GET, POST"
_HEADERS = "authorization, content-type"
_READABLE = "Retry-After"
_SECONDS = 600


def register_cors(app: Flask, origins: frozenset[str]) -> None:
    """Answer preflights before anything asks who calls, and mark every answer, errors too.

    The origin is named, never ``*``; cookies are not used, so credentials are never allowed. To be registered before
    authentication.
    """
    if not origins:
        return

    @app.before_request
    def _preflight() -> Response | None:
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not (asks and _is_covered()):
            return None
        response = Response(status=204)
        if request.headers.get("Origin") in origins:
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = str(_SECONDS)
        return response

    @app.after_request
    def _mark(response: Response) -> Response:
        if not _is_covered():
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _READABLE
        return response


def _is_covered() -> bool:
    return request.path == _PATH or request.path.startswith(f"{_PATH}/")
