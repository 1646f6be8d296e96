"""Template tags every page uses: icons, chips, relative times, avatars, links that keep the query."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zlib import crc32

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orgs.access import Access, Permission

register = template.Library()

TONES = ("", "teal", "plum", "sand", "slate")
WEEK = timedelta(days=7)


@register.simple_tag
def product() -> str:
    """Name the product; known even to an error page that has no context."""
    return str(settings.PRODUCT_NAME)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Draw one symbol of the sprite; words beside it carry the meaning."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f"icon {extra}".strip(),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def chip(word: object, tone: str = "", symbol: str = "") -> SafeString:
    """Show a status word, coloured by `tone` (ok, warn, bad, info, line) with an icon where there is room."""
    drawn = icon(symbol) if symbol else ""
    return format_html('<span class="{}">{}{}</span>', f"chip {tone}".strip(), drawn, word)


def exact(moment: datetime) -> str:
    """Write a moment in full, in the zone of the page."""
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'j F Y, H:i')} {local.tzname()}"


def distance(span: timedelta) -> str:
    """Say a span of less than a week in its largest whole unit."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:  # noqa: PLR2004  # minutes of an hour
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if span < timedelta(days=1):
        hours = minutes // 60
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", span.days) % {"count": span.days}


def relative(moment: datetime, now: datetime) -> str:
    """Say when a moment was or will be: in words within a week, else as a date."""
    span = abs(now - moment)
    if span < timedelta(minutes=1):
        return _("just now") if moment <= now else _("in a moment")
    if span >= WEEK:
        return formats.date_format(timezone.localtime(moment), "j F Y")
    pattern = _("%(span)s ago") if moment <= now else _("in %(span)s")
    return pattern % {"span": distance(span)}


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Show a relative time with the exact one behind it; nothing for no time."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact(moment),
        relative(moment, timezone.now()),
    )


@register.filter
def exactly(moment: datetime | None) -> SafeString | str:
    """Show a moment in full, for tables and details."""
    if moment is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), exact(moment))


@register.filter
def roughly(moment: datetime | None) -> SafeString | str:
    """Show a moment that is only estimated: the time of day, with the day unless it is today."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    pattern = "H:i" if local.date() == timezone.localdate() else "j F, H:i"
    shown = f"{formats.date_format(local, pattern)} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="minutes"), shown)


@register.filter
def minutes_left(moment: datetime | None) -> int:
    """Count the minutes until a moment, rounded up so that the last one reads 1."""
    if moment is None:
        return 0
    return max(0, -int((timezone.now() - moment).total_seconds() // 60))


@register.filter
def initials(name: object) -> str:
    """Give the two letters of an avatar, from a name or an email address."""
    words = re.findall(r"\w+", str(name).partition("@")[0].replace("_", " "))
    letters = words[0][0] + words[1][0] if len(words) > 1 else "".join(words)[:2]
    return letters.upper()


@register.filter
def tone(name: object) -> str:
    """Give the avatar colour that belongs to a name, the same on every page."""
    return TONES[crc32(str(name).encode()) % len(TONES)]


@register.filter
def may(access: Access | None, permission: str) -> bool:
    """Tell whether the person of this request has a permission, named as in `Permission`."""
    return access is not None and access.may(Permission[permission])


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """Give this page's query string with `changes`; an empty value removes its key."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        parameters.pop(key, None)
        if value not in (None, ""):
            parameters[key] = str(value)
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context, symbol: str, url: str, label: object, *, exact: bool = False, but: str = ""
) -> SafeString | str:
    """Show one line of the sidebar; nothing when the page does not exist in this installation.

    `but` is an address below `url` that has a line of its own.
    """
    if not url:
        return ""
    path = context["request"].path
    current = path == url if exact else path.startswith(url) and not (but and path.startswith(but))
    mark = SafeString(' aria-current="page"') if current else ""
    return format_html('<li><a href="{}"{}>{}{}</a></li>', url, mark, icon(symbol), label)


@register.filter
def here(request: HttpRequest) -> str:
    """Give the address to come back to after a form that belongs to no page, such as the theme's."""
    return request.get_full_path() if request.method == "GET" else "/"
