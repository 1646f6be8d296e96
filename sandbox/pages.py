"""The sandbox's own page: mail that arrived and values to type. Plain HTTP on 127.0.0.1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from urllib.parse import quote

from sandbox.demo import DEMO, Demo
from sandbox.endpoints import Endpoints
from sandbox.http_server import HttpServer, Request, Response
from sandbox.inbox import CaughtMail, Inbox
from sandbox.mail_markup import file_name, mail_list, mail_page
from sandbox.markup import Safe, fill, layout
from sandbox.values_markup import values

ASSETS = Path(__file__).parent / "assets"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FILES = {"/style.css": "sandbox.css", "/sandbox.js": "sandbox.js", "/favicon.svg": "favicon.svg"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# A mail's HTML may look as it likes, but it runs nothing, loads nothing and leads nowhere.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox; frame-ancestors 'self'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MAIL_PATH = re.compile(r"/mail/(?P<id>[0-9a-f]{32})(?P<rest>/.*)?")
# The pages on which somebody consents, served here for browsers that do not know the sandbox's certificate.
SIGN_IN = "/sign-in"
LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")


class Page(HttpServer):
    """Serves the page."""

    def __init__(
        self,
        inbox: Inbox,
        *,
        endpoints: Callable[[], Endpoints],
        sign_in: Callable[[Request], Response],
        demo: Demo = DEMO,
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.inbox, self.demo, self._endpoints, self._sign_in = inbox, demo, endpoints, sign_in

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        # Another site's page could otherwise reach this one by a name of its own that points to 127.0.0.1.
        host = str(request.headers.get("Host", ""))
        if not LOCAL_HOST.fullmatch(host):
            return _page(421, "Wrong address", f"Open this page as http://127.0.0.1:{self.port}/.")
        path = request.path
        if path.startswith(f"{SIGN_IN}/"):
            return self._sign_in(replace(request, path=path.removeprefix(SIGN_IN)))
        if path == "/clear":
            return self._clear(request)
        if request.method not in {"GET", "HEAD"}:
            return _page(405, "Not that way", "This address can only be read.", {"Allow": "GET, HEAD"})
        if path in FILES:
            file = ASSETS / FILES[path]
            return _response(file.read_bytes(), TYPES[file.suffix])
        routes = {"/": self._list, "/values": self._values, "/newest": self._newest}
        return routes[path]() if path in routes else self._mail(path)

    def _list(self) -> Response:
        return _html(layout(title="Mail that arrived", current="/", content=mail_list(self.inbox)))

    def _values(self) -> Response:
        content = values(self.demo, self._endpoints())
        return _html(layout(title="Values to type", current="/values", content=content))

    def _mail(self, path: str) -> Response:
        match = MAIL_PATH.fullmatch(path)
        mail = self.inbox.get(match["id"]) if match else None
        if match is None or mail is None:
            return _page(404, "Nothing here", "There is no such page, or the mail was removed.")
        rest = match["rest"] or ""
        if not rest:
            return _html(layout(title=mail.subject or "(no subject)", current="", content=mail_page(mail)))
        if rest == "/html" and mail.html:
            return _response(_linked(mail).encode(), "text/html; charset=utf-8", policy=MAIL_POLICY)
        if rest == "/source.eml":
            return _download(mail.raw, "message/rfc822", f"{mail.id}.eml")
        return _file(mail, rest)

    def _newest(self) -> Response:
        newest = self.inbox[-1].id if len(self.inbox) else ""
        return _response(json.dumps({"newest": newest}).encode(), "application/json")

    def _clear(self, request: Request) -> Response:
        if request.method != "POST":
            return _page(405, "Not that way", "Press the button on the list.", {"Allow": "POST"})
        if request.headers.get("Origin") != f"http://{request.headers.get('Host')}":
            return _page(403, "Refused", "Mail can only be removed by the button on this page.")
        self.inbox.clear()
        return Response(status=303, headers={"Location": "/", **HEADERS})


def _linked(mail: CaughtMail) -> str:
    """The HTML body, its inline pictures taken from this page."""
    html = mail.html
    for number, part in enumerate(mail.attachments):
        content_id = str(part.get("Content-ID", "")).strip("<> ")
        if content_id:
            html = html.replace(f"cid:{content_id}", f"/mail/{mail.id}/files/{number}")
            html = html.replace(f"cid:{escape(content_id)}", f"/mail/{mail.id}/files/{number}")
    return html


def _file(mail: CaughtMail, rest: str) -> Response:
    match = re.fullmatch(r"/files/([0-9]{1,4})", rest)
    if match is None or int(match[1]) >= len(mail.attachments):
        return _page(404, "Nothing here", "This mail has no such file.")
    part = mail.attachments[int(match[1])]
    content = part.get_payload(decode=True)
    body = content if isinstance(content, bytes) else part.as_bytes()
    return _download(body, part.get_content_type(), file_name(part, int(match[1])))


def _download(body: bytes, kind: str, name: str) -> Response:
    # The type is only told for pictures, which a mail shows inline; the rest is bytes to save.
    told = kind if re.fullmatch(r"image/(png|jpeg|gif|webp)", kind) else "application/octet-stream"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return _response(body, told, headers=headers)


def _page(status: int, title: str, text: str, headers: dict[str, str] | None = None) -> Response:
    content = fill(
        '<div class="page-head"><div><h1>{title}</h1><p>{text}</p></div></div>', title=title, text=text
    )
    back = Safe('<p><a href="/">All mail</a></p>')
    page = layout(title=title, current="", content=Safe(content + back))
    return _response(page, "text/html; charset=utf-8", status=status, headers=headers)


def _html(page: bytes) -> Response:
    return _response(page, "text/html; charset=utf-8")


def _response(
    body: bytes, kind: str, *, status: int = 200, policy: str = POLICY, headers: dict[str, str] | None = None
) -> Response:
    own = {"Content-Type": kind, "Content-Security-Policy": policy, **HEADERS, **(headers or {})}
    return Response(status=status, body=body, headers=own)
