# SPDX-License-Identifier: Apache-2.0
"""API keys: who calls the service, for which client, and what the call may do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256


class Scope(StrEnum):
    """What a key may do; none includes another, each key lists all that it has."""

    READ = "loans:read"
    WRITE = "loans:write"
    ADMIN = "loans:admin"
    FAULTS = "ops:faults"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret: the hash identifies the secret's holder, and is no credential itself."""

    id: str
    client_id: str
    scopes: frozenset[Scope]
    sha256: str
    expires_on: date | None = None  # the last day on which it works, in UTC


class KeyRing:
    """The keys that the service accepts."""

    def __init__(self, keys: Iterable[ApiKey], clock: Callable[[], datetime]) -> None:
        """Take the keys, and a clock that gives aware UTC times."""
        self._keys = {key.sha256: key for key in keys}
        self._clock = clock

    def find(self, secret: str) -> ApiKey | None:
        """Return the key of a secret, or None if there is none or it has expired."""
        # A lookup by hash: its duration reveals nothing useful about a secret of 256 random bits.
        key = self._keys.get(fingerprint(secret))
        expired = key is not None and key.expires_on is not None and self._clock().date() > key.expires_on
        return None if expired else key


def fingerprint(secret: str) -> str:
    """Hash a secret; plain SHA-256, since secrets are random and not chosen by people."""
    return sha256(secret.encode()).hexdigest()


# Public, so that development works as it is; outside it the settings refuse their hashes.
DEV_SECRETS = {
    "applicant": "dev-applicant-key",
    "officer": "dev-officer-key",
    "auditor": "dev-auditor-key",
    "rival": "dev-rival-key",
    "operator": "dev-operator-key",
}
LENDING = frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN})
DEV_KEYS = (
    ApiKey("applicant", "demo", frozenset({Scope.READ, Scope.WRITE}), fingerprint(DEV_SECRETS["applicant"])),
    ApiKey("officer", "demo", LENDING, fingerprint(DEV_SECRETS["officer"])),
    ApiKey("auditor", "demo", frozenset({Scope.READ}), fingerprint(DEV_SECRETS["auditor"])),
    ApiKey("rival", "rival", LENDING, fingerprint(DEV_SECRETS["rival"])),
    ApiKey("operator", "demo", frozenset({Scope.FAULTS}), fingerprint(DEV_SECRETS["operator"])),
)
