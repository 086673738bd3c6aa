"""Replaying requests and patient fixtures: cards offline or from a running service, compared with golden files."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import requests

from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.codec import dumps, dumps_pretty
from cds_service.envelope import check_envelope
from cds_service.hooks import service_of
from cds_service.inputs import Input
from cds_service.outcomes import ServiceError
from cds_service.settings import CardSettings
from cds_service.styles import style_for
from cds_service.wrapping import as_request

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one input gave: cards, or the error answer; and the difference from its golden file."""

    name: str
    cards: list[dict[str, Any]] | None = None
    error: str | None = None
    difference: str | None = None

    @property
    def passed(self) -> bool:
        """Whether there was an answer and, if compared, the expected one."""
        return self.error is None and not self.difference

    def to_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        result: dict[str, Any] = {"file": self.name}
        if self.cards is not None:
            result["cards"] = self.cards
        if self.error is not None:
            result["error"] = self.error
        if self.difference is not None:
            result["difference"] = self.difference
        return result


def offline(advisor: Advisor, today: date, cards: CardSettings) -> Callable[[Any], list[dict[str, Any]]]:
    """Answers requests in this process, exactly as the service with these settings would."""

    def call(body: Any) -> list[dict[str, Any]]:
        service = service_of(body)
        check_envelope(body, service.hook)
        return answer(advisor, service, body, today, style_for(cards, service.hook), _no_id).cards

    return call


def against(url: str) -> Callable[[Any], list[dict[str, Any]]]:
    """Answers requests by a running service at ``url``."""

    def call(body: Any) -> list[dict[str, Any]]:
        endpoint = f"{url.rstrip('/')}/cds-services/{service_of(body).id}"
        headers = {"Content-Type": "application/json"}
        response = requests.post(endpoint, data=dumps(body), headers=headers, timeout=_TIMEOUT_SECONDS)
        if response.status_code != 200:
            raise ServiceError(response.status_code, f"the service answered {response.status_code}")
        return list(response.json()["cards"])

    return call


def replay_one(item: Input, call: Callable[[Any], list[dict[str, Any]]]) -> Replayed:
    """Replay one input; every failure becomes a result."""
    if item.problem:
        return Replayed(item.name, error=item.problem)
    try:
        return Replayed(item.name, cards=[comparable(card) for card in call(as_request(item.document))])
    except ServiceError as error:
        return Replayed(item.name, error=f"{error.status}: {error.text}")
    except requests.RequestException as error:
        return Replayed(item.name, error=f"the service did not answer ({type(error).__name__})")


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


def _no_id() -> str:
    return "00000000-0000-4000-8000-000000000000"


def golden_path(folder: Path, label: str) -> Path:
    """The golden file of an input, by its name below what was given to replay."""
    return folder / f"{label}.cards.json"


def compared(result: Replayed, path: Path) -> Replayed:
    """The result with its difference from the golden file; a missing file is a difference."""
    expected = path.read_text(encoding="utf-8") if path.is_file() else ""
    actual = dumps_pretty(result.cards) + "\n"
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), str(path), result.name, lineterm="")
    return Replayed(result.name, result.cards, result.error, "\n".join(lines) or None)


def save(result: Replayed, path: Path) -> None:
    """Write the cards as a golden file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps_pretty(result.cards) + "\n", encoding="utf-8")


def junit(results: list[Replayed]) -> bytes:
    """The results as a JUnit report."""
    failures = sum(1 for result in results if not result.passed)
    suite = ElementTree.Element("testsuite", name="oncohooks replay", tests=str(len(results)), failures=str(failures))
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", name=result.name)
        if not result.passed:
            failure = ElementTree.SubElement(case, "failure", message=result.error or "cards differ")
            failure.text = result.difference
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
