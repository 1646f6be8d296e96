"""Addresses of the next secret of a connection."""

from __future__ import annotations

from django.urls import path

from notifications import views_secrets

NEXT = "organizations/<slug:slug>/emails/connections/<uuid:connection_id>/next-secret/"

secret_patterns = [
    path(NEXT, views_secrets.store_next_secret, name="store_next_secret"),
    path(f"{NEXT}test/", views_secrets.test_next_secret, name="test_next_secret"),
    path(f"{NEXT}test/<uuid:notification_id>/", views_secrets.next_secret_result, name="next_secret_result"),
    path(f"{NEXT}use/", views_secrets.use_next_secret, name="use_next_secret"),
    path(f"{NEXT}remove/", views_secrets.remove_next_secret, name="remove_next_secret"),
]
