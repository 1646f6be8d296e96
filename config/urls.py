"""The map: which room answers which address."""

from __future__ import annotations

from django.urls import include, path

from console.health import healthz, readyz
from notifications.views_sharing import shared_result

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("orgs.urls_accounts")),
    path("console/", include("console.urls")),
    path("", include("notifications.urls")),
    path("shared/<str:token>/", shared_result, name="shared_result"),
    path("", include("mailsettings.urls")),
    path("", include("mailsettings.consent.urls")),
    path("", include("mailsettings.guides.urls")),
    path("", include("orgs.urls")),
]
