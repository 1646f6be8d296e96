"""Addresses of the routing rules."""

from __future__ import annotations

from django.urls import path

from mailsettings.routing import views, views_changes, views_trying

ROUTING = "organizations/<slug:slug>/emails/connections/rules/"
RULE = f"{ROUTING}<uuid:rule_id>/"

routing_patterns = [
    path(f"{ROUTING}new/", views.add_rule, name="add_rule"),
    path(f"{ROUTING}try/", views_trying.try_rules, name="try_rules"),
    path(f"{ROUTING}switch/", views_changes.switch_routing, name="switch_routing"),
    path(RULE, views.rule, name="rule"),
    path(f"{RULE}move/", views_changes.move_rule, name="move_rule"),
    path(f"{RULE}switch/", views_changes.switch_rule, name="switch_rule"),
    path(f"{RULE}remove/", views_changes.remove_rule, name="remove_rule"),
]
