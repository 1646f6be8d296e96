"""Save, as a browser asks for it: at once, or after a worker has proven the values (HIR-18)."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from mailsettings.consent.starting import start_consent
from mailsettings.destinations import SecretNeeded
from mailsettings.domain.gate import refusal
from mailsettings.drafts import make_draft
from mailsettings.forms import ConnectionForm
from mailsettings.models import Draft, Rank
from mailsettings.pages import VERIFIERS
from mailsettings.services import NameTaken, Saved, StaleSettings, save_connection
from orgs import audit
from orgs.access import OrganizationRequest

# What the buttons "Save without verifying" and "Connect" send.
UNVERIFIED = "save_unverified"
CONNECT = "connect"


def activates(form: ConnectionForm) -> bool:
    """Say whether saving makes real mail use the connection: not before somebody connected its account."""
    return form.subject.activates and form.may_send


def wants_proof(form: ConnectionForm) -> bool:
    """Say whether the values must be proven before they are saved; unchanged and tested ones need not."""
    return form.may_send and not form.is_unchanged and not form.is_proven


def save_form(
    request: OrganizationRequest,
    form: ConnectionForm,
    page: Callable[..., HttpResponse],
    done: Callable[[Saved], str],
) -> HttpResponse:
    """Save a valid form: at once, or by a worker that proves it first.

    Args:
        request: who saves.
        form: valid, with settings.
        page: renders the form again; takes `status` and `conflict`.
        done: names the page that follows a save.
    """
    assert form.settings is not None  # noqa: S101  # the caller looked
    blocked = refusal(request, form.chosen, form.settings, form.connection)
    if blocked is not None:
        form.add_error("sender_email", blocked.title)
        return page(request, form, status=422)
    action = request.POST.get("action", "")
    try:
        if action == CONNECT and form.chosen.consent is not None:
            return save_and_connect(request, form)
        if VERIFIERS and action != UNVERIFIED and wants_proof(form):
            return VERIFIERS[0](request, keep_for_proof(request, form))
        return redirect(done(save_now(request, form)))
    except StaleSettings:
        return page(request, form, status=409, conflict=True)
    except (SecretNeeded, NameTaken) as error:
        take_refusal(form, error)
        return page(request, form, status=422)


def save_now(request: OrganizationRequest, form: ConnectionForm) -> Saved:
    """Save what the form holds, and say so.

    Raises:
        StaleSettings, SecretNeeded, NameTaken: as `save_connection` says.
    """
    saved = store(request, form, activate=activates(form))
    write_down(request, saved)
    say_saved(request, saved, form)
    return saved


def save_and_connect(request: OrganizationRequest, form: ConnectionForm) -> HttpResponse:
    """Save what the form holds without activating it, and leave for the consent page (HIR-5, WPM-13).

    Raises:
        StaleSettings, SecretNeeded, NameTaken: as `save_connection` says.
    """
    saved = store(request, form, activate=False)
    if saved.created or saved.changed:
        write_down(request, saved)
    return start_consent(request, saved.connection, activate=form.subject.activates)


def store(request: OrganizationRequest, form: ConnectionForm, *, activate: bool) -> Saved:
    """Save what the form holds."""
    assert form.settings is not None  # noqa: S101  # the caller looked
    return save_connection(
        organization=request.organization,
        chosen=form.chosen,
        settings=form.settings,
        typed=form.typed,
        user=request.user,
        expected_version=form.cleaned_data["version"],
        verified=form.is_proven,
        connection=form.connection,
        name=form.new_name,
        activate=activate,
    )


def write_down(request: OrganizationRequest, saved: Saved) -> None:
    """Tell the audit trail what a save changed."""
    detail = {"changed": list(saved.changed)}
    audit.record_request(request, action=saved.action, subject=saved.connection.name, detail=detail)


def say_saved(request: OrganizationRequest, saved: Saved, form: ConnectionForm) -> None:
    """Tell what the save came to, and what looks odd about what was typed."""
    if not form.may_send:
        messages.success(request, _("Saved. Connect the account before mail can go out through it."))
    elif saved.connection.rank == Rank.PRIMARY:
        messages.success(request, _("Saved. The next message uses these settings."))
    else:
        messages.success(request, _("Saved %(name)s.") % {"name": saved.connection.name})
    for note in form.typed_notes():
        messages.warning(request, note)


def keep_for_proof(request: OrganizationRequest, form: ConnectionForm) -> Draft:
    """Keep what the form holds until a worker has proven it.

    Raises:
        StaleSettings: somebody saved meanwhile.
        SecretNeeded: a secret is neither typed nor stored for this destination.
    """
    assert form.settings is not None  # noqa: S101  # the caller looked
    if form.cleaned_data["version"] != form.subject.mail.version:
        raise StaleSettings
    return make_draft(
        organization=request.organization,
        chosen=form.chosen,
        settings=form.settings,
        typed=form.typed,
        user=request.user,
        base_version=form.cleaned_data["version"],
        connection=form.connection,
        name=form.new_name,
        activate=activates(form),
        asked_from=audit.client_ip(request),
        acting_as=request.access.acting_as is not None,
    )


def take_refusal(form: ConnectionForm, error: SecretNeeded | NameTaken) -> None:
    """Put what only the save itself could find at its field."""
    if isinstance(error, NameTaken):
        form.add_error("name", _("Another connection has this name. Choose another one."))
        return
    for name, message in error.errors.items():
        form.add_error(name, message)
