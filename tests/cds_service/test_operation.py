"""The service as a process: several workers, reload, recycling, stopping, and what a signal must not lose."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from cds_service.cli import main
from cds_service.service_file import Loaded, ServiceFile, read_service_file
from cds_service.store import Store
from knowledge.loading import DATA
from tests.fhir import condition, patient, protein, request, variant
from tests.running import COMMAND, FEEDBACK, PATIENT_VIEW, RunningService, eventually, feedback_body, free_port, running

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))


class Traffic:
    """Requests that go on in other threads; what was answered, and with which error a request failed."""

    def __init__(self, service: RunningService, threads: int = 2) -> None:
        self._service = service
        self._ended = threading.Event()
        self.statuses: list[int] = []
        self.failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(threads)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        assert eventually(lambda: len(self.statuses) >= 5)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._ended.is_set():
            try:
                self.statuses.append(self._service.post(PATIENT_VIEW, BODY).status_code)
            except requests.RequestException as error:
                self.failures.append(error)


def _decisions(service: RunningService) -> int:
    store = Store(f"sqlite:///{service.state / 'oncohooks.sqlite'}")
    rows = store.state().rows["decisions"]
    store.close()
    return rows


def test_the_counters_of_all_workers_add_up(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "3") as service:
        assert eventually(lambda: len(service.workers()) == 3)
        for _ in range(20):
            assert service.post(PATIENT_VIEW, BODY).status_code == 200
        assert service.metric("oncohooks_request_seconds_count") == 20
        assert len(service.workers()) == 3


def test_replaced_workers_go_on_counting_and_drop_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2", recycle_after="10") as service:
        first = set(service.workers())
        with Traffic(service) as traffic:
            assert eventually(lambda: len(traffic.statuses) > 80)
        assert not traffic.failures
        assert set(traffic.statuses) == {200}
        assert not first & set(service.workers())
        assert service.metric("oncohooks_request_seconds_count") == len(traffic.statuses)
        folder = next(tmp_path.glob("oncohooks-metrics-*"))
        assert len(list(folder.glob("counter_*.db"))) <= 5, "slots are used again"
        assert eventually(lambda: _decisions(service) == len(traffic.statuses)), "each worker wrote what it had"
    assert not list(tmp_path.glob("oncohooks-metrics-*"))


@pytest.fixture
def reloadable(tmp_path: Path) -> Iterator[tuple[RunningService, Path]]:
    """A service with a settings file that can be changed while it runs."""
    file = tmp_path / "oncohooks.toml"
    file.write_text("log_level = 'info'\n")
    with running(tmp_path, "--config", str(file), "--workers", "2") as service:
        assert eventually(lambda: len(service.workers()) == 2)
        yield service, file


def test_a_reload_replaces_the_workers_and_drops_no_request(reloadable: tuple[RunningService, Path]) -> None:
    service, file = reloadable
    before = set(service.workers())
    with Traffic(service) as traffic:
        file.write_text("cors_origins = ['https://ehr.example']\n")
        result = service.command("reload", "--port", str(service.port))
        assert result.returncode == 0, result.stderr
        assert "is in use" in result.stdout
        assert eventually(lambda: not before & set(service.workers()))
    assert not traffic.failures
    assert set(traffic.statuses) == {200}
    assert service.get("/cds-services", Origin="https://ehr.example").headers["Access-Control-Allow-Origin"]
    assert eventually(lambda: service.metric("oncohooks_reloads_total") == 1)
    assert [line for line in service.lines() if line["event"] == "reloaded"]
    told = json.loads(service.command("reload", "--port", str(service.port), "--json").stdout)
    assert told == {"reloaded": True, "release": service.get("/ready").json()["knowledge"]["release"]}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("knowledge_release = 'sha256:0000000000000000'\n", "the knowledge release is"),
        ("site_codes = '/nowhere/codes.yaml'\n", "codes"),
        ("max_body_bytes = 'x'\n", "max_body_bytes"),
        ("this is no TOML", "settings"),
    ],
)
def test_what_cannot_be_used_is_not_used(reloadable: tuple[RunningService, Path], settings: str, reason: str) -> None:
    service, file = reloadable
    before = set(service.workers())
    release = service.get("/ready").json()["knowledge"]["release"]
    file.write_text(settings)
    file_of_service = service.state / f"service-{service.port}.json"
    os.kill(service.process.pid, signal.SIGHUP)
    assert eventually(lambda: (loaded := read_service_file(file_of_service)) is not None and loaded.loads == 2)
    said = json.loads(file_of_service.read_text())
    assert reason in said["problem"]
    assert said["release"] == release
    assert set(service.workers()) == before
    assert service.post(PATIENT_VIEW, BODY).status_code == 200
    assert [line["level"] for line in service.lines() if line["event"] == "reload-refused"] == ["error"]
    assert 'oncohooks_reloads_total{outcome="refused"} 1.0' in service.get("/metrics").text


def test_new_knowledge_is_used_after_a_reload_and_a_damaged_file_is_not(tmp_path: Path) -> None:
    folder, release = tmp_path / "data", tmp_path / "release.json"
    shutil.copytree(DATA, folder)
    result = CliRunner().invoke(main, ["kb", "build", str(folder), "--output", str(release)])
    assert result.exit_code == 0, result.output
    with running(tmp_path, knowledge=str(release)) as service:
        before = service.get("/ready").json()["knowledge"]["release"]
        sound = release.read_bytes()
        release.write_bytes(sound.replace(b"Tagrisso", b"Tagrissa", 1))
        refused = service.command("reload", "--port", str(service.port))
        assert refused.returncode == 1
        assert f"{before} stays in use" in refused.stderr
        assert service.get("/ready").json()["knowledge"]["release"] == before
        medicine = folder / "eu" / "iressa.yaml"
        text = medicine.read_text(encoding="utf-8")
        medicine.write_text(text.replace("curated: 2026", "curated: 2025"), encoding="utf-8")
        assert CliRunner().invoke(main, ["kb", "build", str(folder), "--output", str(release)]).exit_code == 0
        done = service.command("reload", "--port", str(service.port))
        assert done.returncode == 0, done.stderr
        assert eventually(lambda: service.get("/ready").json()["knowledge"]["release"] != before)
        assert service.get("/ready").json()["knowledge"]["release"] in done.stdout


def test_the_command_says_why_a_reload_was_refused(tmp_path: Path) -> None:
    codes = tmp_path / "codes.yaml"
    file = tmp_path / "oncohooks.toml"
    file.write_text("")
    with running(tmp_path, "--config", str(file)) as service:
        file.write_text(f"site_codes = '{codes}'\n")
        result = service.command("reload", "--port", str(service.port))
        assert result.returncode == 1
        assert "stays in use" in result.stderr


def test_reload_without_a_service_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONCOHOOKS_STATE_DIR", str(tmp_path))
    result = CliRunner().invoke(main, ["reload"])
    assert result.exit_code == 1
    assert "no service runs" in result.output


def test_a_file_of_a_service_that_was_killed_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    path.write_text(json.dumps({"pid": 1, "release": "x", "loads": 1, "problem": None}))
    assert read_service_file(path) is None


def test_a_file_of_a_running_service_tells_what_it_said_last(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    code = "import sys, time; from pathlib import Path; from cds_service.service_file import *; "
    code += "f = ServiceFile(Path(sys.argv[1])); f.say(Loaded(7, 'a' * 99, 1)); f.say(Loaded(7, 'b', 2, 'why')); "
    code += "print('said', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert read_service_file(path) == Loaded(7, "b", 2, "why")
        with pytest.raises(OSError, match="unavailable"):
            ServiceFile(path)
        process.communicate(b"")
    assert read_service_file(path) is None
    own = ServiceFile(path)
    own.remove()
    assert not path.exists()


def test_stopping_answers_what_was_begun_and_writes_what_waits(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as service:
        with Traffic(service, threads=3) as traffic:
            time.sleep(0.2)
            assert service.stop() == 0
        answered = len(traffic.statuses)
        assert set(traffic.statuses) == {200}
    assert _decisions(service) == answered
    assert not (service.state / f"service-{service.port}.json").exists()


def test_a_killed_worker_is_replaced_and_the_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as service:
        victim = service.workers()[0]
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: len(service.workers()) == 2 and victim not in service.workers())
        assert service.post(FEEDBACK, feedback_body("a")).status_code == 200
        templates = [line.get("template") for line in service.lines()]
        assert "Worker (pid:%s) was sent %s! Perhaps out of memory?" in templates


def test_another_service_on_the_port_is_an_error_and_harms_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        result = service.command("serve", "--demo", "--port", str(service.port))
        assert result.returncode != 0
        assert "listening" not in result.stderr
        assert service.get("/health").status_code == 200
        assert read_service_file(service.state / f"service-{service.port}.json") is not None


def test_who_connects_when_the_log_says_listening_is_answered(tmp_path: Path) -> None:
    port = free_port()
    command = [COMMAND, "serve", "--demo", "--port", str(port)]
    environment = os.environ | {"ONCOHOOKS_STATE_DIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert service.stderr
            assert any(json.loads(line)["event"] == "listening" for line in service.stderr)
            assert requests.get(f"http://127.0.0.1:{port}/health", timeout=60).status_code == 200
        finally:
            service.terminate()


def test_an_unwritable_state_folder_stops_the_start_with_a_message() -> None:
    environment = os.environ | {"ONCOHOOKS_STATE_DIR": "/dev/null/state"}
    command = [COMMAND, "serve", "--demo", "--port", str(free_port())]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "state_dir: /dev/null/state cannot be used" in result.stderr
