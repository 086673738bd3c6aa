"""Keyed hashes: whether two patients, inputs or fact lists are the same, and nothing else about them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from cds_service.codec import dumps_canonical
from knowledge import Fact

#: Members of a request that say nothing about what is asked, and differ between equal questions; a token among them.
NOT_THE_QUESTION = frozenset({"hookInstance", "fhirAuthorization", "fhirServer", "extension"})


class Pseudonyms:
    """Hashes with a secret key. A new key makes all later hashes unlike the earlier ones."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_patient(self, client: str, patient: str) -> str:
        """A patient of a client."""
        return self._hash("patient", f"{client}\n{patient}".encode())

    def of_request(self, asked: Mapping[str, bytes]) -> str:
        """What a request asks and what it sends along, in whatever order.

        ``asked`` are its members (``codec``) without :data:`NOT_THE_QUESTION`.
        """
        return self._hash("input", b"{" + b",".join(asked[name] for name in sorted(asked)) + b"}")

    def of_facts(self, facts: Iterable[Fact]) -> str:
        """What was read from a record, in whatever order it was sent."""
        return self._hash("facts", b"\n".join(sorted(dumps_canonical(fact.to_json()) for fact in facts)))

    def _hash(self, purpose: str, content: bytes) -> str:
        return hmac.new(self._key, purpose.encode() + b"\n" + content, hashlib.sha256).hexdigest()[:32]


def load_key(path: Path) -> bytes:
    """The key of a file; a new one is made, readable by its owner only, where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    return bytes.fromhex(path.read_text(encoding="ascii").strip())
