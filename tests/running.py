"""The service as a user starts it: a process on a free port, in a state folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.conformance import check_answer

COMMAND = str(Path(sys.executable).parent / "oncohooks")
PATIENT_VIEW = "/cds-services/oncology-patient-view"
FEEDBACK = f"{PATIENT_VIEW}/feedback"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def feedback_body(card: str) -> dict[str, Any]:
    """Feedback that a card was overridden."""
    return {"feedback": [{"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z"}]}


class RunningService:
    """A service process that answers; in demo mode, unless the settings name a client."""

    def __init__(
        self, folder: Path, *options: str, demo: bool = True, port: int | None = None, **settings: str
    ) -> None:
        self.port = port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"service-{self.port}.log"
        self.state = folder / "state"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
        own = {"ONCOHOOKS_STATE_DIR": str(self.state), "TMPDIR": str(folder)}
        self.environment = kept | own | {f"ONCOHOOKS_{name.upper()}": value for name, value in settings.items()}
        mode = ["--demo"] if demo and "client" not in settings else []
        command = [COMMAND, "serve", *mode, "--port", str(self.port), *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environment, stderr=log, start_new_session=True)
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                requests.get(f"{self.base}/health", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("the service did not answer")

    def post(self, path: str, body: Any) -> requests.Response:
        """POST of JSON."""
        return _conforming(requests.post(f"{self.base}{path}", json=body, timeout=30))

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET."""
        return _conforming(requests.get(f"{self.base}{path}", headers=headers, timeout=30))

    def metric(self, name: str) -> float:
        """The sum over the labels of a metric."""
        lines = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.get("/metrics").text, re.MULTILINE)
        return sum(map(float, lines))

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged; every line is JSON."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command with the settings of the service."""
        return subprocess.run(
            [COMMAND, *arguments], env=self.environment, capture_output=True, text=True, check=False, timeout=90
        )

    def workers(self) -> list[int]:
        """The worker processes."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """All its processes at once, as when the power goes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


def _conforming(response: requests.Response) -> requests.Response:
    method, url = str(response.request.method), str(response.request.url)
    media_type = response.headers.get("Content-Type", "")
    check_answer(method, urlsplit(url).path, response.status_code, media_type, response.content)
    return response


@contextmanager
def running(
    folder: Path, *options: str, demo: bool = True, port: int | None = None, **settings: str
) -> Iterator[RunningService]:
    """A service that is stopped at the end."""
    service = RunningService(folder, *options, demo=demo, port=port, **settings)
    try:
        yield service
    finally:
        service.stop()


def eventually(condition: Any, seconds: float = 30) -> bool:
    """Whether a condition becomes true; for what happens behind an answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())
