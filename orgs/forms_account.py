"""The account forms of django-allauth in this product's words."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django import forms
from django.utils.translation import gettext_lazy as _

PASSWORD_HELP = _("At least 8 characters, nothing common and not close to your name or address.")


def say(field: forms.Field, label: object, help_text: object = "") -> None:
    """Word a field like the rest of the product: a label above it, no text inside it."""
    field.label = str(label)
    field.help_text = str(help_text)
    field.widget.attrs.pop("placeholder", None)


class SignIn(account.LoginForm):  # type: ignore[misc]  # the base class carries no types
    """Email address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("remember", None)
        say(self.fields["login"], _("Email address"))
        say(self.fields["password"], _("Password"))
        self.fields["login"].widget.attrs.update({"autocomplete": "username", "autofocus": True})

    def clean(self) -> dict[str, Any]:
        """Check the password; the session ends with the browser, at the latest by the product's limit."""
        cleaned: dict[str, Any] = super().clean()
        cleaned["remember"] = False
        return cleaned


class NewPasswordTwice:
    """Two fields for one new password."""

    fields: dict[str, forms.Field]

    def word_passwords(self) -> None:
        """Label both fields."""
        say(self.fields["password1"], _("New password"), PASSWORD_HELP)
        say(self.fields["password2"], _("New password again"))


class ChangePassword(NewPasswordTwice, account.ChangePasswordForm):  # type: ignore[misc]  # no types
    """The old password and a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["oldpassword"], _("Current password"))
        self.word_passwords()


class SetPassword(NewPasswordTwice, account.SetPasswordForm):  # type: ignore[misc]  # no types
    """A first password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.word_passwords()


class NewPassword(NewPasswordTwice, account.ResetPasswordKeyForm):  # type: ignore[misc]  # no types
    """The new password behind a reset link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.word_passwords()


class ResetPassword(account.ResetPasswordForm):  # type: ignore[misc]  # no types
    """The address a reset link goes to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["email"], _("Email address"))
        self.fields["email"].widget.attrs["autocomplete"] = "username"
