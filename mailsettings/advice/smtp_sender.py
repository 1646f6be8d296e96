"""Advice for SMTP replies about the sender (smtp-and-oauth.md §4, microsoft.md §11.6)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

LATER = _("Notifications are tried again by themselves. Run a test again in a few minutes.")
BLOCKED_CODES = "5.1.8 5.7.501 5.7.502 5.7.503 5.7.705 5.7.708 5.7.750"
SEND_AS_STEPS = (
    _("Set **Sender email** to the address of the account that signs in."),
    _("Or have an administrator grant **Send As** for {sender}, or add it to the account as an **alias**."),
)

SENDER: dict[str, Row] = {
    "sender_refused": Row(
        title=_("The sender was refused"),
        cause=_("{host} does not accept {sender} as the sender."),
        steps=(
            _("Set **Sender email** to the address you sign in with, or to one of its aliases."),
            _("Ask the server's administrator to allow this sender."),
        ),
        variants=(
            Variant(
                said=("not verified",),
                title=_("The sender is not verified at the provider"),
                cause=_("The provider sends for addresses and domains only that you have proven to own."),
                steps=(_("Verify {sender}, or its whole domain, in the provider's console."),),
            ),
            Variant(
                codes="5.1.7 5.1.8",
                cause=_("{host} finds the address {sender} malformed, or no mail server behind its domain."),
                steps=(
                    _("Check **Sender email** letter by letter."),
                    _("The domain needs an **MX** record that takes mail."),
                ),
            ),
        ),
    ),
    "sender_unverified": Row(
        title=_("The sender's domain could not be checked now"),
        cause=_("{host} asked the DNS about the domain of {sender} and got no clear answer."),
        steps=(
            LATER,
            _("If it lasts, look whether the domain's **MX**, **SPF** and **DKIM** records answer."),
        ),
        fixer="dns",
    ),
    "sender_unauthenticated": Row(
        title=_("The sender's domain is not authenticated"),
        cause=_("SPF, DKIM or DMARC of the domain of {sender} does not cover this server."),
        steps=(
            _("Add the provider to the **SPF** record of the domain, and publish its **DKIM** key."),
            _("Wait until the records are known everywhere, then test again."),
        ),
        fixer="dns",
        variants=(
            Variant(
                codes="5.7.25",
                title=_("The mail server has no reverse name"),
                cause=_("The address of {host} leads to no name (PTR), so nobody trusts it."),
                steps=(_("The server's administrator has to set a **PTR** record for its address."),),
                fixer="mail_admin",
            ),
            Variant(
                codes="5.7.27",
                title=_("The sender's domain says that it takes no mail"),
                cause=_("The domain of {sender} publishes a null MX, so answers could never arrive."),
                steps=(_("Publish an **MX** record that takes mail, or use another sender."),),
            ),
        ),
    ),
    "sender_suspected": Row(
        title=_("Microsoft holds mail of {sender} back for some hours"),
        cause=_("It noticed unusual activity. The restriction ends by itself."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "send_as_denied": Row(
        title=_("Not allowed to send as {sender}"),
        cause=_("The account that signs in has no right to send under this address."),
        steps=SEND_AS_STEPS,
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=_("Open Microsoft 365 admin center"),
        commands="send_as",
        variants=(
            Variant(
                provider="graph",
                steps=(
                    _("Set **Sender email** to the mailbox itself, not to one of its aliases."),
                    _(
                        "Or have an administrator grant **Send As** for {sender}, or add it as an **alias** of the mailbox."
                    ),
                ),
            ),
        ),
    ),
    "sender_blocked": Row(
        title=_("The sender is blocked"),
        cause=_("The provider has blocked {sender} or its account from sending."),
        steps=(_("Ask your mail administrator to lift the block; the server response says why."),),
        fixer="mail_admin",
        variants=(
            Variant(
                codes="5.1.8",
                title=_("Microsoft has blocked {sender} for sending spam"),
                cause=_("The mailbox stands on the list of restricted entities."),
                steps=(
                    _(
                        "In the **Microsoft Defender portal** open **Review › Restricted entities** and release the mailbox."
                    ),
                    _("Before that, change its password: somebody else may have sent with it."),
                ),
                fixer="microsoft_admin",
                link="https://security.microsoft.com/restrictedentities",
                link_label=_("Open Restricted entities"),
            ),
            Variant(
                codes="5.2.251 5.2.253 5.2.254 5.2.255",
                title=_("Microsoft slows {sender} down after repeated errors"),
                cause=_("The same error came again and again. Nobody can lift this by hand."),
                steps=(
                    _(
                        "Remove the cause: mailbox full, missing licence, Send As denied, or too many unknown recipients."
                    ),
                    _("Then wait: the block ends by itself."),
                ),
                fixer="microsoft_admin",
            ),
            Variant(
                codes="ErrorAccountDisabled",
                title=_("The mailbox {sender} is disabled"),
                cause=_("Its account is switched off in the directory."),
                steps=(
                    _(
                        "In the Microsoft 365 admin center open **Users › Active users** and unblock the sign-in, or choose another mailbox."
                    ),
                ),
                fixer="microsoft_admin",
                link="{link_admin}",
                link_label=_("Open Microsoft 365 admin center"),
            ),
            Variant(
                codes=BLOCKED_CODES,
                title=_("Microsoft has blocked your organization from sending"),
                cause=_(
                    "The directory sent too much that looked like spam, or the domain is not registered."
                ),
                steps=(_("Your administrator has to open a case with **Microsoft support**."),),
                fixer="microsoft_admin",
            ),
        ),
    ),
}
