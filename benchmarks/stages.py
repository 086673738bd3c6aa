"""Where the time of a request goes, in this process and without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median
from time import perf_counter

from cards import DEFAULT_STYLE
from cds_service.advisor import Advisor, Question
from cds_service.codec import dumps, loads
from cds_service.envelope import check_envelope
from cds_service.hooks import PATIENT_VIEW
from cds_service.prefetch import unmet

STAGES = ("parse", "check", "map", "evaluate", "cards", "serialise")

_TODAY = date(2026, 11, 24)


def stage_times(advisor: Advisor, bodies: Sequence[bytes]) -> dict[str, float]:
    """The median milliseconds of each stage of patient-view requests, one request for each body."""
    _marks(advisor, bodies[0])
    requests = [_marks(advisor, body) for body in bodies]
    return {
        stage: 1000 * median(marks[number + 1] - marks[number] for marks in requests)
        for number, stage in enumerate(STAGES)
    }


def _marks(advisor: Advisor, body: bytes) -> list[float]:
    """What the service does with a body: the time at the beginning and after each stage, in seconds."""
    marks = [perf_counter()]
    request = loads(body)
    marks.append(perf_counter())
    check_envelope(request, PATIENT_VIEW.hook)
    missing = unmet(request.get("prefetch"), PATIENT_VIEW.needs)
    marks.append(perf_counter())
    record, orders = advisor.read(request)
    marks.append(perf_counter())
    findings = advisor.findings(record, _TODAY)
    marks.append(perf_counter())
    question = Question(
        False, _TODAY, "Patient/p1", DEFAULT_STYLE, bool(missing), lambda: "00000000-0000-4000-8000-000000000000"
    )
    cards = [planned.card for planned in advisor.cards(question, record, orders, findings)]
    marks.append(perf_counter())
    dumps({"cards": cards})
    marks.append(perf_counter())
    return marks
