"""Addresses of Help and guides: for everybody, and inside an organization."""

from __future__ import annotations

from django.urls import path

from mailsettings.guides import views

# Everybody's; no namespace, so that any room may link to help.
urlpatterns = [
    path("guides/", views.guides, name="guides"),
    path("guides/failures/", views.failures, name="failures"),
    path("guides/<slug:provider>/", views.guide, name="guide"),
]
ORGANIZATION = "organizations/<slug:slug>/guides/"
organization_patterns = [
    path(ORGANIZATION, views.organization_guides, name="guides"),
    path(f"{ORGANIZATION}failures/", views.organization_failures, name="failures"),
    path(f"{ORGANIZATION}<slug:provider>/", views.organization_guide, name="guide"),
]
