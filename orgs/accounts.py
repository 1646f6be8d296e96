"""How people sign in and get their account mail: sign-up is by invitation, links come from BASE_URL only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Site:
    """What allauth's templates call the current site; a request's Host has no say in it."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the base class carries no types
    """allauth's view of this product."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed. Ask an administrator of your organization."),
        "email_password_mismatch": _(
            "This email address and this password do not belong together. "
            "Check both, or choose Forgot password."
        ),
        "enter_current_password": _("Enter your current password."),
        "incorrect_password": _("This is not your current password."),
        "too_many_login_attempts": _("Too many failed sign-ins. Wait some minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        """People come in by an invitation or by `create_superadmin`, never by themselves."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Lead on to paths of this product only; allauth's own rule fails on what is no address at all."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Make the link of a reset mail."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return absolute(path.replace("UID-KEY", quote(key)))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send account mail through the outbox of the platform; every link in it is ours."""
        words = {
            **context,
            "email": email,
            "current_site": Site(settings.PRODUCT_NAME, urlsplit(settings.BASE_URL).netloc),
            "base_url": settings.BASE_URL,
            "signup_url": absolute(reverse("account_login")),
            "password_reset_url": context.get(
                "password_reset_url", absolute(reverse("account_reset_password"))
            ),
        }
        self.render_mail(template_prefix, email, words).send()


def absolute(path: str) -> str:
    """Make a link from the configured address of the product (C-WEB-7)."""
    return urljoin(f"{settings.BASE_URL}/", path)
