"""How people sign in and get their account mail: sign-up is by invitation, links come from BASE_URL only."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the base class carries no types
    """allauth's view of this product."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """People come in by an invitation or by `create_superadmin`, never by themselves."""
        return False
