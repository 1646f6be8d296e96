"""What counts failed sign-ins cannot be pushed out by whoever wants to guess on (C-WEB-4)."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from orgs.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def fail(client: Client, email: str) -> int:
    """Guess once."""
    return client.post("/accounts/login/", {"login": email, "password": "a wrong one"}).status_code


@pytest.mark.control("C-WEB-4")
def test_other_entries_do_not_push_a_counter_out(client: Client) -> None:
    person: User = factories.user(password=factories.PASSWORD)
    for _ in range(5):
        fail(client, person.email)
    said = client.post("/accounts/login/", {"login": person.email, "password": factories.PASSWORD})
    assert said.status_code == 200  # refused, although the password is right
    for number in range(320):
        # What 320 guesses at other addresses leave behind, on either side of any key.
        cache.set(f"{number}", 1, 300)
        cache.set(f"zz{number}", 1, 300)
    again = client.post("/accounts/login/", {"login": person.email, "password": factories.PASSWORD})
    assert again.status_code == 200
