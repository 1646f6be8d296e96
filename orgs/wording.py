"""How entries of the audit trail read on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.models import AuditEntry, Role

KNOWN = {
    "account.connected": gettext_lazy("Connected an account"),
    "account.refused": gettext_lazy("Tried to connect an account"),
    "account.removed": gettext_lazy("Removed an account"),
    "account.send_as_confirmed": gettext_lazy("Said what an account may send as"),
    "acting_as.ended": gettext_lazy("Stopped acting as this organization"),
    "acting_as.started": gettext_lazy("Started acting as this organization"),
    "cloud.added": gettext_lazy("Added a cloud"),
    "cloud.removed": gettext_lazy("Removed a cloud"),
    "connection.created": gettext_lazy("Created a connection"),
    "connection.changed": gettext_lazy("Changed a connection"),
    "connection.disabled": gettext_lazy("Disabled a connection"),
    "connection.enabled": gettext_lazy("Enabled a connection"),
    "connection.limits_changed": gettext_lazy("Changed the limits of a connection"),
    "connection.made_backup": gettext_lazy("Made a connection a backup"),
    "connection.made_primary": gettext_lazy("Made a connection the primary one"),
    "connection.made_routing_only": gettext_lazy("Stopped using a connection as a backup"),
    "connection.moved": gettext_lazy("Moved a connection in the order"),
    "connection.removed": gettext_lazy("Removed a connection"),
    "connection.restored": gettext_lazy("Restored a version of a connection"),
    "domain.selector_changed": gettext_lazy("Changed the DKIM selector that is checked"),
    "member.added": gettext_lazy("Became a member"),
    "member.invitation_withdrawn": gettext_lazy("Withdrew an invitation"),
    "member.invited": gettext_lazy("Invited a member"),
    "member.removed": gettext_lazy("Removed a member"),
    "member.role_changed": gettext_lazy("Changed a role"),
    "organization.active_changed": gettext_lazy("Suspended or resumed the organization"),
    "organization.created": gettext_lazy("Created the organization"),
    "organization.custom_mail_changed": gettext_lazy("Changed the Custom mail add-on"),
    "mail.doubtful_hold": gettext_lazy("Let messages whose answer was lost wait for a person"),
    "mail.doubtful_resend": gettext_lazy("Let messages whose answer was lost be sent again"),
    "order.default_mailer_added": gettext_lazy("Put the system default mailer at the end of the order"),
    "order.default_mailer_left_out": gettext_lazy("Left the system default mailer out of the order"),
    "result.share_withdrawn": gettext_lazy("Withdrew a link to a test result"),
    "result.shared": gettext_lazy("Shared a test result by a link"),
    "next_secret.removed": gettext_lazy("Removed the next secret of a connection"),
    "next_secret.stored": gettext_lazy("Stored the next secret of a connection"),
    "next_secret.tested": gettext_lazy("Tested the next secret of a connection"),
    "secret.swapped": gettext_lazy("Put the next secret of a connection in use"),
    "routing.disabled": gettext_lazy("Switched smart routing off"),
    "routing.enabled": gettext_lazy("Switched smart routing on"),
    "rule.changed": gettext_lazy("Changed a routing rule"),
    "rule.created": gettext_lazy("Created a routing rule"),
    "rule.disabled": gettext_lazy("Switched a routing rule off"),
    "rule.enabled": gettext_lazy("Switched a routing rule on"),
    "rule.moved": gettext_lazy("Moved a routing rule"),
    "rule.removed": gettext_lazy("Removed a routing rule"),
    "secret.unreadable": gettext_lazy("Found a secret that cannot be read"),
    "sign_in_host.added": gettext_lazy("Added a sign-in host"),
    "sign_in_host.removed": gettext_lazy("Removed a sign-in host"),
    "smtp.switched_off": gettext_lazy("Switched SMTP off"),
    "smtp.switched_on": gettext_lazy("Switched SMTP on"),
    "super_admin.made": gettext_lazy("Made a super admin"),
    "notification.queued": gettext_lazy("Sent a notification"),
    "notification.retried": gettext_lazy("Retried a notification"),
    "notification.dropped": gettext_lazy("Dropped held notifications"),
    "notification.cancelled": gettext_lazy("Cancelled a notification"),
    "notification.confirmed": gettext_lazy("Confirmed that a message arrived"),
    "notification.sent_again": gettext_lazy("Sent an uncertain message again"),
    "notification.content_read": gettext_lazy("Read the content of a message"),
    "test.started": gettext_lazy("Started a test"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One recorded value, with what it was before where that is known."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as people read it."""

    entry: AuditEntry
    words: str
    changes: list[Change]


def audit_line(entry: AuditEntry) -> Line:
    """Word one entry."""
    return Line(entry=entry, words=words_of(entry.action), changes=changes(entry.detail))


def words_of(action: str) -> str:
    """Say an action code in words; one that nobody has worded yet is still readable."""
    known = KNOWN.get(action)
    return str(known) if known else action.replace(".", ": ").replace("_", " ").capitalize()


def changes(detail: Mapping[str, object]) -> list[Change]:
    """Give the recorded values one by one; `before` and `after` are put side by side."""
    before, after = (_mapping(detail.get(name)) for name in ("before", "after"))
    paired = [
        Change(
            label=_label(key), before=_value(key, before) if key in before else "", after=_value(key, after)
        )
        for key in {**before, **after}
    ]
    single = [(key, value) for key, value in detail.items() if key not in ("before", "after")]
    return paired + [Change(label=_label(key), before="", after=_text(value)) for key, value in single]


def _mapping(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    return {} if value is None else {"value": value}


def _value(key: str, values: Mapping[str, object]) -> str:
    value = values.get(key)
    return str(Role(value).label) if key == "role" and value in Role.values else _text(value)


def _label(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(key)}: {_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return _("none") if value in (None, "") else str(value)
