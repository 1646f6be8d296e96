"""The well-known mail services as data: server, port, TLS option, other names, mail domains, preparation.

Facts: the list of well-known services that Nodemailer keeps (2026-08), read so that port 465 means TLS from
the first byte and every other port STARTTLS; hosts of Microsoft's national clouds by its documentation.
Services that have ended, or let no mail program in, are left out: OpenMailBox, OhMySMTP, Tutanota, Maildev.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

APP_SIGN_IN: Final = (
    "Needs an app password: turn two-step verification on for the mailbox, make an app password in its"
    " security settings and enter it instead of the usual one."
)
GOOGLE: Final = (
    "Google takes no usual passwords. Turn on 2-Step Verification, make an app password and enter it here, or"
    " choose Google / Generic OAuth2 SMTP as mailing provider."
)
MICROSOFT: Final = (
    "SMTP AUTH must be on for the mailbox, and Microsoft is ending sign-in with a password: use OAuth, by one"
    " of the Microsoft choices under Mailing provider."
)
RELAY: Final = (
    "An administrator turns the SMTP relay service on in the Google Admin console, under Gmail › Routing."
    " With sign-in it needs an app password."
)
SES_NOTE: Final = (
    "Needs SMTP credentials made in the Amazon SES console; access keys of AWS do not work. The sender must"
    " be a verified identity of the same region."
)
SAME_TWICE: Final = "The server’s API token is both username and password."
KEY: Final = "The password is an SMTP key or API key of the service, not the one of its website."
KEY_PAIR: Final = "The username is the API key and the password the secret key."
CATCHER: Final = "For tests: it catches every mail, and nobody receives it."
CODE: Final = "Needs an authorization code made in the mailbox’s settings, where SMTP is turned on too."
SWITCH: Final = "Access for mail programs (IMAP and POP3) must be on in the mailbox’s settings."
PORT_25: Final = "Uses port 25, which many hosters block. If it cannot be reached, ask your hoster."


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service; `note` is what its users have to prepare, `aliases` other names people know it by."""

    key: str
    label: str
    host: str
    port: int = 587
    tls_option: str = "starttls"
    aliases: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    note: str = ""


def _starttls(
    key: str, label: str, host: str, *aliases: str, domains: str = "", note: str = "", port: int = 587
) -> Service:
    mail = tuple(domains.split())
    return Service(key=key, label=label, host=host, port=port, aliases=aliases, domains=mail, note=note)


def _tls(key: str, label: str, host: str, *aliases: str, domains: str = "", note: str = "") -> Service:
    return Service(
        key=key,
        label=label,
        host=host,
        port=465,
        tls_option="tls",
        aliases=aliases,
        domains=tuple(domains.split()),
        note=note,
    )


