"""Fuzzing and soak in small: the service answers soundly, and the commands see what is unsound. Nothing is timed."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice

import pytest

from benchmarks.fuzz import Outcome, fuzz
from benchmarks.mutation import Mutator
from benchmarks.product import Product, serving
from benchmarks.soak import patient_views, soak, sustainable
from tests.running import FEEDBACK, PATIENT_VIEW

_NUMBER = 1500
_NO_LIMIT = 600.0


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with serving("--workers", "2") as started:
        yield started


def test_nearly_right_requests_are_answered_soundly(product: Product) -> None:
    outcome = fuzz(product, 7, range(_NUMBER), _NO_LIMIT)
    assert outcome.sent == _NUMBER
    assert not outcome.problems, outcome.text()
    assert outcome.statuses[200] > _NUMBER / 3, "most are right enough to be read"
    assert {400, 404, 405, 412, 415} <= set(outcome.statuses)
    assert product.is_running()


def test_the_same_seed_and_number_give_the_same_request() -> None:
    first, second, other = (Mutator(seed).make(number) for seed, number in ((1, 5), (1, 5), (2, 5)))
    assert first == second
    assert first != other
    mutator = Mutator(1)
    before = mutator.make(5)
    for number in range(200):
        mutator.make(number)
    assert mutator.make(5) == before, "one request leaves nothing behind for the next"


class _Page(BaseHTTPRequestHandler):
    """Answers every POST with a page."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"<p/>")

    def log_message(self, *args: object) -> None:
        pass


class _Other:
    """Another server in the place of the service."""

    def __init__(self, port: int) -> None:
        self.port = port

    def memory_mib(self) -> float:
        return 1.0


def test_unsound_answers_are_seen() -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        mutator = Mutator(1)
        posts = [number for number in range(50) if mutator.make(number).method == "POST"][:10]
        found = fuzz(_Other(server.server_port), 1, posts, _NO_LIMIT)  # type: ignore[arg-type]
        server.shutdown()
        thread.join()
    assert len(found.problems) == 10
    assert all("content type text/html" in problem for problem in found.problems)


def test_growth_is_the_slope_of_the_second_half() -> None:
    outcome = Outcome(sent=4, memory=[(0, 50), (500, 100), (1000, 101), (1500, 102), (2000, 103)])
    assert outcome.growth() == pytest.approx(1000 * 1024 / 500)


def test_a_soak_sends_at_the_rate_and_sees_no_failure(product: Product) -> None:
    windows = soak(product, rate=12, seconds=3)
    assert sum(len(window.latencies) for window in windows) == 36
    assert sum(window.failures for window in windows) == 0
    assert all(window.memory > 10 and window.descriptors > 5 for window in windows)
    assert sum(window.cpu for window in windows) > 0


def test_a_soak_sees_each_patient_ten_times() -> None:
    bodies = [json.loads(body) for body in islice(patient_views(), 2200)]
    assert set(Counter(body["context"]["patientId"] for body in bodies[:2000]).values()) == {10}
    assert bodies[2000]["context"]["patientId"] not in {body["context"]["patientId"] for body in bodies[:2000]}
    body = bodies[0]
    name = body["context"]["patientId"]
    assert json.dumps(body).count(f'Patient/{name}"') == json.dumps(body).count("Patient/") > 5
    assert body["prefetch"]["patient"]["id"] == name


def test_a_rate_that_cannot_be_given_is_lowered(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    assert sustainable(product, rate=100_000, seconds=0.01) < 100_000
    assert "the rate is lowered" in capsys.readouterr().out


def test_a_connection_can_be_used_after_an_early_error(product: Product) -> None:
    body = b"x" * 300_000
    connection = HTTPConnection("127.0.0.1", product.port, timeout=30)
    cases = (("POST", "/nowhere", 404), ("PUT", PATIENT_VIEW, 405), ("POST", FEEDBACK, 415))
    for method, path, status in cases:
        connection.request(method, path, body, {"Content-Type": "text/plain"})
        assert json.loads(_read(connection, status))["resourceType"] == "OperationOutcome"
        own = connection.sock
        connection.request("GET", "/cds-services")
        assert "services" in json.loads(_read(connection, 200))
        assert connection.sock is own
    connection.close()


def _read(connection: HTTPConnection, status: int) -> bytes:
    answer = connection.getresponse()
    assert answer.status == status
    return answer.read()


@pytest.mark.parametrize("chunk", [b"zz\r\nxx\r\n0\r\n\r\n", b"5\r\n{}\r\n", b"2\r\n{}XX0\r\n\r\n", b"-1\r\n\r\n"])
def test_a_broken_body_in_chunks_is_400(product: Product, chunk: bytes) -> None:
    head = (
        f"POST {PATIENT_VIEW} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    )
    with socket.create_connection(("127.0.0.1", product.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"\r\n" + chunk)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["resourceType"] == "OperationOutcome"


def test_a_good_body_in_chunks_is_taken(product: Product) -> None:
    body = b'{"feedback": [{"card": "a", "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z"}]}'
    connection = HTTPConnection("127.0.0.1", product.port, timeout=30)
    connection.request(
        "POST", FEEDBACK, iter([body[:20], body[20:]]), {"Content-Type": "application/json"}, encode_chunked=True
    )
    assert connection.getresponse().status == 200
    connection.close()
