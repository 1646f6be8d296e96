"""A secret stays hidden wherever Python shows things, and is opened in this room only."""

from __future__ import annotations

import ast
import copy
import json
import logging
import pickle
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from providers import SecretText
from tests.providers.test_contract import CANARY, parsed

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "console", "notifications", "mailsettings", "orgs", "providers", "alerts", "devtools")


@pytest.mark.control("C-CRY-8")
def test_no_way_of_showing_gives_the_secret_away(caplog: pytest.LogCaptureFixture) -> None:
    secret = SecretText(CANARY)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r %s", secret, secret, {"a": secret})
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", "%s" % secret]  # noqa: UP031 - each way on purpose
    shown += [repr([secret]), repr({"a": secret}), repr(SecretText.__dict__), caplog.text, str(dir(secret))]
    assert not any(CANARY in text for text in shown)
    assert not hasattr(secret, "__dict__")
    assert not hasattr(secret, "__len__")


@pytest.mark.control("C-CRY-8")
def test_copies_stay_masked_and_files_are_refused() -> None:
    secret = SecretText(CANARY)
    for copied in (copy.copy(secret), copy.deepcopy(secret), asdict(parsed("smtp"))["password"]):
        assert isinstance(copied, SecretText)
        assert CANARY not in repr(copied)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps({"a": secret})


def test_equality_emptiness_and_hash_tell_nothing_more() -> None:
    assert SecretText("a") == SecretText("a")
    assert SecretText("a") != SecretText("b")
    assert SecretText("a") != "a"
    assert hash(SecretText("a")) == hash(SecretText("b"))
    assert SecretText("a")
    assert not SecretText("")


@pytest.mark.parametrize(("clear", "hint"), [("0123456789abcdef", "cdef"), ("0123456789abcde", ""), ("", "")])
def test_hint_spares_short_secrets(clear: str, hint: str) -> None:
    assert SecretText(clear).hint() == hint


def test_sealing_gets_the_bytes_without_showing_them() -> None:
    assert SecretText("pä").sealed_by(lambda clear: clear[::-1]) == "pä".encode()[::-1]
    assert replace(parsed("smtp"), password=SecretText("x")).password == SecretText("x")  # type: ignore[call-arg, attr-defined]


@pytest.mark.control("C-CRY-8")
def test_only_this_room_opens_secrets() -> None:
    found = []
    files = [file for room in ROOMS if (ROOT / room).is_dir() for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 50
    for file in files:
        if file.is_relative_to(ROOT / "providers"):
            continue
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        opened = [node for node in tree if isinstance(node, ast.Attribute) and node.attr == "reveal"]
        found += [(file.relative_to(ROOT).as_posix(), node.lineno) for node in opened]
    assert found == []
