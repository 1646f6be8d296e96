"""Several messages under way to Graph at a time: requests run in threads, all else in the caller's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from providers.errors import ProviderError, Stage, failure
from providers.message import Message
from providers.network import HttpClient, HttpReply
from providers.session import Answer, Receipt
from providers.transports.graph_calls import UNAUTHORIZED, GraphCalls
from providers.transports.graph_conversation import Call, Conversation
from providers.transports.graph_lines import Lines

Answers = Generator[Answer, None, None]


@dataclass(frozen=True, kw_only=True)
class Sending:
    """How a session sends: beside others (None where a message has to travel alone), or alone."""

    beside: Callable[[Message], Conversation[Receipt] | None]
    alone: Callable[[Message], Answer]
    before_transmit: Callable[[], None]


@dataclass(eq=False, kw_only=True)
class Flight:
    """One message under way, over a connection that is its own until it landed."""

    message: Message
    conversation: Conversation[Receipt]
    http: HttpClient
    ends: float


class Convoy:
    """One run of messages; after the first fault of the connection nobody starts any more."""

    def __init__(self, calls: GraphCalls, lines: Lines, sending: Sending, *, at_once: int) -> None:
        self._calls, self._lines, self._sending, self._at_once = calls, lines, sending, at_once
        self._flying: dict[Future[HttpReply], Flight] = {}
        self._landed: deque[Answer] = deque()
        self._faults: list[Answer] = []

    def run(self, messages: Iterable[Message]) -> Answers:
        """Send until there is no more, or a fault; whatever left gets its answer, and faults come last."""
        try:
            try:
                yield from self._send(messages)
            except Exception:
                # Whatever keeps the next from leaving: those under way have an answer to come.
                yield from self._end()
                raise
            yield from self._end()
        finally:
            # Where nobody listens any more: no request outlasts the slot of its session.
            wait(self._flying)
            for flight in self._flying.values():
                self._lines.give_back(flight.http)

    def _send(self, messages: Iterable[Message]) -> Answers:
        urgency = None
        for message in messages:
            if message.priority is not urgency:
                # The urgent ones have arrived before others start.
                yield from self._land(0)
                urgency = message.priority
            if not self._faults:
                yield from self._begin(message)
                yield from self._land(self._at_once - 1)
            if self._faults:
                return

    def _end(self) -> Answers:
        yield from self._land(0)
        yield from self._faults

    def _begin(self, message: Message) -> Answers:
        try:
            conversation = self._sending.beside(message)
            call = next(conversation) if conversation is not None else None
        except ProviderError as error:
            self._note(Answer(message, error=error))
            return
        if conversation is None or call is None:
            yield from self._land(0)
            if not self._faults:
                self._note(self._sending.alone(message))
            return
        self._sending.before_transmit()
        ends, http = self._calls.end_of_message(), self._lines.take()
        self._start(call, Flight(message=message, conversation=conversation, http=http, ends=ends))

    def _start(self, call: Call, flight: Flight) -> None:
        self._flying[self._lines.start(call, flight.http, flight.ends)] = flight

    def _land(self, most: int) -> Answers:
        """Wait until no more than `most` are under way, and give the answers that came."""
        while len(self._flying) > most:
            for future in wait(self._flying, return_when=FIRST_COMPLETED).done:
                self._hear(future, self._flying.pop(future))
            yield from self._take_landed()
        yield from self._take_landed()

    def _take_landed(self) -> Answers:
        while self._landed:
            yield self._landed.popleft()

    def _hear(self, future: Future[HttpReply], flight: Flight) -> None:
        """Go on with a message as its reply says."""
        call: Call | None
        try:
            call = self._next_call(future, flight)
        except StopIteration as end:
            self._note(Answer(flight.message, receipt=end.value))
        except ProviderError as error:
            self._note(Answer(flight.message, error=error))
        else:
            if call is not None and not self._faults:
                self._start(call, flight)
                return
            # What was said is no answer to the message, and its next try may not start any more.
            flight.conversation.close()
            lost = failure("connection_lost", stage=Stage.CONNECT, host=self._calls.mailbox.host)
            self._note(Answer(flight.message, error=lost))
        self._lines.give_back(flight.http)

    def _next_call(self, future: Future[HttpReply], flight: Flight) -> Call | None:
        error = future.exception()
        if error is not None:
            return flight.conversation.throw(error)
        reply = future.result()
        if self._faults and reply.status_code == UNAUTHORIZED:
            # Another has just found out that there is no other token, or that the connection rests.
            return None
        return flight.conversation.send(reply)

    def _note(self, answer: Answer) -> None:
        error = answer.error
        if error is not None and (error.connection_fault or error.outcome_unknown):
            self._faults.append(answer)
        else:
            self._landed.append(answer)
