"""Clouds and sign-in hosts beyond the built-in list, kept by super admins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from console.forms_hosts import CloudForm, SignInHostForm
from console.hosts import add_cloud, add_host, find_cloud, find_host, listed, remove
from console.views import admin
from mailsettings.egress import operator_rules
from orgs.access import super_admin_view
from orgs.audit import client_ip
from orgs.forms import take_errors
from orgs.questions import Question, ask


@super_admin_view(methods=("GET",))
def hosts(request: HttpRequest) -> HttpResponse:
    """List the built-in clouds, the added ones, and the added sign-in hosts."""
    return _page(request, SignInHostForm(), CloudForm())


@super_admin_view(methods=("POST",))
def new_host(request: HttpRequest) -> HttpResponse:
    """List one more sign-in host (COG-13)."""
    form = SignInHostForm(request.POST)
    if form.is_valid():
        try:
            row = add_host(host=form.cleaned_data["host"], actor=admin(request), ip=client_ip(request))
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, _("%(host)s is allowed as sign-in host.") % {"host": row.host})
            return redirect("console:hosts")
    return _page(request, form, CloudForm())


@super_admin_view(methods=("POST",))
def new_cloud(request: HttpRequest) -> HttpResponse:
    """List one more cloud of Microsoft (WPM-47)."""
    form = CloudForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            row = add_cloud(
                key=values["key"],
                label=values["label"],
                hosts=values["hosts"],
                actor=admin(request),
                ip=client_ip(request),
            )
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, _("The cloud %(label)s can be chosen now.") % {"label": row.label})
            return redirect("console:hosts")
    return _page(request, SignInHostForm(), form)


@super_admin_view()
def remove_host(request: HttpRequest, host_id: UUID) -> HttpResponse:
    """Ask, then take a sign-in host away."""
    row = find_host(host_id)
    if row is None:
        raise Http404
    if request.method != "POST":
        text = _(
            "Connections that sign in there stop sending within seconds; their mail is held, nothing is lost."
        )
        return _ask(request, _("Remove %(host)s") % {"host": row.host}, text)
    remove(row, actor=admin(request), ip=client_ip(request))
    messages.success(request, _("%(host)s is no longer allowed.") % {"host": row.host})
    return redirect("console:hosts")


@super_admin_view()
def remove_cloud(request: HttpRequest, cloud_id: UUID) -> HttpResponse:
    """Ask, then take a cloud away."""
    row = find_cloud(cloud_id)
    if row is None:
        raise Http404
    if request.method != "POST":
        text = _(
            "Connections in this cloud stop sending within seconds; their mail is held, nothing is lost."
        )
        return _ask(request, _("Remove the cloud %(label)s") % {"label": row.label}, text)
    remove(row, actor=admin(request), ip=client_ip(request))
    messages.success(request, _("The cloud %(label)s is removed.") % {"label": row.label})
    return redirect("console:hosts")


def _page(request: HttpRequest, host_form: SignInHostForm, cloud_form: CloudForm) -> HttpResponse:
    rules = operator_rules()
    context = {
        "listed": listed(),
        "built_in": rules.clouds,
        "operator_hosts": rules.oauth_allow_hosts,
        "host_form": host_form,
        "cloud_form": cloud_form,
        "form": cloud_form if cloud_form.errors else host_form,
    }
    status = 422 if host_form.errors or cloud_form.errors else 200
    return TemplateResponse(request, "console/hosts.html", context, status=status)


def _ask(request: HttpRequest, title: str, text: str) -> HttpResponse:
    back = reverse("console:hosts")
    place = _("Clouds and sign-in hosts")
    question = Question(title=title, text=text, verb=_("Remove"), action=request.path, back=back, place=place)
    return ask(request, question)
