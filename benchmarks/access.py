"""A client of the service with a key of its own: settings that let it in, and tokens signed with ES384."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from cds_service.token_making import Signer, make_key, read_private_key

_ALGORITHM = "ES384"
_ISSUER = "https://ehr.example"
_AUDIENCE = "https://cds.example"
#: Tokens that are signed before anything is measured: signing takes as long as verifying. None may come twice.
_PREPARED = 1500


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """The settings file of a service that one client may call, and that client with its key."""

    settings: Path
    _signer: Signer

    def tokens(self) -> Iterator[str]:
        """Tokens that were not used before, without end."""
        prepared = [self.token() for _ in range(_PREPARED)]
        return chain(prepared, (self.token() for _ in repeat(None)))

    def token(self) -> str:
        """One token, good for some minutes."""
        return self._signer.token(_AUDIENCE, time.time())


@contextmanager
def access() -> Iterator[Access]:
    """A new key and the settings that name it, in a folder that goes at the end."""
    with tempfile.TemporaryDirectory(prefix="oncohooks-benchmark-") as folder:
        public = make_key(Path(folder) / "private.json", _ALGORITHM)
        settings = Path(folder) / "oncohooks.toml"
        [key] = public["keys"]
        members = ", ".join(f"{name} = {json.dumps(value)}" for name, value in key.items())
        settings.write_text(
            "requests_per_second = 0\n\n"
            '[[client]]\nname = "benchmark"\n'
            f'issuer = "{_ISSUER}"\naudiences = ["{_AUDIENCE}"]\njwks = {{ keys = [{{ {members} }}] }}\n',
            encoding="utf-8",
        )
        yield Access(settings, Signer(read_private_key(Path(folder) / "private.json"), key["kid"], _ISSUER))
