"""The demo: two organizations, their people and some mail, made by the product's own services."""

from __future__ import annotations

from devtools.demo import CONTOSO, FABRIKAM, SUPER_ADMIN, SignIn
from mailsettings.egress import egress
from mailsettings.services import save_connection
from notifications.services import enqueue
from orgs import audit
from orgs.models import Organization, Role, User
from orgs.services import add_member, create_organization, make_super_admin
from orgs.tenancy import tenant
from providers import SecretText, provider
from sandbox.demo import DEMO
from sandbox.endpoints import Endpoints

# Local parts that the sandbox refuses, so that the demo shows how that looks.
LETTERS = (
    (
        "billing@contoso.com",
        "Your invoice 2026-1107 is ready",
        "The invoice for November is ready in your account.",
    ),
    ("frontdesk@contoso.com", "Your order has been sent", "Order 48213 left our warehouse today."),
    (
        "legal@contoso.com",
        "Document waiting for your signature",
        "The lease agreement waits for your signature.",
    ),
    ("unknown@contoso.com", "Your report is ready", "The report you asked for is ready."),
    (
        "office@contoso.com",
        "Meeting moved to Thursday",
        "The meeting on Tuesday was moved to Thursday, 10:00.",
    ),
)


def is_empty() -> bool:
    """Tell whether nobody has an account yet."""
    return not User.objects.exists()


def person_exists(email: str) -> bool:
    """Tell whether somebody signs in with this address."""
    return User.objects.filter(email=email).exists()


def super_admin_exists() -> bool:
    """Tell whether anybody may enter the console."""
    return User.objects.filter(is_super_admin=True, is_active=True).exists()


def seed(sandbox: Endpoints) -> None:
    """Make the demo; Fabrikam sends through the sandbox, Contoso is for the newcomer to set up."""
    chief = chief_of_all()
    make_organization("Contoso", owner=CONTOSO, actor=chief)
    fabrikam = make_organization("Fabrikam", owner=FABRIKAM, actor=chief)
    connect(fabrikam, owner=User.objects.get(email=FABRIKAM.email), port=sandbox.smtp_starttls)
    for to, subject, text in LETTERS:
        enqueue(organization=fabrikam, to=to, subject=subject, text=text, notification_type="demo")


def chief_of_all() -> User:
    """Make the person who may enter the console."""
    person = make_person(SUPER_ADMIN)
    make_super_admin(person)
    return person


def make_person(sign_in: SignIn) -> User:
    """Make an account."""
    return User.objects.create_user(sign_in.email, sign_in.password, name=sign_in.name)


def make_organization(name: str, *, owner: SignIn, actor: User) -> Organization:
    """Make an organization with the custom mail add-on and its owner."""
    organization = create_organization(name=name, custom_mail=True, actor=actor)
    add_member(organization=organization, user=make_person(owner), role=Role.OWNER, actor=actor)
    return organization


def connect(organization: Organization, *, owner: User, port: int) -> None:
    """Save the sandbox's SMTP server as the organization's own, as its owner would on the Emails page."""
    custom_smtp = provider("smtp")
    password = SecretText(DEMO.other_smtp_password)
    values = {
        "sender_email": DEMO.other_mailbox,
        "sender_name": DEMO.other_mailbox_name,
        "force_sender": True,
        "host": DEMO.host,
        "port": str(port),
        "tls_option": "starttls",
        "authentication": True,
        "username": DEMO.other_smtp_username,
        "password": password,
    }
    with tenant(organization):
        saved = save_connection(
            organization=organization,
            chosen=custom_smtp,
            settings=custom_smtp.parse(values, egress()),
            typed={"password": password},
            user=owner,
            expected_version=1,
        )
        audit.record(
            organization=organization,
            actor=owner,
            action="connection.created",
            subject=saved.connection.name,
            detail={"changed": list(saved.changed)},
        )
