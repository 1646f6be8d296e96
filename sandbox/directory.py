"""The tenants, applications, mailboxes and tokens behind the stand-in for Microsoft."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALIASES = frozenset({"common", "organizations", "consumers"})
TOKEN_SECONDS = 3599
REFUSED = "Access token validation failure. "


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


class TokenRefused(ValueError):
    """Graph's sentence about a token it does not take."""


class Directory:
    """What Microsoft knows; safe to change from a test while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tenants: dict[str, Tenant] = {}
        self._apps: dict[tuple[str, str], App] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_id = secrets.token_urlsafe(20)
        self._issued: set[str] = set()

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
        now = int(time.time())
        claims: dict[str, object] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{app.tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "app_displayname": app.name,
            "appid": app.client_id,
            "appidacr": "1",
            "idtyp": "app",
            "tid": app.tenant.id,
            "uti": uuid4().hex,
            "ver": "1.0",
        }
        # Microsoft leaves the claim out when an application holds no permission.
        if app.roles:
            claims["roles"] = list(app.roles)
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
        with self._lock:
            self._issued.add(str(claims["uti"]))
        return token

    def read(self, token: str, *, audiences: Iterable[str]) -> dict[str, object]:
        """The claims of a token issued here and still good; raises TokenRefused."""
        if token.count(".") != 2:  # noqa: PLR2004 - head, claims, signature
            raise TokenRefused("IDX14100: JWT is not well formed, there are no dots (.).")
        try:
            claims: dict[str, object] = jwt.decode(
                token, self._key.public_key(), algorithms=["ES256"], audience=list(audiences)
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("Lifetime validation failed, the token is expired.") from error
        except jwt.InvalidAudienceError as error:
            raise TokenRefused(f"{REFUSED}Invalid audience.") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefused(f"{REFUSED}Invalid signature.") from error
        with self._lock:
            if claims["uti"] not in self._issued:
                raise TokenRefused(f"{REFUSED}The token was revoked.")
        return claims

    def revoke_tokens(self) -> None:
        """Make every token issued so far worthless."""
        with self._lock:
            self._issued.clear()
