"""The sandbox's page shows what arrived and what to type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
import requests

from sandbox.demo import DEMO
from sandbox.demo_people import CLIENTS, PEOPLE
from sandbox.inbox import CaughtMail
from sandbox.together import Sandbox

INLINE = re.compile(r"<style|style=|\son\w+=|<script(?![^>]*src=)|javascript:", re.IGNORECASE)
ATTACK = '"><script>alert(1)</script>'


@dataclass
class Visitor:
    """A browser on the page."""

    sandbox: Sandbox
    http: requests.Session

    def get(self, path: str, **headers: str) -> requests.Response:
        """Open a path of the page."""
        url = self.sandbox.endpoints.page.rstrip("/") + path
        return self.http.get(url, headers=headers, timeout=5, allow_redirects=False)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def visitor(sandbox: Sandbox) -> Iterator[Visitor]:
    sandbox.inbox.clear()
    with requests.Session() as http:
        http.trust_env = False
        yield Visitor(sandbox, http)


@pytest.fixture
def arrive(sandbox: Sandbox) -> Callable[..., CaughtMail]:
    def add(subject: str = "Invoice 4711", html: str = "", text: str = "The text") -> CaughtMail:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, "Ann <ann@contoso.com>", "bob@fabrikam.com"
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        mail.add_attachment(b"GIF89a", maintype="image", subtype="gif", filename="l.gif", cid="<logo>")
        mail.add_attachment("<script>alert(1)</script>", subtype="html", filename='"a"\u202e.html')
        caught = CaughtMail(
            via="smtp-tls",
            envelope_from="ann@contoso.com",
            envelope_to=("bob@fabrikam.com",),
            raw=mail.as_bytes(),
            signed_in_as="ann@contoso.com",
        )
        return sandbox.inbox.add(caught)

    return add


def test_the_list_shows_the_newest_first(visitor: Visitor, arrive: Callable[..., CaughtMail]) -> None:
    assert "Nothing has arrived yet." in visitor.get("/").text
    arrive("First")
    newest = arrive("Second")
    page = visitor.get("/").text
    assert page.index("Second") < page.index("First")
    assert "SMTP with TLS" in page
    assert "2 mails." in page
    assert visitor.get("/newest").json() == {"newest": newest.id}


def test_one_mail_shows_its_parts(visitor: Visitor, arrive: Callable[..., CaughtMail]) -> None:
    mail = arrive(html='<p>Hi</p><img src="cid:logo">')
    page = visitor.get(f"/mail/{mail.id}").text
    for shown in ("Invoice 4711", "The text", "bob@fabrikam.com", "Signed in as", "l.gif"):
        assert shown in page
    frame = visitor.get(f"/mail/{mail.id}/html")
    assert f'<img src="/mail/{mail.id}/files/0">' in frame.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "script" not in frame.headers["Content-Security-Policy"]
    assert visitor.get(f"/mail/{mail.id}/source.eml").content == mail.raw
    assert visitor.get(f"/mail/{mail.id}/files/0").content == b"GIF89a"
    attack = visitor.get(f"/mail/{mail.id}/files/1")
    assert attack.headers["Content-Type"] == "application/octet-stream"
    assert attack.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("path", ["/", "/values", "/mail/{id}", "/nothing"])
def test_nothing_of_a_mail_becomes_markup(
    visitor: Visitor, arrive: Callable[..., CaughtMail], path: str
) -> None:
    mail = arrive(subject=ATTACK, html=f"<p>{ATTACK}</p>")
    answer = visitor.get(path.format(id=mail.id))
    assert "<script>alert" not in answer.text
    assert not INLINE.search(answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/style.css", "/sandbox.js", "/favicon.svg"])
def test_what_the_pages_load_is_served(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/mail/",
        "/mail/" + "0" * 32,
        "/mail/{id}/files/7",
        "/mail/{id}/html",
        "/%00",
    ],
)
def test_what_is_not_there_is_404(visitor: Visitor, arrive: Callable[..., CaughtMail], path: str) -> None:
    assert visitor.get(path.format(id=arrive().id)).status_code == 404


def test_another_sites_name_is_refused(visitor: Visitor, arrive: Callable[..., CaughtMail]) -> None:
    arrive()
    answer = visitor.get("/", Host="evil.example:80")
    assert answer.status_code == 421
    assert "Invoice" not in answer.text


def test_only_the_button_removes_mail(visitor: Visitor, arrive: Callable[..., CaughtMail]) -> None:
    arrive()
    url = visitor.sandbox.endpoints.page + "clear"
    assert visitor.get("/clear").status_code == 405
    assert visitor.http.post(url, headers={"Origin": "https://evil.example"}).status_code == 403
    assert visitor.http.post(url).status_code == 403
    assert len(visitor.sandbox.inbox) == 1
    own = visitor.sandbox.endpoints.page.rstrip("/")
    answer = visitor.http.post(url, headers={"Origin": own}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert len(visitor.sandbox.inbox) == 0


def test_the_values_to_type_are_complete(visitor: Visitor) -> None:
    page, places = visitor.get("/values").text, visitor.sandbox.endpoints
    for label in ("Sender email", "Client ID", "Client Secret", "Access URL", "Host", "Port", "TLS option"):
        assert f"<dt>{label}</dt>" in page
    for value in (
        DEMO.client_id,
        DEMO.client_secret,
        DEMO.smtp_password,
        places.smtp_tls,
        places.smtp_starttls,
    ):
        assert f"<code>{value}</code>" in page
    apps = len(DEMO.graph_cases) + len(DEMO.smtp_token_cases) - 2
    refresh_tokens = sum(bool(case.refresh_token) for case in CLIENTS)
    assert page.count('class="differs"') == apps + len(CLIENTS) - 1 + refresh_tokens
    assert all(case.email in page for case in PEOPLE)
    assert f"{places.microsoft}/{DEMO.tenant_id}/oauth2/v2.0/token" in page
    assert all(case.label in page for case in DEMO.graph_cases[1:])


def test_the_page_has_no_trouble_with_a_broken_mail(visitor: Visitor, sandbox: Sandbox) -> None:
    raw = b"Subject: =?x?q?=FF?= \xff\r\nMessage-ID: <<>\r\nContent-Type: text/html; charset=x\r\n\r\n\xff<p>"
    mail = CaughtMail(via="graph", envelope_from="", envelope_to=("b@fabrikam.com",), raw=raw)
    sandbox.inbox.add(mail)
    for path in ("/", f"/mail/{mail.id}", f"/mail/{mail.id}/html"):
        assert visitor.get(path).status_code == 200


def test_web_addresses_in_the_text_can_be_followed(
    visitor: Visitor, arrive: Callable[..., CaughtMail]
) -> None:
    mail = arrive(text='http://127.0.0.1:8000/r?a=1&b=2. Or "https://contoso.com/<x>" javascript:x')
    page = visitor.get(f"/mail/{mail.id}").text
    for url in ("http://127.0.0.1:8000/r?a=1&amp;b=2", "https://contoso.com/"):
        assert f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>' in page
    assert 'href="javascript' not in page
