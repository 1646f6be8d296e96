"""The demo's values: fixed, public, and worth nothing outside the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.microsoft import Microsoft


@dataclass(frozen=True, kw_only=True)
class GraphCase:
    """One set of values for "Microsoft Graph API" and what comes of it."""

    label: str
    outcome: str
    sender_email: str
    client_id: str
    client_secret: str
    tenant_id: str
    roles: tuple[str, ...] = ("Mail.Send",)
    is_registered: bool = True  # off: Microsoft does not know the pair of Client ID and Client Secret
    secret_expired: bool = False
    enabled: bool = True
    consented: bool = True


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "smtp_users", _smtp_users(self))
        object.__setattr__(self, "graph_cases", _graph_cases(self))

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


def _graph_cases(demo: Demo) -> tuple[GraphCase, ...]:
    def case(label: str, outcome: str, **changes: object) -> GraphCase:
        values: dict[str, object] = {
            "sender_email": demo.mailbox,
            "client_id": demo.client_id,
            "client_secret": demo.client_secret,
            "tenant_id": demo.tenant_id,
        }
        return GraphCase(label=label, outcome=outcome, **{**values, **changes})  # type: ignore[arg-type]

    return (
        case("Working values", "Accepted with 202; the mail is listed on this page."),
        case(
            "Wrong secret",
            "AADSTS7000215: the Client Secret is not the one of this application.",
            client_secret="sandbox~not-the-secret-of-this-application",
            is_registered=False,
        ),
        case(
            "Expired secret",
            "AADSTS7000222: a new Client Secret has to be made.",
            client_secret="sandbox~contoso-secret-that-has-expired",
            secret_expired=True,
        ),
        case(
            "Unknown Client ID",
            "AADSTS700016: this organization has no such application.",
            client_id="00000000-1111-4222-8333-444444444444",
            is_registered=False,
        ),
        case(
            "Application without permission",
            "A token comes, then 403 ErrorAccessDenied: Mail.Send (Application) is missing.",
            client_id="3f0b6d19-84c2-4e57-b1a8-d95e2c7f6a30",
            roles=(),
        ),
        case(
            "No admin consent",
            "AADSTS65001: an administrator has to grant consent.",
            client_id="9c5d7e21-3b48-4f60-a7d2-18e4b6c0f593",
            consented=False,
        ),
        case(
            "Disabled application",
            "AADSTS7000112: the application is switched off.",
            client_id="b86a4f12-6e9d-47c3-95b0-2d7c8e1f3a64",
            enabled=False,
        ),
        case(
            "Unknown mailbox",
            "404 ErrorInvalidUser: the Sender email is no mailbox of this organization.",
            sender_email="nobody@contoso.com",
        ),
        case(
            "Mailbox that Graph does not reach",
            "404 MailboxNotEnabledForRESTAPI: no Exchange Online mailbox.",
            sender_email=demo.unreachable_mailbox,
        ),
        case(
            "Unknown organization",
            "AADSTS90002: the Access URL names no organization.",
            tenant_id="d7e0a5c8-29b1-4f36-8c47-5a1e6b9f0d23",
            is_registered=False,
        ),
    )


DEMO = Demo()
