"""The grants of people at the token endpoint: a code is redeemed, a refresh token renewed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sandbox.accounts import SIGN_IN_SCOPES, Account, full_scopes, permissions, resource_of
from sandbox.directory import App, Directory
from sandbox.entra_errors import EntraRefused
from sandbox.grants import CodeGrant, Grant, Grants
from sandbox.http_server import Response, json_response

if TYPE_CHECKING:
    from sandbox.entra import Entra

GRANT_TYPES = ("authorization_code", "refresh_token")
OUTLOOK_RESOURCES = ("https://outlook.office.com", "https://outlook.office365.com")


class Delegated:
    """Answers for accounts; what it may refuse with is what Microsoft refuses with."""

    def __init__(self, entra: Entra, directory: Directory, grants: Grants) -> None:
        self._entra, self._directory, self._grants = entra, directory, grants

    def answer(self, form: dict[str, str], tenant: str, app: App) -> Response:
        """The answer to a checked application; raises EntraRefused."""
        found: dict[str, Callable[[dict[str, str], App], Grant]] = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh_token,
        }
        grant = found[form["grant_type"]](form, app)
        home = self._directory.tenant(tenant)
        if home is not None and home.id != grant.account.tenant.id:
            raise EntraRefused(700005)
        scopes = self._scopes(form, grant)
        return self._issue(form, grant, scopes)

    def _by_code(self, form: dict[str, str], app: App) -> Grant:
        if not form.get("code"):
            raise EntraRefused(900144, parameter="code")
        return self._grants.redeem(
            form["code"],
            app=app,
            redirect_uri=form.get("redirect_uri", ""),
            verifier=form.get("code_verifier", ""),
        )

    def _by_refresh_token(self, form: dict[str, str], app: App) -> Grant:
        if not form.get("refresh_token"):
            raise EntraRefused(900144, parameter="refresh_token")
        return self._grants.refresh(form["refresh_token"], app=app)

    def _scopes(self, form: dict[str, str], grant: Grant) -> tuple[str, ...]:
        """What the token will carry: the allowed part of what is asked, all of one resource."""
        asked = permissions(full_scopes(form.get("scope", ""), self._entra.base_url)) or permissions(
            grant.scopes
        )
        resources = {_resource(scope) for scope in asked}
        if len(resources) > 1:
            raise EntraRefused(70011, scope=" ".join(asked))
        if resources - {self._entra.base_url, OUTLOOK_RESOURCES[0]}:
            raise EntraRefused(500011, scope=next(iter(resources)), tenant=grant.account.tenant.name)
        allowed = {_known_as(scope) for scope in grant.scopes}
        granted = tuple(scope for scope in asked if _known_as(scope) in allowed)
        if asked and not granted and form["grant_type"] == "refresh_token":
            raise EntraRefused(65001, client_id=grant.app.client_id, app=grant.app.name)
        return granted

    def _issue(self, form: dict[str, str], grant: Grant, scopes: tuple[str, ...]) -> Response:
        account = grant.account
        signs_in = [scope for scope in SIGN_IN_SCOPES[:3] if scope in grant.scopes]
        audience = resource_of(scopes[0]) if scopes else self._entra.base_url
        content: dict[str, object] = {
            "token_type": "Bearer",
            "scope": " ".join([*signs_in, *scopes]),
            "expires_in": self._entra.token_seconds,
            "ext_expires_in": self._entra.token_seconds,
            "access_token": self._directory.mint.access_token(
                _claims(grant, audience, scopes),
                lifetime=self._entra.token_seconds,
                owner=account.email,
                opaque=account.is_personal,
            ),
        }
        if "offline_access" in grant.scopes:
            content["refresh_token"] = self._grants.new_refresh(_again(grant))
        if "openid" in grant.scopes:
            content["id_token"] = self._directory.mint.signed(self._identity(grant))
        if form.get("client_info"):
            content["client_info"] = _client_info(account)
        return json_response(200, content, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

    def _identity(self, grant: Grant) -> dict[str, object]:
        account, now = grant.account, self._entra.now()
        claims: dict[str, object] = {
            "aud": grant.app.client_id,
            "iss": f"{self._entra.base_url}/{account.tenant.id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + self._entra.token_seconds,
            "name": account.name or account.email,
            "oid": account.id,
            "preferred_username": account.email,
            "sub": account.id,
            "tid": account.tenant.id,
            "ver": "2.0",
        }
        if "email" in grant.scopes:
            claims["email"] = account.email
        if isinstance(grant, CodeGrant) and grant.nonce:
            claims["nonce"] = grant.nonce
        return claims


def _claims(grant: Grant, audience: str, scopes: Iterable[str]) -> dict[str, object]:
    account = grant.account
    return {
        "aud": audience,
        "iss": f"https://sts.windows.net/{account.tenant.id}/",
        "app_displayname": grant.app.name,
        "appid": grant.app.client_id,
        "appidacr": "1",
        "idtyp": "user",
        "name": account.name or account.email,
        "oid": account.id,
        "scp": " ".join(scope.rpartition("/")[2] for scope in scopes),
        "tid": account.tenant.id,
        "upn": account.email,
        "ver": "1.0",
    }


def _again(grant: Grant) -> Grant:
    """The same grant for the next refresh token; it keeps the day of the consent."""
    return Grant(
        app=grant.app,
        account=grant.account,
        scopes=grant.scopes,
        generation=grant.generation,
        issued=grant.issued,
    )


def _client_info(account: Account) -> str:
    told = json.dumps({"uid": account.id, "utid": account.tenant.id}).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _resource(scope: str) -> str:
    """The resource of a scope under one name: Outlook answers to two."""
    found = resource_of(scope)
    return OUTLOOK_RESOURCES[0] if found in OUTLOOK_RESOURCES else found


def _known_as(scope: str) -> tuple[str, str]:
    return _resource(scope), scope.rpartition("/")[2].lower()
