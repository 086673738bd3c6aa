"""The knowledge release: a digest over canonical content, the same on every machine, and the file that carries both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.problems import KnowledgeError

#: The form of a release file. A reader refuses a form that it does not know.
FORMAT = 1


@dataclass(frozen=True, slots=True, repr=False)
class Release:
    """Every document of the knowledge base by its name, and the digest that names them together."""

    documents: Mapping[str, Any]
    digest: str

    @classmethod
    def of(cls, documents: Mapping[str, Any]) -> Release:
        """The release of these documents."""
        return cls(documents, release_digest(documents))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal content gives equal text.

    A number without a fraction is written as an integer however it was given (1.0 is 1); others have the fewest
    digits that give the same double. Text is kept as it is, beyond ASCII too. Raises ``ValueError`` for what is no
    JSON number, and ``TypeError`` for what is no JSON at all.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def release_digest(documents: Mapping[str, Any]) -> str:
    """The release name: ``sha256:`` and the first 16 hexadecimal digits over all documents by name.

    Comments, key order and line breaks of the YAML files do not change it; any value does.
    """
    digest = hashlib.sha256()
    for name in sorted(documents):
        digest.update(f"{name}\n{canonical_json(documents[name])}\n".encode())
    return f"sha256:{digest.hexdigest()[:16]}"


def release_text(release: Release, sources: str) -> str:
    """The text of a release file. ``sources`` names the files that it was built from (:mod:`knowledge.sources`)."""
    content = {
        "documents": dict(release.documents),
        "format": FORMAT,
        "release": release.digest,
        "sources": sources,
    }
    return canonical_json(content) + "\n"


def read_release_file(path: Path, built_from: str | None = None) -> Release | None:
    """The release in a file, its digest checked; ``None`` if it was not built as it would be from ``built_from`` now.

    Raises :class:`KnowledgeError` for a file that is no release, or whose content is not what its digest names.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        form, name, documents, sources = (content[key] for key in ("format", "release", "documents", "sources"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KnowledgeError(f"{path.name} is no release file: {error}") from error
    if built_from is not None and (form, sources) != (FORMAT, built_from):
        return None
    if form != FORMAT:
        raise KnowledgeError(f"{path.name} has the form {form}, and this version reads {FORMAT}: build it again")
    if not isinstance(documents, dict) or release_digest(documents) != name:
        raise KnowledgeError(f"{path.name}: its content is not what its digest {name} names: build it again")
    return Release(documents, name)
