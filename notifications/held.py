"""What the screens say of held mail: how much, since when, why (NEW-6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.db.models.functions import Now
from django.http import HttpRequest

from notifications.waiting import Waiting
from notifications.words import Explanation, explain


@dataclass(frozen=True, kw_only=True)
class HeldMail:
    """Mail that is due and waits for one cause outside of it."""

    count: int
    # When the oldest of it was due.
    oldest: datetime
    why: Explanation


def held_mail(waiting: Waiting) -> list[HeldMail]:
    """Give the held mail of an organization by its causes, inside its tenant()."""
    found = []
    for lane, rows in waiting.groups():
        due = rows.filter(next_at__lte=Now()).aggregate(count=Count("pk"), oldest=Min("next_at"))
        if due["count"]:
            why = explain(lane.held_code, lane.held_facts)
            found.append(HeldMail(count=due["count"], oldest=due["oldest"], why=why))
    return found


def held_mail_of(request: HttpRequest) -> list[HeldMail]:
    """Give the held mail of the organization whose page is shown; none outside of one."""
    organization = getattr(request, "organization", None)
    return held_mail(Waiting(organization)) if organization is not None else []
