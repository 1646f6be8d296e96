"""Seals secrets for storage, bound to organization, record, field and destination (threat model §2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

MAGIC = b"MSE1"
KEY_BYTES = 32
SALT_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
DESTINATION_BYTES = 32
_LONGEST_PART = 0xFFFF
_KID = re.compile(r"[a-z0-9]{1,16}")


class KeyRingInvalid(ImproperlyConfigured):
    """The key ring cannot be used; the sentence never holds key text."""


class SealBroken(Exception):
    """A stored secret does not open: altered, moved, or sealed for something else."""


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """Master keys by name: the first one seals, all of them open."""

    keys: dict[str, bytes] = field(repr=False)

    @property
    def first(self) -> str:
        """Name of the key that seals."""
        return next(iter(self.keys))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kid:key[,kid:key…]`, each key 32 bytes in base64url without padding."""
        keys: dict[str, bytes] = {}
        if not text.strip():
            raise KeyRingInvalid("SECRETS_KEYRING is empty. Write at least one key as name:key.")
        for position, entry in enumerate(text.strip().split(","), start=1):
            kid, colon, encoded = entry.partition(":")
            if not colon or not _KID.fullmatch(kid):
                raise KeyRingInvalid(
                    f"Entry {position} of SECRETS_KEYRING has no name: write name:key, "
                    "the name with 1 to 16 lower-case letters and digits."
                )
            if kid in keys:
                raise KeyRingInvalid(
                    f"Entry {position} of SECRETS_KEYRING repeats the name of an earlier one."
                )
            key = _decode(encoded, position)
            if key in keys.values():
                raise KeyRingInvalid(
                    f"Entry {position} of SECRETS_KEYRING repeats the key of an earlier one."
                )
            keys[kid] = key
        return cls(keys=keys)


def _decode(encoded: str, position: int) -> bytes:
    wrong = KeyRingInvalid(
        f"Entry {position} of SECRETS_KEYRING is not a key: "
        "write 32 random bytes as 43 base64url characters without padding."
    )
    try:
        key = base64.b64decode(encoded.encode("ascii") + b"=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    # One key has one spelling: a second one would differ in bits that base64 ignores.
    if len(key) != KEY_BYTES or base64.urlsafe_b64encode(key).decode("ascii") != f"{encoded}=":
        raise wrong
    if len(set(key)) == 1:
        raise KeyRingInvalid(
            f"Entry {position} of SECRETS_KEYRING is one byte repeated. Make it with a random generator."
        )
    return key


@lru_cache(maxsize=1)
def key_ring() -> KeyRing:
    """Give the key ring of this process, read once."""
    text, path = settings.SECRETS_KEYRING, settings.SECRETS_KEYRING_FILE
    if text and path:
        raise KeyRingInvalid("SECRETS_KEYRING and SECRETS_KEYRING_FILE are both set. Keep one of them.")
    if path:
        try:
            text = Path(path).read_text(encoding="ascii")
        except (OSError, UnicodeError):
            raise KeyRingInvalid("SECRETS_KEYRING_FILE names a file that cannot be read as text.") from None
    return KeyRing.parse(text)


def destination(kind: str, *parts: str) -> bytes:
    """Give the fingerprint of where a secret may be sent to."""
    return hashlib.sha256(b"".join(_prefixed(part) for part in (kind, *parts))).digest()


def seal(
    plaintext: bytes, *, organization_id: UUID, record_id: UUID, field: str, destination: bytes
) -> bytes:
    """Encrypt a value for exactly this organization, record, field and destination."""
    ring = key_ring()
    return _seal(
        plaintext,
        ring=ring,
        salt=os.urandom(SALT_BYTES),
        nonce=os.urandom(NONCE_BYTES),
        organization_id=organization_id,
        bound_to=_bound_to(ring.first, organization_id, record_id, field, destination),
    )


def _seal(
    plaintext: bytes, *, ring: KeyRing, salt: bytes, nonce: bytes, organization_id: UUID, bound_to: bytes
) -> bytes:
    kid = ring.first
    cipher = AESGCM(_data_key(ring.keys[kid], salt, organization_id))
    name = kid.encode("ascii")
    head = MAGIC + len(name).to_bytes(1, "big") + name + salt + nonce
    return head + cipher.encrypt(nonce, plaintext, bound_to)


def unseal(
    blob: bytes | memoryview, *, organization_id: UUID, record_id: UUID, field: str, destination: bytes
) -> bytes:
    """Decrypt a value; anything but the exact place it was sealed for raises `SealBroken`."""
    kid, salt, nonce, ciphertext = _split(bytes(blob))
    master = key_ring().keys.get(kid)
    if master is None:
        raise SealBroken("The stored secret was sealed with a key that is not in the key ring.")
    cipher = AESGCM(_data_key(master, salt, organization_id))
    try:
        return cipher.decrypt(
            nonce, ciphertext, _bound_to(kid, organization_id, record_id, field, destination)
        )
    except InvalidTag:
        raise SealBroken("The stored secret was altered or belongs to another place.") from None


def _split(blob: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Cut a blob into key name, salt, nonce and ciphertext with tag."""
    length = blob[len(MAGIC)] if len(blob) > len(MAGIC) else 0
    salt_at = len(MAGIC) + 1 + length
    nonce_at = salt_at + SALT_BYTES
    ciphertext_at = nonce_at + NONCE_BYTES
    kid = blob[len(MAGIC) + 1 : salt_at].decode("ascii", errors="replace")
    if (
        not blob.startswith(MAGIC)
        or not _KID.fullmatch(kid)
        or len(kid) != length
        or len(blob) < ciphertext_at + TAG_BYTES
    ):
        raise SealBroken("The stored value is not a sealed secret.")
    return kid, blob[salt_at:nonce_at], blob[nonce_at:ciphertext_at], blob[ciphertext_at:]


def _data_key(master: bytes, salt: bytes, organization_id: UUID) -> bytes:
    info = MAGIC + b" data key" + organization_id.bytes
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(master)


def _bound_to(kid: str, organization_id: UUID, record_id: UUID, field: str, destination: bytes) -> bytes:
    if len(destination) != DESTINATION_BYTES:
        raise ValueError("A destination is the 32 bytes that destination() gives.")
    place = organization_id.bytes + record_id.bytes + _prefixed(field)
    return MAGIC + _prefixed(kid) + place + destination


def _prefixed(text: str) -> bytes:
    part = text.encode()
    if len(part) > _LONGEST_PART:
        raise ValueError("A part of what a secret is bound to is longer than 65535 bytes.")
    return len(part).to_bytes(2, "big") + part
