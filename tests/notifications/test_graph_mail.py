"""Mail by Graph through the queue: sizes, permissions, priorities, patience and doubt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.drain import turn
from notifications.models import AttemptOutcome, ConnectionLimit, Lane, Notification, Status
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import MessageInvalid
from sandbox.inbox import CaughtMail
from tests import factories
from tests.notifications.graph_mail import MEGABYTE, end_rests, file_of, files_in, send_by_graph
from tests.notifications.stories import accepted, attempts, look, queue, states
from tests.plugin_sandbox import Sandbox, smtp_values

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.feature("WPM-43")
def test_ten_megabytes_arrive_byte_for_byte_by_graph_and_by_smtp(
    contoso: Organization, fabrikam: Organization, sandbox: Sandbox
) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    factories.connection(fabrikam, "smtp", smtp_values(sandbox.smtp()))
    file = file_of(10 * MEGABYTE)
    rows = [queue(organization, attachments=[file]) for organization in (contoso, fabrikam)]
    for organization in (contoso, fabrikam):
        turn(organization.pk)
    assert [look(row).status for row in rows] == [Status.ACCEPTED] * 2
    assert [files_in(mail) for mail in sandbox.inbox] == [[file.content]] * 2
    steps = {"messages", "createuploadsession", "upload", "send"}
    assert {one.operation for one in microsoft.requests} == steps
    assert max(one.size for one in microsoft.requests) < 4_000_000


@pytest.mark.feature("WPM-43")
@pytest.mark.parametrize("size", [2_000_000, 3_500_000])
def test_one_call_carries_what_fits_into_it(contoso: Organization, sandbox: Sandbox, size: int) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    queue(contoso, attachments=[file_of(size)])
    turn(contoso.pk)
    assert accepted(contoso) == 1
    operations = [one.operation for one in microsoft.requests]
    assert (operations == ["sendmail"]) is (size == 2_000_000)


@pytest.mark.feature("WPM-43")
@pytest.mark.parametrize(("most", "size"), [(35, 36), (150, 151), (1, 2)])
def test_what_is_above_the_maximum_is_refused_at_enqueue_and_told_its_size(
    contoso: Organization, settings: Any, most: int, size: int
) -> None:
    settings.MAX_MESSAGE_MB = most
    with pytest.raises(MessageInvalid) as refused:
        queue(contoso, text="x", attachments=[file_of(size * MEGABYTE)])
    assert refused.value.field == "attachments"
    told = f"Text and attachments are {size}.1 MB together. At most {most} MB can be sent."
    assert refused.value.text == told
    assert states(contoso) == {}


@pytest.mark.feature("WPM-43")
def test_a_mail_servers_size_is_respected_before_data(contoso: Organization, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    server.rules.size_limit = 50_000
    factories.connection(contoso, "smtp", smtp_values(server))
    large, small = queue(contoso, attachments=[file_of(60_000)]), queue(contoso)
    turn(contoso.pk)
    assert (look(large).status, look(large).last_code) == (Status.FAILED, "message_too_large")
    assert look(small).status == Status.ACCEPTED
    written = [line.upper() for line in server.transcript if line.startswith("C: ")]
    assert sum(line.startswith("C: DATA") for line in written) == len(sandbox.inbox) == 1


@pytest.mark.feature("WPM-44")
def test_without_the_permission_large_mail_fails_with_its_name_and_small_mail_goes_on(
    contoso: Organization, owner: User, sandbox: Sandbox, client_of: Any
) -> None:
    send_by_graph(contoso, sandbox, roles=("Mail.Send",))
    browser: Client = client_of(owner)
    page = browser.get(reverse("mailsettings:emails", args=[contoso.slug])).content.decode()
    assert "Attachments over 3 MB need Mail.ReadWrite too." in page, "the hint stands there beforehand"
    before = queue(contoso)
    large = queue(contoso, attachments=[file_of(4_000_000)])
    after = queue(contoso)
    for _ in range(3):
        turn(contoso.pk)
    assert [look(row).status for row in (before, after)] == [Status.ACCEPTED] * 2
    assert look(large).status == Status.FAILED
    assert look(large).last_code == "graph_large_permission"
    url = reverse("notifications:delivery", args=[contoso.slug, large.pk])
    page = browser.get(url).content.decode()
    assert "A permission is missing for large mail: Mail.ReadWrite" in page
    assert "Grant admin consent" in page
    with tenant(contoso):
        assert Lane.objects.of(contoso).get().held_code == "", "the connection itself is well"


@pytest.mark.feature("COG-45")
@pytest.mark.parametrize("way", ["graph", "smtp"])
def test_high_goes_before_normal_before_low_and_says_so(
    contoso: Organization, sandbox: Sandbox, way: str
) -> None:
    if way == "graph":
        send_by_graph(contoso, sandbox).graph.seconds = 0.01
    else:
        factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()))
    for priority in ("low", "normal", "high"):
        for _ in range(6):
            queue(contoso, subject=priority, priority=priority)
    turn(contoso.pk)
    assert [mail.subject for mail in sandbox.inbox] == [*["high"] * 6, *["normal"] * 6, *["low"] * 6]
    expected = {"high": ("high", "1"), "normal": ("", ""), "low": ("low", "5")}
    assert {mail.subject: importance(mail) for mail in sandbox.inbox} == expected


def importance(mail: CaughtMail) -> tuple[str, str]:
    """Read the two headers that mail programs look at."""
    return mail.header("Importance"), mail.header("X-Priority")[:1]


@pytest.mark.feature("COG-45")
@pytest.mark.parametrize("priority", ["high", "normal", "low"])
def test_graphs_own_form_names_the_importance(contoso: Organization, sandbox: Sandbox, priority: str) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    queue(contoso, priority=priority)
    turn(contoso.pk)
    assert microsoft.requests[-1].content_type == "application/json"
    wanted = {"high": "high", "normal": "", "low": "low"}[priority]
    assert sandbox.inbox[0].header("Importance") == wanted


@pytest.mark.feature("WPM-5")
@pytest.mark.parametrize("fault", ["throttle", "unavailable"])
def test_retry_after_is_obeyed_by_all_and_nothing_is_lost(
    contoso: Organization, sandbox: Sandbox, fault: str
) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    for _ in range(12):
        queue(contoso)
    getattr(microsoft, fault)(retry_after=40)
    before = timezone.now()
    turn(contoso.pk)
    asked = len(microsoft.requests)
    assert asked <= 4, "nobody started another"
    with tenant(contoso):
        lane = Lane.objects.of(contoso).get()
    rested = ConnectionLimit.objects.using("owner").get().rest_until
    for until in (lane.resume_at, rested):
        assert until is not None
        assert before + timedelta(seconds=40) <= until <= before + timedelta(seconds=60)
    assert lane.failures == 0
    waiting = turn(contoso.pk)
    assert waiting.wait is not None
    assert waiting.wait > 35
    assert len(microsoft.requests) == asked
    with tenant(contoso):
        put_off = Notification.objects.of(contoso).get(attempts=1, status=Status.QUEUED)
    assert put_off.next_at >= before + timedelta(seconds=40)
    end_rests(contoso)
    turn(contoso.pk)
    assert states(contoso) == {Status.ACCEPTED: 12}
    assert len(sandbox.inbox) == 12


@pytest.mark.parametrize("number", [1, 3])
def test_a_lost_answer_leaves_exactly_its_message_in_doubt(
    contoso: Organization, sandbox: Sandbox, number: int
) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    microsoft.graph.seconds = 0.02
    rows = [queue(contoso) for _ in range(20)]
    microsoft.drop_after_accept(times=number)
    turn(contoso.pk)
    end_rests(contoso)
    turn(contoso.pk)
    assert states(contoso) == {Status.ACCEPTED: 20}
    tried = [[one.outcome for one in attempts(row)] for row in rows]
    doubted = [outcomes for outcomes in tried if AttemptOutcome.UNKNOWN in outcomes]
    assert doubted == [[AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED]] * number
    assert len(sandbox.inbox) == 20 + number, "one copy more for each answer that was lost"
