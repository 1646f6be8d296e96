"""The page of the sender's domain: the last look at it, and a button that looks again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailsettings.domain import reports
from mailsettings.domain.dkim import checked_selector
from mailsettings.domain.mail_services import owner_of
from mailsettings.domain.names import shown
from mailsettings.domain.reports import Standing, standings
from mailsettings.domain.words import Row, row, warning
from orgs import audit
from orgs.access import OrganizationRequest, Permission, asked_outside, organization_view
from orgs.tenancy import tenant


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One sender domain as page and panel show it."""

    standing: Standing
    rows: list[Row]
    warnings: list[tuple[str, str]]
    selector: str

    @property
    def domain(self) -> str:
        """The domain in A-labels."""
        return self.standing.sender.domain

    @property
    def title(self) -> str:
        """The domain as people read it."""
        return shown(self.domain)

    @property
    def services(self) -> str:
        """The services that send for it."""
        return ", ".join(service.label for service in self.standing.sender.services)

    @property
    def owner(self) -> str:
        """The company the domain belongs to, when it is no domain of one's own."""
        return owner_of(self.domain)


def present(standing: Standing) -> Shown:
    """Word one sender domain with its report."""
    domain, report = standing.sender.domain, standing.report
    services = ", ".join(service.label for service in standing.sender.services)
    words = {"domain": shown(domain), "service": services, "company": owner_of(domain)}
    return Shown(
        standing=standing,
        rows=[row(finding) for finding in standing.findings],
        warnings=[warning(code, **words) for code in (report.warnings if report else ())],
        selector=report.selector if report else "",
    )


def chosen(request: OrganizationRequest, wanted: str) -> tuple[Shown | None, list[Standing]]:
    """Pick the domain that is asked for, else the first; and list all of them."""
    found = standings(request.organization.pk)
    one = next((each for each in found if each.sender.domain == wanted), found[0] if found else None)
    return (present(one) if one else None), found


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def domain(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # the decorator's
    """Show what the DNS said about one of the organization's sender domains."""
    return _page(request, request.GET.get("domain", ""), looks_by_itself=True)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def check_domain(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Look now, and show it in the panel of the Emails page or on the page of the domain."""
    wanted = request.POST.get("domain", "")
    try:
        selector = typed_selector(request)
    except ValueError:
        return _page(request, wanted, status=422, wrong_selector=request.POST["selector"][:100])
    asked_outside(request, "domain", partial(look, request, wanted, selector))
    if request.htmx.target in {"domain-panel", "domain-report"}:
        part = "_domain_panel" if request.htmx.target == "domain-panel" else "_domain_report"
        one, _all = chosen(request, wanted)
        return TemplateResponse(request, f"mailsettings/{part}.html", {"shown": one})
    messages.success(request, _("Checked."))
    return redirect(f"{resolve_url('mailsettings:domain', slug)}?{urlencode({'domain': wanted})}")


def typed_selector(request: OrganizationRequest) -> str | None:
    """Give the selector an admin typed, empty for the known ones; None when the form has none.

    Raises:
        ValueError: it is no selector.
    """
    typed = request.POST.get("selector")
    if typed is None:
        return None
    return checked_selector(typed) if typed.strip() else ""


def look(request: OrganizationRequest, wanted: str, selector: str | None) -> None:
    """Keep a typed selector and look at a domain of the organization's senders; another one is left alone."""
    organization_id = request.organization.pk
    with tenant(organization_id):
        if wanted not in {each.sender.domain for each in standings(organization_id)}:
            return
        if selector is not None:
            reports.choose_selector(organization_id, wanted, selector)
            detail = {"selector": selector}
            audit.record_request(request, action="domain.selector_changed", subject=wanted, detail=detail)
    reports.check(organization_id, wanted)


def _page(
    request: OrganizationRequest,
    wanted: str,
    *,
    looks_by_itself: bool = False,
    status: int = 200,
    wrong_selector: str = "",
) -> HttpResponse:
    one, found = chosen(request, wanted)
    context = {
        "shown": one,
        "domains": [(each.sender.domain, shown(each.sender.domain)) for each in found],
        "looks_by_itself": looks_by_itself and one is not None and one.standing.is_due,
        "wrong_selector": wrong_selector,
    }
    return TemplateResponse(request, "mailsettings/domain.html", context, status=status)
