"""Addresses of the super admin's room."""

from __future__ import annotations

from django.urls import path

from console import views, views_acting, views_hosts, views_switches

app_name = "console"

ONE = "organizations/<slug:slug>/"

urlpatterns = [
    path("", views.organizations, name="organizations"),
    path("organizations/new/", views.add, name="add"),
    path("hosts/", views_hosts.hosts, name="hosts"),
    path("hosts/sign-in/", views_hosts.new_host, name="new_host"),
    path("hosts/sign-in/<uuid:host_id>/remove/", views_hosts.remove_host, name="remove_host"),
    path("hosts/clouds/", views_hosts.new_cloud, name="new_cloud"),
    path("hosts/clouds/<uuid:cloud_id>/remove/", views_hosts.remove_cloud, name="remove_cloud"),
    path(ONE, views.organization, name="organization"),
    path(f"{ONE}custom-mail/", views_switches.custom_mail, name="custom_mail"),
    path(f"{ONE}active/", views_switches.active, name="active"),
    path(f"{ONE}enter/", views_acting.enter, name="enter"),
    path(f"{ONE}leave/", views_acting.leave, name="leave"),
]
