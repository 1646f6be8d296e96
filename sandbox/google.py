"""A plain OAuth 2.0 server on 127.0.0.1, in the manner of Google or of anybody else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from sandbox.http_server import HttpServer, Request, Response
from sandbox.listener import LOOPBACK
from sandbox.oauth_clients import Authentication, Client, Permit, Permits, Person, Refused
from sandbox.oauth_endpoints import ACCESS, REFRESH, Authorize, TokenEndpoint, refusal
from sandbox.script import Script
from sandbox.sign_in_style import ASSETS
from sandbox.tls import Authority
from sandbox.token_form import token_form
from sandbox.token_record import TokenRequest, recorded
from sandbox.visitor import decide

TOKEN_PATHS = ("/token", "/o/oauth2/token")
AUTHORIZE_PATH = "/o/oauth2/v2/auth"
REVOKE_PATH = "/revoke"
MAIL_SCOPE = "https://mail.google.com/"


class OAuthServer(HttpServer):
    """Gives tokens to registered clients; `google` words the errors as Google does."""

    def __init__(self, authority: Authority, *, port: int = 0, google: bool = True) -> None:
        super().__init__(port=port, context=authority.context())
        self.google = google
        self.browser_context = authority.client_context()
        self.token_requests: list[TokenRequest] = []
        self.revocations = 0
        self.script: Script[Response] = Script()
        self._clients: dict[str, Client] = {}
        self._people: dict[str, Person] = {}
        self._permits = Permits()
        self._tokens = TokenEndpoint(self._clients, self._permits)
        self._authorize = Authorize(self._clients, self._people, self._permits)

    @property
    def host(self) -> str:
        """The host with its port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def base_url(self) -> str:
        """Where it lives, and the issuer of its id tokens."""
        return f"https://{self.host}"

    @property
    def access_url(self) -> str:
        """The token endpoint."""
        return f"{self.base_url}{TOKEN_PATHS[1] if self.google else TOKEN_PATHS[0]}"

    @property
    def tokens(self) -> TokenEndpoint:
        """How tokens are given: `seconds` they last, and whether refresh tokens rotate (`rotates`)."""
        return self._tokens

    def add_client(
        self,
        client_id: str,
        secret: str,
        *,
        authentication: Authentication = "any",
        scopes: Iterable[str] = (),
        mailboxes: Iterable[str] = (),
    ) -> Client:
        """Register a client, or replace the one with this id."""
        client = Client(client_id, secret, authentication=authentication)
        client.scopes, client.mailboxes = frozenset(scopes), frozenset(one.lower() for one in mailboxes)
        self._clients[client_id] = client
        return client

    def add_account(self, email: str, *, name: str = "") -> Person:
        """Register somebody who can sign in."""
        return self._people.setdefault(email.lower(), Person(email, name or email))

    def refresh_token(self, client_id: str, email: str, *, scope: str = MAIL_SCOPE, token: str = "") -> str:
        """A refresh token as somebody got it elsewhere; `token` makes it a known one."""
        permit = Permit(client=self._clients[client_id], scope=scope, person=self.add_account(email))
        return self._permits.give(REFRESH, permit, token=token)

    def access_token(self, client_id: str, email: str, *, lifetime: float = 3599.0) -> str:
        """An access token as somebody got it elsewhere."""
        person = self.add_account(email)
        permit = Permit(client=self._clients[client_id], scope=MAIL_SCOPE, person=person)
        permit.ends = time.time() + lifetime
        return self._permits.give(ACCESS, permit)

    def accepts(self, user: str, token: str) -> bool:
        """Say whether a mail server lets this user in with this token."""
        permit = self._permits.get(token) if token.startswith(ACCESS) else None
        if permit is None:
            return False
        if permit.person is not None:
            return permit.person.email.lower() == user.lower()
        return not permit.client.mailboxes or user.lower() in permit.client.mailboxes

    def revoke(self, email: str) -> None:
        """End what somebody allowed: invalid_grant at the next refresh."""
        self._people[email.lower()].ended = True
        self.end_access_tokens()

    def end_access_tokens(self) -> None:
        """Make every access token worthless; refreshing still works."""
        self._permits.drop_access_tokens(ACCESS)

    def fail_tokens(self, error: str, text: str = "", times: int = 1, *, status: int = 400) -> None:
        """Answer the next token requests with this error."""
        self.script.add(refusal(Refused(error, text, status=status), google=self.google), times=times)

    def answer_tokens(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, times: int = 1
    ) -> None:
        """Answer the next token requests with anything at all."""
        self.script.add(Response(status=status, body=body, headers=headers or {}), times=times)

    def accept(self, url: str, email: str, scopes: Iterable[str] | None = None) -> str:
        """Open a consent page, allow what is ticked (None: all of it), and give the callback's address."""
        return decide(url, self.browser_context, account=email, scopes=scopes)

    def decline(self, url: str, email: str) -> str:
        """Open a consent page, press Cancel, and give the callback's address."""
        return decide(url, self.browser_context, account=email, decision="cancel")

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.path in TOKEN_PATHS:
            return self._token(request)
        if request.path == AUTHORIZE_PATH:
            return self._authorize.answer(request)
        if request.path == REVOKE_PATH:
            self.revocations += 1
            self._permits.drop(token_form(request).get("token", ""))
            return Response(status=200)
        return ASSETS.get(request.path, Response(status=404))

    def _token(self, request: Request) -> Response:
        form = token_form(request)
        prepared, carry_out = self.script.take()
        real = None
        if carry_out:
            try:
                real = self._tokens.answer(request, form, issuer=self.base_url)
            except Refused as refused:
                real = refusal(refused, google=self.google)
        answer = prepared or real or Response(status=500)
        self.token_requests.append(recorded(form, request.path, answer))
        return answer
