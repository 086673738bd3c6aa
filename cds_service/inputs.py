"""Inputs of the command line and of the playground: JSON or NDJSON, one document or many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.codec import NotJson, loads

#: Documents that are a patient of their own, so that each line of an NDJSON file is one input.
_WHOLE_PATIENTS = frozenset({"Bundle", "Parameters"})


@dataclass(frozen=True, slots=True)
class Input:
    """One document with the name under which results are printed; ``problem`` says why there is none."""

    name: str
    document: Any = None
    problem: str | None = None


def read_inputs(path: Path) -> Iterator[Input]:
    """The documents of one file; a problem is an input too, so that nothing is skipped silently."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        yield Input(name, problem=f"cannot be read: {error.strerror}")
        return
    yield from inputs_in(name, content)


def inputs_in(name: str, content: bytes) -> Iterator[Input]:
    """The documents of one content: JSON or NDJSON; a problem is an input too."""
    try:
        yield Input(name, loads(content))
    except NotJson as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) > 1 and _is_json(lines[0]):
            yield from _lines(name, content)
        else:
            yield Input(name, problem=str(error))


def _lines(name: str, content: bytes) -> Iterator[Input]:
    """NDJSON: lines that are whole patients one by one, single resources together as one record."""
    together: list[Any] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            document = loads(line)
        except NotJson:
            yield Input(f"{name}:{number}", problem="this line is not JSON")
            continue
        if _is_whole_patient(document):
            yield Input(f"{name}:{number}", document)
        else:
            together.append(document)
    if together:
        yield Input(name, together)


def _is_whole_patient(document: Any) -> bool:
    return isinstance(document, dict) and (
        document.get("resourceType") in _WHOLE_PATIENTS or "prefetch" in document or "hook" in document
    )


def _is_json(line: bytes) -> bool:
    try:
        loads(line)
    except NotJson:
        return False
    return True


def json_files(paths: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """The files themselves and the JSON files of folders, each with its name below what was given."""
    for path in paths:
        if path.is_dir():
            for file in sorted(file for pattern in ("*.json", "*.ndjson") for file in path.rglob(pattern)):
                yield file, "__".join(file.relative_to(path).parts)
        else:
            yield path, path.name
