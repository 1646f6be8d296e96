"""Words the browser's stories share."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from orgs.models import User

PageFactory = Callable[..., Page]
SignIn = Callable[[Page, User], Page]
Shoot = Callable[[Page, str], None]
Check = Callable[[Page], None]
# Named like the pictures of the mock-ups: theme and width. Each theme and each width comes once: colours
# depend on the theme alone, layout on the width alone.
VARIANTS = {
    "light-1280": {"phone": False, "dark": False},
    "dark-390": {"phone": True, "dark": True},
}
