"""Every reply, enhanced code and failure of the line in the reference tables gets its meaning."""

from __future__ import annotations

from typing import Any

import pytest

from providers.errors import Stage
from providers.transports.smtp_replies import Reply, refused
from providers.transports.smtp_verdicts import all_refused, refusal

# What each row means: code, whether it may pass by itself, whether it speaks of the whole connection.
BEFORE_A_MESSAGE = """
greeting | 554 5.7.1 no service for you | greeting_refused | - | C
greeting | 521 host accepts no mail | greeting_refused | - | C
greeting | 421 4.3.2 Too many concurrent connections | too_many_connections | T | C
greeting | 421 try later | server_busy | T | C
tls | 454 TLS not available due to temporary reason | server_busy | T | C
tls | 502 unknown | starttls_missing | - | C
sign_in | 535 5.7.8 bad credentials | auth_failed | - | C
sign_in | 535 5.7.3 Authentication unsuccessful | auth_failed | - | C
sign_in | 535 5.7.139 the user credentials were incorrect | auth_failed | - | C
sign_in | 535 5.7.139 SmtpClientAuthentication is disabled for the Tenant | auth_blocked_by_policy | - | C
sign_in | 535 5.7.139 locked by your security defaults policy | auth_blocked_by_policy | - | C
sign_in | 535 5.7.139 the request did not meet the criteria | auth_blocked_by_policy | - | C
sign_in | 535 5.7.139 basic authentication is disabled. | basic_auth_retired | - | C
sign_in | 550 5.7.30 Basic authentication is not supported | basic_auth_retired | - | C
sign_in | 530 5.7.57 Client not authenticated to send mail | auth_blocked_by_policy | - | C
sign_in | 534 5.7.9 Application-specific password required | auth_app_password | - | C
sign_in | 534 5.7.14 log in via your browser | auth_app_password | - | C
sign_in | 454 4.7.0 Temporary authentication failure | auth_temporary | T | C
sign_in | 451 4.7.0 Temporary server error | auth_temporary | T | C
sign_in | 432 4.7.12 password transition needed | auth_failed | - | C
sign_in | 432 4.3.2 Concurrent connections limit exceeded | too_many_connections | T | C
sign_in | 430 4.2.0 STOREDRV; MapiExceptionLogonFailed | auth_mailbox_permission | - | C
sign_in | 504 5.5.4 unrecognized mechanism | auth_unsupported | - | C
sign_in | 538 5.7.11 encryption required | auth_unsupported | - | C
sign_in | 500 5.5.6 line too long | auth_unsupported | - | C
sign_in | 525 5.7.13 account disabled | auth_blocked_by_policy | - | C
"""
SENDER_AND_MESSAGE = """
sender | 530 5.7.0 Must issue STARTTLS or log in | auth_required | - | C
sender | 530 5.7.57 Client not authenticated | auth_required | - | C
sender | 550 5.7.60 no permissions to send as this sender | send_as_denied | - | C
sender | 553 5.7.1 sender not owned | sender_refused | - | C
sender | 553 Relaying disallowed as notifications@contoso.com | send_as_denied | - | C
sender | 501 5.1.7 Bad sender address syntax | sender_refused | - | C
sender | 550 5.1.8 Domain of sender address does not exist | sender_refused | - | C
sender | 550 5.1.8 Access denied, bad outbound sender | sender_blocked | - | C
sender | 451 4.1.8 Domain of sender address does not resolve | sender_unverified | T | C
sender | 552 5.3.4 message size exceeds limit | message_too_large | - | M
sender | 452 4.3.1 insufficient storage | server_busy | T | C
sender | 451 4.3.0 trouble | server_busy | T | C
sender | 455 parameters temporarily not possible | server_busy | T | C
sender | 451 4.7.28 unusual rate | rate_limited | T | C
sender | 451 4.7.500 Server busy. Please try again later | sender_suspected | T | C
sender | 451 4.7.850 Access denied, please try again later | sender_suspected | T | C
sender | 550 5.4.5 Daily sending quota exceeded | quota_exceeded | T | C
sender | 550 5.1.90 daily limit for recipients | quota_exceeded | T | C
sender | 550 5.2.2 Submission quota exceeded | quota_exceeded | T | C
sender | 430 4.2.0 STOREDRV; mailbox logon failure | auth_mailbox_permission | - | C
sender | 503 bad sequence | server_refused | - | C
sender | 555 5.5.4 parameters unknown | server_refused | - | C
sender   | 550 5.6.7 SMTPUTF8 not supported                        | smtputf8_missing        | - | M
sender | 554 5.7.1 blocked using zen.spamhaus.org | address_blocklisted | - | C
message | 451 4.7.1 greylisted | server_busy | T | M
message | 421 4.7.0 closing | server_busy | T | C
message | 502 not here | server_refused | - | C
accepted | 554 5.7.1 looks like spam | message_refused | - | M
accepted | 552 5.7.0 forbidden attachment | message_refused | - | M
accepted | 554 5.6.11 bare line feed | message_refused | - | M
accepted | 550 5.6.0 content not acceptable | message_refused | - | M
accepted | 550 5.7.26 unauthenticated mail | sender_unauthenticated | - | M
accepted | 550 5.7.23 SPF failed | sender_unauthenticated | - | M
accepted | 550 5.7.509 fails DMARC | sender_unauthenticated | - | M
accepted | 451 4.7.26 authentication result unknown | sender_unverified | T | M
accepted | 554 Message rejected: Email address is not verified | sender_refused | - | M
accepted | 554 5.2.252 SendAsDenied | send_as_denied | - | C
accepted | 554 5.2.0 STOREDRV SendAsDeniedException | send_as_denied | - | C
accepted | 550 5.2.254 Sender throttled due to continuous errors | sender_blocked | - | C
accepted | 550 5.7.708 access denied, traffic not accepted | sender_blocked | - | C
accepted | 552 5.2.3 too large | message_too_large | - | M
accepted | 554 5.3.4 too big | message_too_large | - | M
accepted | 450 4.2.0 busy | server_busy | T | M
accepted | 450 4.2.1 recipient too busy | recipient_temporary | T | M
accepted | 451 4.4.3 directory server failure | recipient_temporary | T | M
accepted | 550 5.1.1 no such user | recipient_refused | - | M
accepted | 550 5.4.14 hop count exceeded | recipient_refused | - | M
accepted | 550 5.7.133 sender not authenticated for group | recipient_refused | - | M
accepted | 556 domain takes no mail | recipient_refused | - | M
accepted | 550 5.7.233 limit | quota_exceeded | T | C
accepted | 550 5.7.64 TenantAttribution; Relay Access Denied | server_refused | - | C
accepted | 450 4.4.62 mail sent to the wrong Office 365 region | server_refused | - | C
accepted | 554 5.3.5 system incorrectly configured | server_refused | - | C
accepted | 550 5.7.30 Basic authentication is not supported | basic_auth_retired | - | C
accepted | 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded | too_many_connections | T | C
"""
RECIPIENTS = """
550 5.1.1 no such user                       | recipient_refused   | -
550 5.1.10 null MX                           | recipient_refused   | -
550 5.1.2 no such domain                     | recipient_refused   | -
551 user not local                           | recipient_refused   | -
553 mailbox name not allowed                 | recipient_refused   | -
556 domain takes no mail                     | recipient_refused   | -
450 4.2.0 greylisted                         | recipient_temporary | T
450 4.1.2 domain not found just now          | recipient_temporary | T
451 4.7.1 later                              | recipient_temporary | T
452 4.5.3 too many recipients                | recipient_temporary | T
550 5.5.3 too many recipients                | recipient_temporary | T
552 too many recipients                      | recipient_temporary | T
552 5.2.2 mailbox full                       | recipient_refused   | -
452 4.2.2 mailbox full                       | recipient_temporary | T
550 5.7.1 relaying denied                    | relay_denied        | -
530 5.7.57 not authenticated                 | auth_required       | -
550 5.4.5 daily limit                        | quota_exceeded      | T
554 5.7.1 blocked using zen.spamhaus.org     | address_blocklisted | -
550 5.7.60 may not send as                   | send_as_denied      | -
"""


