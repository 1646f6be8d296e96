"""Sealing: the exact format, and what it is bound to (C-CRY-1, C-CRY-2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from orgs.sealing import SealBroken, _bound_to, _seal, destination, key_ring, seal, unseal

RING = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
SECOND = "k2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"
ORGANIZATION = UUID("11111111-1111-4111-8111-111111111111")
RECORD = UUID("22222222-2222-4222-8222-222222222222")
FIELD = "smtp.password"
DESTINATION = destination("smtp", "smtp.example.com", "587", "starttls", "verify")
PLAINTEXT = "Pä$$w0rd".encode()
VECTOR = bytes.fromhex(
    "4d534531026b31a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0b0b0b0b0b0b0b0b0b0b0b0b0"
    "f09435bae5a50bbc2fbd5c29d2132b8a6ce00063daabbdbaff"
)
PLACE: dict[str, Any] = {
    "organization_id": ORGANIZATION,
    "record_id": RECORD,
    "field": FIELD,
    "destination": DESTINATION,
}
OTHER = {
    "organization_id": UUID("11111111-1111-4111-8111-111111111112"),
    "record_id": UUID("22222222-2222-4222-8222-222222222223"),
    "field": "graph.client_secret",
    "destination": destination("smtp", "smtp.example.net", "587", "starttls", "verify"),
}


@pytest.fixture(autouse=True)
def _ring(settings: Settings) -> Iterator[None]:
    use(settings, RING)
    yield
    key_ring.cache_clear()


def use(settings: Settings, ring: str) -> None:
    settings.SECRETS_KEYRING, settings.SECRETS_KEYRING_FILE = ring, ""
    key_ring.cache_clear()


@pytest.mark.control("C-CRY-1")
def test_destination_is_the_one_of_the_vector() -> None:
    assert DESTINATION.hex() == "682fc274728c7849d82cc0d4a457386d44c1b2876744ba1fe615a28e8f04dfad"


@pytest.mark.control("C-CRY-1")
def test_seal_gives_the_vector() -> None:
    blob = _seal(
        PLAINTEXT,
        ring=key_ring(),
        salt=b"\xa0" * 16,
        nonce=b"\xb0" * 12,
        organization_id=ORGANIZATION,
        bound_to=_bound_to("k1", ORGANIZATION, RECORD, FIELD, DESTINATION),
    )
    assert blob == VECTOR


@pytest.mark.control("C-CRY-1")
def test_unseal_opens_the_vector() -> None:
    assert unseal(VECTOR, **PLACE) == PLAINTEXT
    assert unseal(memoryview(VECTOR), **PLACE) == PLAINTEXT


@pytest.mark.control("C-CRY-1")
def test_unseal_refuses_every_change_of_one_bit() -> None:
    accepted = 0
    for bit in range(len(VECTOR) * 8):
        changed = bytearray(VECTOR)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            unseal(bytes(changed), **PLACE)
        except SealBroken:
            continue
        accepted += 1
    assert accepted == 0


@pytest.mark.control("C-CRY-1")
def test_unseal_refuses_every_shorter_and_a_longer_blob() -> None:
    for length in range(len(VECTOR)):
        with pytest.raises(SealBroken):
            unseal(VECTOR[:length], **PLACE)
    with pytest.raises(SealBroken):
        unseal(VECTOR + b"\0", **PLACE)


@pytest.mark.control("C-CRY-2")
@pytest.mark.parametrize("name", sorted(OTHER))
def test_unseal_refuses_when_one_input_is_swapped(name: str) -> None:
    blob = seal(PLAINTEXT, **PLACE)
    with pytest.raises(SealBroken):
        unseal(blob, **{**PLACE, name: OTHER[name]})
    assert unseal(blob, **PLACE) == PLAINTEXT


@pytest.mark.control("C-CRY-2")
def test_unseal_refuses_when_the_key_name_is_swapped(settings: Settings) -> None:
    blob = seal(PLAINTEXT, **PLACE)
    use(settings, f"{RING},{SECOND}")
    renamed = blob.replace(b"\x02k1", b"\x02k2", 1)
    assert renamed != blob
    with pytest.raises(SealBroken):
        unseal(renamed, **PLACE)


@pytest.mark.control("C-CRY-2")
@pytest.mark.parametrize("position", range(4))
def test_destination_differs_when_one_part_differs(position: int) -> None:
    parts = ["smtp.example.com", "587", "starttls", "verify"]
    parts[position] += "x"
    assert destination("smtp", *parts) != DESTINATION


def test_destination_keeps_its_parts_apart() -> None:
    assert destination("smtp", "ab", "c") != destination("smtp", "a", "bc")
    assert destination("smtp", "a") != destination("smtp", "a", "")


def test_the_first_key_seals_and_all_keys_open(settings: Settings) -> None:
    old = seal(PLAINTEXT, **PLACE)
    use(settings, f"{SECOND},{RING}")
    new = seal(PLAINTEXT, **PLACE)
    assert new[5:7] == b"k2"
    assert unseal(old, **PLACE) == unseal(new, **PLACE) == PLAINTEXT


def test_unseal_says_so_when_the_key_left_the_ring(settings: Settings) -> None:
    blob = seal(PLAINTEXT, **PLACE)
    use(settings, SECOND)
    with pytest.raises(SealBroken, match="not in the key ring"):
        unseal(blob, **PLACE)


def test_equal_values_never_look_alike_when_sealed() -> None:
    assert len({seal(PLAINTEXT, **PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize("plaintext", [b"", b"\0", b"x" * 200_000])
def test_any_bytes_come_back(plaintext: bytes) -> None:
    assert unseal(seal(plaintext, **PLACE), **PLACE) == plaintext


@pytest.mark.parametrize("wrong", [b"", b"x" * 31, b"x" * 33])
def test_seal_refuses_a_destination_that_is_none(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(PLAINTEXT, **{**PLACE, "destination": wrong})
