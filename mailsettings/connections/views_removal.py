"""The question before a connection is removed, and the removal."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsettings.connections.removing import RulesForm, heir_of, remove
from mailsettings.connections.services import NotPossible, is_in_use
from mailsettings.connections.views import changeable
from mailsettings.models import Connection, Rank, RoutingRule
from mailsettings.order import ordered
from mailsettings.routing.sentences import plain_sentence
from mailsettings.routing.services import rules_using
from mailsettings.ways import mail_settings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.questions import Question, ask


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def remove_connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Ask, then remove a connection: one in use when its name was typed, one of rules with a decision."""
    row = changeable(request, connection_id)
    in_use = is_in_use(row, mail_settings(request.organization.pk))
    rules = rules_using(row)
    posted = request.POST if request.method == "POST" else None
    form = rules_form(request, row, posted) if rules else None
    typed = " ".join(request.POST.get("typed", "").split())
    wrong = ""
    if in_use and posted is not None and typed.casefold() != row.name.casefold():
        wrong = _("Type %(name)s to remove it.") % {"name": row.name}
    if posted is None or wrong or (form and not form.is_valid()):
        asked = question(request, row, rules, form, in_use=in_use, wrong=wrong)
        return ask(request, asked, status=200 if posted is None else 422)
    return removed(request, row, rules, form, slug)


def removed(
    request: OrganizationRequest, row: Connection, rules: list[RoutingRule], form: RulesForm | None, slug: str
) -> HttpResponse:
    """Remove it, record it and say what that changed."""
    name, rules_to = row.name, form.chosen if form else None
    try:
        heir = remove(connection=row, rules=rules, rules_to=rules_to, user=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("mailsettings:connections", slug)
    after = {"primary": heir.name} if heir else {}
    if rules:
        after["rules"] = rules_to.name if rules_to else _("removed")
    audit.record_request(
        request, action="connection.removed", subject=name, detail={"after": after} if after else None
    )
    messages.success(request, _("Removed %(name)s.") % {"name": name})
    if heir is not None:
        messages.success(request, _("%(name)s is the primary connection now.") % {"name": heir.name})
    return redirect("mailsettings:connections", slug)


def rules_form(request: OrganizationRequest, row: Connection, posted: object) -> RulesForm:
    """Ask what becomes of the rules that send through it."""
    others = [other for other in ordered(request.organization.pk) if other.pk != row.pk]
    return RulesForm(posted, connection=row, others=others)


def question(
    request: OrganizationRequest,
    row: Connection,
    rules: list[RoutingRule],
    form: RulesForm | None,
    *,
    in_use: bool,
    wrong: str = "",
) -> Question:
    """Word the question."""
    words = {"name": row.name}
    told = [consequence(row, in_use=in_use)]
    if rules:
        count = len(rules)
        told.append(
            ngettext("%(count)d rule sends through it:", "%(count)d rules send through it:", count)
            % {"count": count}
        )
    return Question(
        title=_("Remove %(name)s") % words,
        text=" ".join(told),
        verb=_("Remove"),
        action=request.path,
        back=reverse("mailsettings:connections", args=[request.organization.slug]),
        place=_("Connections"),
        typed=row.name if in_use else "",
        wrong=wrong,
        points=tuple(f"{rule.place}. {plain_sentence(rule)}" for rule in rules),
        form=form,
    )


def consequence(row: Connection, *, in_use: bool) -> str:
    """Say what removing it means for the mail."""
    heir = heir_of(row) if in_use else None
    if heir is not None:
        words = _("Notifications go out through %(name)s. Without it %(heir)s is the primary connection.")
    elif in_use:
        words = _("Notifications go out through %(name)s. Without it they wait until another one is set up.")
    elif row.rank == Rank.BACKUP:
        words = _(
            "%(name)s is a backup: without it nothing takes its turn when the connections before it fail. "
            "It is removed with its secrets and its versions. This cannot be undone."
        )
    else:
        words = _("%(name)s is removed with its secrets and its versions. This cannot be undone.")
    return words % {"name": row.name, "heir": heir.name if heir else ""}
