"""The demo's values: fixed, public, and worth nothing outside the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.demo_cases import GraphCase, Usual, graph_cases, smtp_token_cases
from sandbox.demo_people import furnish_people
from sandbox.microsoft import Microsoft

__all__ = ["DEMO", "Demo", "GraphCase", "SmtpUser", "furnish"]


@dataclass(frozen=True, kw_only=True)
class SmtpUser:
    """One sign-in for "Custom SMTP" and what comes of it."""

    username: str
    password: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Everything that the page shows and that the seed types in."""

    tenant_id: str = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
    tenant_domain: str = "contoso.com"
    client_id: str = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
    client_secret: str = "sandbox~contoso-secret-of-the-demo-4f2a"
    mailbox: str = "notifications@contoso.com"
    mailbox_name: str = "Contoso Notifications"
    other_tenant_id: str = "c41e9a07-52d8-4b6f-8e3a-90b7d1f2c655"
    other_tenant_domain: str = "fabrikam.com"
    other_client_id: str = "e2a6b8d4-17f3-4c95-a0de-6b3c5f709182"
    other_client_secret: str = "sandbox~fabrikam-secret-of-the-demo-9c1e"
    other_mailbox: str = "notifications@fabrikam.com"
    other_mailbox_name: str = "Fabrikam Notifications"
    unreachable_mailbox: str = "printer@contoso.com"
    smtp_username: str = "notifications@contoso.com"
    smtp_password: str = "contoso-mail-demo"
    other_smtp_username: str = "notifications@fabrikam.com"
    other_smtp_password: str = "fabrikam-mail-demo"
    platform_sender: str = "no-reply@mail.example.com"
    host: str = "127.0.0.1"
    smtp_users: tuple[SmtpUser, ...] = field(init=False)
    graph_cases: tuple[GraphCase, ...] = field(init=False)
    smtp_token_cases: tuple[GraphCase, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "smtp_users", _smtp_users(self))
        object.__setattr__(self, "graph_cases", graph_cases(self.usual))
        object.__setattr__(self, "smtp_token_cases", smtp_token_cases(self.usual))

    @property
    def usual(self) -> Usual:
        """What the cases of an application of its own differ from."""
        return Usual(
            self.mailbox, self.client_id, self.client_secret, self.tenant_id, self.unreachable_mailbox
        )

    @property
    def users(self) -> dict[str, str]:
        """The sign-ins of the SMTP servers."""
        return {user.username: user.password for user in self.smtp_users}


def furnish(microsoft: Microsoft, demo: Demo) -> None:
    """Register the demo's tenants, mailboxes and applications."""
    microsoft.add_tenant(demo.tenant_id, demo.tenant_domain)
    microsoft.add_tenant(demo.other_tenant_id, demo.other_tenant_domain)
    microsoft.add_mailbox(demo.mailbox, display_name=demo.mailbox_name)
    microsoft.add_mailbox(demo.other_mailbox, display_name=demo.other_mailbox_name)
    microsoft.add_mailbox(demo.unreachable_mailbox, rest_enabled=False)
    microsoft.add_app(demo.other_tenant_id, demo.other_client_id, demo.other_client_secret)
    for case in demo.graph_cases:
        if case.is_registered:
            microsoft.add_app(
                case.tenant_id,
                case.client_id,
                case.client_secret,
                case.roles,
                secret_expired=case.secret_expired,
                enabled=case.enabled,
                consented=case.consented,
            )
    furnish_people(microsoft)


def _smtp_users(demo: Demo) -> tuple[SmtpUser, ...]:
    password = demo.smtp_password
    return (
        SmtpUser(username=demo.smtp_username, password=password, outcome="Works."),
        SmtpUser(
            username=demo.other_smtp_username,
            password=demo.other_smtp_password,
            outcome="Works, for Fabrikam.",
        ),
        SmtpUser(
            username="retired@contoso.com",
            password=password,
            outcome="550 5.7.30: this service no longer takes passwords.",
        ),
        SmtpUser(
            username="apppassword@contoso.com",
            password=password,
            outcome="534 5.7.9: an app password is needed.",
        ),
        SmtpUser(
            username="policy@contoso.com",
            password=password,
            outcome="535 5.7.139: a policy of the organization forbids this sign-in.",
        ),
        SmtpUser(
            username="later@contoso.com",
            password=password,
            outcome="454 4.7.0: signing in fails for a while.",
        ),
    )


DEMO = Demo()
