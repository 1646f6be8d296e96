"""The style sheet of the sign-in pages, for servers that have no page of their own."""

from __future__ import annotations

from pathlib import Path

from sandbox.http_server import Response

STYLE_PATH = "/style.css"
STYLE = Response(
    body=(Path(__file__).parent / "assets" / "sandbox.css").read_bytes(),
    headers={"Content-Type": "text/css; charset=utf-8"},
)