def rows(table: str) -> list[tuple[str, ...]]:
    """Cut a table at its bars."""
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


@pytest.mark.feature("HIR-19")
@pytest.mark.parametrize(
    ("stage", "said", "code", "transient", "scope"), rows(BEFORE_A_MESSAGE + SENDER_AND_MESSAGE.lstrip())
)
def test_smtp_reply_gets_its_meaning(stage: Any, said: str, code: str, transient: str, scope: str) -> None:
    reply = Reply(int(said[:3]), said[4:])
    error = refused(Stage(stage), reply, host="smtp.example.com", facts={"port": "587"})
    assert (error.code, error.transient, error.connection_fault) == (code, transient == "T", scope == "C")
    assert error.reply == said
    assert error.facts["port"] == "587"


@pytest.mark.parametrize(("said", "code", "transient"), rows(RECIPIENTS))
def test_recipient_gets_its_own_verdict(said: str, code: str, transient: str) -> None:
    verdict = refusal(Reply(int(said[:3]), said[4:]))
    assert (verdict.code, verdict.transient, verdict.reply) == (code, transient == "T", said)


@pytest.mark.feature("HIR-19")
@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ("535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox", "smtp_auth_off"),
        ("535 5.7.139 locked by your organization's security defaults policy", "security_defaults"),
        ("535 5.7.139 the request did not meet the criteria", "conditional_access"),
        ("535 5.7.8 bad credentials", None),
    ],
)
def test_refusal_by_policy_says_which(said: str, policy: str | None) -> None:
    error = refused(Stage.SIGN_IN, Reply(535, said[4:]), host="smtp.example.com", facts={})
    assert error.facts.get("policy") == policy


@pytest.mark.feature("HIR-19")
def test_not_authenticated_after_a_sign_in_is_a_policy_of_theirs() -> None:
    reply = Reply(530, "5.7.57 Client not authenticated to send mail")
    codes = {
        signed_in: refused(Stage.SENDER, reply, host="h", facts={}, signed_in=signed_in).code
        for signed_in in (False, True)
    }
    assert codes == {False: "auth_required", True: "auth_blocked_by_policy"}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("550 5.7.232 tenant limit", 21600),
        ("451 4.7.501 suspicious", 7200),
        ("432 4.3.2 concurrent connections", 30),
        ("451 4.7.28 rate", 60),
        ("451 4.3.0 trouble", None),
    ],
)
def test_a_server_is_left_alone_as_long_as_its_trouble_lasts(said: str, seconds: float | None) -> None:
    error = refused(Stage.SENDER, Reply(int(said[:3]), said[4:]), host="h", facts={})
    assert error.retry_after == seconds


def test_when_all_are_refused_what_may_pass_later_decides() -> None:
    verdicts = {
        "a@x.com": refusal(Reply(550, "5.1.1 unknown")),
        "b@x.com": refusal(Reply(451, "4.7.1 later")),
    }
    error = all_refused(verdicts, {"host": "h"})
    assert (error.code, error.transient, error.refusals) == ("recipient_temporary", True, verdicts)
    assert all_refused({"a@x.com": verdicts["a@x.com"]}, {}).transient is False
