"""Addresses of people and organizations."""

from __future__ import annotations

from django.urls import path

from orgs import views, views_account, views_audit, views_invitations, views_members

app_name = "orgs"

ORGANIZATION = "organizations/<slug:slug>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views_account.theme, name="theme"),
    path("organizations/", views.choose, name="choose"),
    path("invitations/<str:token>/", views_invitations.accept, name="accept_invitation"),
    path(ORGANIZATION, views.overview, name="overview"),
    path(f"{ORGANIZATION}members/", views_members.members, name="members"),
    path(f"{ORGANIZATION}members/<uuid:membership_id>/role/", views_members.role, name="change_role"),
    path(f"{ORGANIZATION}members/<uuid:membership_id>/remove/", views_members.remove, name="remove_member"),
    path(
        f"{ORGANIZATION}members/invitations/<uuid:invitation_id>/withdraw/",
        views_members.withdraw,
        name="withdraw_invitation",
    ),
    path(f"{ORGANIZATION}audit/", views_audit.audit, name="audit"),
]
