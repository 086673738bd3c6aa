"""The line for a person when the service is ready, and that a collector of log lines never gets it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from cds_service import Settings
from cds_service.greeting import greeting
from tests.cds_service.installation import installed
from tests.running import COMMAND, eventually, free_port


@contextmanager
def _serving(folder: Path, *options: str, stderr: int) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
    own = {"ONCOHOOKS_STATE_DIR": str(folder), "TMPDIR": str(folder)}
    command = [COMMAND, "serve", *options]
    process = subprocess.Popen(
        command, env=kept | own, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


def test_in_demo_mode_it_stands_on_standard_output_and_log_lines_stay_json(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file, _serving(tmp_path, "--demo", "--port", "0", stderr=file.fileno()) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split("open ")[1].split()[0]
        assert requests.get(address, timeout=10).status_code == 200, "the address is where it listens"
    lines = log.read_text().splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_on_a_terminal_it_stands_among_the_log_lines(tmp_path: Path) -> None:
    shown, terminal = pty.openpty()
    port = free_port()
    with _serving(tmp_path, "--demo", "--port", str(port), stderr=terminal):
        os.close(terminal)
        seen = b""

        def is_there() -> bool:
            nonlocal seen
            seen += os.read(shown, 65536)
            return f"open http://127.0.0.1:{port}/".encode() in seen

        assert eventually(is_there)
    os.close(shown)


def test_a_collector_gets_log_lines_only(tmp_path: Path) -> None:
    with installed(tmp_path) as here:
        pass  # what is needed is its settings file
    log, port = tmp_path / "log", here.service.port
    options = ("--config", str(here.config), "--port", str(port))
    with log.open("wb") as file, _serving(tmp_path, *options, stderr=file.fileno()) as process:
        assert eventually(lambda: _answers(f"http://127.0.0.1:{port}/health"))
        process.terminate()
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert all(isinstance(json.loads(line), dict) for line in log.read_text().splitlines())


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (Settings(demo=True), "Oncohooks is ready: open http://127.0.0.1:9/ in a browser. Ctrl+C ends it."),
        (Settings(), "Oncohooks is ready: clients call it at http://127.0.0.1:9. Ctrl+C ends it."),
        (
            Settings(public_url="https://cds.example"),
            "Oncohooks is ready: clients call it at https://cds.example. Ctrl+C ends it.",
        ),
    ],
)
def test_it_names_the_address_to_use(settings: Settings, line: str) -> None:
    assert greeting(settings, "http://127.0.0.1:9") == line
