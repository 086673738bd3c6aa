"""The service as it is shipped, ``oncohooks serve``, in a process of its own with a state folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.process import ServerFailed, children, cpu_seconds, free_port, memory_mib
from benchmarks.serving import HOST


class Product:
    """A running service. Memory and descriptors are known on Linux only."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def workers(self) -> list[int]:
        """The worker processes."""
        return children(self._process.pid)

    def memory_mib(self) -> float:
        """Resident memory of the workers, shared pages counted once for each."""
        return sum(memory_mib(pid, "status", "VmRSS") or 0.0 for pid in self.workers())

    def descriptors(self) -> int:
        """Open files and connections of the workers."""
        return sum(_number_of_entries(Path(f"/proc/{pid}/fd")) for pid in self.workers())

    def cpu_seconds(self) -> float:
        """Processor time that the workers have taken so far."""
        return sum(cpu_seconds(pid) for pid in self.workers())

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None


@contextmanager
def serving(*options: str, log: Path | None = None, **settings: str) -> Iterator[Product]:
    """Start ``oncohooks serve --demo`` with these settings and stop it at the end. Raises ``ServerFailed``."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="oncohooks-") as state:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
        command = [str(Path(sys.executable).parent / "oncohooks"), "serve", "--demo", "--port", str(port), *options]
        own = {f"ONCOHOOKS_{name.upper()}": value for name, value in settings.items()} | {"ONCOHOOKS_STATE_DIR": state}
        with (log or Path(os.devnull)).open("wb") as lines:
            process = subprocess.Popen(command, env=kept | own, stderr=lines)
        try:
            _wait(process, port)
            yield Product(process, port)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise ServerFailed(f"the service stopped with status {process.returncode}")
        connection = HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise ServerFailed("the service did not answer within a minute")


def _number_of_entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