MOST_USED: Final = (
    _starttls(
        *("microsoft365", "Microsoft 365", "smtp.office365.com"),
        *("Office365", "Office 365", "Outlook365", "Exchange Online"),
        note=MICROSOFT,
    ),
    _starttls(
        *("outlook", "Outlook.com", "smtp-mail.outlook.com", "Hotmail", "Hotmail.com", "Live"),
        domains="outlook.com hotmail.com live.com msn.com",
        note=MICROSOFT,
    ),
    _tls("gmail", "Gmail", "smtp.gmail.com", "Google Mail", domains="gmail.com googlemail.com", note=GOOGLE),
    _tls(
        *("gmailworkspace", "Google Workspace relay", "smtp-relay.gmail.com"),
        *("Google Workspace Mail", "Gmail Workspace", "Google Workspace"),
        note=RELAY,
    ),
    _tls("ses", "Amazon SES", "email-smtp.us-east-1.amazonaws.com", "AWS SES", note=SES_NOTE),
    _starttls("sendgrid", "SendGrid", "smtp.sendgrid.net", note=f"The username is the word apikey. {KEY}"),
    _tls("mailgun", "Mailgun", "smtp.mailgun.org", note="For domains in the EU choose Mailgun EU."),
    _tls("mailguneu", "Mailgun EU", "smtp.eu.mailgun.org"),
    _starttls("postmark", "Postmark", "smtp.postmarkapp.com", "PostmarkApp", port=2525, note=SAME_TWICE),
    _starttls("brevo", "Brevo", "smtp-relay.brevo.com", "SendinBlue", note=KEY),
    _starttls("mailjet", "Mailjet", "in-v3.mailjet.com", note=KEY_PAIR),
    _tls("resend", "Resend", "smtp.resend.com", note=f"The username is the word resend. {KEY}"),
    _starttls(
        *("sparkpost", "SparkPost", "smtp.sparkpostmail.com", "SparkPost Mail"),
        domains="sparkpost.com",
        note=f"The username is SMTP_Injection. {KEY}",
    ),
    _starttls("smtp2go", "SMTP2GO", "mail.smtp2go.com", port=2525),
    _starttls("mailersend", "MailerSend", "smtp.mailersend.net"),
    _starttls("mandrill", "Mandrill", "smtp.mandrillapp.com", "Mailchimp Transactional", note=KEY),
    _tls("zoho", "Zoho", "smtp.zoho.com", "Zoho Mail", domains="zoho.com zohomail.com", note=APP_SIGN_IN),
    _tls("yahoo", "Yahoo", "smtp.mail.yahoo.com", domains="yahoo.com", note=APP_SIGN_IN),
    _starttls(
        *("icloud", "iCloud", "smtp.mail.me.com", "Me", "Mac", "iCloud Mail"),
        domains="icloud.com me.com mac.com",
        note=APP_SIGN_IN,
    ),
    _starttls("aol", "AOL", "smtp.aol.com", domains="aol.com", note=APP_SIGN_IN),
    _tls("fastmail", "Fastmail", "smtp.fastmail.com", domains="fastmail.fm fastmail.com", note=APP_SIGN_IN),
    _starttls("gmx", "GMX", "mail.gmx.com", domains="gmx.com gmx.net gmx.de", note=SWITCH),
    _tls("ionos", "IONOS", "smtp.ionos.com"),
    _starttls("infomaniak", "Infomaniak", "mail.infomaniak.com", domains="ik.me ikmail.com etik.com"),
)
OTHERS: Final = (
    _starttls("gcchigh", "Microsoft 365 GCC High", "smtp.office365.us", "Office365 US", note=MICROSOFT),
    _starttls("dod", "Microsoft 365 DoD", "outlook-dod.office365.us", note=MICROSOFT),
    _starttls(
        "china", "Microsoft 365 China (21Vianet)", "smtp.partner.outlook.cn", "21Vianet", note=MICROSOFT
    ),
    _tls("1und1", "1&1 (1und1)", "smtp.1und1.de", "1&1"),
    _tls("126", "126 Mail", "smtp.126.com", "126", domains="126.com", note=CODE),
    _tls("163", "163 Mail", "smtp.163.com", "163", domains="163.com", note=CODE),
    _tls("aliyun", "Aliyun", "smtp.aliyun.com", domains="aliyun.com"),
    _tls("aliyunqiye", "Aliyun Qiye", "smtp.qiye.aliyun.com"),
    _tls("mxhichina", "Aliyun Qiye (mxhichina)", "smtp.mxhichina.com", "qiye.aliyun"),
    _tls("aruba", "Aruba", "smtps.aruba.it", "Aruba PEC", domains="aruba.it pec.aruba.it"),
    _tls("bluewin", "Bluewin", "smtpauths.bluewin.ch", domains="bluewin.ch"),
    _starttls("bol", "BOL", "smtp.bol.com.br", domains="bol.com.br"),
    _starttls("debugmail", "DebugMail", "debugmail.io", port=25, note=CATCHER),
    _starttls("disroot", "Disroot", "disroot.org", domains="disroot.org"),
    _starttls("dynect", "Dyn Email", "smtp.dynect.net", "DynectEmail", "Dynect", port=25, note=PORT_25),
    _tls("elasticemail", "Elastic Email", "smtp.elasticemail.com"),
    _starttls("ethereal", "Ethereal", "smtp.ethereal.email", domains="ethereal.email", note=CATCHER),
    _tls("feishu", "Feishu Mail", "smtp.feishu.cn", "Feishu", domains="www.feishu.cn"),
    _tls("forwardemail", "Forward Email", "smtp.forwardemail.net", "FE", domains="forwardemail.net"),
    _starttls("gandi", "Gandi", "mail.gandi.net", "GandiMail", "Gandi Mail"),
    _starttls("godaddy", "GoDaddy", "smtpout.secureserver.net", port=25, note=PORT_25),
    _starttls("godaddyasia", "GoDaddy Asia", "smtp.asia.secureserver.net", port=25, note=PORT_25),
    _starttls("godaddyeurope", "GoDaddy Europe", "smtp.europe.secureserver.net", port=25, note=PORT_25),
    _starttls("hotee", "hot.ee", "mail.hot.ee", domains="hot.ee"),
    _tls("kolabnow", "Kolab Now", "smtp.kolabnow.com", "Kolab", domains="kolabnow.com"),
    _tls("loopia", "Loopia", "mailcluster.loopia.se"),
    _starttls("loops", "Loops", "smtp.loops.so", note=KEY),
    _starttls("mailee", "mail.ee", "smtp.mail.ee", domains="mail.ee"),
    _tls("mailru", "Mail.ru", "smtp.mail.ru", domains="mail.ru", note=APP_SIGN_IN),
    _starttls("mailcatch", "Mailcatch.app", "sandbox-smtp.mailcatch.app", port=2525, note=CATCHER),
    _starttls("mailosaur", "Mailosaur", "mailosaur.io", port=25, note=CATCHER),
    _starttls("mailtrap", "Mailtrap", "live.smtp.mailtrap.io", note=KEY),
    _starttls("naver", "Naver", "smtp.naver.com", domains="naver.com", note=SWITCH),
    _tls("one", "One.com", "send.one.com", "One"),
    _starttls(
        *("proton", "Proton", "smtp.protonmail.ch", "ProtonMail"),
        domains="proton.me protonmail.com pm.me protonmail.ch",
        note="Only for paid plans with a domain of their own; the password is an SMTP token of the settings.",
    ),
    _tls("qq", "QQ", "smtp.qq.com", domains="qq.com", note=CODE),
    _tls("qqex", "QQ Enterprise", "smtp.exmail.qq.com", "QQex", domains="exmail.qq.com"),
    _tls("runbox", "Runbox", "smtp.runbox.com", domains="runbox.com"),
    _starttls("sendcloud", "SendCloud", "smtp.sendcloud.net", port=2525),
    _tls("sendpulse", "SendPulse", "smtp-pulse.com"),
    _tls(
        "seznam",
        "Seznam",
        "smtp.seznam.cz",
        "Seznam Email",
        domains="seznam.cz email.cz post.cz spoluzaci.cz",
    ),
    _starttls("tipimail", "Tipimail", "smtp.tipimail.com"),
    _tls("turbosmtp", "TurboSMTP", "pro.turbo-smtp.com"),
    _tls("turbosmtpeu", "TurboSMTP EU", "pro.eu.turbo-smtp.com"),
    _tls("yandex", "Yandex", "smtp.yandex.ru", domains="yandex.ru yandex.com", note=APP_SIGN_IN),
    _starttls("zimbra", "Zimbra", "smtp.zimbra.com", "Zimbra Collaboration"),
)
SERVICES: Final = (*MOST_USED, *OTHERS)
