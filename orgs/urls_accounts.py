"""Sign-in and passwords by django-allauth; what this product does not offer leads to a page that says so."""

from __future__ import annotations

from allauth.account import views
from django.urls import path, re_path

from orgs import views_account
from orgs.forms_account import ChangePassword, NewPassword, ResetPassword, SetPassword, SignIn

closed = views_account.closed

urlpatterns = [
    path("login/", views.LoginView.as_view(form_class=SignIn), name="account_login"),
    path("logout/", views.LogoutView.as_view(), name="account_logout"),
    path(
        "password/change/",
        views.PasswordChangeView.as_view(form_class=ChangePassword),
        name="account_change_password",
    ),
    path("password/set/", views.PasswordSetView.as_view(form_class=SetPassword), name="account_set_password"),
    path(
        "password/reset/",
        views.PasswordResetView.as_view(form_class=ResetPassword),
        name="account_reset_password",
    ),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.PasswordResetFromKeyView.as_view(form_class=NewPassword),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Names allauth reverses by itself, for ways in that this product does not have.
    path("signup/", closed, name="account_signup"),
    path("inactive/", views_account.inactive, name="account_inactive"),
    path("email/", closed, name="account_email"),
    path("confirm-email/", closed, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", closed, name="account_confirm_email"),
    path("reauthenticate/", closed, name="account_reauthenticate"),
    path("login/code/confirm/", closed, name="account_confirm_login_code"),
]
