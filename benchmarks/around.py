"""What a request costs beside the way from resources to cards: its token, the store, its record. In this process."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeVar

from benchmarks.access import Access
from cards import DEFAULT_STYLE
from cds_service.advisor import Advisor
from cds_service.answers import Answer, answer
from cds_service.authentication import Authenticator, Credentials
from cds_service.bodies import Body, read_strictly
from cds_service.hooks import PATIENT_VIEW
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Call, Recorder
from cds_service.settings import load_settings
from cds_service.store import Decision, Store

_Input = TypeVar("_Input")

#: Records that are written together at about a hundred requests a second.
_TOGETHER = 10
_TODAY = date(2026, 11, 24)
#: What the parts are called in the report.
PARTS = ("token", "strictly", "look-up", "record", "commit")


@dataclass(frozen=True, slots=True)
class Around:
    """Median milliseconds of each part, and what the store grows by with each record.

    What the record costs is processor time, because nobody waits for it.
    """

    times: dict[str, float]
    record_bytes: float


def around(advisor: Advisor, access: Access, bodies: Sequence[bytes]) -> Around:
    """Every part once for each body."""
    with tempfile.TemporaryDirectory(prefix="oncohooks-benchmark-") as folder:
        file = Path(folder) / "store.sqlite"
        store = Store(f"sqlite:///{file}")
        store.upgrade()
        recorder = Recorder(store, Pseudonyms(b"benchmark"), advisor.knowledge.release, timedelta(days=30))
        authenticator = Authenticator(load_settings(access.settings), store.use_token)
        empty = file.stat().st_size
        try:
            times = _times(advisor, access, authenticator, recorder, bodies)
        finally:
            recorder.close()  # the last connection moves what is in the write-ahead log into the file
        return Around(times, (file.stat().st_size - empty) / len(bodies))


def _times(
    advisor: Advisor, access: Access, authenticator: Authenticator, recorder: Recorder, bodies: Sequence[bytes]
) -> dict[str, float]:
    shown = [Credentials(f"Bearer {access.token()}", None, ()) for _ in bodies]
    read = [read_strictly(body) for body in bodies]

    def call(body: Body) -> Call:
        return recorder.call("benchmark", PATIENT_VIEW.id, body.value, written=body.written)

    pairs = [(call(body), _answer(advisor, body.value)) for body in read]
    now, made = datetime.now(UTC), list[Decision]()

    def commit(number: int) -> None:
        recorder.store.add_decisions(made[number : number + _TOGETHER])

    return {
        "token": _median(authenticator.authenticate, shown),
        "strictly": _median(read_strictly, bodies),
        "look-up": _median(lambda pair: recorder.silenced(pair[0], pair[1].record), pairs),
        "record": _median(lambda pair: made.append(recorder.decision(*pair, now, 0.0)), pairs, process_time),
        "commit": _median(commit, range(0, len(made), _TOGETHER), process_time) / _TOGETHER,
    }


def _answer(advisor: Advisor, body: dict[str, Any]) -> Answer:
    return answer(advisor, PATIENT_VIEW, body, _TODAY, DEFAULT_STYLE, lambda: str(uuid.uuid4()))


def _median(
    work: Callable[[_Input], object], inputs: Iterable[_Input], clock: Callable[[], float] = perf_counter
) -> float:
    taken = []
    for one in inputs:
        begin = clock()
        work(one)
        taken.append(clock() - begin)
    return 1000 * median(taken)
