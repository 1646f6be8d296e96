"""What can be done to a rule as a whole, and to all of them: move, switch, remove."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.models import RoutingRule
from mailsettings.routing import services
from mailsettings.routing.sentences import plain_sentence
from mailsettings.routing.views import find, require_add_on
from mailsettings.ways import mail_settings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.questions import Question, ask


def changeable(request: OrganizationRequest, rule_id: UUID) -> RoutingRule:
    """Find a rule that may be changed."""
    found = find(request, rule_id)
    require_add_on(request)
    return found


def to_the_rules(slug: str) -> HttpResponseRedirect:
    """Go back to the list of rules."""
    return HttpResponseRedirect(f"{reverse('mailsettings:connections', args=[slug])}#routing")


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def move_rule(request: OrganizationRequest, slug: str, rule_id: UUID) -> HttpResponse:
    """Move a rule one place up or down."""
    rule = changeable(request, rule_id)
    before = rule.place
    if services.move_rule(rule=rule, up=request.POST.get("direction") == "up", user=request.user):
        rule.refresh_from_db(fields=["place"])
        words = {"place": rule.place}
        audit.record_request(
            request,
            action="rule.moved",
            subject=_("Rule %(place)d") % words,
            detail={"before": {"place": before}, "after": {"place": rule.place}},
        )
        messages.success(request, _("It is rule %(place)d now.") % words)
    else:
        messages.warning(request, _("The rule cannot move further."))
    return redirect("mailsettings:rule", slug, rule_id)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def switch_rule(request: OrganizationRequest, slug: str, rule_id: UUID) -> HttpResponse:
    """Switch one rule on or off; it is kept either way."""
    rule = changeable(request, rule_id)
    enabled = request.POST.get("wanted") == "on"
    words = {"place": rule.place}
    if enabled != rule.enabled:
        services.switch_rule(rule=rule, enabled=enabled, user=request.user)
        audit.record_request(
            request,
            action="rule.enabled" if enabled else "rule.disabled",
            subject=_("Rule %(place)d") % words,
            detail={"rule": plain_sentence(rule)},
        )
    said = _("Rule %(place)d is on.") if enabled else _("Rule %(place)d is off. It is kept.")
    messages.success(request, said % words)
    return to_the_rules(slug)


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def remove_rule(request: OrganizationRequest, slug: str, rule_id: UUID) -> HttpResponse:
    """Ask, then remove a rule."""
    rule = changeable(request, rule_id)
    if request.method != "POST":
        return ask(request, question(request, rule))
    words = {"place": rule.place}
    said = plain_sentence(rule)
    services.remove_rule(rule=rule)
    audit.record_request(
        request, action="rule.removed", subject=_("Rule %(place)d") % words, detail={"rule": said}
    )
    messages.success(request, _("Rule %(place)d is removed.") % words)
    return to_the_rules(slug)


def question(request: OrganizationRequest, rule: RoutingRule) -> Question:
    """Word the question; the rule itself is said again, so that it can be written down."""
    return Question(
        title=_("Remove rule %(place)d") % {"place": rule.place},
        text=_(
            "“%(rule)s” is removed. Messages that are queued keep the connection it chose. "
            "To bring it back later, switch the rule off instead."
        )
        % {"rule": plain_sentence(rule)},
        verb=_("Remove"),
        action=request.path,
        back=reverse("mailsettings:rule", args=[request.organization.slug, rule.pk]),
        place=_("Rule %(place)d") % {"place": rule.place},
    )


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def switch_routing(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Let the rules choose, or leave everything to the order of connections."""
    require_add_on(request)
    enabled = request.POST.get("wanted") == "on"
    if enabled != mail_settings(request.organization.pk).routing_enabled:
        services.switch_routing(organization=request.organization, enabled=enabled)
        action = "routing.enabled" if enabled else "routing.disabled"
        audit.record_request(request, action=action, subject=_("Smart routing"))
    messages.success(
        request,
        _("Smart routing is on.")
        if enabled
        else _("Smart routing is off. The rules are kept, and every message uses the order above."),
    )
    return to_the_rules(slug)
