"""Keeping what was answered, and not repeating what was set aside."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, TypeVar

from cds_service.answers import Answer
from cds_service.codec import dumps_members
from cds_service.logs import log_event, plain
from cds_service.metrics import Metrics
from cds_service.pseudonyms import NOT_THE_QUESTION, Pseudonyms, load_key
from cds_service.settings import Settings, SettingsError, state_folder, store_url
from cds_service.store import (
    Decision,
    DecisionCard,
    DecisionWriter,
    FeedbackItem,
    Patience,
    StatementOutcome,
    Store,
    StoreError,
)
from fhir_mappings import PatientRecord

VERSION = version("oncohooks")
_Result = TypeVar("_Result")
#: A clinician waits so long (seconds) for what was overridden, an EHR for its feedback, a probe for the state.
_LOOK_UP, _KEEP, _PROBE = 0.25, 8.0, 2.0
#: A client waits so long (seconds) to be let in: without the store nobody is, so this is the time until its 503.
_LET_IN = 2.0
#: So long after a failure no request waits for the store again.
_PAUSE = 10.0
_PURGE_EVERY = 24 * 3600.0


def recorder_for(settings: Settings, release: str, metrics: Metrics | None = None) -> Recorder:
    """The recorder that the settings describe. A store that is down is tried again at every use.

    Raises ``SettingsError`` if the state folder or the URL of the store cannot be used.
    """
    try:
        store = Store(store_url(settings))
    except StoreError as error:
        raise SettingsError(str(error)) from None
    try:
        store.upgrade()
    except StoreError as error:
        log_event("store", logging.WARNING, reason=plain(str(error)))
    store.close()  # no connection goes through a fork
    folder = state_folder(settings)
    try:
        pseudonyms = Pseudonyms(load_key(folder / "pseudonym.key"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"state_dir: {folder} cannot be used ({type(error).__name__})") from None
    keep = timedelta(days=settings.keep_days) if settings.keep_days else None
    return Recorder(
        store,
        pseudonyms,
        release,
        timedelta(days=settings.repeat_after_days),
        keep_for=keep,
        metrics=metrics,
        callers=settings.requests_at_once + settings.requests_waiting,
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request as far as a decision record tells of it, made by :meth:`Recorder.call`.

    ``patient`` is a pseudonym, ``asked`` the members of the body that ask something, in canonical JSON, ``fetched`` and
    ``not_fetched`` are prefetch keys.
    """

    client: str
    service: str
    patient: str
    asked: Mapping[str, bytes] = field(repr=False)
    fetched: tuple[str, ...]
    not_fetched: tuple[str, ...]


