"""Test emails: one try, told step by step, settled at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from mailsettings.drafts import make_draft
from mailsettings.egress import egress
from mailsettings.models import Connection
from mailsettings.ways import mail_settings
from notifications.delivery import recover, run_test
from notifications.drain import drain
from notifications.models import DeliveryAttempt, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import SecretText, provider
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import PASSWORD, attempts, change, connect_to, look, queue

pytestmark = pytest.mark.django_db


def start(organization: Organization, **options: Any) -> Notification:
    return queue(organization, kind="test", notification_type="test", **options)


def saved(organization: Organization) -> Connection:
    with tenant(organization):
        return Connection.objects.of(organization).get()


def drafted(organization: Organization, server: SmtpServer, *, password: str = PASSWORD) -> Any:
    chosen = provider("smtp")
    typed = {
        "sender_email": "draft@contoso.example",
        "host": "127.0.0.1",
        "port": str(server.port),
        "tls_option": "starttls",
        "authentication": True,
        "username": "user",
        "password": SecretText(password),
    }
    with tenant(organization):
        return make_draft(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse(typed, egress()),
            typed={"password": SecretText(password)},
            user=None,
            base_version=mail_settings(organization.pk).version,
        )


@pytest.mark.feature("CIR-20", "NEW-1")
def test_a_test_of_unsaved_values_sends_one_real_message(
    contoso: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    row = start(contoso, draft=drafted(contoso, server))
    assert run_test(contoso.pk) is True
    done = look(row)
    assert (done.status, done.attempts) == (Status.ACCEPTED, 1)
    (mail,) = inbox
    assert mail.envelope_from == "draft@contoso.example"
    (attempt,) = attempts(row)
    assert attempt.outcome == "accepted"
    stages = {stage["stage"]: stage["verdict"] for stage in attempt.stages}
    assert stages["connect"] == stages["tls"] == stages["sign_in"] == stages["accepted"] == "ok"
    assert PASSWORD not in str(attempt.stages)


@pytest.mark.feature("CIR-21")
def test_a_failed_test_is_failed_at_once_and_holds_nothing(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    row = start(contoso, draft=drafted(contoso, server, password="wrong"))
    run_test(contoso.pk)
    done = look(row)
    assert (done.status, done.last_code) == (Status.FAILED, "auth_failed")
    (attempt,) = attempts(row)
    assert (attempt.outcome, attempt.code, attempt.stage) == ("refused", "auth_failed", "sign_in")
    assert saved(contoso).held_code == ""
    assert run_test(contoso.pk) is False


def test_a_temporary_refusal_of_a_test_is_final_too(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    row = start(contoso, to="busy@example.com")
    run_test(contoso.pk)
    assert look(row).status == Status.FAILED
    assert attempts(row)[0].outcome == "temporary"


def test_a_test_without_any_way_names_the_reason(contoso: Organization) -> None:
    row = start(contoso)
    run_test(contoso.pk)
    assert (look(row).status, look(row).last_code) == (Status.FAILED, "default_mailer_missing")


@pytest.mark.django_db(transaction=True)
@pytest.mark.feature("NEW-1")
def test_the_steps_are_visible_while_the_test_runs(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    row, seen = start(contoso), []
    original = server.command

    def spy(session: Any, line: str) -> None:
        try:
            with tenant(contoso):
                attempt = DeliveryAttempt.objects.of(contoso).get(notification=row)
            seen.append((line.split(maxsplit=1)[0].upper(), [stage["stage"] for stage in attempt.stages]))
        finally:
            connections.close_all()
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    run_test(contoso.pk)
    at_data = next(stages for verb, stages in seen if verb == "DATA")
    assert {"connect", "tls", "sign_in", "recipient"} <= set(at_data)
    assert "accepted" not in at_data


def test_a_passed_test_releases_the_saved_connection_it_tried(
    contoso: Organization, server: SmtpServer
) -> None:
    connect_to(contoso, server)
    held = saved(contoso)
    now = timezone.now()
    with tenant(contoso):
        Connection.objects.of(contoso).update(
            held_code="auth_failed", held_since=now, probe_at=now + timedelta(hours=1)
        )
    start(contoso, connection=held)
    run_test(contoso.pk)
    assert saved(contoso).held_code == ""
    assert saved(contoso).last_success_at is not None


def test_a_passed_test_of_other_values_says_nothing_about_the_saved_connection(
    contoso: Organization, server: SmtpServer
) -> None:
    connect_to(contoso, server)
    start(contoso, draft=drafted(contoso, server))
    run_test(contoso.pk)
    assert saved(contoso).last_success_at is None


def test_tests_go_before_mail_and_past_a_held_connection(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    now = timezone.now()
    with tenant(contoso):
        Connection.objects.of(contoso).update(
            held_code="auth_failed", held_since=now, probe_at=now + timedelta(hours=1)
        )
    mail = queue(contoso)
    test = start(contoso, draft=drafted(contoso, server))
    drain(contoso.pk)
    assert look(test).status == Status.ACCEPTED
    assert look(mail).status == Status.QUEUED


def test_a_test_whose_worker_died_ends_failed(contoso: Organization, server: SmtpServer) -> None:
    from notifications.delivery import claim_test  # noqa: PLC0415

    connect_to(contoso, server)
    row = start(contoso)
    claim_test(contoso.pk)
    change(row, lease_until=timezone.now() - timedelta(seconds=1))
    recover(contoso.pk)
    assert (look(row).status, look(row).last_code) == (Status.FAILED, "worker_lost")
