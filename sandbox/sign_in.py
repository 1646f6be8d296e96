"""Where a browser signs in at the stand-in for Microsoft: authorize, consent, administrator's consent."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl
from uuid import uuid4

from sandbox import consent_markup
from sandbox.accounts import Account, Accounts, full_scopes, permissions
from sandbox.directory import ALIASES, Directory
from sandbox.entra_errors import EntraRefused, unknown_tenant
from sandbox.grants import CodeGrant, Grants
from sandbox.http_server import Request, Response
from sandbox.script import Script
from sandbox.visits import AuthorizeRequest, Visit, recorded

ADMIN = ("adminconsent", "v2.0/adminconsent")
PAGES = ("oauth2/v2.0/authorize", *ADMIN)


class SignIn:
    """Serves the pages; `signed_in` is who they propose."""

    def __init__(self, directory: Directory, accounts: Accounts, grants: Grants) -> None:
        self._directory, self._accounts, self._grants = directory, accounts, grants
        self.requests: list[AuthorizeRequest] = []
        self.script: Script[EntraRefused] = Script()
        self.signed_in = ""

    def answer(self, request: Request, tenant: str, page: str, *, graph: str) -> Response:
        """Answer a request for one of PAGES."""
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        code = 0
        try:
            visit = self._visit(tenant, asked, graph, admin=page in ADMIN)
        except EntraRefused as refusal:
            code, answer = refusal.code, consent_markup.refused(refusal)
        else:
            try:
                answer = self._admin(request, visit) if page in ADMIN else self._person(request, visit)
            except EntraRefused as refusal:
                code, answer = refusal.code, visit.refused(refusal)
        self.requests.append(recorded(request, tenant, asked, answer, code))
        return answer

    def _visit(self, tenant: str, asked: dict[str, str], graph: str, *, admin: bool) -> Visit:
        """Check what Microsoft answers on a page of its own, and never at the redirect address."""
        if tenant not in ALIASES and self._directory.tenant(tenant) is None:
            raise unknown_tenant(tenant)
        if not asked.get("client_id"):
            raise EntraRefused(900144, parameter="client_id")
        app = self._directory.app_anywhere(asked["client_id"])
        if app is None:
            raise EntraRefused(700016, client_id=asked["client_id"], tenant=tenant)
        uri = asked.get("redirect_uri", "")
        if (not uri and not admin) or (uri and app.redirect_uris and uri not in app.redirect_uris):
            raise EntraRefused(50011, redirect_uri=uri, client_id=app.client_id)
        return Visit(tenant=tenant, app=app, asked=asked, scopes=full_scopes(asked.get("scope", ""), graph))

    def _person(self, request: Request, visit: Visit) -> Response:
        prepared, _ = self.script.take()
        if prepared is not None:
            raise prepared
        if visit.asked.get("response_type") != "code":
            raise EntraRefused(700054, error="unsupported_response_type")
        if not permissions(visit.scopes):
            raise EntraRefused(900144, parameter="scope")
        if visit.app.single_tenant and visit.tenant in ALIASES:
            raise EntraRefused(50194, client_id=visit.app.client_id, app=visit.app.name)
        if request.method != "POST":
            return self._page(visit)
        form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        chosen = dict(form)
        if chosen.get("decision") != "accept":
            raise EntraRefused(65004)
        account = self._accounts.get(chosen.get("account", ""))
        if account is None:
            raise EntraRefused(50034, account=chosen.get("account", ""), tenant=visit.tenant)
        _admit(account, visit)
        return self._code(visit, account, [value for name, value in form if name == "scope"])

    def _page(self, visit: Visit) -> Response:
        people = self._candidates(visit)
        again = visit.asked.get("prompt") == "consent"
        return consent_markup.consent(
            visit.app.name,
            [(one.email, one.name) for one in people],
            permissions(visit.scopes),
            allowed=people[0].granted if people and not again else (),
        )

    def _candidates(self, visit: Visit) -> list[Account]:
        """Every account, the one that is proposed first."""
        wanted = (visit.asked.get("login_hint", "").lower(), self.signed_in.lower())
        return sorted(
            self._accounts.all(),
            key=lambda account: wanted.index(account.email.lower()) if account.email.lower() in wanted else 2,
        )

    def _code(self, visit: Visit, account: Account, ticked: list[str]) -> Response:
        asked = permissions(visit.scopes)
        if visit.asked.get("prompt") == "consent":
            account.granted -= set(asked)
        account.granted |= set(ticked) & set(asked)
        allowed = [scope for scope in visit.scopes if scope not in asked or scope in account.granted]
        grant = CodeGrant(
            app=visit.app,
            account=account,
            scopes=tuple(allowed),
            generation=account.generation,
            redirect_uri=visit.asked["redirect_uri"],
            challenge=visit.asked.get("code_challenge", ""),
            method=visit.asked.get("code_challenge_method", "plain"),
            nonce=visit.asked.get("nonce", ""),
        )
        return visit.back(code=self._grants.new_code(grant), session_state=str(uuid4()))

    def _admin(self, request: Request, visit: Visit) -> Response:
        if request.method != "POST":
            return consent_markup.admin_consent(visit.app, visit.tenant, visit.scopes)
        if dict(parse_qsl(request.body.decode())).get("decision") != "accept":
            raise EntraRefused(65004)
        tenant = self._directory.tenant(visit.tenant) or visit.app.tenant
        visit.app.approved_in.add(tenant.id)
        visit.app.consented = True
        if not visit.asked.get("redirect_uri"):
            return consent_markup.done()
        return visit.back(admin_consent="True", tenant=tenant.id)


def _admit(account: Account, visit: Visit) -> None:
    """Let an account pass that may sign in here; raises EntraRefused."""
    facts = {
        "account": account.email,
        "tenant": account.tenant.name,
        "client_id": visit.app.client_id,
        "app": visit.app.name,
    }
    elsewhere = {
        "common": False,
        "organizations": account.is_personal,
        "consumers": not account.is_personal,
    }.get(visit.tenant, visit.tenant not in {account.tenant.id, account.tenant.domain})
    approved = account.tenant.id in visit.app.approved_in
    faults = (
        (account.refusal, bool(account.refusal)),
        (50020, elsewhere or (visit.app.single_tenant and account.tenant is not visit.app.tenant)),
        (50057, not account.enabled),
        (7000112, not visit.app.enabled),
        (50105, not account.assigned),
        (53003, visit.app.blocked_by_policy),
        (90094, account.needs_approval and not approved),
    )
    code = next((code for code, is_so in faults if is_so), 0)
    if code:
        raise EntraRefused(code, error="access_denied" if code in {50105, 53003} else "", **facts)
