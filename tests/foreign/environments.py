"""Environments of their own for programs of others, made once from lock files and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.npm_packages import CACHE

HERE = Path(__file__).parent
_OLDEST_NODE = 20


def node_command(script: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs a script of this folder with Node.js, and what it adds to the environment."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed: programs for it did not run")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.sub(r"\D*(\d+).*", r"\1", version)) < _OLDEST_NODE:
        pytest.skip(f"Node.js {version} is older than {_OLDEST_NODE}: programs for it did not run")
    folder = _made("medplum", "package-lock.json", _install_node_packages)
    return [node, str(HERE / script), *arguments], {"NODE_PATH": str(folder / "node_modules")}


def healthchain_python() -> str:
    """The Python of an environment that holds HealthChain."""
    folder = _made(f"healthchain-{sys.implementation.cache_tag}", "healthchain.lock", _install_python)
    return str(folder / "bin" / "python")


def _made(name: str, lock: str, install: Callable[[Path], None]) -> Path:
    """The folder of an environment, named by the lock file that it was made from."""
    digest = hashlib.sha256((HERE / lock).read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    done = folder / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock_of_folder:
        fcntl.flock(lock_of_folder, fcntl.LOCK_EX)  # of two test runs one installs and the other waits
        if not done.exists():
            # Made in its place, as a virtual environment does not work elsewhere.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            done.touch()
    return folder


def _install_node_packages(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: programs for Node.js were not fetched and did not run")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    # Verified by the hashes of the lock file; nothing of it runs while it is installed.
    _fetch([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)])


def _install_python(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check"]
    _fetch([*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(HERE / "healthchain.lock")])


def _fetch(command: list[str]) -> None:
    with tempfile.TemporaryFile() as said:
        result = subprocess.run(command, stdout=said, stderr=said, timeout=240, check=False)
        said.seek(0)
        last = said.read().decode(errors="replace").strip()[-200:]
    if result.returncode != 0:
        pytest.skip(f"the registry did not give what a lock file names: what needs it did not run ({last})")
