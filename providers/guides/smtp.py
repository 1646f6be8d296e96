"""The guide of "Custom SMTP"."""

from __future__ import annotations

from typing import Final

from providers.markers import GuideStep

CUSTOM_SMTP_GUIDE: Final = (
    GuideStep(
        title="Find your server",
        text="Ask your mail service for its **outgoing server (SMTP)**: host, port and encryption."
        " **465** goes with TLS, **587** with STARTTLS. Port 443 is for web pages, not for mail.",
    ),
    GuideStep(
        title="Find your sign-in",
        text="Use the **username and password** of the sending mailbox. Services with two-step sign-in"
        " need an **app password** instead of the usual one.",
    ),
    GuideStep(
        title="A server of your own",
        text="If its certificate comes from your own authority, paste that authority’s certificate, or the"
        " server certificate’s **SHA-256 fingerprint**, under **Certificate**. Checks are never switched"
        " off.",
    ),
    GuideStep(
        title="Prove it",
        text="Enter your own address and press **Test SMTP**. One real message takes the way of all others.",
    ),
)
