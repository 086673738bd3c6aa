"""The parts of the whole benchmark run, and its report. No test here measures time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest

from benchmarks.access import Access, access
from benchmarks.around import PARTS, Around, around
from benchmarks.client import Client
from benchmarks.deployment import PATIENTS, deployment_markdown
from benchmarks.fit import line_through
from benchmarks.growth import Cell as GrowthCell
from benchmarks.load import Load, at_rate, together
from benchmarks.plot import latency_plot
from benchmarks.process import RunningServer
from benchmarks.report import Results, Row
from benchmarks.rounds import cell_of
from benchmarks.stages import STAGES
from benchmarks.suite import Suite
from benchmarks.suite_report import plot, suite_markdown
from benchmarks.workload import request_bodies
from cds_service import Advisor
from cds_service.authentication import Authenticator, Credentials
from cds_service.refusals import Refused
from cds_service.settings import load_settings


@pytest.fixture(scope="module")
def allowed() -> Iterator[Access]:
    with access() as made:
        yield made


def test_the_tokens_of_the_client_are_let_in_and_each_is_another(allowed: Access) -> None:
    settings = load_settings(allowed.settings)
    assert settings.requests_per_second == 0
    seen: set[str] = set()

    def first_use(digest: str, *_: object) -> bool:
        is_first = digest not in seen
        seen.add(digest)
        return is_first

    authenticator = Authenticator(settings, first_use)
    tokens = [allowed.token(), allowed.token()]
    for token in tokens:
        assert authenticator.authenticate(Credentials(f"Bearer {token}", None, ())).name == "benchmark"
    with pytest.raises(Refused):
        authenticator.authenticate(Credentials(f"Bearer {tokens[0]}", None, ()))


def test_every_part_beside_the_stages_is_timed(advisor: Advisor, allowed: Access) -> None:
    found = around(advisor, allowed, request_bodies(6, patients=3))
    assert tuple(found.times) == PARTS
    assert found.record_bytes > 1000


class _Echo(BaseHTTPRequestHandler):
    """Answers with the authorization and the body that were sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = f"{self.headers.get('Authorization')} {body.decode()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield RunningServer(None, made.server_port, 0.0)  # type: ignore[arg-type]  # it runs in this process
        made.shutdown()
        thread.join()


def test_the_client_sends_each_token_once(server: RunningServer) -> None:
    with Client("127.0.0.1", server.port, "/", [b"a", b"b"], tokens=iter(["one", "two", "three"])) as client:
        assert [client.call() for _ in range(3)] == [b"Bearer one a", b"Bearer two b", b"Bearer three a"]


def test_several_connections_are_measured_together_and_at_a_rate(server: RunningServer) -> None:
    fast = together(server, [b"a", b"b", b"c"], 3, 0.0)
    assert (fast.connections, fast.requests) == (3, 3)
    assert at_rate(server, [b"a", b"b"], rate=100, seconds=0.05, connections=2).requests == 5


def test_a_line_goes_through_the_points() -> None:
    line = line_through([20, 100, 500], [4.0, 12.0, 52.0])
    assert (round(line.base_ms, 6), round(line.each_ms, 6), round(line.r2, 6)) == (2.0, 0.1, 1.0)
    assert line.at(2000) == pytest.approx(202.0)
    assert str(line) == "2.0 ms + 100 µs for each Observation (R² 1.0000)"


def test_the_plot_is_an_image_with_a_point_for_each_size_and_a_name_for_each_line() -> None:
    drawn = ElementTree.fromstring(latency_plot({"p50 <of> us": [(20, 3.0), (2000, 180.0)], "floor": [(20, 1.0)]}))
    names = {"".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"p50 <of> us", "floor", "Observations in the prefetch", "10 ms"} <= names
    dots = list(drawn.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == 3
    assert all(0 < float(dot.attrib["cx"]) < 640 and 0 < float(dot.attrib["cy"]) < 400 for dot in dots)
    assert float(dots[1].attrib["cy"]) < float(dots[0].attrib["cy"])  # more milliseconds are further up


def _suite() -> Suite:
    slow, fast = cell_of([[0.02]]), cell_of([[0.01]])
    rows = tuple(Row(size, 3, 100_000, 5_000, fast, slow, dict.fromkeys(STAGES, 1.0)) for size in (20, 100, 500))
    return Suite(
        results=Results("2 cores", "2026-11-24", "gunicorn", {"medicines": 1, "statements": 2}, 3, 0.5, 100.0, rows),
        beside={"service": slow, "service, ES384": slow, "floor": fast, "HealthChain": fast},
        many={100: {"floor": Load(8, 800, 9.0, 20.0, 100), "service": Load(8, 90, 80.0, 200.0, 50)}},
        half=Load(4, 45.0, 12.0, 30.0, 90),
        around=Around(dict.fromkeys(PARTS, 0.5), 8192.0),
        growth=(GrowthCell(50, 400, 1.0), GrowthCell(500, 400, 3.0)),
        fit=line_through([20, 100], [4.0, 12.0]),
        without=None,
    )


def test_the_report_has_every_part_and_marks_what_misses_its_budget() -> None:
    report = suite_markdown(_suite())
    assert "| service, ES384 | 20.0 ms | 20.0 ms | 50 | 0.50 |" in report
    assert "**0.50 times** the throughput of HealthChain" in report
    assert "2.0 ms + 100 µs for each Observation" in report
    assert "| 100 | 800 | 90 | 80.0 ms | 200.0 ms | 0.11 |" in report
    assert "p50 **12.0 ms**, p99 30.0 ms" in report
    assert "| 500 | 400 | 3.00 | 3.0 |" in report
    assert ElementTree.fromstring(plot(_suite())).tag.endswith("svg")


def test_a_country_is_reckoned_from_the_measured_figures() -> None:
    # 50 requests a second of 100 Observations by one worker, half of it used; 1.7 million patients, 30 calls a year.
    assert pytest.approx(17.0) == PATIENTS * 30 / (250 * 36_000) * 3
    text = deployment_markdown(_suite())
    assert "17 requests a second" in text
    assert "**1 worker**" in text
    assert "389 GiB" in text


def test_the_report_says_why_there_is_no_healthchain() -> None:
    suite = _suite()
    missing = replace(suite, beside={k: v for k, v in suite.beside.items() if k != "HealthChain"}, without="no network")
    assert "HealthChain was not measured: no network." in suite_markdown(missing)


def test_the_figures_are_json() -> None:
    figures = json.loads(json.dumps(_suite().to_json()))
    assert figures["results"]["rows"][1]["ratio"] == 0.5
    assert figures["fit"]["each_ms"] == pytest.approx(0.1)
