"""The fields of a token request, from its body or its Basic header."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote_plus

from sandbox.http_server import Request


def token_form(request: Request) -> dict[str, str]:
    """The fields; `client_authentication` says where the secret stood: body, basic, both or none."""
    form: dict[str, str] = {}
    if request.media_type == "application/x-www-form-urlencoded":
        fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: values[-1] for name, values in fields.items()}
    form["client_authentication"] = "body" if form.get("client_secret") else "none"
    scheme, _, encoded = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "basic":
        return form
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return form
    form["client_authentication"] = "both" if form.get("client_secret") else "basic"
    form.setdefault("client_id", unquote_plus(client_id))
    form.setdefault("client_secret", unquote_plus(secret))
    return form
