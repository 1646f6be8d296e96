"""What a consent brings is nowhere to be read: no page, no log, no column in clear (C-OAU-7, C-CRY-7)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.apps import apps
from django.db import connections

from mailsettings.token_store import token_store
from mailsettings.ways import connection_way
from notifications.drain import drain
from notifications.services import enqueue
from tests.plugin_consent import PROVIDER, Admin, asked
from tests.plugin_sandbox import ACCOUNT, CLIENT_SECRET

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything any logger says, down to DEBUG."""
    stream = StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.control("C-OAU-7")
@pytest.mark.feature("WPM-4")
def test_no_token_code_or_verifier_is_readable_anywhere(
    connector: Admin, account_form: dict[str, object], log: StringIO
) -> None:
    connector.post(account_form)
    url = connector.leave(account_form)
    back = connector.microsoft.accept(url, ACCOUNT)
    pages = [connector.read(connector.come_back(back))]
    enqueue(organization=connector.organization, to="reader@example.com", subject="Hello", text="x")
    drain(connector.organization.pk)
    pages += [
        connector.read(connector.browser.get(address))
        for address in (
            f"{connector.emails}?provider={PROVIDER}",
            connector.page("consent_result"),
            connector.page("connection"),
        )
    ]
    way = connection_way(connector.organization.pk, connector.connection.pk)
    token = token_store(way).get(way.token_key)
    assert token is not None
    assert token.refresh is not None
    secrets = {
        token.value.sealed_by(bytes),
        token.refresh.sealed_by(bytes),
        asked(back)["code"].encode(),
        asked(url)["state"].encode(),
        CLIENT_SECRET.encode(),
    }
    rows = stored_rows()
    for secret in secrets:
        assert secret.decode() not in "".join(pages)
        assert secret.decode() not in log.getvalue()
        assert secret not in rows
        assert secret.hex().encode() not in rows


def stored_rows() -> bytes:
    """Read every row of every table of ours, as text."""
    found: list[bytes] = []
    with connections["owner"].cursor() as cursor:
        for model in apps.get_models():
            if model._meta.app_label in {"mailsettings", "notifications", "orgs"}:
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')  # noqa: S608
                found += [row[0].encode() for row in cursor.fetchall()]
    return b"\n".join(found)
