"""The yardstick of every run: raw smtplib on one connection, with ready-made bytes."""

from __future__ import annotations

import smtplib
import time
from email.message import EmailMessage


def raw_smtplib(host: str, port: int, *, count: int, size: int) -> dict[str, float]:
    """Send `count` mails of one ready-made text; no queue, no record."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Order"
    message.set_content("Your order has been sent. \n" * (size // 54))
    message.add_alternative("<p>Your order has been sent.</p>\n" * (size // 68), subtype="html")
    content = message.as_bytes()
    with smtplib.SMTP(host, port) as wire:
        wire.ehlo()
        begun, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            wire.sendmail("a@example.com", ["b@example.com"], content)
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    return {"mails_per_second": round(count / seconds, 1), "cpu_per_1000": round(used / count * 1000, 3)}
