"""The benchmark's requests, floor, client and report. No test here measures time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks.client import BadAnswer, Client
from benchmarks.compare import QUESTIONABLE, compare_json
from benchmarks.floor import constant_answer, floor_application
from benchmarks.frame import advise_once
from benchmarks.report import BEGIN, END, NoPlace, Results, Row, markdown, write_between_markers
from benchmarks.rounds import cell_of, percentile, ratio
from benchmarks.stages import STAGES, stage_times
from benchmarks.workload import patient_observations, request_bodies, request_body
from cds_service import Advisor
from cds_service.envelope import check_envelope
from cds_service.prefetch import NEEDS, unmet


@pytest.mark.parametrize("count", [6, 20, 100, 500])
def test_the_workload_has_as_many_observations_as_asked_for_in_the_documented_mix(count: int) -> None:
    observations = patient_observations(count)
    assert len({resource["id"] for resource in observations}) == count
    variants = [resource for resource in observations if len(resource.get("component", ())) == 8]
    negatives = [resource for resource in observations if len(resource.get("component", ())) == 1]
    assert (len(variants), len(negatives)) == (count * 40 // 100, count * 20 // 100)


def test_the_workload_is_the_same_in_every_run_and_another_for_every_patient() -> None:
    assert request_body(20) == request_body(20)
    assert len(set(request_bodies(20, patients=5))) == 5
    assert request_bodies(20, patients=5)[0] == request_body(20)


def test_too_few_observations_for_the_mix_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 6"):
        patient_observations(5)


def test_the_service_takes_the_workload_and_reads_all_of_it(advisor: Advisor) -> None:
    body = json.loads(request_body(100))
    check_envelope(body, "patient-view")
    assert not [need for need in unmet(body["prefetch"], NEEDS) if need.completes]
    record = advisor.record(body)
    assert record.unread == ()
    assert [fact.warnings for fact in record.facts if fact.warnings] == []
    assert any(fact.genes == ("EGFR",) and fact.protein == "p.Leu858Arg" for fact in record.facts)


def test_every_stage_is_timed(advisor: Advisor) -> None:
    assert tuple(stage_times(advisor, request_bodies(6, patients=2))) == STAGES


@pytest.mark.parametrize("length", [100, 4000])
def test_the_floor_parses_and_answers_with_the_length_asked_for(length: int) -> None:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        started.append((status, dict(headers)["Content-Length"]))

    body = request_body(6)
    environ = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    answer = b"".join(floor_application(length)(environ, start_response))  # type: ignore[arg-type]
    assert started == [("200 OK", str(length))]
    assert answer == constant_answer(length)
    assert json.loads(answer)["cards"]


def test_the_frame_reads_the_first_request_and_no_other(monkeypatch: pytest.MonkeyPatch, advisor: Advisor) -> None:
    for name in ("read", "findings", "cards"):
        monkeypatch.setattr(Advisor, name, getattr(Advisor, name))  # put back at the end of the test
    first, second = (json.loads(body) for body in request_bodies(6, patients=2))
    own = advisor.read(second)[0].facts
    advise_once()
    record, _ = advisor.read(first)
    assert advisor.read(second)[0] is record
    assert record.facts != own


class _Echo(BaseHTTPRequestHandler):
    """Answers with the number of bytes sent, and with an error to GET."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        answer = str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_client_sends_its_bodies_in_turn_over_one_connection(port: int) -> None:
    with Client("127.0.0.1", port, "/", [b"a", b"bc" * 50_000]) as client:
        assert [client.call() for _ in range(3)] == [b"1", b"100000", b"1"]
        assert len(client.latencies(0)) == 1


def test_the_client_refuses_any_answer_but_200(port: int) -> None:
    with Client("127.0.0.1", port, "/") as client, pytest.raises(BadAnswer, match="404"):
        client.call()


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert [percentile(range(1, 101), share) for share in (0.01, 0.5, 0.99, 1)] == [1, 50, 99, 100]


def test_a_cell_is_the_median_over_its_rounds() -> None:
    slow, fast = cell_of([[0.02], [0.04], [0.01, 0.03]]), cell_of([[0.01], [0.02], [0.01]])
    assert (slow.p50_ms, slow.requests) == (20, 4)
    assert (slow.throughput, fast.throughput) == (50, 100)
    assert slow.p99_ms == 40
    assert ratio(slow, fast) == 0.5


def _results() -> Results:
    slow, fast = cell_of([[0.02]]), cell_of([[0.01]])
    stages = dict.fromkeys(STAGES, 1.0)
    return Results(
        machine="2 cores, Linux, Python 3.11",
        day="2026-11-24",
        server="gunicorn gthread",
        knowledge={"release": "sha256:0", "medicines": 1, "statements": 2},
        seconds=3,
        start_seconds=0.5,
        worker_mib=None,
        rows=(Row(100, 3, 100_000, 5_000, fast, slow, stages), Row(500, 1, 500_000, 5_000, fast, slow, stages)),
    )


def test_the_report_shows_every_size_and_marks_what_misses_its_budget() -> None:
    lines = markdown(_results()).splitlines()
    rows = [line for line in lines if line.startswith(("| 100 |", "| 500 |"))]
    assert rows[0] == "| 100 | 98 KiB | 10.0 ms | 100 | **20.0 ms** | 20.0 ms | 50 | 0.50 | – |"
    assert len(rows) == 4
    tables = [line.count("|") for line in lines if line.startswith("|")]
    assert tables == [10] * 4 + [len(STAGES) + 3] * 4


def test_the_json_holds_the_ratio_of_every_size() -> None:
    rows = json.loads(json.dumps(_results().to_json()))["rows"]
    assert [(row["observations"], row["ratio"]) for row in rows] == [(100, 0.5), (500, 0.5)]


def test_the_report_replaces_what_stands_between_the_markers(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_between_markers(readme, "new")
    assert readme.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("text", [None, "no markers", f"only {BEGIN}", f"{END} {BEGIN}"])
def test_a_readme_without_the_place_is_refused_and_left_alone(tmp_path: Path, text: str | None) -> None:
    readme = tmp_path / "README.md"
    if text is not None:
        readme.write_text(text, encoding="utf-8")
    with pytest.raises(NoPlace, match=r"README\.md"):
        write_between_markers(readme, "new")
    assert text is None or readme.read_text(encoding="utf-8") == text


def test_json_readers_are_compared_on_time_and_on_questionable_input() -> None:
    report = compare_json((6,), repeats=1)
    assert "| orjson |" in report
    for what in QUESTIONABLE:
        assert f"| {what} |" in report
