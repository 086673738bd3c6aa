"""The file in which a running service says which process it is and what it has loaded, for ``oncohooks reload``.

The process holds a lock on the file as long as it lives, so that no signal goes to another process that later got its
number.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cds_service.settings import Settings, state_folder


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in use: ``loads`` counts the attempts, ``problem`` says why the last one was refused."""

    pid: int
    release: str
    loads: int = 1
    problem: str | None = None


def service_file(settings: Settings) -> Path:
    """The file of the service with these settings; services on different ports have different files."""
    return state_folder(settings) / f"service-{settings.port}.json"


class ServiceFile:
    """The file while the service runs: open, locked and rewritten in place."""

    def __init__(self, path: Path) -> None:
        """Raises ``OSError`` if another process runs with this file, or it cannot be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def say(self, loaded: Loaded) -> Self:
        """Replace what the file says."""
        content = json.dumps(asdict(loaded)).encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))
        return self

    def remove(self) -> None:
        """The service ends."""
        self._path.unlink(missing_ok=True)


def read_service_file(path: Path) -> Loaded | None:
    """What the running service says; ``None`` if there is no such service."""
    try:
        with path.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return _parsed(file.read())
    except OSError:
        return None
    return None  # nobody holds the lock: left behind by a service that was killed


def _parsed(content: bytes) -> Loaded | None:
    try:
        return Loaded(**json.loads(content))
    except (ValueError, TypeError):
        return None  # just being rewritten
