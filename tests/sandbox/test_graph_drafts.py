"""The stand-in for Graph is as strict about drafts and uploads as Graph is (microsoft.md §8)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sandbox.inbox import Inbox
from tests.sandbox.conftest import CLIENT, SECRET, SENDER, TENANT, Cloud, message

SIZE = 4_000_000
BOX = f"users/{SENDER}"


@pytest.fixture(autouse=True)
def roles(cloud: Cloud) -> None:
    cloud.server.add_app(TENANT, CLIENT, SECRET, roles=("Mail.Send", "Mail.ReadWrite"))


def call(cloud: Cloud, method: str, path: str, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {cloud.token()}", **options.pop("headers", {})}
    url = f"{cloud.server.base_url}/v1.0/{path}"
    return cloud.http.request(method, url, headers=headers, timeout=5, **options)


def draft(cloud: Cloud) -> str:
    answer = call(cloud, "POST", f"{BOX}/messages", json=message())
    assert answer.status_code == 201
    return f"{BOX}/messages/{quote(answer.json()['id'], safe='')}"


def upload_url(cloud: Cloud, path: str, **changes: object) -> requests.Response:
    item = {"attachmentType": "file", "name": "a.bin", "size": SIZE, **changes}
    return call(cloud, "POST", f"{path}/attachments/createUploadSession", json={"AttachmentItem": item})


def put(cloud: Cloud, url: str, first: int, size: int, **headers: str) -> requests.Response:
    given = {"Content-Type": "application/octet-stream", **headers}
    given.setdefault("Content-Range", f"bytes {first}-{first + size - 1}/{SIZE}")
    return cloud.http.put(url, data=bytes(size), headers=given, timeout=5)


def test_a_draft_gets_files_and_is_sent(cloud: Cloud, inbox: Inbox) -> None:
    path = draft(cloud)
    small = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "b.txt",
        "contentBytes": base64.b64encode(b"text").decode(),
    }
    assert call(cloud, "POST", f"{path}/attachments", json=small).status_code == 201
    url = upload_url(cloud, path).json()["uploadUrl"]
    first = put(cloud, url, 0, 3_000_000)
    assert (first.status_code, first.json()["nextExpectedRanges"]) == (200, ["3000000"])
    assert put(cloud, url, 3_000_000, 1_000_000).status_code == 201
    assert call(cloud, "GET", path).json()["isDraft"] is True
    assert call(cloud, "POST", f"{path}/send").status_code == 202
    assert [len(part.get_payload(decode=True) or b"") for part in inbox[0].attachments] == [4, SIZE]
    assert call(cloud, "GET", path).status_code == 404
    kept = call(cloud, "GET", path, headers={"Prefer": 'IdType="ImmutableId"'})
    assert kept.json()["isDraft"] is False
    assert call(cloud, "POST", f"{path}/send").json()["error"]["code"] == "ErrorItemNotFound"


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (3 * 1024 * 1024 - 1, 400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"),
        (3 * 1024 * 1024, 201, ""),
        (150_000_001, 413, "ErrorAttachmentSizeLimitExceeded"),
        (None, 400, "ErrorInvalidRequest"),
    ],
)
def test_an_upload_is_for_three_to_150_mb(cloud: Cloud, size: int | None, status: int, code: str) -> None:
    answer = upload_url(cloud, draft(cloud), size=size)
    assert answer.status_code == status
    assert answer.json().get("error", {}).get("code", "") == code


@pytest.mark.parametrize(
    ("size", "headers", "status"),
    [
        (1000, {"Content-Range": f"bytes 1-1000/{SIZE}"}, 416),
        (1000, {"Content-Range": f"bytes 0-998/{SIZE}"}, 416),
        (1000, {"Content-Range": "bytes 0-999/1000"}, 416),
        (1000, {"Content-Range": "0-999"}, 416),
        (1000, {"Content-Type": "application/json"}, 416),
        (1000, {"Authorization": "Bearer x"}, 401),
    ],
)
def test_a_part_must_be_exactly_the_next_one(
    cloud: Cloud, size: int, headers: dict[str, str], status: int
) -> None:
    url = upload_url(cloud, draft(cloud)).json()["uploadUrl"]
    assert put(cloud, url, 0, size, **headers).status_code == status
    assert put(cloud, url, 0, size).status_code == 200


def test_an_upload_address_is_its_own_key_and_can_be_given_up(cloud: Cloud) -> None:
    url = upload_url(cloud, draft(cloud)).json()["uploadUrl"]
    assert put(cloud, url.partition("?")[0], 0, 10).status_code == 404
    assert url.rpartition("=")[2] not in repr(cloud.server.requests)
    assert cloud.http.delete(url, timeout=5).status_code == 204
    assert put(cloud, url, 0, 10).status_code == 404


def test_drafts_need_their_permission_and_can_be_removed(cloud: Cloud) -> None:
    path = draft(cloud)
    assert call(cloud, "DELETE", path).status_code == 204
    assert call(cloud, "DELETE", path).status_code == 404
    cloud.server.add_app(TENANT, CLIENT, SECRET, roles=("Mail.Send",))
    answer = call(cloud, "POST", f"{BOX}/messages", json=message())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ({"suspended": True}, 403, "ErrorAccountSuspend"),
        ({"over_limit": True}, 429, "ErrorExceededMessageLimit"),
        ({"disabled": True}, 403, "ErrorAccountDisabled"),
        ({"full": True}, 507, "ErrorQuotaExceeded"),
        ({"size_limit": 100}, 413, "ErrorMessageSizeExceeded"),
    ],
)
def test_the_state_of_the_mailbox_decides(
    cloud: Cloud, inbox: Inbox, state: dict[str, Any], status: int, code: str
) -> None:
    mailbox = cloud.server.add_mailbox(SENDER)
    for name, value in state.items():
        setattr(mailbox, name, value)
    answer = cloud.send(message())
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert len(inbox) == 0


def test_a_prepared_answer_can_wait_for_one_operation(cloud: Cloud, inbox: Inbox) -> None:
    cloud.server.throttle(at="send")
    path = draft(cloud)
    assert [call(cloud, "POST", f"{path}/send").status_code for _ in range(2)] == [429, 202]
    assert [one.operation for one in cloud.server.requests] == ["messages", "send", "send"]
    assert len(inbox) == 1
