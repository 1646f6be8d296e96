"""One open way out: what it needs from outside, what it can do, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from providers.errors import ProviderError, Refusal
from providers.message import Message
from providers.network import Egress
from providers.token_store import TokenStore
from providers.trace import Trace


@dataclass(frozen=True)
class Receipt:
    """What the other side said when it took a message."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    reply: str = ""
    provider_id: str = ""


@dataclass(frozen=True)
class WireContext:
    """What a session needs from outside; `time_limit` is for one message or the opening, in seconds."""

    egress: Egress
    trace: Trace
    tokens: TokenStore
    connection_key: str
    time_limit: float = 180.0


def no_marker() -> None:
    """Stand in where nobody wants to know that transmission begins."""


def always() -> bool:
    """Stand in where nobody stops what was begun."""
    return True


@dataclass(frozen=True)
class Answer:
    """What came of one message of many: a receipt, or the error that sending it alone would have raised."""

    message: Message
    receipt: Receipt | None = None
    error: ProviderError | None = None


class Session(Protocol):
    """One open, authenticated way out; sends many messages, one after the other."""

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message; `before_transmit` runs when nothing has left yet and may stop it by raising."""

    def send_many(
        self,
        messages: Iterable[Message],
        *,
        before_transmit: Callable[[], None] = no_marker,
        at_once: int = 1,
        goes_on: Callable[[], bool] = always,
    ) -> Generator[Answer, None, None]:
        """Send messages in their order, in few exchanges or `at_once` at a time, where the other side can.

        Gives one answer for each message; with several under way, in the order they come. `before_transmit`
        runs once for a message, in the order they were asked for. Messages are asked for ahead of their turn:
        where one has no answer when the caller stops, nothing left unless `before_transmit` ran for it. Once
        `goes_on` says no, only messages the other side was told of already are finished.
        """

    def verify(self, sender: str, recipient: str) -> None:
        """Prove as much as can be proven without sending."""

    def close(self) -> None:
        """End politely; never raises."""

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def one_by_one(
    session: Session, messages: Iterable[Message], before_transmit: Callable[[], None]
) -> Generator[Answer, None, None]:
    """Send many messages through a wire that takes them singly."""
    for message in messages:
        yield answer_of(session, message, before_transmit)


def answer_of(session: Session, message: Message, before_transmit: Callable[[], None]) -> Answer:
    """Send one message; an error is an answer, too."""
    try:
        return Answer(message, receipt=session.send(message, before_transmit=before_transmit))
    except ProviderError as error:
        return Answer(message, error=error)