class Recorder:
    """Writes decision records, and knows what was overridden. ``now`` is the clock.

    With ``keep_for``, older records and answers are deleted once a day. ``callers``: how many may ask at once to be let
    in by a token; fewer than there are threads, so that some are left while the store hangs.
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        release: str,
        repeat_after: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        keep_for: timedelta | None = None,
        metrics: Metrics | None = None,
        callers: int = 28,
    ) -> None:
        self.store = store
        self.pseudonyms = pseudonyms
        self.lost = 0
        self._metrics = metrics or Metrics()
        self._writer = DecisionWriter(store, self._count_lost, self._purge_daily)
        self._look_up = Patience(_LOOK_UP, _PAUSE)
        self._keep = Patience(_KEEP)
        self._probe = Patience(_PROBE)
        self._let_in = Patience(_LET_IN, at_once=callers)
        self._keep_for = keep_for
        self._next_purge = 0.0
        self._release = release
        self._repeat_after = repeat_after
        self._now = now

    def use_token(self, digest: str, until: datetime, now: datetime) -> bool:
        """Whether a token is used for the first time; it is remembered until then. Raises :class:`StoreError`."""
        try:
            return self._within(self._let_in, lambda: self.store.use_token(digest, until, now))
        except StoreError as error:
            self._metrics.store_failures.labels("token").inc()
            log_event("store", logging.WARNING, reason=plain(str(error)))
            raise

    def call(
        self,
        client: str,
        service: str,
        body: dict[str, Any],
        fetched: tuple[str, ...] = (),
        not_fetched: tuple[str, ...] = (),
        written: Mapping[str, bytes] | None = None,
    ) -> Call:
        """What is to be recorded of a checked request.

        ``written``: the members of the body (``codec``), if they have been written before. What asks something is kept
        until the record is made: not the body, which takes ten times the memory, and not its token.
        """
        patient = self.pseudonyms.of_patient(client, str(body["context"]["patientId"]))
        members = written or dumps_members(body)
        asked = {name: text for name, text in members.items() if name not in NOT_THE_QUESTION}
        return Call(client, service, patient, asked, fetched, not_fetched)

    def silenced(self, call: Call, record: PatientRecord) -> frozenset[str]:
        """Topics overridden lately for this patient with the same facts and knowledge; none if the store is down."""
        if not self._repeat_after:
            return frozenset()
        patient, since = call.patient, self._now() - self._repeat_after
        try:
            found = self._within(self._look_up, lambda: self.store.overridden_topics(patient, self._release, since))
        except StoreError:
            self._metrics.store_failures.labels("look-up").inc()
            return frozenset()
        if not found:
            return frozenset()
        digest = self.pseudonyms.of_facts(record.facts)
        return frozenset(topic for topic, facts_digest in found if facts_digest == digest)

    def keep_feedback(self, items: Sequence[FeedbackItem]) -> None:
        """Keep feedback; when this returns, it is on disk. Raises :class:`StoreError`."""
        try:
            self._within(self._keep, lambda: self.store.add_feedback(items))
        except StoreError as error:
            self._metrics.store_failures.labels("feedback").inc()
            log_event("store", logging.WARNING, reason=plain(str(error)))
            raise

    def is_reachable(self) -> bool:
        """Whether the store answers by now."""
        try:
            return self._within(self._probe, self.store.is_reachable)
        except StoreError:
            return False

    def record(self, call: Call, answered: Answer, duration: float) -> None:
        """Keep what was answered; ``duration`` in milliseconds. Never waits and never fails."""
        made_at = self._now()
        self._writer.write(lambda: self.decision(call, answered, made_at, duration))

    def decision(self, call: Call, answered: Answer, made_at: datetime, duration: float) -> Decision:
        """The record of an answer."""
        return Decision(
            id=str(uuid.uuid4()),
            made_at=made_at,
            client=call.client,
            service=call.service,
            patient=call.patient,
            input_digest=self.pseudonyms.of_request(call.asked),
            facts_digest=self.pseudonyms.of_facts(answered.record.facts),
            release=self._release,
            version=VERSION,
            duration=round(duration, 2),
            unread=len(answered.record.unread),
            fetched=call.fetched,
            not_fetched=call.not_fetched,
            outcomes=tuple(StatementOutcome(f.statement.id, f.outcome.value) for f in answered.findings),
            cards=tuple(
                DecisionCard(item.card["uuid"], item.topic, item.indicator.value, item.statements)
                for item in answered.planned
            ),
        )

    def close(self) -> None:
        """Write what is waiting, and let go of the store."""
        self._writer.close()
        self.store.close()

    def _within(self, patience: Patience, work: Callable[[], _Result]) -> _Result:
        """With a limit of time where a call may hang; a file answers by itself."""
        return patience.call(work) if self.store.may_hang else work()

    def _count_lost(self, number: int) -> None:
        self.lost += number
        self._metrics.decisions_lost.inc(number)
        log_event("lost", logging.WARNING, count=number)

    def _purge_daily(self) -> None:
        if self._keep_for is None or time.monotonic() < self._next_purge:
            return
        self._next_purge = time.monotonic() + _PURGE_EVERY
        try:
            gone = sum(self.store.purge(self._now() - self._keep_for))
        except StoreError:
            self._metrics.store_failures.labels("purge").inc()
        else:
            log_event("purged", count=gone)
