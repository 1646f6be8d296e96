"""The stand-in for Microsoft reads messages as strictly as Graph does."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from typing import Any

import pytest

from sandbox.inbox import Inbox
from tests.sandbox.conftest import CLIENT, SENDER, Cloud, message, recipient

FILE = "#microsoft.graph.fileAttachment"


def header(name: str) -> dict[str, str]:
    return {"name": name, "value": "1"}


def mime(**headers: str) -> bytes:
    mail = EmailMessage()
    values = {"From": SENDER, "To": "ann@fabrikam.com", "Subject": "Invoice", "Message-ID": "<1@contoso.com>"}
    for name, value in {**values, **headers}.items():
        mail[name] = value
    mail.set_content("Text")
    mail.add_alternative("<p>HTML</p>", subtype="html")
    return mail.as_bytes()


def test_a_json_message_arrives_as_exchange_would_send_it(cloud: Cloud, inbox: Inbox) -> None:
    answer = cloud.send(
        message(
            ccRecipients=[recipient("bob@fabrikam.com")],
            bccRecipients=[recipient("carol@fabrikam.com")],
            replyTo=[recipient("reply@contoso.com")],
            importance="high",
            internetMessageHeaders=[header("x-mailroom-id")],
            singleValueExtendedProperties=[{"id": "String 0x1045", "value": "<https://contoso.com/u>"}],
            attachments=[
                {"@odata.type": FILE, "name": "a.pdf", "contentBytes": "cGRm"},
                {"@odata.type": FILE, "name": "l.png", "contentType": "image/png", "contentBytes": "cG5n",
                 "isInline": True, "contentId": "logo"},
            ],
        ),
        headers={"client-request-id": "5c1f"},
    )  # fmt: skip
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["client-request-id"] == "5c1f"
    (mail,) = inbox
    assert mail.header("From") == "Contoso Notifications <notifications@contoso.com>"
    assert mail.header("To") == '"Ann, Ltd" <ann@fabrikam.com>'
    assert mail.envelope_to == ("ann@fabrikam.com", "bob@fabrikam.com", "carol@fabrikam.com")
    assert (mail.html.strip(), mail.text) == ("<p>Hello</p>", "")
    assert mail.message_id.endswith(".prod.outlook.com>")
    assert mail.header("Date")
    assert mail.header("Importance") == "high"
    assert mail.header("X-Mailroom-Id") == "1"
    assert mail.header("List-Unsubscribe") == "<https://contoso.com/u>"
    assert mail.header("Bcc") == ""
    assert [(part.get_filename(), part.get_content()) for part in mail.attachments] == [
        ("a.pdf", b"pdf"), ("l.png", b"png"),
    ]  # fmt: skip
    assert mail.attachments[1]["Content-ID"] == "<logo>"
    assert (mail.saved_to_sent_items, mail.signed_in_as) == (True, f"app {CLIENT}")
    (asked,) = cloud.server.requests
    assert (asked.status, asked.sender, asked.mail_id) == (202, SENDER, mail.id)
    assert asked.request_id == answer.headers["request-id"]


def test_a_mime_message_keeps_its_parts_but_not_its_message_id(cloud: Cloud, inbox: Inbox) -> None:
    raw = mime(Bcc="carol@fabrikam.com", **{"Auto-Submitted": "auto-generated", "X-Own": "kept"})
    encoded = base64.encodebytes(raw)
    answer = cloud.send(json=None, data=encoded, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 202
    (mail,) = inbox
    assert (mail.text.strip(), mail.html.strip()) == ("Text", "<p>HTML</p>")
    assert mail.client_message_id == "<1@contoso.com>"
    assert mail.message_id not in {"", "<1@contoso.com>"}
    assert mail.envelope_to == ("ann@fabrikam.com", "carol@fabrikam.com")
    assert (mail.header("Bcc"), mail.header("Auto-Submitted"), mail.header("X-Own")) == ("", "", "kept")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"%%%", "ErrorMimeContentInvalidBase64String"),
        (base64.b64encode(mime(To="")), "ErrorInvalidRecipients"),
        (base64.b64encode(b"\r\n\r\nno header"), "ErrorMimeContentInvalid"),
        (base64.b64encode(mime(From="boss@contoso.com")), "ErrorSendAsDenied"),
    ],
)
def test_a_wrong_mime_message_is_refused(cloud: Cloud, inbox: Inbox, body: bytes, code: str) -> None:
    answer = cloud.send(json=None, data=body, headers={"Content-Type": "text/plain"})
    assert answer.json()["error"]["code"] == code
    assert len(inbox) == 0


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"toRecipients": None}, 400, "ErrorInvalidRecipients"),
        ({"toRecipients": [recipient("nobody")]}, 400, "ErrorInvalidRecipients"),
        ({"toRecipients": [recipient("a..b(@fabrikam.com")]}, 400, "ErrorInvalidRecipients"),
        ({"toRecipients": ["ann@fabrikam.com"]}, 400, "UnableToDeserializePostBody"),
        ({"toRecipients": [{"address": "ann@fabrikam.com"}]}, 400, "UnableToDeserializePostBody"),
        ({"internetMessageHeaders": []}, 400, "InvalidInternetMessageHeaderCollection"),
        ({"internetMessageHeaders": [header(f"x-{n}") for n in range(6)]}, 400,
         "InvalidInternetMessageHeaderCollection"),
        ({"internetMessageHeaders": [header("List-Unsubscribe")]}, 400, "InvalidInternetMessageHeader"),
        ({"internetMessageHeaders": [{"name": "x-a", "value": "1\r\nBcc: z"}]}, 400, "ErrorInvalidProperty"),
        ({"from": recipient("boss@contoso.com")}, 403, "ErrorSendAsDenied"),
        ({"importance": "urgent"}, 400, "UnableToDeserializePostBody"),
        ({"body": "text"}, 400, "UnableToDeserializePostBody"),
        ({"body": {"contentType": "markdown", "content": ""}}, 400, "UnableToDeserializePostBody"),
        ({"priority": "high"}, 400, "UnableToDeserializePostBody"),
        ({"attachments": [{"name": "a", "contentBytes": ""}]}, 400, "UnableToDeserializePostBody"),
        ({"attachments": [{"@odata.type": FILE, "name": "a", "contentBytes": "%"}]}, 400,
         "UnableToDeserializePostBody"),
        ({"attachments": [{"@odata.type": FILE, "contentBytes": ""}]}, 400, "ErrorRequiredPropertyMissing"),
    ],
)  # fmt: skip
def test_a_wrong_json_message_is_refused(
    cloud: Cloud, inbox: Inbox, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = cloud.send(message(**changes))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    inner = answer.json()["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"] == cloud.server.requests[-1].request_id
    assert len(inbox) == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b"[]", b"{}", b'{"message": 1}', b'{"mail": {}}']
)
def test_an_unreadable_body_is_refused(cloud: Cloud, body: bytes) -> None:
    answer = cloud.send(json=None, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_body_over_four_megabytes_is_refused(cloud: Cloud, inbox: Inbox) -> None:
    content = base64.b64encode(b"x" * 3_200_000).decode()
    files = [{"@odata.type": FILE, "name": "a.bin", "contentBytes": content}]
    assert cloud.send(message(attachments=files)).status_code == 413
    files[0]["contentBytes"] = base64.b64encode(b"x" * 3_000_000).decode()
    assert cloud.send(message(attachments=files)).status_code == 202
    assert len(inbox) == 1
