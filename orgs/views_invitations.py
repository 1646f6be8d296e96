"""The door behind an invitation link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from orgs.audit import client_ip
from orgs.forms import RegisterForm, take_errors
from orgs.models import Invitation, User
from orgs.services import accept_invitation, find_invitation, register_invited

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Lead an invited person in: with their account, or with a new one for the invited address."""
    invitation = find_invitation(token)
    if invitation is None:
        return TemplateResponse(request, "orgs/invitation_unusable.html", status=410)
    if isinstance(request.user, User):
        return _join(request, token, invitation, request.user)
    if User.objects.filter(email=invitation.email).exists():
        return _page(request, "sign_in", invitation)
    return _register(request, token, invitation)


def _join(request: HttpRequest, token: str, invitation: Invitation, user: User) -> HttpResponse:
    """Let the signed-in person take the place that was offered to their address."""
    if user.email != invitation.email:
        return _page(request, "other", invitation)
    if request.method != "POST":
        return _page(request, "join", invitation)
    try:
        accept_invitation(token=token, user=user, ip=client_ip(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("orgs:home")
    return _welcome(request, invitation)


def _register(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    """Make an account for the invited address."""
    form = RegisterForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        try:
            user = register_invited(token=token, ip=client_ip(request), **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            login(request, user, backend=BACKEND)
            return _welcome(request, invitation)
    return _page(request, "register", invitation, form=form, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    words = {"organization": invitation.organization}
    messages.success(request, _("You are now a member of %(organization)s.") % words)
    return redirect("orgs:overview", invitation.organization.slug)


def _page(
    request: HttpRequest,
    way: str,
    invitation: Invitation,
    *,
    form: RegisterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"way": way, "invitation": invitation, "form": form}
    return TemplateResponse(request, "orgs/invitation.html", context, status=status)
