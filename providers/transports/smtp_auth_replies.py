"""What replies before a message mean: greeting, STARTTLS and sign-in, each to our code."""

from __future__ import annotations

from typing import Final

from providers.transports.smtp_reply import Reply, is_crowded, lacks_mailbox

RETIRED: Final = ("basic authentication is disabled", "basic authentication is not")
NO_SUCH_SIGN_IN: Final = {500, 501, 502, 503, 504, 530, 534, 538}
# Which switch of Microsoft's a refusal by policy names; the advice differs for each.
POLICIES: Final = (
    ("smtp_auth_off", "smtpclientauthentication is disabled"),
    ("security_defaults", "security defaults"),
    ("conditional_access", "did not meet the criteria"),
)


def greeting_code(reply: Reply) -> str:
    """Judge a greeting or the answer to EHLO."""
    if reply.transient:
        return "too_many_connections" if is_crowded(reply) else "server_busy"
    return "greeting_refused"


def starttls_code(reply: Reply) -> str:
    """Judge a refused STARTTLS."""
    return "server_busy" if reply.transient else "starttls_missing"


def auth_code(reply: Reply) -> str:
    """Judge a refused sign-in."""
    if lacks_mailbox(reply):
        return "auth_mailbox_permission"
    if reply.transient:
        if reply.enhanced == "4.7.12":
            return "auth_failed"
        return "too_many_connections" if is_crowded(reply) else "auth_temporary"
    return _lasting_auth_code(reply)


def policy_named(reply: Reply) -> str:
    """Give the policy a refusal names, empty when it names none."""
    return next((policy for policy, words in POLICIES if reply.says(words)), "")


def _lasting_auth_code(reply: Reply) -> str:
    if reply.enhanced == "5.7.30" or reply.says(*RETIRED):
        return "basic_auth_retired"
    if reply.enhanced in {"5.7.9", "5.7.14"} or reply.says("application-specific", "app password"):
        return "auth_app_password"
    if reply.enhanced == "5.7.139":
        return "auth_failed" if reply.says("credentials were incorrect") else "auth_blocked_by_policy"
    if reply.enhanced in {"5.7.13", "5.7.57"} or reply.code == 525:  # noqa: PLR2004 - account disabled
        return "auth_blocked_by_policy"
    if reply.code in NO_SUCH_SIGN_IN or reply.enhanced in {"5.5.4", "5.7.11", "5.7.4"}:
        return "auth_unsupported"
    return "auth_failed"
