"""HealthChain's CDS server beside ours: its environment, and the server in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import RunningServer, started

_ROOT = Path(__file__).parent.parent
#: The versions and hashes with which the tests send its requests to the service.
_LOCK = _ROOT / "tests" / "foreign" / "healthchain.lock"
#: Beside the environment of the service, which none of its packages may change.
ENVIRONMENT = _ROOT / ".venv-healthchain"
_SECONDS = 300


class NotInstalled(Exception):
    """HealthChain could not be installed; the message says why."""


def version() -> str:
    """The version that is compared with."""
    found = re.search(r"^healthchain==(\S+)", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "of an unknown version"


def prepare() -> Path:
    """The Python of an environment with HealthChain, which is made if it is not there. Raises ``NotInstalled``."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists() or _runs(python, "-c", "import healthchain.gateway"):
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, timeout=_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotInstalled(f"no environment ({type(error).__name__})") from None
        install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:")
        if problem := _runs(python, *install, "-r", str(_LOCK)):
            raise NotInstalled(problem)
    return python


def _runs(python: Path, *arguments: str) -> str:
    """Why a command failed, in one line; empty if it did not."""
    try:
        done = subprocess.run([python, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it failed"])[-1][:200]


@contextmanager
def healthchain(first_body: bytes) -> Iterator[RunningServer]:
    """Its CDS server with a trivial handler. Raises ``NotInstalled`` or ``ServerFailed``."""
    # -P, because our modules beside the script are none of its business.
    command = [str(prepare()), "-P", str(_ROOT / "benchmarks" / "healthchain_service.py")]
    with started(command, first_body) as server:
        yield server
