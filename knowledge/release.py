"""The knowledge release: a digest over canonical content, the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal content gives equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def release_digest(documents: Mapping[str, Any]) -> str:
    """The release name: ``sha256:`` and the first 16 hexadecimal digits over all documents by name.

    Comments, key order and line breaks of the YAML files do not change it; any value does.
    """
    digest = hashlib.sha256()
    for name in sorted(documents):
        digest.update(f"{name}\n{canonical_json(documents[name])}\n".encode())
    return f"sha256:{digest.hexdigest()[:16]}"
