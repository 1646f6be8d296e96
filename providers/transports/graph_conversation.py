"""What is said to Graph about one message, apart from how it travels, so that several may be under way."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from providers.network import HttpReply
from providers.session import no_marker

Given = TypeVar("Given")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to Graph; `marker` runs when nothing of it has left."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    when_lost: str
    marker: Callable[[], None] = no_marker


# Asks, is given each reply or what kept it away, and comes to something.
Conversation = Generator[Call, HttpReply, Given]


def hold(conversation: Conversation[Given], make: Callable[[Call], HttpReply]) -> Given:
    """Hold one conversation from beginning to end.

    Raises:
        ProviderError: what the conversation came to.
    """
    try:
        call = next(conversation)
        while True:
            try:
                reply = make(call)
            except BaseException as error:  # noqa: BLE001 - the conversation says what it means
                call = conversation.throw(error)
            else:
                call = conversation.send(reply)
    except StopIteration as end:
        given: Given = end.value
        return given
