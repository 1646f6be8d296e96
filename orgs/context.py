"""What the shell of every page shows: who, where, in which theme."""

from __future__ import annotations

from django.http import HttpRequest

THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    """Give the base templates their words; asks the database for nothing."""
    access = getattr(request, "access", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "organization": getattr(request, "organization", None),
        "access": access,
        "acting_as": access.acting_as if access else None,
        "organizations": getattr(request, "organizations", ()),
    }
