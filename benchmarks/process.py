"""A server in a process of its own: start, first answer, memory, stop."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

    def client(self, bodies: Sequence[bytes], path: str = PATIENT_VIEW) -> Client:
        """A client that sends these bodies in turn, or GET without any."""
        return Client(HOST, self.port, path, bodies)

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
def running(server: str, application: str, first_body: bytes, answer_bytes: int = 0) -> Iterator[RunningServer]:
    """Start a server and wait for its first answer; stop it at the end. Raises ``ServerFailed``."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serving", "--server", server, "--application", application]
    command += ["--port", str(port), "--answer-bytes", str(answer_bytes)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    try:
        _wait_for_answer(process, port, first_body)
        yield RunningServer(process, port, time.perf_counter() - begin)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, body: bytes) -> None:
    with Client(HOST, port, PATIENT_VIEW, [body]) as client:
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
