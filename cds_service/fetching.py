"""Completing a request from the client's FHIR server: what prefetch lacks is fetched and put where it belongs.

Everything is fetched at once and within one budget. When it is over, what has arrived is used, and what has not is
named: a record is never taken for complete because a server was slow.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from cds_service.fhir_budget import TIME_LIMIT, Budget, FetchFailure, Transport
from cds_service.fhir_client import FhirClient, id_in, query_of
from cds_service.fhir_servers import FhirAccess, NoAccess, access_for, address_of, base_of
from cds_service.medications import MEDICATIONS_KEY, referenced_medications
from cds_service.merging import Part, with_parts
from cds_service.prefetch import Arrival, Need, arrival_of, falls_short, next_page, unsettled
from cds_service.setting_types import LOOPBACK
from cds_service.settings import Settings

if TYPE_CHECKING:
    from cds_service.fhir_transport import HttpTransport

_LOG = logging.getLogger(__name__)
#: Connections to the FHIR servers of one client, from one worker.
_CONNECTIONS = 16
_MAX_PAGES = 20
_MAX_CONTINUED = 16


@dataclass(frozen=True, slots=True)
class Fetched:
    """A request with what could be fetched, without its token.

    ``received`` names the prefetch keys that were fetched or continued, ``failed`` those that were not, with the
    reason. ``refusal`` says why the server was not asked at all.
    """

    body: dict[str, Any] = field(repr=False)
    received: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None

    def why_missing(self) -> str:
        """Why data is missing, as a sentence for integrators; empty if the request named no server."""
        if self.refusal:
            return f" Nothing was fetched: {self.refusal}."
        if self.failed:
            reasons = ", ".join(f"{key} ({reason})" for key, reason in self.failed.items())
            return f" Fetching failed: {reasons}."
        return ""


class Fetcher:
    """Completes requests. One for each process; connections are kept, tokens and what was fetched are not."""

    def __init__(self, settings: Settings, transport: Transport | None = None) -> None:
        """``transport`` is what opens connections; tests pass their own."""
        self._settings = settings
        self._transport = transport
        self._own: HttpTransport | None = None
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()
        if transport is None and any(client.fhir_servers for client in settings.client):
            self._opened().prepare("https")  # before workers are forked, and not at the cost of the first request

    def complete(
        self,
        body: dict[str, Any],
        needs: tuple[Need, ...],
        client: str,
        fhir_servers: Iterable[str] = (),
        within: float = inf,
        meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Fetched:
        """The request of a client with what its prefetch lacks. Never fails: what was not fetched is named.

        ``client`` is its name; ``fhir_servers`` are the base addresses that it may name. ``within``: seconds that are
        left for the request, if less than the settings give to fetching. ``meanwhile`` is entered while a server is
        asked; what it raises is raised.
        """
        kept = {name: value for name, value in body.items() if name != "fhirAuthorization"}
        if "fhirServer" not in body:
            return Fetched(kept)
        jobs = _jobs(body, needs)
        try:
            access = access_for(body, self._judge(fhir_servers), self._settings.open_fhir_servers)
        except NoAccess as no_access:
            return Fetched(kept, refusal=str(no_access) if jobs else None)
        transport = self._transport or self._opened()  # loading it is no part of the time for fetching
        budget = Budget(min(within, self._settings.fhir_deadline_ms / 1000), self._settings.max_body_bytes)
        try:
            with meanwhile() if jobs else nullcontext():
                return self._completed(kept, needs, jobs, FhirClient(access, transport, budget), client)
        finally:
            budget.cut_off()

    def _completed(
        self,
        body: dict[str, Any],
        needs: tuple[Need, ...],
        jobs: list[_Job],
        server: FhirClient,
        client: str,
    ) -> Fetched:
        pool = self._pool(client)
        parts = _run(jobs, server, pool)
        body = body | {"prefetch": with_parts(body.get("prefetch"), parts)}
        medications = [
            _read(reference)
            for reference in referenced_medications(body, lambda reference: _local(reference, server.access))
        ]
        if medications:
            parts = [*parts, *(found := _run(medications, server, pool))]
            body["prefetch"] = with_parts(body["prefetch"], found)
        return _told(body, parts, needs)

    def _judge(self, fhir_servers: Iterable[str]) -> Callable[[str], bool]:
        """Which servers may be asked: in demo mode those of this machine, else those that the settings list."""
        if not self._settings.demo:
            return frozenset(map(base_of, fhir_servers)).__contains__

        def is_here(base: str) -> bool:
            address = address_of(base)
            return address is not None and address.host in LOOPBACK

        return is_here

    def _pool(self, client: str) -> ThreadPoolExecutor:
        """The threads for a client, so that a server that hangs holds up the requests of its own client only."""
        with self._lock:
            if client not in self._pools:
                self._pools[client] = ThreadPoolExecutor(_CONNECTIONS, "fhir")
            return self._pools[client]

    def close(self) -> None:
        """End the threads and close the connections."""
        for pool in self._pools.values():
            pool.shutdown()
        for transport in (self._transport, self._own):
            if close := getattr(transport, "close", None):
                close()

    def _opened(self) -> HttpTransport:
        """The transport of this process; what it needs is loaded when it is needed first."""
        from cds_service.fhir_transport import HttpTransport

        with self._lock:
            if self._own is None:
                self._own = HttpTransport(self._settings.ca_bundle, _CONNECTIONS)
            return self._own


class _Job:
    """One search, one continued Bundle or one resource.

    A thread adds pages; whoever waits takes what is there when the time is over. ``first`` gives the address of the
    first; ``sent`` is the page before it, if the client sent one.
    """

    def __init__(
        self, key: str, need: Need | None, expected: str, first: Callable[[FhirAccess], str], sent: Any = None
    ) -> None:
        self.part = Part(key, need, (), None, TIME_LIMIT)
        self._sent = sent
        self._expected = expected
        self._first = first

    def run(self, server: FhirClient) -> None:
        """Fetch page after page. Each step replaces the whole result, so that it can be taken at any time."""
        try:
            self._fetch(server)
        except FetchFailure as failure:
            self.part = replace(self.part, failure=failure.reason)
        except Exception as error:  # what has arrived must not be lost to an answer that nobody foresaw
            self.part = replace(self.part, failure=type(error).__name__)

    def _fetch(self, server: FhirClient) -> None:
        url: str | None = self._first(server.access)
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise FetchFailure("pages in a circle")
            if len(seen) == _MAX_PAGES:
                raise FetchFailure("more pages than are followed")
            seen.add(url)
            page = server.get(url)
            self._check(page)
            following = next_page(page)
            self.part = replace(self.part, pages=(*self.part.pages, page), following=following)
            url = None if following is None else _page_address(following, server.access)
        if falls_short((self._sent, *self.part.pages)):
            raise FetchFailure("fewer results than the server counts")
        self.part = replace(self.part, failure=None)

    def _check(self, page: dict[str, Any]) -> None:
        """What came must be what was asked for; a Bundle of nothing but errors is an error."""
        if page["resourceType"] != self._expected:
            raise FetchFailure("another resource than asked for")
        if arrival_of(page) is Arrival.FAILED:
            raise FetchFailure("OperationOutcome")


def _jobs(body: Mapping[str, Any], needs: tuple[Need, ...]) -> list[_Job]:
    """What has to be fetched, required data first."""
    prefetch = body.get("prefetch")
    patient = id_in(body["context"].get("patientId"), "Patient")
    wanted = sorted(unsettled(prefetch, needs), key=lambda need: not need.required)
    searched = {need.key for need in wanted}
    values = prefetch if isinstance(prefetch, dict) else {}
    continued = [
        _continuation(key, value)
        for key, value in values.items()
        if key not in searched and next_page(value) is not None
    ]
    return [*(_search(need, patient) for need in wanted), *continued[:_MAX_CONTINUED]]


def _search(need: Need, patient: str | None) -> _Job:
    def first(access: FhirAccess) -> str:
        if patient is None:
            raise FetchFailure("the patientId is no FHIR id")
        return f"{access.base}/{query_of(need.template, patient)}"

    return _Job(need.key, need, "Bundle" if "?" in need.template else need.resource_type, first)


def _continuation(key: str, sent: Any) -> _Job:
    return _Job(key, None, "Bundle", lambda access: _page_address(next_page(sent), access), sent)


def _read(reference: str) -> _Job:
    return _Job(MEDICATIONS_KEY, None, reference.partition("/")[0], lambda access: f"{access.base}/{reference}")


def _told(body: dict[str, Any], parts: list[Part], needs: tuple[Need, ...]) -> Fetched:
    """What was fetched and what was not. Keys of the client's own are not named: nobody knows what they say."""
    own = {*(need.key for need in needs), MEDICATIONS_KEY}
    named = [(part, part.key if part.key in own else "another key") for part in parts]
    failed = {name: part.failure for part, name in named if part.failure}
    for name, reason in failed.items():
        _LOG.warning("not fetched: %s (%s)", name, reason)
    received = dict.fromkeys(name for part, name in named if part.pages and name not in failed)
    return Fetched(body, tuple(received), failed)


def _page_address(url: object, access: FhirAccess) -> str:
    address = access.on_this_server(url)
    if address is None:
        raise FetchFailure("the next page is on another server")
    return address


def _local(reference: str, access: FhirAccess) -> str | None:
    """A reference to a resource of this server as type and id; ``None`` for one of another server."""
    if "://" in reference:
        address = address_of(reference)
        if address is None or not (address.origin + address.path).startswith(f"{access.base}/"):
            return None
        reference = (address.origin + address.path).removeprefix(f"{access.base}/")
    parts = reference.split("/")
    if parts[0] != "Medication" or len(parts) not in (2, 4):
        return None
    identifier = id_in("/".join(parts[:2]), "Medication")
    return f"Medication/{identifier}" if identifier else None


def _run(jobs: Iterable[_Job], server: FhirClient, pool: ThreadPoolExecutor) -> list[Part]:
    """Run jobs side by side until all are done or the time is over; what each has then."""
    jobs = list(jobs)
    running: list[Future[None]] = [pool.submit(job.run, server) for job in jobs]
    wait(running, timeout=server.budget.left())
    for future in running:
        future.cancel()
    return [job.part for job in jobs]
