"""Start-up proof that every key of the ring is still the key of its name (C-CRY-5)."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orgs.models import KeyCheck
from orgs.sealing import KEY_BYTES, MAGIC, KeyRing, KeyRingInvalid, key_ring
from orgs.tenancy import ALIAS


def check_value(ring: KeyRing, kid: str) -> bytes:
    """Give what is stored about a key: the same for the same key, and no help in finding it."""
    info = MAGIC + b" key check" + kid.encode("ascii")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(ring.keys[kid])


def verify_key_ring(*, using: str = ALIAS) -> None:
    """Compare the key ring with the stored check values; web and worker do so before they serve."""
    missing = new_keys(using=using)
    if missing:
        raise KeyRingInvalid(
            f"The key {missing[0]!r} of SECRETS_KEYRING is new here. Run `python manage.py migrate` once."
        )


def store_key_checks(*, using: str) -> None:
    """Store the check values of keys seen for the first time; `migrate` does so, nothing else may."""
    ring = key_ring()
    rows = [KeyCheck(kid=kid, value=check_value(ring, kid)) for kid in new_keys(using=using)]
    KeyCheck.objects.using(using).bulk_create(rows, ignore_conflicts=True)


def new_keys(*, using: str) -> list[str]:
    """List keys without a check value; a key that is not the stored one stops everything."""
    ring = key_ring()
    stored = {row.kid: bytes(row.value) for row in KeyCheck.objects.using(using).filter(kid__in=ring.keys)}
    for kid, value in stored.items():
        if not hmac.compare_digest(value, check_value(ring, kid)):
            raise KeyRingInvalid(
                f"The key {kid!r} of SECRETS_KEYRING is not the one that sealed the stored secrets. "
                "Put the earlier key back, or give the new one another name."
            )
    return [kid for kid in ring.keys if kid not in stored]
