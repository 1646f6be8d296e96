"""Addresses of the mail settings room."""

from __future__ import annotations

from django.urls import path

from mailsettings import doubtful, views
from mailsettings.connections.urls import connection_patterns
from mailsettings.consent.urls import account_patterns
from mailsettings.domain import views as domain_views
from mailsettings.guides.urls import organization_patterns
from mailsettings.routing.urls import routing_patterns

app_name = "mailsettings"
urlpatterns = [
    *connection_patterns,
    *account_patterns,
    *organization_patterns,
    *routing_patterns,
    path("organizations/<slug:slug>/domain/", domain_views.domain, name="domain"),
    path("organizations/<slug:slug>/domain/check/", domain_views.check_domain, name="check_domain"),
    path("organizations/<slug:slug>/emails/", views.emails, name="emails"),
    path("organizations/<slug:slug>/emails/lost-answers/", doubtful.never_twice, name="never_twice"),
    path(
        "organizations/<slug:slug>/emails/drafts/<uuid:draft_id>/save/", views.save_drafted, name="save_draft"
    ),
]
