"""One store for tokens: whoever needs a new one, it is fetched once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from providers import MemoryTokenStore, SecretText, Token, failure
from providers.errors import ProviderError


def token(text: str, seconds: float = 3600.0, **more: object) -> Token:
    return Token(SecretText(text), time.time() + seconds, **more)  # type: ignore[arg-type]


@pytest.mark.feature("HIR-22")
@pytest.mark.parametrize(
    ("lasts", "left", "good"),
    [
        (3600.0, 301.0, True),
        (3600.0, 299.0, False),
        (60.0, 7.0, True),
        (60.0, 5.0, False),
        (86400.0, 299.0, False),
    ],
)
def test_token_is_renewed_five_minutes_before_its_end_or_at_a_tenth_of_a_short_life(
    lasts: float, left: float, *, good: bool
) -> None:
    assert token("t", left, lasts=lasts).is_good is good
    assert not token("", left, lasts=lasts).is_good


@pytest.mark.control("C-OAU-6")
def test_sixteen_who_ask_at_once_share_one_fetch() -> None:
    tokens, fetched, ready = MemoryTokenStore(), [], threading.Barrier(16)

    def fetch(current: Token | None) -> Token:
        fetched.append(current)
        time.sleep(0.05)
        return token("new", refresh=SecretText("r2"))

    def ask() -> Token:
        ready.wait()
        return tokens.renew("key", None, fetch)

    with ThreadPoolExecutor(16) as pool:
        came = [each.result() for each in [pool.submit(ask) for _ in range(16)]]
    assert {one.value.reveal() for one in came} == {"new"}
    assert fetched == [None]


def test_all_who_wait_learn_of_the_one_refusal_and_the_next_may_try_again() -> None:
    tokens, ready, asked = MemoryTokenStore(), threading.Barrier(8), []

    def refuse(current: Token | None) -> Token:
        asked.append(current)
        time.sleep(0.05)
        raise failure("token_reconnect")

    def ask() -> str:
        ready.wait()
        with pytest.raises(ProviderError) as caught:
            tokens.renew("key", None, refuse)
        return caught.value.code

    with ThreadPoolExecutor(8) as pool:
        codes = [each.result() for each in [pool.submit(ask) for _ in range(8)]]
    assert set(codes) == {"token_reconnect"}
    assert len(asked) < 8
    assert tokens.renew("key", None, lambda _: token("new")).value.reveal() == "new"


def test_another_breakdown_of_the_one_who_fetches_lets_the_next_try() -> None:
    tokens, begun = MemoryTokenStore(), threading.Event()

    def break_down(_: Token | None) -> Token:
        begun.set()
        time.sleep(0.05)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(tokens.renew, "key", None, break_down)
        begun.wait()
        assert tokens.renew("key", None, lambda _: token("new")).value.reveal() == "new"
        with pytest.raises(KeyboardInterrupt):
            first.result()


def test_token_of_somebody_faster_is_taken_without_a_fetch() -> None:
    tokens, stale = MemoryTokenStore(), token("old")
    tokens.put("key", token("faster"))

    def never(_: Token | None) -> Token:
        raise AssertionError

    assert tokens.renew("key", stale, never).value.reveal() == "faster"


def test_dropped_access_token_leaves_refresh_token_and_account() -> None:
    tokens = MemoryTokenStore()
    tokens.put("key", token("old", refresh=SecretText("r1"), claims={"account": "a@contoso.com"}))
    tokens.drop("key")
    kept = tokens.get("key")
    assert kept is not None
    assert (kept.value.reveal(), kept.refresh, kept.claims) == (
        "",
        SecretText("r1"),
        {"account": "a@contoso.com"},
    )
    seen: list[Token | None] = []

    def fetch(current: Token | None) -> Token:
        seen.append(current)
        return token("new")

    tokens.renew("key", token("old"), fetch)
    assert seen == [kept]


def test_no_repr_of_a_token_shows_it() -> None:
    shown = repr(token("access-canary", refresh=SecretText("refresh-canary")))
    assert "canary" not in shown
