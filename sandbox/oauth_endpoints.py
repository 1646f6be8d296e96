"""The two endpoints of a plain OAuth 2.0 server: tokens (RFC 6749), and consent with PKCE (RFC 7636)."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, parse_qsl, urlencode

import jwt

from sandbox import consent_markup
from sandbox.http_server import Request, Response, json_response
from sandbox.markup import fill
from sandbox.oauth_clients import Client, Permit, Permits, Person, Refused, proves

ACCESS, REFRESH, CODE = "ya29.", "1//0", "4/0A"
CODE_SECONDS = 600
SIGN_IN_SCOPES = ("openid", "email", "profile")
# The client does not check the signature: an id token comes straight from the issuer, over TLS.
ID_TOKEN_KEY = "the-key-of-id-tokens-of-the-sandbox"
GOOGLE_TEXTS = {
    "invalid_grant": "Bad Request",
    "invalid_client": "The OAuth client was not found.",
    "unauthorized_client": "Unauthorized",
    "unsupported_grant_type": "Invalid grant_type: ",
}


def refusal(refused: Refused, *, google: bool) -> Response:
    """The answer to a refused request: RFC 6749 §5.2, with Google's sentence or the server's own."""
    text = refused.text or (GOOGLE_TEXTS.get(refused.error, "") if google else "")
    content = {"error": refused.error, **({"error_description": text} if text else {})}
    challenge = {"WWW-Authenticate": 'Basic realm="sandbox"'} if refused.status == 401 else {}  # noqa: PLR2004
    return json_response(refused.status, content, {"Cache-Control": "no-store", **challenge})


class TokenEndpoint:
    """Gives tokens; change an attribute and the next request sees it."""

    def __init__(self, clients: Mapping[str, Client], permits: Permits) -> None:
        self._clients, self._permits = clients, permits
        self.seconds = 3599
        self.rotates = False  # on: each refresh gives a new refresh token, and the old one dies

    def answer(self, request: Request, form: dict[str, str], *, issuer: str) -> Response:
        """The answer to a request; raises Refused."""
        if request.method != "POST":
            raise Refused("invalid_request", "Only POST is allowed.", status=405)
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise Refused("invalid_request", "Required parameter is missing: grant_type")
        client = self._client(form)
        grants: dict[str, Callable[[dict[str, str], Client], tuple[Permit, str]]] = {
            "client_credentials": self._own,
            "refresh_token": self._refresh,
            "authorization_code": self._redeem,
        }
        if grant_type not in grants:
            raise Refused("unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        if grant_type not in client.grants:
            raise Refused("unauthorized_client")
        permit, refresh = grants[grant_type](form, client)
        return self._issue(permit, refresh, issuer, first=grant_type == "authorization_code")

    def _client(self, form: dict[str, str]) -> Client:
        client, used = self._clients.get(form.get("client_id", "")), form["client_authentication"]
        if client is None or used == "both":
            raise Refused("invalid_client", status=401)
        if not hmac.compare_digest(client.secret.encode(), form.get("client_secret", "").encode()):
            raise Refused("invalid_client", "Unauthorized", status=401)
        if client.authentication not in ("any", used):
            raise Refused(
                "invalid_client", f"Use client authentication by {client.authentication}.", status=401
            )
        return client

    def _own(self, form: dict[str, str], client: Client) -> tuple[Permit, str]:
        unknown = set(form.get("scope", "").split()) - client.scopes if client.scopes else set()
        if unknown:
            raise Refused("invalid_scope", f"Unknown scope: {min(unknown)}")
        return Permit(client=client, scope=form.get("scope", "")), ""

    def _refresh(self, form: dict[str, str], client: Client) -> tuple[Permit, str]:
        token = form.get("refresh_token", "")
        if not token:
            raise Refused("invalid_request", "Missing required parameter: refresh_token")
        found = self._permits.get(token)
        if found is None or found.client is not client:
            raise Refused("invalid_grant")
        if found.person is not None and found.person.ended:
            raise Refused("invalid_grant", "Token has been expired or revoked.")
        permit = Permit(client=client, scope=found.scope, person=found.person)
        if not self.rotates:
            return permit, ""
        self._permits.drop(token)
        return permit, self._permits.give(REFRESH, found)

    def _redeem(self, form: dict[str, str], client: Client) -> tuple[Permit, str]:
        found = self._permits.take(form.get("code", ""))
        if found is None or found.client is not client:
            raise Refused("invalid_grant", "Malformed auth code.")
        if found.redirect_uri != form.get("redirect_uri", ""):
            raise Refused("redirect_uri_mismatch", "Bad Request")
        if not proves(form.get("code_verifier", ""), found.challenge):
            raise Refused("invalid_grant", "Invalid code verifier.")
        permit = Permit(client=client, scope=found.scope, person=found.person, nonce=found.nonce)
        lasting = Permit(client=client, scope=found.scope, person=found.person)
        return permit, self._permits.give(REFRESH, lasting) if found.offline else ""

    def _issue(self, permit: Permit, refresh: str, issuer: str, *, first: bool) -> Response:
        permit.ends = time.time() + self.seconds
        content: dict[str, object] = {
            "access_token": self._permits.give(ACCESS, permit),
            "expires_in": self.seconds,
            "token_type": "Bearer",
        }
        if permit.scope:
            content["scope"] = permit.scope
        if refresh:
            content["refresh_token"] = refresh
        if first and permit.person is not None and "openid" in permit.scope.split():
            content["id_token"] = _id_token(permit, permit.person, issuer, self.seconds)
        return json_response(200, content, {"Cache-Control": "no-store"})


class Authorize:
    """The consent page."""

    def __init__(self, clients: Mapping[str, Client], people: Mapping[str, Person], permits: Permits) -> None:
        self._clients, self._people, self._permits = clients, people, permits

    def answer(self, request: Request) -> Response:
        """Show the page, or send the browser back."""
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        client, uri = self._clients.get(asked.get("client_id", "")), asked.get("redirect_uri", "")
        if client is None:
            return _stop("Error 401: invalid_client", "The OAuth client was not found.")
        if not uri or (client.redirect_uris and uri not in client.redirect_uris):
            return _stop("Error 400: redirect_uri_mismatch", f"The redirect address {uri} is not registered.")
        if asked.get("response_type") != "code" or not asked.get("scope"):
            return _back(asked, error="invalid_request")
        scopes = [scope for scope in asked["scope"].split() if scope not in SIGN_IN_SCOPES]
        if request.method != "POST":
            hint = asked.get("login_hint", "").lower()
            people = sorted(self._people.values(), key=lambda one: one.email.lower() != hint)
            return consent_markup.consent(client.client_id, [(one.email, one.name) for one in people], scopes)
        form = parse_qsl(request.body.decode("utf-8", "replace"))
        person = self._people.get(dict(form).get("account", "").lower())
        if dict(form).get("decision") != "accept" or person is None:
            return _back(asked, error="access_denied")
        ticked = {value for name, value in form if name == "scope"}
        person.ended = False
        permit = Permit(
            client=client,
            person=person,
            scope=" ".join(one for one in asked["scope"].split() if one in SIGN_IN_SCOPES or one in ticked),
            redirect_uri=uri,
            challenge=asked.get("code_challenge", ""),
            nonce=asked.get("nonce", ""),
            offline=asked.get("access_type", "offline") == "offline",
            ends=time.time() + CODE_SECONDS,
        )
        return _back(asked, code=self._permits.give(CODE, permit), scope=permit.scope)


def _back(asked: Mapping[str, str], **answer: str) -> Response:
    state = {"state": asked["state"]} if asked.get("state") else {}
    target = f"{asked['redirect_uri']}?{urlencode({**state, **answer})}"
    return Response(status=302, headers={"Location": target})


def _stop(title: str, text: str) -> Response:
    return consent_markup.page(title, fill("<p role='alert'>{text}</p>", text=text), status=400)


def _id_token(permit: Permit, person: Person, issuer: str, seconds: int) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": permit.client.client_id,
        "sub": person.id,
        "email": person.email,
        "email_verified": True,
        "name": person.name,
        "iat": now,
        "exp": now + seconds,
        **({"nonce": permit.nonce} if permit.nonce else {}),
    }
    return jwt.encode(claims, ID_TOKEN_KEY, algorithm="HS256")
