"""A PostgreSQL cluster of the tests' own: in a temporary folder, on a free port, as a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; Debian keeps them out of the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class Cluster:
    """A running PostgreSQL."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._user = user
        self._log = folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._run("initdb", "-D", str(self._data), "-U", "oncohooks", "--auth=trust", "-E", "UTF8", "--no-locale")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """As a user writes it in the settings."""
        return f"postgresql://oncohooks@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The process that started the others."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self._data)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text()
            ready = subprocess.run(
                [self._programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-U", "oncohooks", "-q"],
                check=False,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        pytest.fail("PostgreSQL did not start")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends sessions and stops, SIGQUIT stops without tidying up, as after a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments], check=True, capture_output=True, user=self._user, cwd="/"
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new cluster; skips the test, and says why, where there is no PostgreSQL."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql): its tests did not run")
    folder = Path(tempfile.mkdtemp(prefix="oncohooks-postgres-"))
    user = _other_user() if os.geteuid() == 0 else None
    try:
        if user is not None:
            shutil.chown(folder, user)
        running = Cluster(programs, folder, user)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    """Whom PostgreSQL runs as, because it refuses to be root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
