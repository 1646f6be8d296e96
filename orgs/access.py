"""Who may do what: from the address of an organization to the view inside its walls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import TextChoices
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.template.response import SimpleTemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from orgs.entry import acting_as_by_slug, membership_by_slug
from orgs.models import ActingAs, Organization, Role, User
from orgs.tenancy import tenant


class Permission(TextChoices):
    """What a role may be allowed to do."""

    SEE_DELIVERIES = "see_deliveries", _("See deliveries and their status")
    READ_CONTENT = "read_content", _("Read the content of messages")
    RETRY = "retry", _("Retry and cancel messages")
    CHANGE_MAIL = "change_mail", _("Change Emails and connections")
    RUN_TESTS = "run_tests", _("Replace secrets and run tests")
    TOKENS = "tokens", _("API tokens and webhooks")
    MEMBERS = "members", _("Members and roles")
    AUDIT = "audit", _("Audit trail")


EVERY = frozenset(Permission)
ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: EVERY,
    Role.MAIL_ADMIN: EVERY - {Permission.READ_CONTENT, Permission.MEMBERS},
    Role.DELIVERIES: frozenset({Permission.SEE_DELIVERIES, Permission.READ_CONTENT, Permission.RETRY}),
    Role.READ_ONLY: frozenset({Permission.SEE_DELIVERIES, Permission.AUDIT}),
}
# A super admin helps with the settings; content stays private, and no place is kept beyond the switch.
ACTING = EVERY - {Permission.READ_CONTENT, Permission.MEMBERS}


@dataclass(frozen=True, kw_only=True)
class Access:
    """One person inside one organization: as a member, or as a super admin acting as it."""

    user: User
    organization: Organization
    role: Role
    acting_as: ActingAs | None = None

    def may(self, permission: Permission | str) -> bool:
        """Tell whether this person may do that here."""
        allowed = ROLES[self.role] if self.acting_as is None else ACTING
        return permission in allowed

    @property
    def actor_label(self) -> str:
        """Name for the audit trail and for "signed in as"."""
        return str(self.user)


class OrganizationRequest(HttpRequest):
    """A request that has passed `organization_view`."""

    user: User
    organization: Organization
    access: Access
    htmx: HtmxDetails
    # What the network said to `asked_outside`.
    answers: dict[str, object]


class AskOutside(Exception):
    """A view needs an answer from the network; its transaction is given up before anybody waits for it."""

    def __init__(self, key: str, ask: Callable[[], object]) -> None:
        """Keep under which name the answer is wanted, and how to get it."""
        super().__init__(key)
        self.key, self.ask = key, ask


def asked_outside(request: OrganizationRequest, key: str, ask: Callable[[], object]) -> object:
    """Give a view an answer from the network: no transaction may wait for one (I7).

    The first call rolls the view back, `ask` runs with no transaction open, and the view begins again; so
    call it before anything that cannot be repeated. What `ask` raises ends the request.
    """
    if key not in request.answers:
        raise AskOutside(key, ask)
    return request.answers[key]


# What Django calls; views themselves may ask for an OrganizationRequest.
AnyView = Callable[..., HttpResponseBase]


def organization_view(
    permission: Permission, *, methods: Collection[str] = ("GET", "POST")
) -> Callable[[AnyView], AnyView]:
    """Run a view inside one organization's walls, for people who may do `permission` there.

    The transaction surrounds the view and its template, never the request: a view that fails rolls back,
    and one that needs the network runs a second time with the answer (`asked_outside`).
    """

    def decorate(view: AnyView) -> AnyView:
        @wraps(view)
        def inside(request: HttpRequest, slug: str, *args: object, **kwargs: object) -> HttpResponseBase:
            refusal = _refusal(request, methods)
            if refusal is not None:
                return refusal
            access = find_access(request.user, slug)  # type: ignore[arg-type]  # signed in, see _refusal
            if access is None:
                raise Http404
            request.organization = access.organization  # type: ignore[attr-defined]  # OrganizationRequest
            request.access = access  # type: ignore[attr-defined]  # OrganizationRequest
            if not access.may(permission):
                raise PermissionDenied(gettext("Your role in this organization does not allow this."))
            request.answers = answers = {}  # type: ignore[attr-defined]  # OrganizationRequest
            while True:
                try:
                    with tenant(access.organization):
                        return _rendered(view(request, slug, *args, **kwargs))
                except AskOutside as question:
                    answers[question.key] = question.ask()

        return _described(inside, permission=permission, methods=methods)

    return decorate


def super_admin_view(*, methods: Collection[str] = ("GET", "POST")) -> Callable[[AnyView], AnyView]:
    """Run a view of the console for super admins; for everybody else the page does not exist."""

    def decorate(view: AnyView) -> AnyView:
        @wraps(view)
        def inside(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            refusal = _refusal(request, methods)
            if refusal is not None:
                return refusal
            if not getattr(request.user, "is_super_admin", False):
                raise Http404
            return view(request, *args, **kwargs)

        return _described(inside, permission=None, methods=methods)

    return decorate


def find_access(user: User, slug: str) -> Access | None:
    """Find out as what this person may enter; None for strangers and for addresses that do not exist."""
    acting_as = acting_as_by_slug(user, slug)
    if acting_as is not None:
        return Access(user=user, organization=acting_as.organization, role=Role.OWNER, acting_as=acting_as)
    membership = membership_by_slug(user, slug)
    if membership is None:
        return None
    return Access(user=user, organization=membership.organization, role=Role(membership.role))


def _described(view: AnyView, *, permission: Permission | None, methods: Collection[str]) -> AnyView:
    """Write on a view who may call it and how: the access matrix of the tests reads it."""
    vars(view).update(permission=permission, methods=tuple(methods), super_admins_only=permission is None)
    return view


def _refusal(request: HttpRequest, methods: Collection[str]) -> HttpResponseBase | None:
    """Answer a wrong method or a missing sign-in, the same for every address."""
    allowed = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    if request.method not in allowed:
        return HttpResponseNotAllowed(sorted(methods))
    if request.user.is_authenticated:
        return None
    # After the sign-in a GET follows, so a page that only takes POST is no place to return to.
    back = request.get_full_path() if "GET" in methods else resolve_url("/")
    answer = redirect_to_login(back)
    return HttpResponseClientRedirect(answer.url) if request.headers.get("HX-Request") else answer


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """Render inside the walls: outside them a lazy queryset would be empty without a word."""
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        return response.render()
    return response
