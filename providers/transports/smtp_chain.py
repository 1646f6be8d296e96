"""Mails one behind the other on one wire: while one is judged, the next is already named."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from operator import length_hint

from providers.errors import ProviderError, Refusal
from providers.message import Message
from providers.session import Answer
from providers.trace import Trace
from providers.transports.smtp_exchange import Exchange, Prepared
from providers.transports.smtp_limits import mails_a_session
from providers.transports.smtp_replies import GONE
from providers.transports.smtp_wire import SmtpWire


class Supply:
    """Messages that are asked for ahead, and put back when they could not follow."""

    def __init__(self, messages: Iterable[Message], goes_on: Callable[[], bool]) -> None:
        self._messages, self.goes_on = iter(messages), goes_on
        self._returned: deque[Message] = deque()

    def take(self) -> Message | None:
        """Give the next message, as long as there is to be one."""
        if not self.goes_on():
            return None
        return self._returned.popleft() if self._returned else next(self._messages, None)

    @property
    def ready(self) -> int:
        """Tell how many messages can be had without waiting, as far as anybody knows."""
        return len(self._returned) + length_hint(self._messages, 0)

    def put_back(self, *messages: Message) -> None:
        """Take back what did not get its turn."""
        self._returned.extendleft(reversed(messages))


class Chain:
    """One run of mails, as long as each can follow the one before."""

    def __init__(self, wire: SmtpWire, trace: Trace, envelope_sender: str, *, sent: int) -> None:
        self._wire, self._envelope_sender = wire, envelope_sender
        self._exchange = Exchange(wire, trace)
        self._room = mails_a_session(wire) - sent
        # Written ahead; the envelope of the first goes out behind the content of the mail before it.
        self._next: deque[Prepared] = deque()

    def prepare(self, message: Message) -> Prepared | None:
        """Write a mail ahead of its turn; None for one that has to be sent by itself."""
        if self._room <= 0:
            return None
        self._room -= 1
        return self._exchange.prepare(message, self._envelope_sender)

    def run(
        self, first: Prepared, supply: Supply, before_transmit: Callable[[], None]
    ) -> Generator[Answer, None, None]:
        """Send until a mail cannot follow or the line breaks; what did not get its turn goes back."""
        named = True
        mail: Prepared | None = first
        try:
            refused = self._named(first, supply)
            while mail is not None:
                if isinstance(refused, ProviderError):
                    named = False
                    self._give_back(supply)
                    yield Answer(mail.message, error=refused)
                    return
                before_transmit()
                answer = self._transmit(mail, refused, supply)
                if self._wire.sock is None:
                    self._give_back(supply)
                named = bool(self._next)
                yield answer
                mail = self._next.popleft() if self._next else None
                refused = self._read(mail) if mail is not None else {}
        finally:
            # Behind an envelope nothing but its content can be said, so the only way back is to hang up.
            if named:
                self._wire.close()

    def _named(self, mail: Prepared, supply: Supply) -> dict[str, Refusal] | ProviderError:
        """Name the first mail, with nothing before it."""
        try:
            self._exchange.begin(mail)
        except ProviderError as error:
            return error
        self._write_ahead(supply, 1)
        return self._read(mail)

    def _read(self, mail: Prepared) -> dict[str, Refusal] | ProviderError:
        try:
            return self._exchange.read_envelope(mail)
        except ProviderError as error:
            return error

    def _transmit(self, mail: Prepared, refused: dict[str, Refusal], supply: Supply) -> Answer:
        if not supply.goes_on():
            self._give_back(supply)
        try:
            self._exchange.hand_over(mail, self._next[0] if self._next else None)
            if self._next:
                # While the other side is at work.
                self._write_ahead(supply, 2)
            return Answer(mail.message, receipt=self._exchange.read_answer(mail, refused))
        except ProviderError as error:
            return Answer(mail.message, error=error)

    def _write_ahead(self, supply: Supply, number: int) -> None:
        if len(self._next) >= number:
            return
        # A few in a row are quicker written than one now and then.
        number = max(number, supply.ready)
        while self._room > 0 and len(self._next) < number and (message := supply.take()) is not None:
            mail = self.prepare(message)
            if mail is None:
                self._room = 0
                supply.put_back(message)
            else:
                self._next.append(mail)

    def _give_back(self, supply: Supply) -> None:
        supply.put_back(*(mail.message for mail in self._next))
        self._next.clear()


def is_ended(error: ProviderError) -> bool:
    """Say whether the server ended the session."""
    return error.code == "connection_lost" or error.reply.startswith(str(GONE))
