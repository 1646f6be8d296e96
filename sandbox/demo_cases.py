"""Sets of values for an application of its own: what each differs in, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

SMALL_MAIL_APP = "5e2c9a47-1b6d-4f83-9d0e-7a4c8b2f6e15"
ALL_ROLES = ("Mail.Send", "Mail.ReadWrite", "SMTP.SendAsApp")


@dataclass(frozen=True, kw_only=True)
class GraphCase:
    """One set of values for an application of its own, by Graph or by SMTP, and what comes of it."""

    label: str
    outcome: str
    sender_email: str
    client_id: str
    client_secret: str
    tenant_id: str
    roles: tuple[str, ...] = ALL_ROLES
    is_registered: bool = True  # off: Microsoft does not know the pair of Client ID and Client Secret
    secret_expired: bool = False
    enabled: bool = True
    consented: bool = True


@dataclass(frozen=True)
class Usual:
    """The values that work; `unreachable` is a mailbox that Graph does not reach."""

    mailbox: str
    client_id: str
    client_secret: str
    tenant_id: str
    unreachable: str

    def case(self, label: str, outcome: str, **changes: object) -> GraphCase:
        """A case that differs in these values."""
        values: dict[str, object] = {
            "sender_email": self.mailbox,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "tenant_id": self.tenant_id,
        }
        return GraphCase(label=label, outcome=outcome, **{**values, **changes})  # type: ignore[arg-type]


def graph_cases(usual: Usual) -> tuple[GraphCase, ...]:
    """The cases of "Microsoft Graph API"."""
    case = usual.case
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
            "Application without Mail.ReadWrite",
            "Accepted with 202 up to 3 MB; larger mail is refused, since Mail.ReadWrite is missing.",
            client_id=SMALL_MAIL_APP,
            roles=("Mail.Send",),
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
            sender_email=usual.unreachable,
        ),
        case(
            "Unknown organization",
            "AADSTS90002: the Access URL names no organization.",
            tenant_id="d7e0a5c8-29b1-4f36-8c47-5a1e6b9f0d23",
            is_registered=False,
        ),
    )


def smtp_token_cases(usual: Usual) -> tuple[GraphCase, ...]:
    """The cases of "Microsoft 365 SMTP"."""
    case = usual.case
    return (
        case("Working values", "235: signed in with an access token, and the mail is listed on this page."),
        case(
            "Application without SMTP.SendAsApp",
            "A token comes, then 535 5.7.3: SMTP.SendAsApp (Application) is missing.",
            client_id=SMALL_MAIL_APP,
            roles=("Mail.Send",),
        ),
        case(
            "Mailbox that a policy keeps out",
            "A token comes, then 535 5.7.139: a policy of the organization forbids this sign-in.",
            sender_email="policy@contoso.com",
        ),
        case(
            "Wrong secret",
            "AADSTS7000215: the Client Secret is not the one of this application.",
            client_secret="sandbox~not-the-secret-of-this-application",
            is_registered=False,
        ),
    )
