"""Who asks: what the rest of the service may know of an authenticated client."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.settings import CardSettings, Client, Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """The client of a request.

    ``name``: under which its answers are kept. ``cards``: which cards it is shown. ``dialect``: whose habits it has
    (``standard``, ``epic``). ``jurisdiction``: whose labels count. ``fhir_servers``: base URLs that may be read for it.
    """

    name: str
    cards: CardSettings
    dialect: str = "standard"
    jurisdiction: str = "eu"
    fhir_servers: tuple[str, ...] = ()


def anybody(settings: Settings) -> Caller:
    """The one caller of demo mode."""
    return Caller("demo", settings.cards)


def caller_of(client: Client, settings: Settings) -> Caller:
    """The caller that a configured client is; card settings that it does not have are those of all."""
    return Caller(client.name, cards_of(client, settings), client.dialect, client.jurisdiction, client.fhir_servers)


def cards_of(client: Client, settings: Settings) -> CardSettings:
    """The card settings of a client: its own over the common ones, member by member."""
    if client.cards is None:
        return settings.cards
    own = {name: getattr(client.cards, name) for name in client.cards.model_fields_set}
    return settings.cards.model_copy(update=own)
