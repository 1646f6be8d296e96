"""Addresses of the mail settings room."""

from __future__ import annotations

from django.urls import path

from mailsettings import views

app_name = "mailsettings"
urlpatterns = [
    path("organizations/<slug:slug>/emails/", views.emails, name="emails"),
    path(
        "organizations/<slug:slug>/emails/drafts/<uuid:draft_id>/save/", views.save_drafted, name="save_draft"
    ),
]
