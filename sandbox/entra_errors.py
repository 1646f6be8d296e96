"""The errors of the token endpoint, worded and shaped as Microsoft does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sandbox.directory import GUID
from sandbox.entra_user_errors import SUBERRORS, TEXTS, word
from sandbox.http_server import Response, json_response

ERROR_PAGE = "https://login.microsoftonline.com/error?code="


@dataclass(frozen=True)
class EntraError:
    """One row: status, the `error` word, the sentence, and the suberror where there is one."""

    status: int
    error: str
    text: str
    suberror: str = ""


ERRORS: dict[int, EntraError] = {
    7000215: EntraError(
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID, for a secret added to app '{client_id}'.",
    ),
    7000222: EntraError(
        401,
        "invalid_client",
        "The provided client secret keys for app '{client_id}' are expired. Visit the Azure "
        "portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider "
        "using certificate credentials for added security: https://aka.ms/certCreds.",
    ),
    7000218: EntraError(
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    700016: EntraError(
        400,
        "unauthorized_client",
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. "
        "This can happen if the application has not been installed by the administrator of the "
        "tenant or consented to by any user in the tenant. You may have sent your authentication "
        "request to the wrong tenant.",
    ),
    7000112: EntraError(
        400,
        "unauthorized_client",
        "Application '{client_id}'({app}) is disabled.",
    ),
    90002: EntraError(
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may "
        "happen if there are no active subscriptions for the tenant.",
    ),
    900023: EntraError(
        400,
        "invalid_request",
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
    ),
    9001023: EntraError(
        400,
        "invalid_request",
        "The grant type is not supported over the /common or /consumers endpoints. Please use the"
        " /organizations or tenant-specific endpoint.",
    ),
    50059: EntraError(
        400,
        "invalid_request",
        "No tenant-identifying information found in either the request or implied by any provided"
        " credentials.",
    ),
    65001: EntraError(
        400,
        "invalid_grant",
        "The user or administrator has not consented to use the application with ID '{client_id}'"
        " named '{app}'. Send an interactive authorization request for this user and resource.",
        "consent_required",
    ),
    70011: EntraError(
        400,
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The provided value for the "
        "input parameter 'scope' is not valid. The scope {scope} is not valid.",
    ),
    500011: EntraError(
        400,
        "invalid_resource",
        "The resource principal named {scope} was not found in the tenant named {tenant}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You might have sent your authentication "
        "request to the wrong tenant.",
    ),
    70003: EntraError(
        400,
        "unsupported_grant_type",
        "The app requested an unsupported grant type '{grant_type}'.",
    ),
    900144: EntraError(
        400,
        "invalid_request",
        "The request body must contain the following parameter: '{parameter}'.",
    ),
    900561: EntraError(
        400,
        "invalid_request",
        "The endpoint only accepts POST, OPTIONS requests. Received a {method} request.",
    ),
    53003: EntraError(
        400,
        "access_denied",
        "Access has been blocked by Conditional Access policies. The access policy does not allow"
        " token issuance.",
    ),
    50196: EntraError(
        400,
        "invalid_grant",
        "The server terminated an operation because it encountered a client request loop. Please "
        "contact your app vendor.",
    ),
    90033: EntraError(
        503,
        "temporarily_unavailable",
        "A transient error has occurred. Please try again.",
    ),
    90055: EntraError(
        429,
        "temporarily_unavailable",
        "Tenant is throttled. Please try again later.",
    ),
}

ERRORS |= {
    number: EntraError(400, word(number), text, SUBERRORS.get(number, "")) for number, text in TEXTS.items()
}


class EntraRefused(ValueError):
    """The request is answered with this AADSTS number."""

    def __init__(self, code: int, *, error: str = "", **facts: str) -> None:
        super().__init__(f"AADSTS{code}")
        self.code, self.error, self.facts = code, error, facts

    @property
    def word(self) -> str:
        """The value of `error`."""
        return self.error or ERRORS[self.code].error

    @property
    def sentence(self) -> str:
        """The number and what it says."""
        return f"AADSTS{self.code}: {ERRORS[self.code].text.format_map(_Facts(self.facts))}"

    def response(self, *, headers: Mapping[str, str] | None = None) -> Response:
        """The whole answer."""
        row = ERRORS[self.code]
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid4()), str(uuid4())
        support = f"Trace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {now}"
        content: dict[str, object] = {
            "error": self.word,
            "error_description": f"{self.sentence}\r\n{support}",
            "error_codes": [self.code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{ERROR_PAGE}{self.code}",
        }
        if row.suberror:
            content["suberror"] = row.suberror
        own = {"Cache-Control": "no-store, no-cache", "x-ms-request-id": trace}
        return json_response(row.status, content, {**own, **(headers or {})})


class _Facts(dict[str, str]):
    """A fact that a request did not hold reads as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def unknown_tenant(name: str, *, error: str = "") -> EntraRefused:
    """The refusal of a tenant that does not exist, or that is no tenant's name at all."""
    return EntraRefused(
        90002 if GUID.fullmatch(name.lower()) or "." in name else 900023, error=error, tenant=name
    )
