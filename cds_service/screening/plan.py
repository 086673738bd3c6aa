"""What is screened with what: the plan that a run follows and that an interrupted one goes on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import fhir_mappings
import knowledge
from cds_service.advisor import Advisor
from cds_service.codec import dumps_canonical, loads
from cds_service.screening.sources import SourceFile, source_files
from knowledge.loading import read_release
from knowledge.release import Release, canonical_json

#: The form of the results; results of another form are not read.
FORMAT = 1
#: A part has about this much text, so that the memory for one does not depend on the size of the cohort.
PART_BYTES = 8 * 1024 * 1024
#: Documents of a release on which it depends what is read from a resource.
_MAPPING_DOCUMENTS = ("alterations/", "terminology/oncotree.tsv")
_CODE = (".py", ".yaml", ".tsv")


@dataclass(frozen=True, slots=True)
class Reading:
    """What beside the input decides which facts are read: the release, and the settings of this hospital."""

    knowledge: Path | None = None
    amplification_copies: float | None = None
    site_codes: Path | None = None

    def advisor(self) -> Advisor:
        """The loaded knowledge and tables. Raises ``KnowledgeError`` and ``SiteCodesError``."""
        return Advisor.load(self.amplification_copies, self.site_codes, self.knowledge)

    def release(self) -> Release:
        """The release alone. Raises ``KnowledgeError``."""
        return read_release(self.knowledge)

    def digest(self, release: Release) -> str:
        """A name for everything that decides which facts are read: equal names, equal facts."""
        digest = hashlib.sha256(repr(self.amplification_copies).encode())
        if self.site_codes is not None:
            digest.update(self.site_codes.read_bytes())
        for name in sorted(release.documents):
            if name.startswith(_MAPPING_DOCUMENTS):
                digest.update(f"{name}\n{canonical_json(release.documents[name])}\n".encode())
        for path in _code_files():
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode())
            digest.update(content)
        return f"sha256:{digest.hexdigest()[:16]}"


def _code_files() -> Iterator[Path]:
    """The code and tables of the rooms that read facts; of the knowledge files, only those that reading uses."""
    for package in (fhir_mappings, knowledge):
        root = Path(package.__file__ or "").parent
        paths = [path for path in sorted(root.rglob("*")) if path.suffix in _CODE]
        data = root / "data"
        is_knowledge = package is knowledge
        yield from (
            path
            for path in paths
            if not is_knowledge or data not in path.parents or path == data / "terminology" / "genes.tsv"
        )


@dataclass(frozen=True)
class Plan:
    """A screening: the input, the release and its digest, the day, and where the results go.

    ``facts``: the name of everything that decides which facts are read.
    """

    root: Path
    files: tuple[SourceFile, ...]
    output: Path
    reading: Reading
    release: str
    facts: str
    today: date
    traces: bool = False

    @classmethod
    def of(cls, root: Path, output: Path, reading: Reading, today: date, *, traces: bool = False) -> Plan:
        """The plan for the files that are there now. Raises ``NoInput``, ``Unreadable`` and ``KnowledgeError``."""
        release = reading.release()
        files = source_files(root)
        return cls(root, files, output, reading, release.digest, reading.digest(release), today, traces)

    @cached_property
    def parts(self) -> int:
        """Into how many parts the cohort is divided: by its size alone, so that every engine divides it alike."""
        return max(1, -(-sum(file.text_bytes for file in self.files) // PART_BYTES))

    @property
    def work(self) -> Path:
        """Where an unfinished run keeps what it goes on with."""
        return self.output / "work"

    def identity(self) -> dict[str, Any]:
        """Everything on which the results depend, as JSON."""
        return {
            "format": FORMAT,
            "input": [{"name": file.name, "bytes": file.size, "changed": file.changed} for file in self.files],
            "release": self.release,
            "facts": self.facts,
            "today": self.today.isoformat(),
            "traces": self.traces,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What an output folder holds: the identity of a finished or of an unfinished screening."""

    finished: dict[str, Any] | None = None
    unfinished: dict[str, Any] | None = None
    others: tuple[str, ...] = field(default=())


IDENTITY = "screening.json"
#: Everything that a screening writes into its output folder, as patterns.
OWN = (
    IDENTITY,
    "summary.json",
    "report.html",
    "problems.ndjson",
    "findings",
    "patients",
    "ndjson",
    "work",
    "before-*",
    "since-*",
)


def found_in(output: Path) -> Found:
    """What an output folder holds."""
    return Found(_json(output / IDENTITY), _json(output / "work" / IDENTITY))


def _json(path: Path) -> dict[str, Any] | None:
    try:
        content = loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that the file is whole whenever it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(dumps_canonical(content) + b"\n")
    partial.replace(path)
