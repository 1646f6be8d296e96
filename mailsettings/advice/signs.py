"""What the other side says for each of our codes, from the tables of the wires: for search and docs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from providers import Stage
from providers.entra import CODES as ENTRA
from providers.transports.graph_errors import CODES as GRAPH
from providers.transports.smtp_replies import JUDGES, Reply

# Replies worth finding (smtp-and-oauth.md §4, §9, microsoft.md §11.6), by the stage they are given at.
REPLIES: Final[Mapping[Stage, str]] = {
    Stage.GREETING: "554 5.7.1, 421 4.3.2, 450 4.7.0",
    Stage.TLS: "454 4.7.0, 502 5.5.1",
    Stage.SIGN_IN: (
        "535 5.7.8, 535 5.7.3, 535 5.7.139, 534 5.7.9, 534 5.7.14, 454 4.7.0, 432 4.7.12, 525 5.7.13,"
        " 538 5.7.11, 504 5.5.4, 550 5.7.30, 432 4.3.2, 430 4.2.0"
    ),
    Stage.SENDER: (
        "530 5.7.0, 530 5.7.57, 550 5.7.60, 554 5.2.252, 550 5.7.708, 550 5.2.254, 550 5.7.26, 550 5.7.25,"
        " 550 5.7.27, 450 4.1.8, 553 5.1.7, 451 4.7.500, 550 5.4.5, 550 5.1.90, 550 5.7.233, 452 4.3.1,"
        " 421 4.7.28, 555"
    ),
    Stage.RECIPIENT: (
        "550 5.1.1, 550 5.1.2, 550 5.1.10, 550 5.2.1, 552 5.2.2, 550 5.4.1, 550 5.7.1, 550 5.7.133,"
        " 550 5.7.64, 450 4.2.0, 450 4.2.1, 452 4.2.2, 451 4.3.0, 452 4.5.3"
    ),
    Stage.MESSAGE: "554 5.7.1, 552 5.7.0, 552 5.3.4, 554 5.6.0, 554 5.6.11, 550 5.7.509, 554 5.3.0",
}


@lru_cache(maxsize=1)
def signs() -> Mapping[str, tuple[str, ...]]:
    """Give the numbers, codes and replies behind each of our codes."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code, sign in (*_entra(), *_smtp(), *_graph()):
        if sign not in found[code]:
            found[code].append(sign)
    return {code: tuple(listed) for code, listed in found.items()}


def _entra() -> Iterator[tuple[str, str]]:
    for number, meaning in ENTRA.items():
        yield meaning.code, f"AADSTS{number}"
        if meaning.reconnect:
            # The same number, said to somebody who can connect again.
            yield "token_reconnect", f"AADSTS{number}"


def _smtp() -> Iterator[tuple[str, str]]:
    for stage, replies in REPLIES.items():
        for each in replies.split(", "):
            code, _blank, text = each.partition(" ")
            yield JUDGES[stage](Reply(int(code), text)), each


def _graph() -> Iterator[tuple[str, str]]:
    yield from ((meaning.code, name) for name, meaning in GRAPH.items())
