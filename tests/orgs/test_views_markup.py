"""Every template and every page: strict policy, sound markup, our words (ui.md §1, §8, §9)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import Resolver404, resolve

from orgs.models import Organization, Role, User
from orgs.services import enter_organization, invite
from tests import factories
from tests.mailsettings.routing_stories import store, when
from tests.order_stories import RELAY, named, three_connections

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
STYLES = (Path(settings.BASE_DIR) / "static" / "css" / "app.css").read_text()
# Read from the text of a template; on a page, where values may look like markup, the parser decides.
ATTRIBUTES = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\s(?:hx-)?on[a-z:-]*\s*=", re.IGNORECASE),
}
FORBIDDEN = {
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "an evaluated htmx value": re.compile(
        r"hx-(?:vals|headers|vars)=.(?:js|javascript):|hx-trigger=\"[^\"]*\["
    ),
    "a data: address": re.compile(r"(?:src|href|srcset)\s*=\s*[\"']?data:", re.IGNORECASE),
    "a javascript: address": re.compile(r"(?:src|href|action)\s*=\s*[\"']?javascript:", re.IGNORECASE),
    "another host": re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//", re.IGNORECASE
    ),
}
UNWANTED_WORDS = re.compile(r"\b(?:please|successfully|oops|e-mail)\b|\w!(?:\s|$)", re.IGNORECASE)
# Named for those who look for them; they have no style of their own.
HOOKS = {"emails-form", "replace"}
# Hundreds of pages of one view, such as those of single failures, have tests of their own.
ENOUGH = 12
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Reading(HTMLParser):
    """Collects what the rules speak about."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.headings: list[int] = []
        self.links: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []
        self.broken: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids, references, headings, links and what the policy forbids."""
        found = {name: value or "" for name, value in attrs}
        if tag not in EMPTY:
            self.open.append(tag)
        self.broken += [
            f"<{tag} {name}>" for name in found if name == "style" or re.match("(?:hx-)?on", name)
        ]
        if "id" in found:
            self.ids[found["id"]] += 1
        for name in ("for", "aria-labelledby", "aria-describedby", "popovertarget", "form"):
            self.references.update(found.get(name, "").split())
        if re.fullmatch("h[1-6]", tag) and "dialog" not in self.open and "template" not in self.open:
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.add(found.get("href", "").partition("#")[0])

    def handle_endtag(self, tag: str) -> None:
        """Check that elements close in order."""
        if tag in EMPTY:
            return
        if not self.open or self.open.pop() != tag:
            self.broken.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        """Keep what people read."""
        if not {"script", "title", "code", "pre"} & set(self.open):
            self.text.append(data)


def faults(html: str) -> list[str]:
    """List what is wrong with one page."""
    found = [name for name, pattern in FORBIDDEN.items() if pattern.search(html)]
    reading = Reading()
    reading.feed(html)
    found += reading.broken + [f"still open: {tag}" for tag in reading.open]
    found += [f"id {name} {count} times" for name, count in reading.ids.items() if count > 1]
    found += [f"nothing has the id {name}" for name in reading.references - set(reading.ids)]
    levels = reading.headings
    if levels.count(1) != 1:
        found.append(f"{levels.count(1)} h1")
    found += [f"h{low} before h{high}" for low, high in pairwise(levels) if high > low + 1]
    words = " ".join(reading.text)
    return found + [f"the words {match.group(0)!r}" for match in UNWANTED_WORDS.finditer(words)]


@pytest.mark.control("C-WEB-5")
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_keeps_the_strict_policy(path: Path) -> None:
    html = path.read_text()
    assert [name for name, pattern in {**FORBIDDEN, **ATTRIBUTES}.items() if pattern.search(html)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_uses_classes_that_exist(path: Path) -> None:
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", STYLES))
    html = re.sub(r"{%.*?%}", " ", path.read_text())
    # A class made of a template's value is known only when the page is shown.
    listed = (re.sub(r"\S*{{.*?}}\S*", " ", value) for value in re.findall(r'class="([^"]*)"', html))
    used = {each for value in listed for each in value.split()} - HOOKS
    assert used - known == set()


def view_of(path: str) -> str:
    """Name the view behind an address; an absent one stands for itself."""
    try:
        return resolve(path.partition("?")[0]).view_name
    except Resolver404:
        return path


def crawl(client: Client, *starts: str) -> Iterator[tuple[str, int, str]]:
    """Open every page that can be reached by links from these, of each view no more than ENOUGH."""
    waiting, seen, opened = list(starts), set(starts), Counter[str]()
    while waiting:
        path = waiting.pop()
        opened[view_of(path)] += 1
        if opened[view_of(path)] > ENOUGH:
            continue
        answer = client.get(path)
        if answer.status_code in (301, 302):
            reached = {answer.headers["Location"]}
        elif answer.headers["Content-Type"].startswith("text/html"):
            html = answer.content.decode()
            yield path, answer.status_code, html
            reading = Reading()
            reading.feed(html)
            reached = {
                path.partition("?")[0] + link if link.startswith("?") else link for link in reading.links
            }
        else:
            reached = set()
        fresh = {link for link in reached if link.startswith("/") and not link.startswith("//")} - seen
        seen |= fresh
        waiting += sorted(fresh)


@pytest.fixture
def furnished(contoso: Organization, owner: User, teammate: User) -> Organization:
    """An organization whose pages have something to show."""
    invite(organization=contoso, email="it@contoso.example", role=Role.MAIL_ADMIN, actor=owner)
    three_connections(contoso)
    store(contoso, named(contoso, RELAY), [when("subject", "contains", "newsletter")])
    return contoso


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("person", ["nobody", "owner", "teammate", "super_admin"])
def test_every_page_that_can_be_reached_is_sound(
    person: str, furnished: Organization, request: pytest.FixtureRequest
) -> None:
    client = Client()
    starts = [
        "/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/inactive/",
        "/accounts/logout/",
        "/absent/",
    ]
    if person != "nobody":
        user: User = request.getfixturevalue(person)
        client.force_login(user)
        starts += ["/organizations/", "/accounts/password/change/"]
        if person == "super_admin":
            enter_organization(user=user, organization_id=furnished.pk, reason="Support case 4471")
            starts += ["/organizations/contoso/", "/organizations/contoso/emails/"]
    pages = list(crawl(client, *starts))
    assert len(pages) >= 6
    assert {path: status for path, status, _html in pages if status >= 500} == {}
    assert {path: wrong for path, _status, html in pages if (wrong := faults(html))} == {}


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"]
)
def test_error_pages_need_nothing_but_themselves(name: str) -> None:
    assert faults(get_template(name).render()) == []


def test_long_and_hostile_values_stay_text(client: Client, db: None) -> None:
    hostile = '"><script>alert(1)</script><b onclick=x style=y>'
    organization = factories.organization(hostile, slug="hostile")
    person = factories.user(name=hostile)
    factories.membership(person, organization)
    client.force_login(person)
    for path in (
        "/organizations/hostile/",
        "/organizations/hostile/members/",
        "/organizations/?q=" + hostile,
    ):
        html = client.get(path).content.decode()
        assert hostile not in html
        assert faults(html) == []
