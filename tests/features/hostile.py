"""What an attacker types, and where: values that break parsers, and every form with good ones."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.urls import reverse

Form = dict[str, str]

# A valid address of 254 characters, the longest there is.
LONGEST_ADDRESS = f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.cc"
VALUES = (
    *("", " ", "\x00", "a\x00b", "\r\n", "a\r\nBcc: x@example.com", "\x1b[2J\x07", "\u2028\u202e"),
    "\ud7ff\uffff\ufeff",
    *("-1", "0", "2147483648", "-2147483649", "9223372036854775808", "9" * 400, "1e309", "NaN", "٣"),
    *("<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{7*7}}{% debug %}"),
    *("%s%n%x", "' OR 1=1--"),
    *("../../../../etc/passwd", "//evil.example", "https://evil.example/", "javascript:alert(1)"),
    *("[]", "[::1]", "[::ffff:127.0.0.1", "http://[", "xn--a", "a" * 300 + ".example"),
    *("😀@😀.example", LONGEST_ADDRESS),
    *("00000000-0000-0000-0000-000000000000", "{00000000000070008000000000000001}"),
    *("urn:uuid:0", "0001-01-01", "9999-99-99"),
    "A" * 70_000,
)  # fmt: skip
# Bodies and query strings no browser makes.
RAW = (
    b"version=%ff%fe&provider=%c0%80&q=%ed%a0%80",
    b"&&&===%%%%zz%&=;",
    b"version=1&version=2&version=&provider=smtp&provider=graph&role=owner&role=read_only",
    b"&".join(b"a[%d][b][c]=1" % number for number in range(900)),
    b"\x00\xff" * 200,
    b"__proto__=1&csrfmiddlewaretoken=x&is_super_admin=1&organization=1&organization_id=1&id=1&state=sent",
)
CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/plain; charset=no-such-charset",
)
HEADERS = (
    {"Host": "evil.example"},
    {"Host": "testserver:x"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-For": "1, 2, \x7f<>"},
    {"X-Forwarded-Proto": "gopher"},
    {"Hx-Request": "true", "Hx-Target": "provider-fields", "Hx-Current-Url": "http://["},
    {"Hx-Request": "true", "Hx-Current-Url": "%ff", "Hx-Current-Url-Uri-Autoencoded": "true"},
    {"Accept-Language": "x" * 5000},
    {"Accept-Language": "../../de"},
    {"Cookie": 'session=\x01; csrf=%00; theme=<script>; messages=[["__json_message",0,99]]'},
    {"Referer": "http://[::1"},
    {"If-Modified-Since": "Mon, 99 Foo 9999999999 99:99:99 GMT", "If-None-Match": '"' * 50},
    {"Range": "bytes=9-1"},
)  # fmt: skip
QUERY_NAMES = (
    *(
        "q",
        "page",
        "before",
        "top",
        "status",
        "connection",
        "type",
        "period",
        "content",
        "draft",
        "provider",
        "shown",
    ),
    *(
        "action",
        "next",
        "health",
        "add_on",
        "to",
        "version",
        "port",
        "host",
        "kept-smtp-host",
        "kept-x",
        "smtp_enabled",
        "delivery",
    ),
)


def forms(slug: str, notification: UUID) -> Iterator[tuple[str, Form]]:
    """Give every form of the product with values that are right."""
    emails, test = reverse("mailsettings:emails", args=[slug]), reverse("notifications:test", args=[slug])
    shared = {"version": "1", "smtp_enabled": "on", "draft": "", "sender_name": "", "force_sender": "on"}
    smtp = {
        **shared,
        "provider": "smtp",
        "shown": "smtp",
        "sender_email": "a@example.com",
        "host": "smtp.example.com",
        "port": "587",
        "tls_option": "starttls",
        "authentication": "on",
        "username": "name",
        "password": "word of the tests",
        "kept-graph-client_id": "x",
    }
    graph = {
        **shared,
        "provider": "graph",
        "shown": "graph",
        "sender_email": "a@example.com",
        "client_id": "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
        "client_secret": "Q~8secret-of-the-tests-0123456789",
        "access_url": "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
        "secret_expires_on": "2031-01-01",
    }
    for values in (smtp, graph):
        yield emails, values
        yield test, {**values, "test_to": "owner@contoso.example"}
    yield emails, {**smtp, "action": "fields"}
    yield test, {"test_to": "owner@contoso.example", "connection": "", "draft": ""}
    yield (
        reverse("notifications:compose", args=[slug]),
        {
            "to": "Reader <reader@example.com>",
            "cc": "",
            "bcc": "",
            "reply_to": "",
            "subject": "Hello",
            "text": "x",
            "html": "",
            "priority": "normal",
        },
    )
    condition = {"field": "header_value", "header": "X-Campaign", "operator": "matches", "value": "spring-*"}
    rule = {
        **{f"condition-0-0-{part}": text for part, text in condition.items()},
        "connection": str(notification),
        "failing": "wait",
        "enabled": "on",
    }
    yield reverse("mailsettings:add_rule", args=[slug]), rule
    yield reverse("mailsettings:add_rule", args=[slug]), {**rule, "press": "add-condition-0"}
    yield (
        reverse("mailsettings:try_rules", args=[slug]),
        {
            "to": "Reader <reader@example.com>",
            "cc": "",
            "bcc": "",
            "reply_to": "",
            "sender": "a@example.com",
            "subject": "Hello",
            "body": "x",
            "notification_type": "invoice",
            "headers": "X-Campaign: spring",
        },
    )
    yield reverse("notifications:drop_held", args=[slug]), {"hours": "24"}
    yield reverse("notifications:retry", args=[slug, notification]), {"x": ""}
    yield reverse("notifications:show_content", args=[slug, notification]), {"x": ""}
    yield reverse("orgs:members", args=[slug]), {"email": "new@contoso.example", "role": "read_only"}
    yield reverse("orgs:theme"), {"theme": "dark", "next": "/"}
    yield (
        reverse("account_login"),
        {"login": "a@contoso.example", "password": "x", "next": "/", "remember": ""},
    )
    yield reverse("account_reset_password"), {"email": "a@contoso.example"}
    yield (
        reverse("account_change_password"),
        {"oldpassword": "x", "password1": "Nine-blue-kites", "password2": "Nine-blue-kites"},
    )
    yield reverse("console:add"), {"name": "Woodgrove", "owner_email": "w@contoso.example"}
    yield reverse("console:organization", args=[slug]), {"email": "w@contoso.example"}
    yield reverse("console:enter", args=[slug]), {"reason": "Case 1"}
    yield reverse("console:new_host"), {"host": "login.example.com"}
    yield (
        reverse("console:new_cloud"),
        {"label": "Lab", "suffix": "de", "login_host": "", "graph_host": "", "smtp_host": ""},
    )
    yield (
        reverse("mailsettings:check_domain", args=[slug]),
        {"domain": "example.com", "selector": "s1"},
    )
    yield reverse("console:custom_mail", args=[slug]), {"wanted": "on"}
    yield reverse("console:active", args=[slug]), {"wanted": "on"}
