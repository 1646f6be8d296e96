"""What the list of connections can do to their order: up and down, first, backup or not, and the very end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.connections import ordering
from mailsettings.connections.listing import sender_of
from mailsettings.connections.services import NotPossible
from mailsettings.connections.views import changeable, list_context
from mailsettings.models import Connection, Rank
from mailsettings.order import ordered
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.questions import Question, ask

DIRECTIONS = {"up": True, "down": False}
RANKS = {Rank.BACKUP: "connection.made_backup", Rank.ADDITIONAL: "connection.made_routing_only"}
# Digits of a place its column holds.
LONGEST = 5


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def move_connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Move a connection one place up or down; one that comes first is the primary one from now on."""
    row = changeable(request, connection_id)
    up = DIRECTIONS.get(request.POST.get("direction", ""))
    if up is None:
        messages.error(request, _("A connection moves up or down."))
        return list_again(request, slug)
    before = ordered(request.organization.pk)
    try:
        risen = ordering.move(
            connection=row, up=up, seen=place_of(request.POST.get("place", "")), user=request.user
        )
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        tell_move(request, row, risen, before)
    return list_again(request, slug, moved=row.pk)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def make_primary(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Let real mail go out through this connection first."""
    row = changeable(request, connection_id)
    before = ordered(request.organization.pk)
    try:
        ordering.put_first(connection=row, user=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        tell_first(request, row, before[0])
    return list_again(request, slug, moved=row.pk)


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def rank_connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Ask whether mail may leave through this connection when others fail, and keep the answer."""
    row = changeable(request, connection_id)
    if request.method != "POST":
        return ask(request, consent_question(request, row))
    wanted = request.POST.get("rank", "")
    if wanted not in RANKS:
        messages.error(request, _("A connection is a backup, or only rules use it."))
        return redirect("mailsettings:connections", slug)
    rank = Rank(wanted)
    try:
        changed = ordering.choose_rank(connection=row, rank=rank, user=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        if changed:
            sender = {"sends_as": sender_of(row)} if rank == Rank.BACKUP else {}
            audit.record_request(request, action=RANKS[rank], subject=row.name, detail=sender)
        words = (
            _("%(name)s is a backup now.")
            if rank == Rank.BACKUP
            else _("%(name)s is no backup any more: only rules send through it.")
        )
        messages.success(request, words % {"name": row.name})
    return redirect("mailsettings:connections", slug)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def default_mailer_last(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Keep whether the system default mailer sends what every connection failed to."""
    if not request.organization.custom_mail:
        raise PermissionDenied
    wanted = request.POST.get("wanted") == "on"
    if ordering.end_with_default_mailer(
        organization_id=request.organization.pk, wanted=wanted, user=request.user
    ):
        action = "order.default_mailer_added" if wanted else "order.default_mailer_left_out"
        audit.record_request(request, action=action, subject=_("System default mailer"))
    words = (
        _("The system default mailer sends what every connection failed to.")
        if wanted
        else _("Mail waits when every connection fails.")
    )
    messages.success(request, words)
    return list_again(request, slug)


def list_again(request: OrganizationRequest, slug: str, *, moved: UUID | None = None) -> HttpResponse:
    """Show the list as it is now: the part alone for a script, else the page."""
    if not request.htmx:
        return redirect("mailsettings:connections", slug)
    context = {**list_context(request), "moved": moved}
    return TemplateResponse(request, "mailsettings/_order_part.html", context)


def tell_move(
    request: OrganizationRequest, row: Connection, risen: Connection, before: list[Connection]
) -> None:
    """Record a move and say it."""
    after = ordered(request.organization.pk)
    if after[0].pk != before[0].pk or after[0].rank != before[0].rank:
        tell_first(request, risen, before[0])
        return
    places = [next(at for at, one in enumerate(rows, 1) if one.pk == row.pk) for rows in (before, after)]
    audit.record_request(
        request,
        action="connection.moved",
        subject=row.name,
        detail={"before": {"place": places[0]}, "after": {"place": places[1]}},
    )
    words = {"name": row.name, "place": places[1]}
    messages.success(request, _("%(name)s is at place %(place)d now.") % words)


def tell_first(request: OrganizationRequest, row: Connection, former: Connection) -> None:
    """Record which connection is the primary one now, and say it."""
    was = {"before": {"primary": former.name}} if former.rank == Rank.PRIMARY else {}
    detail = {**was, "after": {"primary": row.name}}
    audit.record_request(request, action="connection.made_primary", subject=row.name, detail=detail)
    messages.success(request, _("%(name)s is the primary connection now.") % {"name": row.name})
    rows = Connection.objects.of(request.organization)
    if was and rows.filter(pk=former.pk, rank=Rank.ADDITIONAL).exists():
        words = _("Only rules use %(former)s now. Use it as a backup if it may take over.")
        messages.warning(request, words % {"former": former.name})


def consent_question(request: OrganizationRequest, row: Connection) -> Question:
    """Explain what making a connection a backup agrees to."""
    words = {"name": row.name, "organization": request.organization.name, "sender": sender_of(row)}
    return Question(
        title=_("Use %(name)s as a backup") % words,
        text=_(
            "When every connection before it fails, mail of %(organization)s may leave through %(name)s. "
            "It is then sent from %(sender)s. Refused recipients and tests never go to a backup."
        )
        % words,
        verb=_("Use as backup"),
        action=request.path,
        back=reverse("mailsettings:connections", args=[request.organization.slug]),
        place=_("Connections"),
        icon="check",
        tone="primary",
        wanted=Rank.BACKUP,
        wanted_as="rank",
    )


def place_of(typed: str) -> int | None:
    """Read the place a page showed; None when it was not sent."""
    if not typed:
        return None
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= LONGEST else 0
