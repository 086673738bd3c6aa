"""Replaying requests and patient fixtures: cards offline or from a running service."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import requests

from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.calling import NoCards, RemoteService, cards_in, reason_of
from cds_service.envelope import check_envelope
from cds_service.hooks import service_of
from cds_service.inputs import Input
from cds_service.outcomes import ServiceError
from cds_service.settings import CardSettings
from cds_service.styles import style_for
from cds_service.wrapping import as_request, by_key

#: Gives the cards for a request. Raises ``ServiceError``, ``NoCards`` or ``requests.RequestException``.
Call = Callable[[Any], list[dict[str, Any]]]
_NO_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one input gave: cards, or the error answer; and the difference from its golden file.

    ``dropped``: the prefetch keys that were left out of it.
    """

    name: str
    cards: list[dict[str, Any]] | None = None
    error: str | None = None
    difference: str | None = None
    dropped: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there was an answer and, if compared, the expected one."""
        return self.error is None and not self.difference

    def to_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        result: dict[str, Any] = {"file": self.name}
        if self.dropped:
            result["dropped"] = list(self.dropped)
        for name in ("cards", "error", "difference"):
            if (value := getattr(self, name)) is not None:
                result[name] = value
        return result


def offline(advisor: Advisor, today: date, cards: CardSettings) -> Call:
    """Answers requests in this process, exactly as the service with these settings would."""

    def call(body: Any) -> list[dict[str, Any]]:
        service = service_of(body)
        check_envelope(body, service.hook)
        return answer(advisor, service, body, today, style_for(cards, service.hook), lambda: _NO_ID).cards

    return call


def against(remote: RemoteService) -> Call:
    """Answers requests by a running service."""

    def call(body: Any) -> list[dict[str, Any]]:
        response = remote.call(service_of(body).id, body)
        if response.status_code != 200:
            raise ServiceError(response.status_code, reason_of(response) or "the service gave no reason")
        return cards_in(response)

    return call


def replay_one(item: Input, call: Call, drop: Collection[str] = ()) -> Replayed:
    """Replay one input without the prefetch keys of ``drop``; every failure becomes a result."""
    if item.problem:
        return Replayed(item.name, error=item.problem)
    body, dropped = _request(item.document, drop)
    try:
        return Replayed(item.name, cards=[comparable(card) for card in call(body)], dropped=dropped)
    except ServiceError as error:
        return Replayed(item.name, error=f"{error.status}: {error.text}", dropped=dropped)
    except NoCards as error:
        return Replayed(item.name, error=str(error), dropped=dropped)
    except requests.RequestException as error:
        return Replayed(item.name, error=f"the service did not answer ({type(error).__name__})", dropped=dropped)


def _request(document: Any, drop: Collection[str]) -> tuple[Any, tuple[str, ...]]:
    """The request without the keys to be dropped, and those that it had."""
    if not drop:
        return as_request(document), ()
    body = by_key(document)
    prefetch = body.get("prefetch") if isinstance(body, dict) else None
    if not isinstance(prefetch, dict):
        return body, ()
    kept = {key: value for key, value in prefetch.items() if key not in drop}
    return body | {"prefetch": kept}, tuple(key for key in prefetch if key in drop)


def comparable(card: dict[str, Any]) -> dict[str, Any]:
    """A card without what differs between calls and services.

    That is its identifiers, those of its suggestions, and the link to the service's own page.
    """
    kept = {name: value for name, value in card.items() if name != "uuid"}
    if "links" in kept:
        kept["links"] = [link for link in kept["links"] if "/statements/" not in link["url"]]
        if not kept["links"]:
            del kept["links"]
    if "suggestions" in kept:
        kept["suggestions"] = [
            {name: value for name, value in suggestion.items() if name != "uuid"} for suggestion in kept["suggestions"]
        ]
    return kept
