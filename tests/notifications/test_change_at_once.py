"""A changed connection is used by every worker process for its very next message (CIR-22, COG-27)."""

from __future__ import annotations

import pytest

from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.notifications.stories import eventually
from tests.plugin_sandbox import Sandbox, smtp_values
from tests.plugin_worker import StartWorker

pytestmark = pytest.mark.django_db(transaction=True)


def send(organization: Organization, count: int, word: str) -> None:
    """Queue messages and wait until all are accepted."""
    for number in range(count):
        enqueue(organization=organization, to=f"reader{number}@example.com", subject=word, text="x")

    def all_accepted() -> bool:
        with tenant(organization):
            rows = Notification.objects.of(organization).filter(subject=word)
            return not rows.exclude(status=Status.ACCEPTED).exists()

    eventually(all_accepted, seconds=60)


@pytest.mark.slow
@pytest.mark.feature("COG-27", "CIR-22")
def test_two_worker_processes_use_new_credentials_for_the_next_message(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    before, after = sandbox.smtp(inbox=Inbox(None)), sandbox.smtp(inbox=Inbox(None))
    factories.connection(contoso, "smtp", smtp_values(before))
    for _process in range(2):
        start_worker()
    send(contoso, 20, "before")
    factories.connection(contoso, "smtp", smtp_values(after))
    send(contoso, 20, "after")
    assert {mail.subject for mail in before.inbox} == {"before"}
    assert {mail.subject for mail in after.inbox} == {"after"}
    assert (len(before.inbox), len(after.inbox)) == (20, 20)
