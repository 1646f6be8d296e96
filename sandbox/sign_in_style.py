"""The style sheet and the icon of the sign-in pages, for servers that have no page of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.http_server import Response

_FOLDER: Final = Path(__file__).parent / "assets"


def _file(name: str, kind: str) -> Response:
    return Response(body=(_FOLDER / name).read_bytes(), headers={"Content-Type": kind})


ASSETS: Final = {
    "/style.css": _file("sandbox.css", "text/css; charset=utf-8"),
    "/favicon.svg": _file("favicon.svg", "image/svg+xml"),
}
