"""One SMTP connection: pinned to a checked address, encrypted as asked, bounded in time and size."""

from __future__ import annotations

import time
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.network import connect, start_tls
from providers.network.timed import TimedSocket
from providers.session import WireContext
from providers.transports.smtp_lines import SmtpLines, SmtpServer
from providers.transports.smtp_replies import GONE, Reply, refused

COMMAND_SECONDS: Final = 30.0
IMPLICIT_PORT: Final = 465
READY, OK = 220, 250


class SmtpWire(SmtpLines):
    """A connection from its opening to the point where it may sign in."""

    def __init__(self, server: SmtpServer, context: WireContext) -> None:
        super().__init__(server, context)
        # Forms of the password or token that a careless server could repeat; set by the sign-in.
        self.hidden: tuple[str, ...] = ()
        self.signed_in = False

    def start(self) -> None:
        """Connect, greet, and encrypt as the settings say.

        Raises:
            ProviderError: with its stage.
        """
        server, egress, trace = self._server, self._context.egress, self._context.trace
        try:
            egress.check_port(server.port)
        except ProviderError as error:
            raise trace.fail(error) from None
        opened = connect(server.host, server.port, egress, trace)
        self._adopt(opened)
        if server.tls_option == "tls":
            self._secure(opened)
        with trace.step(Stage.GREETING) as step:
            reply = self._greeting()
            self._expect(reply, READY, Stage.GREETING)
            self.introduce()
            step.text = f"{server.host} greeted us"
        if server.tls_option == "starttls":
            with trace.step(Stage.TLS):
                self._ask_for_tls()
            self._secure(opened)
            # Everything learnt before is forgotten (RFC 3207).
            with trace.step(Stage.GREETING) as step:
                self.introduce()
                step.text = f"{server.host} greeted us"

    def introduce(self) -> None:
        """Say EHLO, or HELO to a server that knows no more."""
        self.allow(COMMAND_SECONDS)
        code, text = self.ehlo()
        if code == GONE:
            raise self.refused(Stage.GREETING, Reply(code, text.decode("utf-8", "replace")))
        if code != OK:
            self.esmtp_features = {}
            self._expect(self.ask(f"HELO {self.local_hostname}"), OK, Stage.GREETING)

    def refused(self, stage: Stage, reply: Reply) -> ProviderError:
        """Make the error of a refused command."""
        return refused(
            stage, reply, host=self._server.host, facts=self.facts, hide=self.hidden, signed_in=self.signed_in
        )

    def _expect(self, reply: Reply, code: int, stage: Stage) -> None:
        if reply.code != code:
            raise self.refused(stage, reply)

    def _greeting(self) -> Reply:
        self.allow(COMMAND_SECONDS)
        try:
            return self.reply()
        except ProviderError as error:
            if error.code == "timeout" and self._server.port == IMPLICIT_PORT and not self.is_encrypted:
                # Both sides wait for the other to speak first.
                raise failure(
                    "tls_mode", stage=Stage.GREETING, host=self._server.host, facts=self.facts
                ) from None
            raise

    def _ask_for_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise failure("starttls_missing", stage=Stage.TLS, host=self._server.host, facts=self.facts)
        self.allow(COMMAND_SECONDS)
        self._expect(self.ask("STARTTLS"), READY, Stage.TLS)
        waiting = isinstance(self._opened, TimedSocket) and self._opened.has_words()
        if self._pending or waiting:
            # Words said in clear would be read as if they had come inside TLS.
            self.close()
            raise failure("tls_mode", stage=Stage.TLS, host=self._server.host, facts=self.facts)

    def _secure(self, opened: TimedSocket) -> None:
        left = self._ends - time.monotonic()
        secured = start_tls(
            opened,
            self._server.host,
            self._context.trace,
            ca_bundle=self._context.egress.ca_bundle,
            certificate=self._server.certificate,
            seconds=left,
        )
        self._adopt(secured)
