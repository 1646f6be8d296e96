"""The stand-in for Microsoft takes and refuses calls as Graph does."""

from __future__ import annotations

import threading

import pytest
import requests

from sandbox.inbox import Inbox
from tests.sandbox.conftest import CLIENT, SECRET, SENDER, TENANT, Cloud, message, recipient


def test_the_mailbox_decides(cloud: Cloud, inbox: Inbox) -> None:
    cloud.server.add_mailbox("old@contoso.com", rest_enabled=False)
    cloud.server.add_mailbox("board@contoso.com", allowed=False)
    cloud.server.add_mailbox("full@contoso.com", full=True)
    cloud.server.add_mailbox("boss@contoso.com", send_as=[SENDER])
    cloud.server.add_tenant("c41e9a07-52d8-4b6f-8e3a-90b7d1f2c655", "fabrikam.com")
    cloud.server.add_mailbox("ann@fabrikam.com")
    token = cloud.token()
    expected = {
        "nobody@contoso.com": (404, "ErrorInvalidUser"),
        "ann@fabrikam.com": (404, "ErrorInvalidUser"),
        "old@contoso.com": (404, "MailboxNotEnabledForRESTAPI"),
        "board@contoso.com": (403, "ErrorAccessDenied"),
        "full@contoso.com": (507, "ErrorQuotaExceeded"),
    }
    for sender, wanted in expected.items():
        answer = cloud.send(message(), token=token, sender=sender)
        assert (answer.status_code, answer.json()["error"]["code"]) == wanted
    assert cloud.send(message(), token=token, sender="NOTIFICATIONS%40contoso.com").status_code == 202
    shared = message(**{"from": recipient(SENDER)})
    assert cloud.send(shared, token=token, sender="boss@contoso.com").status_code == 202
    unsaved = {"message": message(), "saveToSentItems": False}
    assert cloud.send(json=unsaved, token=token, sender="full@contoso.com").status_code == 202
    assert [mail.saved_to_sent_items for mail in inbox] == [True, True, False]


def test_a_token_without_permission_is_refused(cloud: Cloud) -> None:
    cloud.server.add_app(TENANT, CLIENT, SECRET, roles=())
    answer = cloud.send(message())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("me/sendMail", "POST", 400),
        (f"users/{SENDER}/calendar", "POST", 400),
        ("users/a/messages", "POST", 404),
        (f"users/{SENDER}/sendMail", "GET", 405),
    ],
)
def test_other_calls_are_refused(cloud: Cloud, path: str, method: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {cloud.token()}"}
    answer = cloud.http.request(method, f"{cloud.server.base_url}/v1.0/{path}", headers=headers, json={})
    assert answer.status_code == status


def test_throttling_and_trouble_are_used_up(cloud: Cloud, inbox: Inbox) -> None:
    cloud.server.throttle(2, 7)
    cloud.server.unavailable()
    cloud.server.refuse(403, "ErrorAccountDisabled")
    token = cloud.token()
    answers = [cloud.send(message(), token=token) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 429, 503, 403, 202]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["error"]["code"] == "ApplicationThrottled"
    codes = [request.code for request in cloud.server.requests]
    assert codes[2:4] == [
        "serviceNotAvailable",
        "ErrorAccountDisabled",
    ]
    assert len(inbox) == 1


def test_the_mail_is_kept_though_the_client_never_hears_of_it(cloud: Cloud, inbox: Inbox) -> None:
    token = cloud.token()
    cloud.server.drop_after_accept()
    with pytest.raises(requests.ConnectionError):
        cloud.send(message(), token=token)
    assert len(inbox) == 1
    assert cloud.server.requests[-1].status == 0


def test_the_fifth_request_at_a_time_is_throttled(cloud: Cloud, inbox: Inbox) -> None:
    token, statuses = cloud.token(), []
    cloud.server.graph.seconds = 0.3

    def send() -> None:
        with requests.Session() as http:
            http.trust_env, http.verify = False, cloud.http.verify
            statuses.append(Cloud(cloud.server, http).send(message(), token=token).status_code)

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202, 202, 202, 202, 429]


def test_no_token_and_no_secret_is_kept(cloud: Cloud) -> None:
    token = cloud.token()
    cloud.send(message(), token=token)
    kept = repr((cloud.server.requests, cloud.server.token_requests, cloud.server.directory.app))
    assert token not in kept
    assert SECRET not in kept
