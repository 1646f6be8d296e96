"""A question before something is taken away: a page of its own, or a dialog when htmx asks."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, in full sentences that repeat the name of the thing."""

    title: str
    text: str
    verb: str
    action: str
    back: str
    place: str
    icon: str = "trash"
    tone: str = "danger"
    # Sent along, so that a page from before somebody else's change does not flip it back.
    wanted: str = ""
    wanted_as: str = "wanted"
    # What must be typed before the button does anything, and what is wrong with what was typed.
    typed: str = ""
    wrong: str = ""
    # What is concerned besides, one sentence each, and what must be decided about it.
    points: tuple[str, ...] = ()
    form: Form | None = None


def ask(request: HttpRequest, question: Question, *, status: int = 200) -> HttpResponse:
    """Show the question; its form posts to `question.action`."""
    part = bool(request.headers.get("HX-Request"))
    template = "orgs/_confirm.html" if part else "orgs/confirm.html"
    return TemplateResponse(request, template, {"question": question}, status=status)
