"""A mail server that throws everything away, as fast as Python can; faults and distance by options.

It runs as a process of its own: `python -m benchmarks.sink --port 2599 --rtt 20`. One line per mail goes to
`--log`: the moment, what became of it (taken, lost, later), and the Message-ID.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
from pathlib import Path

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
EXTENSIONS = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
OK, GO, BYE = b"250 2.0.0 OK\r\n", b"354 Go ahead\r\n", b"221 2.0.0 Bye\r\n"
LATER = b"451 4.3.0 Try again later\r\n"


class Faults:
    """What goes wrong on purpose: replies that are lost after the dot, and messages put off."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.rtt: float = options.rtt / 1000
        self.lost: float = options.lost
        self.later: float = options.later
        self.random = random.Random(options.seed)  # noqa: S311  # faults want to be repeatable
        self.log = Path(options.log).open("ab", buffering=0) if options.log else None  # noqa: SIM115  # open for life

    def write(self, content: bytes, word: bytes) -> None:
        """Log what became of one message."""
        if self.log is not None:
            found = MESSAGE_ID.search(content[:4000])
            self.log.write(b"%.6f %s %s\n" % (time.time(), word, found[1] if found else b"-"))


class Conversation(asyncio.Protocol):
    """One client."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # narrows the type
        self._transport = transport
        self._say(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer whatever is complete; one round trip costs one delay, as pipelining promises."""
        self._buffer += data
        answers: list[bytes] = []
        while self._buffer and not self._transport.is_closing():
            answer = self._content() if self._in_data else self._command()
            if answer is None:
                break
            answers.append(answer)
        if answers:
            self._say(b"".join(answers))

    def _command(self) -> bytes | None:
        line, mark, rest = self._buffer.partition(b"\r\n")
        if not mark:
            return None
        self._buffer = rest
        verb = line[:4].upper()
        if verb == b"DATA":
            self._in_data = True
            return GO
        if verb == b"QUIT":
            self._say(BYE)
            self._transport.close()
            return None
        return EXTENSIONS if verb == b"EHLO" else OK

    def _content(self) -> bytes | None:
        content, mark, rest = self._buffer.partition(END)
        if not mark:
            return None
        self._buffer, self._in_data = rest, False
        faults = self._faults
        if faults.later and faults.random.random() < faults.later:
            faults.write(content, b"later")
            return LATER
        if faults.lost and faults.random.random() < faults.lost:
            faults.write(content, b"lost")
            self._transport.abort()
            return None
        faults.write(content, b"taken")
        return OK

    def _say(self, words: bytes) -> None:
        if not self._faults.rtt:
            self._transport.write(words)
        else:
            asyncio.get_running_loop().call_later(self._faults.rtt, self._transport.write, words)


async def serve(options: argparse.Namespace) -> None:
    """Listen until killed."""
    faults = Faults(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(faults), "127.0.0.1", options.port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  # tells its port
    await server.serve_forever()


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rtt", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--lost", type=float, default=0.0, help="share of replies lost after the final dot")
    parser.add_argument("--later", type=float, default=0.0, help="share of messages answered with 451")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", default="")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(read_options()))
