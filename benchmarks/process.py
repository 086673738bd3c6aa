"""A server in a process of its own: start, first answer, memory, stop."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.access import Access
from benchmarks.client import BadAnswer, Client
from benchmarks.serving import HOST
from benchmarks.workload import PATIENT_VIEW

_PROC = Path("/proc")


class ServerFailed(Exception):
    """A server that did not start or did not answer."""


@dataclass(frozen=True)
class RunningServer:
    """A server process that answers. ``start_seconds``: from starting the process to its first answer."""

    process: subprocess.Popen[bytes]
    port: int
    start_seconds: float
    tokens: Iterator[str] | None = None

    def client(self, bodies: Sequence[bytes], path: str = PATIENT_VIEW) -> Client:
        """A client that sends these bodies in turn, or GET without any."""
        return Client(HOST, self.port, path, bodies, tokens=self.tokens)

    def worker_mib(self) -> float | None:
        """Resident memory of the worker (the largest child, else the process itself) in MiB; Linux only."""
        sizes = [memory_mib(pid, "status", "VmRSS") for pid in children(self.process.pid)]
        known = [size for size in sizes if size is not None]
        return max(known) if known else memory_mib(self.process.pid, "status", "VmRSS")

    def total_mib(self) -> float | None:
        """Memory of all processes of the server, shared pages counted once, in MiB; Linux only."""
        pids = [self.process.pid, *children(self.process.pid)]
        known = [size for pid in pids if (size := memory_mib(pid, "smaps_rollup", "Pss")) is not None]
        return sum(known) if known else None


@contextmanager
def running(
    server: str, application: str, first_body: bytes, answer_bytes: int = 0, access: Access | None = None
) -> Iterator[RunningServer]:
    """Start a server and wait for its first answer; stop it at the end. Raises ``ServerFailed``.

    With ``access`` the service lets in nobody but the client of these settings, with its tokens.
    """
    command = [sys.executable, "-m", "benchmarks.serving", "--server", server, "--application", application]
    command += ["--answer-bytes", str(answer_bytes)]
    if access:
        command += ["--settings", str(access.settings)]
    with started(command, first_body, access.tokens() if access else None) as server_process:
        yield server_process


@contextmanager
def started(command: Sequence[str], first_body: bytes, tokens: Iterator[str] | None = None) -> Iterator[RunningServer]:
    """Start a command that takes ``--port``, with a state folder of its own, and wait for its first answer.

    What it logs is written to a file of that folder, as it would be in a service. Raises ``ServerFailed``.
    """
    port = free_port()
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oncohooks-benchmark-")))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
        log = stack.enter_context((state / "log").open("wb"))
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=Path(__file__).parent.parent,
            env=kept | {"ONCOHOOKS_STATE_DIR": str(state)},
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for_answer(process, port, first_body, tokens)
            yield RunningServer(process, port, time.perf_counter() - begin, tokens)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_answer(
    process: subprocess.Popen[bytes], port: int, body: bytes, tokens: Iterator[str] | None = None
) -> None:
    with Client(HOST, port, PATIENT_VIEW, [body], tokens=tokens) as client:
        for _ in range(6000):
            try:
                client.call()
                return
            except BadAnswer as error:
                raise ServerFailed(f"the first request was answered with: {error}") from None
            except OSError:
                if process.poll() is not None:
                    raise ServerFailed(f"the server stopped with status {process.returncode}") from None
                time.sleep(0.005)
    raise ServerFailed("the server did not answer within 30 seconds")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    """The processes that a process started; none where ``/proc`` does not tell."""
    try:
        return [int(child) for child in (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except OSError:
        return []


def memory_mib(pid: int, file: str, name: str) -> float | None:
    """One line of a process' memory file in MiB."""
    try:
        text = (_PROC / str(pid) / file).read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken so far; 0 where ``/proc`` does not tell."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Processor time that all programs of this machine have taken so far; 0 where ``/proc`` does not tell."""
    try:
        fields = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]]
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, softirq, *_ = fields
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
