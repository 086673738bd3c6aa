"""What loading the knowledge costs: from the release file and from the reviewed files, in new processes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from knowledge.documents import read_documents
from knowledge.release import Release, release_text
from knowledge.sources import CASES, DATA
from knowledge.yaml_files import read_yaml

#: Seconds that loading a release of this many statements may take.
BUDGET = 0.5
STATEMENTS = 330

_LOAD = """
import sys, time
from pathlib import Path
from knowledge import load_knowledge_base
begin = time.perf_counter()
knowledge = load_knowledge_base(Path(sys.argv[1]))
print(time.perf_counter() - begin, len(knowledge.statements), knowledge.release)
"""


def loading_times(statements: int = STATEMENTS, rounds: int = 5) -> dict[str, Any]:
    """Median seconds to load a release file and a folder of at least so many statements, and what was loaded."""
    with tempfile.TemporaryDirectory() as folder:
        data = enlarged(Path(folder) / "data", statements)
        built = Path(folder) / "release.json"
        built.write_text(release_text(Release.of(read_documents(data)), ""), encoding="utf-8")
        runs = {name: [_load(source) for _ in range(rounds)] for name, source in (("release", built), ("YAML", data))}
    number, digests = runs["release"][0][1], {run[2] for each in runs.values() for run in each}
    assert len(digests) == 1, "both ways give one release"
    return {"statements": number} | {name: median(run[0] for run in each) for name, each in runs.items()}


def report(times: Mapping[str, Any]) -> str:
    """The times in one line, with the budget."""
    return (
        f"Loading {times['statements']} statements: {times['release']:.2f} s from the release file "
        f"(budget {BUDGET} s), {times['YAML']:.2f} s from the reviewed files."
    )


def enlarged(data: Path, statements: int) -> Path:
    """A copy of the shipped knowledge whose medicines are repeated under other names until there are enough."""
    shutil.copytree(DATA, data, ignore=lambda _, names: [name for name in names if name.endswith(CASES)])
    files = {path.stem: read_yaml(path) for path in sorted((data / "eu").glob("*.yaml"))}
    found, number = sum(map(_statements, files.values())), 1
    while found < statements:
        number += 1
        for stem, document in files.items():
            again = json.loads(json.dumps(document).replace(f'"{stem}-', f'"{stem}{number}-'))
            again["medicine"]["brand"] += str(number)
            (data / "eu" / f"{stem}{number}.yaml").write_text(yaml.safe_dump(again), encoding="utf-8")
            found += _statements(again)
    return data


def _statements(document: Mapping[str, Any]) -> int:
    return len(document["indications"]) + len(document["safety"])


def _load(source: Path) -> tuple[float, int, str]:
    command = [sys.executable, "-c", _LOAD, str(source)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(printed[0]), int(printed[1]), printed[2]
