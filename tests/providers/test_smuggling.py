"""No end of data inside a body ends the message early."""

from __future__ import annotations

import pytest

from sandbox.inbox import Inbox
from tests.providers.conftest import (
    Rules,
    StartSmtp,
    letter,
)
from tests.providers.test_smtp import USERS, opened

END_OF_DATA = [
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\n.\r",
    "\r.\n",
    "\r\r\n.\r\r\n",
]


END_OF_DATA += ["\r\n..\r\n", "\r\n.\r\n.\r\n", "\n\n.\n\n", "\r\n. \r\n", "\r\n\t.\r\n", "\n.\n.\n.\n"]


SMUGGLED = "MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: evil\r\n\r\nhi"


@pytest.mark.control("C-MAIL-3")
def test_no_end_of_data_inside_a_body_smuggles_a_second_message(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    variants = [f"before{end}{SMUGGLED}{end}after" for end in END_OF_DATA]
    variants += [f"{end}{SMUGGLED}" for end in END_OF_DATA]
    assert len(variants) >= 30
    with opened(server, egress_for) as session:
        for number, text in enumerate(variants):
            session.send(letter(text=text, html="" if number % 2 else text))
    assert len(inbox.wait_for(len(variants))) == len(variants)
    assert {mail.envelope_to for mail in inbox} == {("orgadmin@contoso.com",)}
    for mail, text in zip(inbox, variants, strict=True):
        assert mail.text.replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").replace(
            "\r", "\n"
        ).rstrip("\n")
