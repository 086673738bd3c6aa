"""The way in: who asks, how often, and when it is its turn. The one module that keeps things in Flask's context."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from flask import Flask, current_app, g, request

from cds_service.authentication import Authenticator, Credentials, addresses_of
from cds_service.certificates import TrustedProxies
from cds_service.identity import Caller, anybody
from cds_service.limits import Admission, Deadline, Rates
from cds_service.logs import log_event, plain
from cds_service.observing import note_client
from cds_service.outcomes import ServiceError
from cds_service.refusals import CannotAuthenticate, Refused
from cds_service.settings import Settings
from cds_service.stages import stage

_View = TypeVar("_View", bound=Callable[..., object])


def open_to_all(view: _View) -> _View:
    """Mark a view that answers without authentication, even when all is lost: it waits for no turn either."""
    view.__dict__["open_to_all"] = True
    return view


def open_to_anybody(view: _View) -> _View:
    """Mark a view of a page for people, whose browser has no token: it asks nobody who they are, and waits its turn."""
    view.__dict__["open_to_anybody"] = True
    return view


def install_gate(app: Flask, settings: Settings, authenticator: Authenticator | None) -> None:
    """Let requests in one after the other; without an ``authenticator``, as in demo mode, from anybody.

    An OPTIONS request and a path that does not exist pass: nothing is behind them. Every other route is closed unless
    its view is :func:`open_to_all` or :func:`open_to_anybody`. What answers a preflight has to be registered before.
    """
    proxies = TrustedProxies(settings.trusted_proxies, settings.certificate_header)
    rates = Rates(settings.requests_per_second)
    admission = Admission(settings.requests_at_once, settings.requests_waiting)

    def identify() -> None:
        g.deadline = Deadline(settings.request_seconds)
        g.caller = anybody(settings)
        if not _is_closed() or _is_for_anybody():
            return
        if authenticator is not None:
            with stage("authenticate"):
                g.caller = _authenticated(authenticator, _credentials(settings, proxies))
        note_client(g.caller.name)
        # After authentication, so that nobody can use up what another may ask.
        if authenticator is not None and not rates.take(g.caller.name):
            raise ServiceError(429, "This client sends more requests than the service accepts.", retry_after=1)

    def take_a_place() -> None:
        if not _is_closed():
            return
        with stage("wait"):
            has_a_place = admission.enter(g.deadline.left())
        if not has_a_place:
            raise ServiceError(503, "Too many requests are waiting.", retry_after=1)
        g.has_a_place = True
        g.admission = admission

    def leave(_: BaseException | None) -> None:
        if g.pop("has_a_place", False):
            admission.leave()

    app.before_request(identify)
    app.before_request(take_a_place)
    app.teardown_request(leave)


def current_caller() -> Caller:
    """Who makes the current request."""
    return cast(Caller, g.caller)


def current_deadline() -> Deadline:
    """When the current request has to be answered."""
    return cast(Deadline, g.deadline)


@contextmanager
def place_for_others() -> Iterator[None]:
    """While the current request waits for another server, others may have its place.

    Raises :class:`ServiceError` with 503 if there is no place for it when it comes back.
    """
    admission: Admission = g.admission
    if not admission.step_aside():
        yield
        return
    g.has_a_place = False
    try:
        yield
    finally:
        with stage("wait"):
            g.has_a_place = admission.come_back(g.deadline.left())
    if not g.has_a_place:
        raise ServiceError(503, "Too many requests are waiting.", retry_after=1)


def _is_closed() -> bool:
    """Whether the current request is for a route that asks who comes, and takes a turn."""
    if request.method == "OPTIONS" or request.endpoint is None:
        return False
    return not getattr(current_app.view_functions[request.endpoint], "open_to_all", False)


def _is_for_anybody() -> bool:
    """Whether the current request is for a page that takes a turn like others and asks nobody who they are."""
    view = current_app.view_functions[request.endpoint] if request.endpoint else None
    return getattr(view, "open_to_anybody", False)


def _authenticated(authenticator: Authenticator, credentials: Credentials) -> Caller:
    try:
        return authenticator.authenticate(credentials)
    except Refused as refused:
        log_event("authentication", logging.WARNING, reason=refused.reason.value, client=refused.client or "unknown")
        raise ServiceError(401, "Authentication is required.") from None
    except CannotAuthenticate as problem:
        log_event("authentication", logging.ERROR, reason=plain(str(problem)))
        raise ServiceError(503, "Authentication is not possible at the moment.") from None


def _credentials(settings: Settings, proxies: TrustedProxies) -> Credentials:
    shown = request.headers.get(proxies.header) if proxies.header else None
    return Credentials(
        request.headers.get("Authorization"),
        proxies.certificate(request.remote_addr, shown),
        addresses_of(settings.public_url, request.path),
    )
