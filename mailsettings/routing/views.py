"""The page of one rule, and of one more."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.connections.listing import lines
from mailsettings.models import RoutingRule
from mailsettings.order import ordered
from mailsettings.routing import services
from mailsettings.routing.conditions import RuleInvalid, read_groups
from mailsettings.routing.forms import WAIT, RuleForm, first_values, typed_values
from mailsettings.routing.listing import rule_lines
from mailsettings.routing.sentences import plain_sentence
from mailsettings.routing.typed import empty_condition, press, stored_groups, typed_groups
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view

STALE = gettext_lazy(
    "Somebody changed this rule after you opened it. What you typed is still here: save again to replace it."
)


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def add_rule(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Add a rule behind the others."""
    return answer(request, slug, None)


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def rule(request: OrganizationRequest, slug: str, rule_id: UUID) -> HttpResponse:
    """Show and change one rule."""
    return answer(request, slug, find(request, rule_id))


def find(request: OrganizationRequest, rule_id: UUID) -> RoutingRule:
    """Find a rule of this organization; anything else does not exist."""
    rows = RoutingRule.objects.of(request.organization).select_related("connection")
    found = rows.filter(pk=rule_id).first()
    if found is None:
        raise Http404
    return found


def require_add_on(request: OrganizationRequest) -> None:
    """Without the add-on everything stays as it is."""
    if not request.organization.custom_mail:
        raise PermissionDenied


def answer(request: OrganizationRequest, slug: str, saved: RoutingRule | None) -> HttpResponse:
    """Show, rearrange or save the form of one rule."""
    connections = ordered(request.organization.pk)
    if request.method != "POST":
        groups = stored_groups(read_groups(saved.groups)) if saved else [[empty_condition()]]
        form = RuleForm(connections=connections, groups=groups, values=first_values(saved))
        return page(request, form, saved)
    require_add_on(request)
    groups, pressed = typed_groups(request.POST), request.POST.get("press", "")
    if pressed:
        follow = press(groups, pressed)
        form = RuleForm(
            connections=connections, groups=groups, values=typed_values(request.POST), follow=follow
        )
        return page(request, form, saved, opened=request.POST.get("opened", ""))
    form = RuleForm(request.POST, connections=connections, groups=groups)
    if saved and request.POST.get("opened", opened_at(saved)) != opened_at(saved):
        form.add_error(None, STALE)
    if not form.is_valid() or not save(request, form, saved):
        return page(request, form, saved, status=422)
    return redirect(f"{reverse('mailsettings:connections', args=[slug])}#routing")


def opened_at(saved: RoutingRule | None) -> str:
    """Give what tells a rule from how it was before somebody else saved it."""
    return saved.updated_at.isoformat() if saved else ""


def save(request: OrganizationRequest, form: RuleForm, saved: RoutingRule | None) -> bool:
    """Save a valid form and write it down; False puts the reason into the form."""
    before = plain_sentence(saved) if saved else ""
    given = {
        "connection": form.chosen,
        "groups": form.rule_groups,
        "falls_back": form.cleaned_data["failing"] != WAIT,
        "enabled": form.cleaned_data["enabled"],
        "user": request.user,
    }
    try:
        if saved is None:
            kept = services.add_rule(organization=request.organization, **given)
        else:
            kept = services.change_rule(rule=saved, **given)
    except RuleInvalid as wrong:
        form.add_error(None, str(wrong.text))
        return False
    after = plain_sentence(kept)
    words = {"place": kept.place}
    audit.record_request(
        request,
        action="rule.changed" if saved else "rule.created",
        subject=_("Rule %(place)d") % words,
        detail={
            "before": {"rule": before, "enabled": saved.enabled, "falls_back": saved.falls_back},
            "after": {"rule": after, "enabled": kept.enabled, "falls_back": kept.falls_back},
        }
        if saved
        else {"rule": after, "enabled": kept.enabled, "falls_back": kept.falls_back},
    )
    messages.success(request, _("Rule %(place)d is saved. It applies to the next message.") % words)
    return True


def page(
    request: OrganizationRequest,
    form: RuleForm,
    saved: RoutingRule | None,
    *,
    status: int = 200,
    opened: str = "",
) -> TemplateResponse:
    """Render the page of one rule with its form in any state; by htmx only the conditions."""
    rules = rule_lines(request.organization, lines(request.organization))
    places = [line.rule.pk for line in rules]
    context = {
        "form": form,
        "rule": saved,
        "opened": opened or opened_at(saved),
        "rules": rules,
        "is_first": saved is not None and places[:1] == [saved.pk],
        "is_last": saved is not None and places[-1:] == [saved.pk],
        "title": _("Rule %(place)d") % {"place": saved.place} if saved else _("Add rule"),
        "locked": not request.organization.custom_mail,
    }
    part = request.htmx.target == "rule-groups"
    template = "mailsettings/_rule_groups.html" if part else "mailsettings/rule.html"
    return TemplateResponse(request, template, context, status=status)
