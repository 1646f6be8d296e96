"""Addresses of the super admin's room."""

from __future__ import annotations

from django.urls import path

from console import views, views_acting, views_switches

app_name = "console"

ONE = "organizations/<slug:slug>/"

urlpatterns = [
    path("", views.organizations, name="organizations"),
    path("organizations/new/", views.add, name="add"),
    path(ONE, views.organization, name="organization"),
    path(f"{ONE}custom-mail/", views_switches.custom_mail, name="custom_mail"),
    path(f"{ONE}active/", views_switches.active, name="active"),
    path(f"{ONE}enter/", views_acting.enter, name="enter"),
    path(f"{ONE}leave/", views_acting.leave, name="leave"),
]
