"""Servers that are slow, down, broken or malicious: the answer comes, it is honest, and the token goes nowhere else."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from cds_service.fhir_budget import Budget, FetchFailure
from tests.fetching import Complete, answers, ids, many
from tests.fhir import condition, patient, protein, variant
from tests.fhir_server import Exchange, FakeFhirServer, outcome, searchset

L858R = variant("v1", "EGFR", protein("NP_005219.2:p.Leu858Arg"))
#: Milliseconds: short enough to wait for where nothing arrives anyway.
SHORT = 300


# --- one answer that is none -----------------------------------------------------------------------------------------


def cut_short(exchange: Exchange) -> None:
    """Announces more than it sends."""
    exchange.send_response(200)
    exchange.send_header("Content-Type", "application/fhir+json")
    exchange.send_header("Content-Length", "5000")
    exchange.end_headers()
    exchange.wfile.write(b'{"resourceType": "Bundle"')
    exchange.close_connection = True


def no_http(exchange: Exchange) -> None:
    exchange.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    exchange.close_connection = True


def nested(depth: int) -> bytes:
    return b'{"resourceType":"Bundle","entry":' + b"[" * depth + b"]" * depth + b"}"


DATA = searchset(L858R)
FAULTS: list[tuple[str, Any, str]] = [
    ("garbage", answers(200, b"\x00\xff garbage"), "no JSON"),
    ("half of it", answers(200, b'{"resourceType": "Bun'), "no JSON"),
    ("html", answers(200, b"<html>login</html>", "text/html"), "no JSON"),
    ("json as text", answers(200, DATA, "text/plain"), "no JSON"),
    ("xml", answers(200, b"<Bundle/>", "application/fhir+xml"), "no JSON"),
    ("a list", answers(200, b"[]"), "no FHIR"),
    ("null", answers(200, b"null"), "no FHIR"),
    ("no resource", answers(200, {"a": 1}), "no FHIR"),
    ("deep", answers(200, nested(200)), "no FHIR"),
    ("very deep", answers(200, nested(50_000)), "no JSON"),
    ("another type", answers(200, patient()), "another resource than asked for"),
    ("an outcome", answers(200, outcome("throttled")), "OperationOutcome (throttled)"),
    (
        "an outcome in a Bundle",
        answers(200, searchset() | {"entry": [{"resource": outcome("security")}]}),
        "OperationOutcome",
    ),
    ("an outcome that says too much", answers(200, outcome("Mr. Smith")), "OperationOutcome"),
    ("400", answers(400, outcome("invalid")), "status 400 (invalid)"),
    ("403", answers(403, b"no"), "status 403"),
    ("404", answers(404, outcome("not-found")), "status 404 (not-found)"),
    ("429", answers(429, b"", Retry_After="1"), "status 429"),
    ("500", answers(500, b"<html>", "text/html"), "status 500"),
    ("204", answers(204, b""), "status 204"),
    ("cut short", cut_short, "connection lost"),
    ("no HTTP", no_http, "connection lost"),
    ("reset", Exchange.reset, "connection lost"),
    ("unknown encoding", answers(200, DATA, Content_Encoding="br"), "not readable"),
    ("gzip that is none", answers(200, DATA, Content_Encoding="gzip"), "not readable"),
    (
        "half a gzip",
        answers(200, gzip.compress(json.dumps(DATA).encode())[:-20], Content_Encoding="gzip"),
        "not readable",
    ),
]


@pytest.mark.parametrize(("fault", "reason"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_is_named_and_the_rest_is_used(
    server: FakeFhirServer, complete: Complete, fault: Any, reason: str
) -> None:
    server.faults["Observation"] = fault
    fetched = complete()
    assert fetched.failed == {"observations": reason}
    assert "observations" not in fetched.body["prefetch"]
    assert ids(fetched, "conditions") == ["c1"]
    assert fetched.body["prefetch"]["patient"]["id"] == "p1"


def test_gzip_is_read(server: FakeFhirServer, complete: Complete) -> None:
    packed = gzip.compress(json.dumps(searchset(*many(300))).encode())
    server.faults["Observation"] = answers(200, packed, "application/json; charset=utf-8", Content_Encoding="gzip")
    fetched = complete()
    assert not fetched.failed
    assert len(ids(fetched)) == 300
    assert server.asked_for("Observation")[0].headers["Accept-Encoding"] == "gzip"


def test_a_server_that_is_down(server: FakeFhirServer, complete: Complete) -> None:
    server.close()
    assert set(complete().failed.values()) == {"no connection"}


# --- again -----------------------------------------------------------------------------------------------------------


def first_then_data(fault: Callable[[Exchange], None], times: int) -> Callable[[Exchange], None]:
    left = iter(range(times))

    def handle(exchange: Exchange) -> None:
        if next(left, None) is None:
            exchange.answer()
        else:
            fault(exchange)

    return handle


@pytest.mark.parametrize(
    "fault", [Exchange.reset, cut_short, answers(502, b"", "text/html"), answers(503, outcome("transient"))]
)
@pytest.mark.parametrize("times", [1, 2])
def test_what_may_pass_is_tried_again(server: FakeFhirServer, complete: Complete, fault: Any, times: int) -> None:
    server.faults["Observation"] = first_then_data(fault, times)
    fetched = complete()
    assert not fetched.failed
    assert ids(fetched) == ["v1"]
    assert len(server.asked_for("Observation")) == times + 1


@pytest.mark.parametrize("fault", [Exchange.reset, answers(503, b"")])
def test_it_is_not_tried_for_ever(server: FakeFhirServer, complete: Complete, fault: Any) -> None:
    server.faults["Observation"] = fault
    assert "observations" in complete().failed
    assert len(server.asked_for("Observation")) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 504])
def test_what_will_not_pass_is_not_tried_again(server: FakeFhirServer, complete: Complete, status: int) -> None:
    server.faults["Observation"] = answers(status, b"")
    assert "observations" in complete().failed
    assert len(server.asked_for("Observation")) == 1


# --- time ------------------------------------------------------------------------------------------------------------


def drips_headers(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    exchange.drip(b"x")


def drips_body(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n\r\n")
    exchange.drip(b" ")


def drips_chunks(exchange: Exchange) -> None:
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    exchange.drip(b"1\r\n \r\n")


SLOW = [Exchange.hang, drips_headers, drips_body, drips_chunks]


@pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)
def test_a_slow_search_does_not_hold_up_the_answer(server: FakeFhirServer, complete: Complete, slow: Any) -> None:
    server.faults["Observation"] = slow
    begun = time.monotonic()
    fetched = complete(deadline=2000)
    assert time.monotonic() - begun < 15, "the server would go on for twenty seconds"
    assert fetched.failed == {"observations": "time limit"}
    assert ids(fetched, "conditions") == ["c1"]


@pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)
def test_no_thread_stays_with_a_server_that_never_ends(server: FakeFhirServer, complete: Complete, slow: Any) -> None:
    server.faults["*"] = slow
    fetched = complete(deadline=SHORT)
    assert set(fetched.failed.values()) == {"time limit"}
    waited = threading.Event()
    for _ in range(500):
        if not any(thread.name.startswith("fhir") and _is_fetching(thread) for thread in threading.enumerate()):
            return
        waited.wait(0.02)
    pytest.fail("a thread is still waiting for the server")


def _is_fetching(thread: threading.Thread) -> bool:
    import sys

    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "_fetch":
            return True
        frame = frame.f_back
    return False


def test_pages_that_came_in_time_are_used(server: FakeFhirServer, complete: Complete) -> None:
    server.resources = [patient(), condition(), *many(6)]
    server.page_size = 2
    server.faults["Observation"] = lambda exchange: exchange.hang() if "page=4" in exchange.path else exchange.answer()
    fetched = complete(deadline=2000)
    assert fetched.failed == {"observations": "time limit"}
    assert ids(fetched) == ["v0", "v1", "v2", "v3"]
    assert fetched.body["prefetch"]["observations"]["link"][0]["relation"] == "next", "marks the list as incomplete"


def test_the_clock_of_the_budget_decides() -> None:
    now = 100.0
    budget = Budget(0.4, 10, lambda: now)
    assert budget.remaining() == pytest.approx(0.4)
    now = 100.5
    with pytest.raises(FetchFailure, match="time limit"):
        budget.remaining()
    with pytest.raises(FetchFailure, match="time limit"):
        budget.pause(1)
    assert budget.left() == 0


# --- size ------------------------------------------------------------------------------------------------------------


def endless(exchange: Exchange) -> None:
    """A Bundle whose next page is always another address."""
    page = int(exchange.path.partition("&page=")[2] or 0) + 1
    bundle = searchset(variant(f"v{page}", "EGFR"))
    following = exchange.path.partition("&page=")[0] + f"&page={page}"
    exchange.send(200, bundle | {"link": [{"relation": "next", "url": exchange.fhir.origin + following}]})


def test_pages_without_end(server: FakeFhirServer, complete: Complete) -> None:
    server.faults["Observation"] = endless
    fetched = complete()
    assert fetched.failed == {"observations": "more pages than are followed"}
    assert len(ids(fetched)) == 20 == len(server.asked_for("Observation"))
    assert fetched.body["prefetch"]["observations"]["link"]


def test_pages_in_a_circle(server: FakeFhirServer, complete: Complete) -> None:
    link = {"relation": "next", "url": f"{server.base}/Observation?circle=1"}
    server.faults["Observation"] = lambda exchange: exchange.send(200, DATA | {"link": [link]})
    fetched = complete()
    assert fetched.failed == {"observations": "pages in a circle"}
    assert len(server.asked_for("Observation")) == 2


def huge(exchange: Exchange) -> None:
    exchange.send(200, searchset(L858R) | {"padding": "x" * 300_000})


def huge_in_chunks(exchange: Exchange) -> None:
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    exchange.drip(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def bomb(exchange: Exchange) -> None:
    """A hundred megabytes in a hundred kilobytes."""
    exchange.send(200, gzip.compress(b" " * 100_000_000), Content_Encoding="gzip")


def huge_error(exchange: Exchange) -> None:
    exchange.send(500, b" " * 300_000)


def huge_redirect(exchange: Exchange) -> None:
    exchange.send(302, b" " * 300_000, Location=f"{exchange.fhir.base}/Patient/p1")


@pytest.mark.parametrize(
    "fault", [huge, huge_in_chunks, bomb, huge_error, huge_redirect], ids=lambda fault: fault.__name__
)
def test_too_much_is_not_read(server: FakeFhirServer, complete: Complete, fault: Any) -> None:
    server.faults["Observation"] = fault
    fetched = complete(size=200_000)
    assert fetched.failed == {"observations": "too large"}


def test_the_limit_is_for_all_fetches_together(server: FakeFhirServer, complete: Complete) -> None:
    padding = {"padding": "x" * 50_000}
    server.faults["*"] = lambda exchange: exchange.send(200, searchset() | padding)
    assert "too large" in complete(size=200_000).failed.values()
