"""Advice for what is wrong before any server is asked: values, secrets, the platform itself."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row

OWN: dict[str, Row] = {
    "settings_incomplete": Row(
        title=_("A setting is missing"),
        cause=_("The saved settings are not complete."),
        steps=(_("Open the Emails page, fill in the marked fields and save."),),
    ),
    "secret_unreadable": Row(
        title=_("The saved secret cannot be used"),
        cause=_(
            "It was stored for another server or app, or the record was altered. It is not sent anywhere."
        ),
        steps=(_("Choose **Replace**, enter the secret again, and save."),),
    ),
    "no_connection": Row(
        title=_("SMTP settings not found"),
        cause=_("SMTP is on, but no connection is saved: it was never made, or it was removed."),
        steps=(
            _("Open the Emails page and choose a **Mailing provider**."),
            _("Fill in its fields and save, or choose **Connect** for a Microsoft account."),
        ),
    ),
    "connection_disabled": Row(
        title=_("A rule chose a disabled connection"),
        cause=_("The rule lets no other connection take over, so its mail waits until this one is enabled."),
        steps=(
            _("Open **Connections** and enable the connection."),
            _(
                "For mail to come, let the rule choose another connection, or let the order of connections"
                " take over."
            ),
        ),
    ),
    "draft_gone": Row(
        title=_("The values of this test are gone"),
        cause=_("Values that were never saved are kept for a day."),
        steps=(_("Go back to Emails, enter them again and test."),),
    ),
    "default_mailer_missing": Row(
        title=_("The system default mailer is not set up"),
        cause=_("The platform has no mailer of its own yet. Mail is kept until it has."),
        steps=(_("Ask the operator to set **DEFAULT_MAILER_URL**."),),
        fixer="platform",
    ),
    "worker_lost": Row(
        title=_("The sending process stopped"),
        cause=_("It stopped before the result was recorded."),
        steps=(_("Run the test again."),),
        fixer="platform",
    ),
    "poison": Row(
        title=_("Sending broke off several times"),
        cause=_("The sending process stopped each time it worked on this message, so it is left out."),
        steps=(_("Ask the operator of this platform to look at the log, then retry."),),
        fixer="platform",
    ),
    "content_unreadable": Row(
        title=_("The content cannot be read"),
        cause=_("The stored content was altered or its key is missing."),
        steps=(_("Send a new message."),),
        fixer="platform",
    ),
    "message_invalid": Row(
        title=_("This message cannot be sent as it is"),
        cause=_("The sentence below names what to change."),
        steps=(_("Correct it and send a new message."),),
    ),
    "organization_suspended": Row(
        title=_("The organization is suspended"),
        cause=_("Its mail is kept and goes out when it is active again."),
        steps=(_("Ask the operator of this platform."),),
        fixer="platform",
    ),
    "attachment_too_large": Row(
        title=_("An attachment is too large"),
        cause=_("A single attachment may have at most {limit}."),
        steps=(_("Send a smaller file, or a link instead."),),
    ),
}
