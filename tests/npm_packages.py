"""Packages that tests use, fetched by name and version when they run: the official examples, and axe-core."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "oncohooks-tests"


def example_files(name: str, version: str) -> list[Path]:
    """The JSON example files of a package."""
    package = package_folder(name, version)
    # Guides keep their examples in a folder; the example package of the core specification is one.
    found = (package / "example").glob("*.json") if (package / "example").is_dir() else package.glob("*-*.json")
    files = sorted(found)
    assert files, f"{name}@{version} holds no examples"
    return files


def package_folder(name: str, version: str) -> Path:
    """The content of a package, fetched with npm once and kept in the user's cache."""
    folder = CACHE / f"{name}-{version}"
    if not folder.is_dir():
        _fetch(name, version, folder)
    return folder / "package"


def _fetch(name: str, version: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm is not installed: {name} was not fetched, and what needs it did not run")
    CACHE.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        [npm, "pack", f"{name}@{version}", "--pack-destination", str(CACHE), "--silent"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if result.returncode != 0:
        pytest.skip(f"the package registry did not give {name}@{version}: what needs it did not run")
    archive = CACHE / f"{name}-{version}.tgz"
    partial = folder.with_suffix(".partial")
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 has no extraction filters.
        safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(partial, **safely)
    partial.rename(folder)
    archive.unlink()
