"""Pages keep to the time of a request: work for which nobody waits any more ends, and the page says so."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from cards import CardStyle
from cds_service import Advisor, Settings, create_app
from cds_service.codec import dumps
from cds_service.outcomes import ServiceError
from cds_service.pages.consultation import consult
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
FORM = {"document": dumps(BODY).decode()}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/?example=lung-egfr", None),
        ("/?example=lung-egfr&without=patient", None),
        ("/", FORM),
        ("/statements/tagrisso-1", FORM),
    ],
)
def test_a_page_that_takes_too_long_says_so(advisor: Advisor, path: str, form: dict[str, str] | None) -> None:
    client = create_app(Settings(demo=True, request_seconds=1e-9), advisor=advisor).test_client()
    answer = client.get(path) if form is None else client.post(path, data=form)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.mimetype == "text/html"
    assert "The request took too long." in answer.text


def test_time_that_ends_between_any_two_steps_ends_the_whole_run(advisor: Advisor) -> None:
    """It is no refusal of the service: nothing is read and judged once more to show what stands behind it."""

    def run(allowed: int) -> Any:
        steps = count()

        def in_time() -> None:
            if next(steps) >= allowed:
                raise ServiceError(503, "over")

        return consult(advisor, BODY, TODAY, lambda hook: CardStyle(), in_time=in_time), next(steps)

    consultation, steps = run(allowed=1000)
    assert consultation.planned
    assert steps >= 4
    for allowed in range(steps):
        with pytest.raises(ServiceError):
            run(allowed)


def test_the_page_of_feedback_says_that_there_is_no_store(advisor: Advisor) -> None:
    answer = create_app(Settings(demo=True), advisor=advisor).test_client().get("/feedback")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "There is no store." in answer.text
