"""Addresses of consent: the pages of an organization, and the two everybody comes back to."""

from __future__ import annotations

from django.urls import path

from mailsettings.consent import views
from mailsettings.consent.callback import callback

ACCOUNT = "organizations/<slug:slug>/emails/connections/<uuid:connection_id>"

account_patterns = [
    path(f"{ACCOUNT}/connect/", views.connect, name="connect"),
    path(f"{ACCOUNT}/disconnect/", views.disconnect_account, name="disconnect"),
    path(f"{ACCOUNT}/account/", views.consent_result, name="consent_result"),
    path(f"{ACCOUNT}/account/check/", views.check_account, name="check_account"),
    path(f"{ACCOUNT}/account/sender/", views.choose_sender, name="choose_sender"),
]
# Outside of any room's names: these addresses are registered with the providers.
urlpatterns = [
    path(f"oauth/{kind}/callback/", callback, {"kind": kind}, name=f"oauth_{kind}_callback")
    for kind in ("microsoft", "google")
]
