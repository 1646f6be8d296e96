"""The page "Try a message against the rules": a dry run with a typed message or a past one."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.response import TemplateResponse

from mailsettings.routing.outbox import OUTBOXES
from mailsettings.routing.sample import Sample
from mailsettings.routing.sample_form import SampleForm, values_of
from mailsettings.routing.trying import Trial, try_sample
from mailsettings.subject import as_key
from orgs.access import OrganizationRequest, Permission, organization_view


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def try_rules(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """Show the form of a sample, filled from a past message when asked; say what becomes of the sample."""
    if request.method == "POST":
        form = SampleForm(request.POST)
        if not form.is_valid():
            return page(request, form, None, status=422)
        return page(request, form, try_sample(request.organization, form.sample))
    past = past_message(request)
    if past is None:
        return page(request, SampleForm(), None)
    return page(request, SampleForm(initial=values_of(past)), try_sample(request.organization, past))


def past_message(request: OrganizationRequest) -> Sample | None:
    """Give what rules see of the delivery somebody chose."""
    key = as_key(request.GET.get("delivery", ""))
    samples = (outbox.sample(request.organization.pk, key) for outbox in OUTBOXES if key)
    return next(samples, None)


def page(
    request: OrganizationRequest, form: SampleForm, trial: Trial | None, *, status: int = 200
) -> TemplateResponse:
    """Render the page, with the outcome above the form once there is one."""
    context = {
        "form": form,
        "trial": trial,
        "latest": [each for outbox in OUTBOXES for each in outbox.latest(request.organization.pk)],
        "chosen": "" if form.is_bound else request.GET.get("delivery", ""),
    }
    return TemplateResponse(request, "mailsettings/try_rules.html", context, status=status)
