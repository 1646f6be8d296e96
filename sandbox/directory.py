"""The tenants, applications, mailboxes and tokens behind the stand-in for Microsoft."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from sandbox.mint import Mint

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALIASES = frozenset({"common", "organizations", "consumers"})
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
TOKEN_SECONDS = 3599


@dataclass
class Tenant:
    """One organization at Microsoft."""

    id: str
    domain: str

    @property
    def name(self) -> str:
        """The display name that error texts carry."""
        return self.domain.partition(".")[0].capitalize()


@dataclass
class App:
    """One application registered in a tenant; change an attribute and the next request sees it."""

    tenant: Tenant
    client_id: str
    secrets: dict[str, bool] = field(repr=False)  # secret → has expired
    roles: tuple[str, ...] = ("Mail.Send",)
    enabled: bool = True
    consented: bool = True
    blocked_by_policy: bool = False
    name: str = "Mailroom"
    redirect_uris: frozenset[str] = frozenset()  # none: every address is allowed
    single_tenant: bool = False  # on: only accounts of its own tenant sign in
    approved_in: set[str] = field(default_factory=set)  # tenants whose administrator allowed it everything


@dataclass
class Mailbox:
    """One mailbox; `rest_enabled` is off for one that Graph does not reach."""

    address: str
    tenant_id: str = ""  # empty: the tenant that owns the domain
    display_name: str = ""
    rest_enabled: bool = True
    allowed: bool = True  # off: the application's access policy leaves it out
    send_as: frozenset[str] = frozenset()  # other addresses it may put into From
    full: bool = False
    suspended: bool = False  # Microsoft suspended its account
    disabled: bool = False  # its account is disabled
    over_limit: bool = False  # it sent too much today
    size_limit: int = 35 * 1024 * 1024  # bytes of one message
    full_access: frozenset[str] = frozenset()  # accounts that may open it besides its own
    smtp_enabled: bool = True  # off: authenticated SMTP is switched off for it


class Directory:
    """What Microsoft knows; safe to change from a test while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tenants: dict[str, Tenant] = {}
        self._apps: dict[tuple[str, str], App] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self.mint = Mint()
        self.add_tenant(PERSONAL_TENANT, "outlook.com")

    def add_tenant(self, tenant_id: str, domain: str) -> Tenant:
        """Register an organization under its id and its domain."""
        if not GUID.fullmatch(tenant_id.lower()):
            raise ValueError(f"A tenant id is a GUID; {tenant_id!r} is none.")
        tenant = Tenant(tenant_id.lower(), domain.lower())
        with self._lock:
            self._tenants[tenant.id] = self._tenants[tenant.domain] = tenant
        return tenant

    def tenant(self, name: str) -> Tenant | None:
        """The tenant with this id or domain."""
        return self._tenants.get(name.lower())

    def add_app(self, tenant: Tenant, client_id: str, secret: str, *, secret_expired: bool = False) -> App:
        """Register an application, or give a registered one a further secret."""
        with self._lock:
            app = self._apps.setdefault((tenant.id, client_id.lower()), App(tenant, client_id.lower(), {}))
            app.secrets[secret] = secret_expired
        return app

    def app(self, tenant: Tenant, client_id: str) -> App | None:
        """The application of this tenant."""
        return self._apps.get((tenant.id, client_id.lower()))

    def add_mailbox(self, mailbox: Mailbox) -> Mailbox:
        """Register a mailbox."""
        with self._lock:
            self._mailboxes[mailbox.address.lower()] = mailbox
        return mailbox

    def mailbox(self, address: str, tenant_id: str) -> Mailbox | None:
        """The mailbox, if it belongs to this tenant."""
        mailbox = self._mailboxes.get(address.lower())
        owner = self.tenant(address.rpartition("@")[2])
        if mailbox is None or tenant_id not in {mailbox.tenant_id, owner.id if owner else ""}:
            return None
        return mailbox

    def issue(self, app: App, *, audience: str, lifetime: int) -> str:
        """A signed access token for this application."""
        claims: dict[str, object] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{app.tenant.id}/",
            "app_displayname": app.name,
            "appid": app.client_id,
            "appidacr": "1",
            "idtyp": "app",
            "tid": app.tenant.id,
            "ver": "1.0",
        }
        # Microsoft leaves the claim out when an application holds no permission.
        if app.roles:
            claims["roles"] = list(app.roles)
        return self.mint.access_token(claims, lifetime=lifetime, owner=app.client_id)

    def app_anywhere(self, client_id: str) -> App | None:
        """The application with this id, in whichever tenant it is registered."""
        return next((app for (_, found), app in self._apps.items() if found == client_id.lower()), None)
