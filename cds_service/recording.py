"""Keeping what was answered, and not repeating what was set aside."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from cds_service.answers import Answer
from cds_service.pseudonyms import Pseudonyms, load_key
from cds_service.settings import Settings, state_folder, store_url
from cds_service.store import Decision, DecisionCard, DecisionWriter, StatementOutcome, Store, StoreError
from fhir_mappings import PatientRecord

VERSION = version("oncohooks")
_LOG = logging.getLogger(__name__)


def recorder_for(settings: Settings, release: str) -> Recorder:
    """The recorder that the settings describe. A store that is down is tried again at every use."""
    store = Store(store_url(settings))
    try:
        store.upgrade()
    except StoreError as error:
        _LOG.warning("starting without the store: %s", error)
    pseudonyms = Pseudonyms(load_key(state_folder(settings) / "pseudonym.key"))
    return Recorder(store, pseudonyms, release, timedelta(days=settings.repeat_after_days))


@dataclass(frozen=True, slots=True)
class Call:
    """One request as far as a decision record tells of it: ``fetched`` and ``not_fetched`` are prefetch keys."""

    client: str
    service: str
    body: dict[str, Any]
    fetched: tuple[str, ...] = ()
    not_fetched: tuple[str, ...] = ()

    @property
    def patient(self) -> str:
        """The patient's id in the client's system."""
        return str(self.body["context"]["patientId"])


class Recorder:
    """Writes decision records, and knows what was overridden. ``now`` is the clock."""

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        release: str,
        repeat_after: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.pseudonyms = pseudonyms
        self.lost = 0
        self._writer = DecisionWriter(store, self._count_lost)
        self._release = release
        self._repeat_after = repeat_after
        self._now = now

    def silenced(self, call: Call, record: PatientRecord) -> frozenset[str]:
        """Topics overridden lately for this patient with the same facts and knowledge; none if the store is down."""
        if not self._repeat_after:
            return frozenset()
        patient = self.pseudonyms.of_patient(call.client, call.patient)
        try:
            found = self.store.overridden_topics(patient, self._release, self._now() - self._repeat_after)
        except StoreError:
            return frozenset()
        if not found:
            return frozenset()
        digest = self.pseudonyms.of_facts(record.facts)
        return frozenset(topic for topic, facts_digest in found if facts_digest == digest)

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
            patient=self.pseudonyms.of_patient(call.client, call.patient),
            input_digest=self.pseudonyms.of_request(call.body),
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
        """Write what is waiting."""
        self._writer.close()

    def _count_lost(self, number: int) -> None:
        self.lost += number
