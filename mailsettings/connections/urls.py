"""Addresses of the connections."""

from __future__ import annotations

from django.urls import path

from mailsettings.connections import views, views_changes, views_order, views_removal

CONNECTIONS = "organizations/<slug:slug>/emails/connections/"
CONNECTION = f"{CONNECTIONS}<uuid:connection_id>/"

connection_patterns = [
    path(CONNECTIONS, views.connections, name="connections"),
    path(f"{CONNECTIONS}new/", views.add_connection, name="add_connection"),
    path(f"{CONNECTIONS}default-mailer/", views_order.default_mailer_last, name="default_mailer_last"),
    path(CONNECTION, views.connection, name="connection"),
    path(f"{CONNECTION}primary/", views_order.make_primary, name="make_primary"),
    path(f"{CONNECTION}move/", views_order.move_connection, name="move_connection"),
    path(f"{CONNECTION}rank/", views_order.rank_connection, name="rank_connection"),
    path(f"{CONNECTION}enabled/", views_changes.switch_connection, name="switch_connection"),
    path(f"{CONNECTION}remove/", views_removal.remove_connection, name="remove_connection"),
    path(f"{CONNECTION}restore/", views_changes.restore_version, name="restore_version"),
]
