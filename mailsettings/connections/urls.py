"""Addresses of the connections."""

from __future__ import annotations

from django.urls import path

from mailsettings.connections import views, views_changes

CONNECTIONS = "organizations/<slug:slug>/emails/connections/"
CONNECTION = f"{CONNECTIONS}<uuid:connection_id>/"

connection_patterns = [
    path(CONNECTIONS, views.connections, name="connections"),
    path(f"{CONNECTIONS}new/", views.add_connection, name="add_connection"),
    path(CONNECTION, views.connection, name="connection"),
    path(f"{CONNECTION}primary/", views_changes.make_primary, name="make_primary"),
    path(f"{CONNECTION}enabled/", views_changes.switch_connection, name="switch_connection"),
    path(f"{CONNECTION}remove/", views_changes.remove_connection, name="remove_connection"),
    path(f"{CONNECTION}restore/", views_changes.restore_version, name="restore_version"),
]
