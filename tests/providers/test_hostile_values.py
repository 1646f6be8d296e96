"""Whatever is typed into any field of any provider is a field error or harmless."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

import pytest

from providers import (
    Flag,
    SettingsInvalid,
    provider,
    specs,
)
from providers.values import applies
from tests.providers.test_contract import KEYS, parsed


def refusal(key: str, name: str, value: object) -> dict[str, str]:
    """The sentences by field, none when the value is taken."""
    try:
        settings = parsed(key, **{name: value})
    except SettingsInvalid as error:
        return error.errors
    assert provider(key).destination(settings)
    return {}


HOSTILE: list[object] = [
    "",
    " ",
    "\x00",
    "a\r\nb",
    "x" * 5000,
    "\ud800",
    "{{ 7*7 }}",
    "<script>",
    "../../etc/passwd",
]


HOSTILE += [
    None,
    0,
    -1,
    2**70,
    True,
    [],
    {},
    b"bytes",
    1.5,
    object(),
    "٣",
    "１２３",
    "NaN",
    "1e3",
    "\u202eabc",
]


@pytest.mark.parametrize("key", KEYS)
def test_hostile_value_is_a_field_error_or_harmless(key: str) -> None:
    usual = vars(parsed(key))
    for one in specs(provider(key).settings_type):
        for value in HOSTILE:
            refused = refusal(key, one.name, value)
            assert all(len(sentence) > 10 for sentence in refused.values())
            assert all(sentence.isprintable() for sentence in refused.values())
            odd = isinstance(value, list | dict | bytes | float)
            assert refused or not odd or isinstance(one.marker, Flag) or not applies(one, usual)
