"""The key ring: read strictly, and held against what sealed the stored secrets (C-CRY-4, C-CRY-5)."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as product
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.db.utils import ProgrammingError
from pytest_django.fixtures import Settings

from orgs.keycheck import check_value, store_key_checks, verify_key_ring
from orgs.models import KeyCheck
from orgs.sealing import KeyRing, KeyRingInvalid, key_ring
from orgs.setup import prepare_schema

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
OTHER = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"
BAD = {
    "empty": "",
    "blanks": "   \n",
    "no name": KEY,
    "name empty": f":{KEY}",
    "name too long": f"abcdefghijklmnopq:{KEY}",
    "name in capitals": f"K1:{KEY}",
    "name with a hyphen": f"k-1:{KEY}",
    "name with a blank": f"k 1:{KEY}",
    "name not ASCII": f"ké:{KEY}",
    "key empty": "k1:",
    "padded": f"k1:{KEY}=",
    "standard base64": "k1:" + "+" + KEY[1:],
    "slash": "k1:" + "/" + KEY[1:],
    "blank inside": f"k1:{KEY[:20]} {KEY[20:]}",
    "newline inside": f"k1:{KEY[:20]}\n{KEY[20:]}",
    "not base64": "k1:" + "!" * 43,
    "key not ASCII": "k1:é" + KEY[1:],
    "16 bytes": "k1:" + urlsafe_b64encode(bytes(range(16))).decode().rstrip("="),
    "31 bytes": "k1:" + urlsafe_b64encode(bytes(range(31))).decode().rstrip("="),
    "33 bytes": "k1:" + urlsafe_b64encode(bytes(range(33))).decode().rstrip("="),
    "64 bytes": "k1:" + urlsafe_b64encode(bytes(range(64))).decode().rstrip("="),
    "second spelling of the last character": f"k1:{KEY[:-1]}9",
    "all zero": "k1:" + "A" * 43,
    "all equal": "k1:" + urlsafe_b64encode(b"\x42" * 32).decode().rstrip("="),
    "name twice": f"k1:{KEY},k1:{OTHER}",
    "key twice": f"k1:{KEY},k2:{KEY}",
    "comma at the end": f"k1:{KEY},",
    "comma at the start": f",k1:{KEY}",
    "blank after the comma": f"k1:{KEY}, k2:{OTHER}",
    "second key bad": f"k1:{KEY},k2:{OTHER[:-2]}",
    "hexadecimal": "k1:" + bytes(range(32)).hex(),
}


@pytest.fixture(autouse=True)
def _fresh_ring() -> Iterator[None]:
    key_ring.cache_clear()
    yield
    key_ring.cache_clear()


@pytest.mark.control("C-CRY-4")
@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_parse_refuses_a_bad_ring_without_repeating_it(text: str) -> None:
    with pytest.raises(KeyRingInvalid) as refused:
        KeyRing.parse(text)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "SECRETS_KEYRING" in sentence
    for piece in (KEY, OTHER, text.strip(), text.rpartition(":")[2].strip()):
        assert not piece or piece not in sentence
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_parse_keeps_the_order_and_hides_the_keys() -> None:
    ring = KeyRing.parse(f"k2:{OTHER},k1:{KEY}\n")
    assert (ring.first, list(ring.keys)) == ("k2", ["k2", "k1"])
    assert ring.keys["k1"] == bytes(range(32))
    assert "k1" not in repr(ring)
    assert "x01" not in repr(ring)


def test_key_ring_is_read_from_a_file(settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "key ring"
    kept.write_text(f"k7:{KEY}\n")
    settings.SECRETS_KEYRING, settings.SECRETS_KEYRING_FILE = "", str(kept)
    assert key_ring().first == "k7"


@pytest.mark.control("C-CRY-4")
@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (f"k1:{KEY}", "/somewhere", "both set"),
        ("", "", "empty"),
        ("", "/does/not/exist", "cannot be read"),
    ],
)
def test_key_ring_refuses_settings_that_do_not_agree(
    settings: Settings, text: str, path: str, words: str
) -> None:
    settings.SECRETS_KEYRING, settings.SECRETS_KEYRING_FILE = text, path
    with pytest.raises(KeyRingInvalid, match=words):
        key_ring()


@pytest.mark.django_db
def test_migrate_has_stored_the_check_value_of_every_key() -> None:
    assert set(KeyCheck.objects.values_list("kid", flat=True)) == set(key_ring().keys)
    verify_key_ring()


def test_check_values_differ_by_key_and_by_name() -> None:
    ring = KeyRing.parse(f"k1:{KEY},k2:{OTHER}")
    renamed = KeyRing.parse(f"k2:{KEY}")
    assert len({check_value(ring, "k1"), check_value(ring, "k2"), check_value(renamed, "k2")}) == 3
    assert ring.keys["k1"] not in check_value(ring, "k1")


@pytest.mark.control("C-CRY-5")
@pytest.mark.django_db
def test_verify_refuses_another_key_under_a_known_name(settings: Settings) -> None:
    kid = key_ring().first
    settings.SECRETS_KEYRING = f"{kid}:{OTHER}"
    key_ring.cache_clear()
    with pytest.raises(KeyRingInvalid, match="not the one that sealed") as refused:
        verify_key_ring()
    assert OTHER not in str(refused.value)


@pytest.mark.control("C-CRY-5")
@pytest.mark.django_db(databases=["default", "system", "owner"])
def test_migrate_stores_a_new_key_and_refuses_a_changed_one(settings: Settings) -> None:
    settings.SECRETS_KEYRING = f"{settings.SECRETS_KEYRING},fresh1:{OTHER}"
    key_ring.cache_clear()
    with pytest.raises(KeyRingInvalid, match="migrate"):
        verify_key_ring()
    store_key_checks(using="owner")
    verify_key_ring(using="owner")
    settings.SECRETS_KEYRING = f"fresh1:{KEY[:-2]}Hg"
    key_ring.cache_clear()
    for step in (store_key_checks, prepare_schema):
        with pytest.raises(KeyRingInvalid, match="fresh1"):
            step(using="owner")


@pytest.mark.control("C-CRY-5")
@pytest.mark.django_db
def test_web_and_worker_cannot_write_check_values() -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute("UPDATE orgs_keycheck SET value = '\\x00'")


@pytest.mark.django_db
def test_check_names_a_ring_that_cannot_be_read(settings: Settings) -> None:
    settings.SECRETS_KEYRING = "k1"
    with pytest.raises(SystemCheckError, match=r"orgs\.E001"):
        call_command("check", tags=["security"])


SENTENCE = "is not the one that sealed the stored secrets"
WEB = ("-c", "import config.wsgi; print(1)")
WORKER = ("-m", "celery", "-A", "config", "worker", "--pool=solo", "--without-mingle", "--without-gossip")


@pytest.mark.control("C-CRY-5")
@pytest.mark.django_db
@pytest.mark.parametrize("command", [WEB, WORKER], ids=["web", "worker"])
def test_a_process_with_an_altered_key_ends_before_it_serves(command: tuple[str, ...]) -> None:
    """Started as it is started anywhere; it sees the committed check values of this database."""
    kid = key_ring().first
    database = product.DATABASES["owner"]["NAME"]
    environment = {
        **os.environ,
        "SECRETS_KEYRING": f"{kid}:{OTHER}",
        **{
            name: os.environ[name].replace("/mailroom?", f"/{database}?")
            for name in ("DATABASE_URL", "DATABASE_SYSTEM_URL", "DATABASE_OWNER_URL")
        },
    }
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode != 0
    assert not ended.stdout.endswith("1\n")
    assert SENTENCE in ended.stderr.strip().splitlines()[-1]
    assert OTHER not in ended.stderr
