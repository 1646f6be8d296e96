"""The walk, part 2: every way a token endpoint refuses an app of its own (AADSTS), and what else answers."""

from __future__ import annotations

from io import StringIO

import pytest

from sandbox.listener import LOOPBACK
from tests.features.failures import Admin, Case, Servers, check
from tests.typed_values import CLIENT_ID, CLIENT_SECRET, graph_values

pytestmark = pytest.mark.django_db
SIGN_IN = "Sign-in"
OTHER_APP = "11111111-2222-4333-8444-555555555555"


def aadsts(number: int, title: str, fixer: str, says: str = "") -> Case:
    """Make the case of one number of Microsoft's."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        servers.microsoft.fail_tokens(number)
        return "graph", graph_values(servers.microsoft)

    return Case(f"AADSTS{number}", SIGN_IN, title, fixer, make, says or f"AADSTS{number}")


def values(name: str, title: str, fixer: str, says: str = "", **changes: object) -> Case:
    """Make the case of values that Microsoft really does not know."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        return "graph", graph_values(servers.microsoft, **changes)

    return Case(name, SIGN_IN, title, fixer, make, says)


def answers(name: str, title: str, fixer: str, *, status: int, body: bytes = b"", **headers: str) -> Case:
    """Make the case of something else at the Access URL."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        servers.microsoft.answer_tokens(status, body, sent)
        return "graph", graph_values(servers.microsoft)

    return Case(name, SIGN_IN, title, fixer, make)


ECHO = f'{{"error":"invalid_client","error_description":"AADSTS7000215: {CLIENT_SECRET}"}}'.encode()
NUMBERS = [
    aadsts(7000215, "client secret is wrong", "you", says="Value"),
    aadsts(7000222, "has expired", "you", says="New client secret"),
    aadsts(7000218, "client secret is missing", "you"),
    aadsts(700016, "does not know this Client ID", "you", says="multitenant"),
    aadsts(700011, "does not know this Client ID", "you"),
    aadsts(700025, "public client", "you"),
    aadsts(7000112, "app is disabled", "microsoft_admin"),
    aadsts(70001, "app is disabled", "microsoft_admin"),
    aadsts(1000031, "cannot be used at this time", "microsoft_admin"),
    aadsts(90002, "does not know this directory", "you", says="service principal"),
    aadsts(900023, "neither an id nor a domain", "you"),
    aadsts(90019, "names no directory", "you"),
    aadsts(50059, "names no directory", "you"),
    aadsts(50128, "names no directory", "you"),
    aadsts(9001023, "needs its own directory", "you"),
    aadsts(50194, "does not fit the app", "you", says="Supported account types"),
    aadsts(9002332, "does not fit the app", "you"),
    aadsts(500208, "does not fit the app", "you"),
    aadsts(90038, "another Microsoft cloud", "you"),
    aadsts(900382, "another Microsoft cloud", "you", says="GCC High"),
    aadsts(900432, "another Microsoft cloud", "you"),
    aadsts(90013, "holds a character", "you"),
    aadsts(90014, "not understood", "you"),
    aadsts(900144, "not understood", "you"),
    aadsts(500011, "requested service", "microsoft_admin", says="multitenant"),
    aadsts(50001, "requested service", "microsoft_admin"),
    aadsts(650052, "requested service", "microsoft_admin", says="Exchange Online licences"),
    aadsts(70011, "scope is wrong", "you"),
    aadsts(28002, "scope is wrong", "you"),
    aadsts(65001, "Admin consent is missing", "microsoft_admin", says="Grant admin consent"),
    aadsts(90094, "administrator has to approve", "microsoft_admin", says="consent link"),
    aadsts(650056, "lacks the permission", "microsoft_admin"),
    aadsts(650057, "lacks the permission", "microsoft_admin"),
    aadsts(65005, "lacks the permission", "microsoft_admin"),
    aadsts(53003, "Not allowed: a policy", "microsoft_admin", says="conditional access"),
    aadsts(53000, "Not allowed: a policy", "microsoft_admin"),
    aadsts(530034, "Not allowed: a policy", "microsoft_admin"),
    aadsts(50105, "not assigned to the app", "microsoft_admin"),
    aadsts(530035, "Not allowed: security defaults", "microsoft_admin"),
    aadsts(500021, "restricts foreign directories", "microsoft_admin"),
    aadsts(500212, "restricts foreign directories", "microsoft_admin"),
    aadsts(50196, "same request too often", "nobody"),
    aadsts(90055, "asks to slow down", "nobody"),
    aadsts(90033, "sign-in service has trouble", "nobody"),
    aadsts(50000, "sign-in service has trouble", "nobody", says="Microsoft support"),
    aadsts(90056, "does not answer like a token endpoint", "you"),
    aadsts(900561, "does not answer like a token endpoint", "you"),
]
REAL = [
    values("wrong secret", "client secret is wrong", "you", client_secret="Q~8not-the-secret-0123456789abc"),
    values("wrong app", "does not know this Client ID", "you", OTHER_APP, client_id=OTHER_APP),
    answers("a page", "does not answer like", "you", status=404, body=b"<html>Not found</html>"),
    answers("a redirect", "does not answer like", "you", status=307, Location="https://example.com/"),
    answers("trouble", "sign-in service has trouble", "nobody", status=503, body=b'{"error":"server_error"}'),
    answers("half a JSON", "answer we do not know", "you", status=200, body=b'{"access_token":'),
    answers("not a token", "answer we do not know", "you", status=200, body=b'{"access_token":"a b"}'),
    answers("too many", "asks to slow down", "nobody", status=429, body=b"{}", Retry_After="5"),
    answers("unknown error", "refused the sign-in", "you", status=400, body=b'{"error":"brand_new"}'),
    answers("the secret again", "client secret is wrong", "you", status=401, body=ECHO),
]


@pytest.mark.feature(
    "NEW-2", "CIR-10", "CIR-12", "CIR-17", "CIR-18", "WPM-17", "WPM-45", "WPM-53", "COG-56", "COG-60"
)
@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("case", [*NUMBERS, *REAL], ids=str)
def test_the_page_names_stage_cause_and_fixer(
    case: Case, walker: Admin, servers: Servers, every_word: StringIO
) -> None:
    page = walker.test(*case.make(servers))
    check(case, page, servers, every_word.getvalue())


def test_the_fix_is_filled_with_the_organizations_own_values(walker: Admin, servers: Servers) -> None:
    servers.microsoft.fail_tokens(65001)
    page = walker.test("graph", graph_values(servers.microsoft))
    assert CLIENT_ID in page.html
    # The portal is the one of the cloud that was chosen.
    assert f'href="https://{LOOPBACK}:{servers.microsoft.port}/#view/' in page.html
    assert f"/CallAnAPI/appId/{CLIENT_ID}" in page.html
