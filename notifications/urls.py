"""Addresses of the outbox."""

from __future__ import annotations

from django.urls import path

from notifications import (
    views,
    views_actions,
    views_held,
    views_limits,
    views_saving,
    views_sharing,
    views_testing,
)
from notifications.urls_secrets import secret_patterns

app_name = "notifications"

DELIVERIES = "organizations/<slug:slug>/deliveries/"
DELIVERY = f"{DELIVERIES}<uuid:notification_id>/"
TESTS = "organizations/<slug:slug>/emails/test/"
SHARED = "organizations/<slug:slug>/emails/shared/"

urlpatterns = [
    path(DELIVERIES, views.deliveries, name="deliveries"),
    path(f"{DELIVERIES}new/", views_actions.compose, name="compose"),
    path(f"{DELIVERIES}drop-held/", views_held.drop_held, name="drop_held"),
    path(f"{DELIVERIES}retry-failed/", views_actions.retry_failed, name="retry_failed"),
    path(DELIVERY, views.delivery, name="delivery"),
    path(f"{DELIVERY}retry/", views_actions.retry, name="retry"),
    path(f"{DELIVERY}cancel/", views_actions.cancel, name="cancel"),
    path(f"{DELIVERY}arrived/", views_actions.arrived, name="arrived"),
    path(f"{DELIVERY}send-again/", views_actions.send_again, name="send_again"),
    path(f"{DELIVERY}content/", views_actions.show_content, name="show_content"),
    path(f"{DELIVERY}content/<str:token>/", views.content_frame, name="content_frame"),
    path(
        "organizations/<slug:slug>/emails/saving/<uuid:notification_id>/", views_saving.saving, name="saving"
    ),
    path(
        "organizations/<slug:slug>/emails/connections/<uuid:connection_id>/limits/",
        views_limits.limits,
        name="limits",
    ),
    *secret_patterns,
    path(TESTS, views_testing.test, name="test"),
    path(f"{TESTS}<uuid:notification_id>/", views_testing.test_result, name="test_result"),
    path(f"{TESTS}<uuid:notification_id>/share/", views_sharing.share, name="share"),
    path(SHARED, views_sharing.shared, name="shared"),
    path(f"{SHARED}<uuid:shared_id>/withdraw/", views_sharing.withdraw_share, name="withdraw_share"),
]
