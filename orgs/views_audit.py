"""The audit trail of one organization, newest first."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.response import TemplateResponse

from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.models import AuditEntry
from orgs.wording import audit_line, words_of

PAGE = 50
BIGGEST = 2**63 - 1


def before(text: str) -> int | None:
    """Read the cursor of a page; anything that is not a number starts at the top."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(BIGGEST)) else 0
    return number if 0 < number <= BIGGEST else None


@organization_view(Permission.AUDIT, methods=("GET",))
def audit(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """List entries; older ones follow by a cursor, so new ones never shift a page."""
    rows = AuditEntry.objects.of(request.organization)
    codes = set(rows.order_by("action").values_list("action", flat=True).distinct())
    actions = sorted(
        ({"code": code, "words": words_of(code)} for code in codes), key=lambda each: each["words"]
    )
    chosen = request.GET.get("action", "")
    if chosen:
        rows = rows.filter(action=chosen) if chosen in codes else rows.none()
    cursor = before(request.GET.get("before", ""))
    if cursor:
        rows = rows.filter(seq__lt=cursor)
    found = list(rows.order_by("-seq")[: PAGE + 1])
    lines = [audit_line(each) for each in found[:PAGE]]
    context = {
        "actions": actions,
        "chosen": chosen,
        "entries": lines,
        "before": cursor,
        "older": lines[-1].entry.seq if len(found) > PAGE else None,
    }
    return TemplateResponse(request, "orgs/audit.html", context)
