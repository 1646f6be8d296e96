"""What a test or the demo does with people at the stand-in for Microsoft."""

from __future__ import annotations

import ssl
from collections.abc import Iterable

from sandbox.accounts import Account
from sandbox.directory import ALIASES, PERSONAL_TENANT, Directory, Mailbox, Tenant
from sandbox.entra import Entra, tenant_of
from sandbox.entra_delegated import OUTLOOK_RESOURCES
from sandbox.entra_errors import EntraRefused
from sandbox.mint import TokenRefused
from sandbox.visitor import decide
from sandbox.visits import AuthorizeRequest


class People:
    """The verbs about accounts; the server that mixes it in has a directory and a sign-in."""

    directory: Directory
    entra: Entra
    browser_context: ssl.SSLContext

    @property
    def authorize_requests(self) -> list[AuthorizeRequest]:
        """Every visit of the sign-in page so far, secrets left out."""
        return self.entra.sign_in.requests

    def add_account(
        self,
        email: str,
        *,
        tenant: str | Tenant | None = None,
        name: str = "",
        granted: Iterable[str] = (),
        mailbox: bool = True,
    ) -> Account:
        """Register a person of the tenant of its domain, or of the one given; "consumers" is nobody's tenant.

        `granted` are scopes in full that were allowed earlier.
        """
        found = PERSONAL_TENANT if tenant in ALIASES else tenant or email.rpartition("@")[2]
        owner = tenant_of(self.directory, found)
        if mailbox and self.directory.mailbox(email, owner.id) is None:
            self.directory.add_mailbox(Mailbox(email, owner.id, name))
        return self.entra.accounts.add(Account(email, owner, name, set(granted)))

    def account(self, account: str | Account) -> Account:
        """The registered account."""
        found = self.entra.accounts.get(account) if isinstance(account, str) else account
        if found is None:
            raise ValueError(f"{account!r} is not registered; call add_account(email) first.")
        return found

    def accept(self, url: str, account: str | Account, scopes: Iterable[str] | None = None) -> str:
        """Open a consent page, allow what is ticked (None: all of it), and give the callback's address."""
        email = self.account(account).email
        return decide(url, self.browser_context, account=email, scopes=scopes)

    def decline(self, url: str, account: str | Account) -> str:
        """Open a consent page, press Cancel, and give the callback's address."""
        return decide(url, self.browser_context, account=self.account(account).email, decision="cancel")

    def fail_authorize(self, code: int, times: int = 1) -> None:
        """Send the next visitors of the consent page back with this AADSTS number."""
        self.entra.sign_in.script.add(EntraRefused(code), times=times)

    def revoke(self, account: str | Account) -> None:
        """Revoke the sessions of an account: AADSTS50173 at the next refresh."""
        self._end(account, 50173)

    def change_password(self, account: str | Account) -> None:
        """Let an administrator reset the password: AADSTS50173 at the next refresh."""
        self._end(account, 50173)

    def require_mfa(self, account: str | Account) -> None:
        """Ask for a second factor from now on: AADSTS50076 until somebody signs in again."""
        self._end(account, 50076)

    def expire(self, account: str | Account) -> None:
        """Let the refresh tokens of an account die of 90 idle days: AADSTS700082."""
        self._end(account, 700082)

    def disable(self, account: str | Account) -> None:
        """Disable an account: AADSTS50057 from now on."""
        self.account(account).enabled = False
        self._end(account, 50057)

    def accepts(self, user: str, token: str) -> bool:
        """Say whether the mail server of this cloud lets this user in with this token (microsoft.md §11)."""
        try:
            claims = self.directory.mint.read(token, audiences=OUTLOOK_RESOURCES)
        except TokenRefused:
            return False
        mailbox = self.directory.mailbox(user, str(claims["tid"]))
        if mailbox is None or not mailbox.smtp_enabled:
            return False
        if "roles" in claims or "scp" not in claims:
            roles = claims.get("roles")
            return isinstance(roles, list) and "SMTP.SendAsApp" in roles and mailbox.allowed
        owners = {mailbox.address.lower(), *(one.lower() for one in mailbox.full_access)}
        return "SMTP.Send" in str(claims["scp"]).split() and str(claims["upn"]).lower() in owners

    def end_access_tokens(self, account: str | Account) -> None:
        """Make only the access tokens of an account worthless; it can still be refreshed."""
        self.directory.mint.revoke(self.account(account).email)

    def _end(self, account: str | Account, number: int) -> None:
        found = self.account(account)
        found.end(number)
        self.directory.mint.revoke(found.email)
