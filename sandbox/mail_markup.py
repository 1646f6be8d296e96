"""The list of mail that arrived, and one mail."""

from __future__ import annotations

from email.message import EmailMessage

from sandbox.inbox import CaughtMail, Inbox
from sandbox.markup import Safe, fill, join, moment, with_links

VIA = {
    "smtp-starttls": "SMTP with STARTTLS",
    "smtp-tls": "SMTP with TLS",
    "smtp-plain": "SMTP without encryption",
    "graph": "Microsoft Graph API",
}
SHOWN_IN_LIST = 200


def mail_list(inbox: Inbox) -> Safe:
    """All mail, newest first."""
    mails = list(inbox)
    if not mails:
        return fill(LIST, count="Nothing has arrived yet.", clear=Safe(""), newest="", rows=Safe(EMPTY))
    shown = mails[: -SHOWN_IN_LIST - 1 : -1]
    count = "1 mail" if len(mails) == 1 else f"{len(mails)} mails"
    if len(mails) > len(shown):
        count += f", the newest {len(shown)} are listed"
    rows = join(_row(mail) for mail in shown)
    return fill(LIST, count=f"{count}.", clear=Safe(CLEAR), newest=mails[-1].id, rows=fill(TABLE, rows=rows))


def mail_page(mail: CaughtMail) -> Safe:
    """One mail with all its parts."""
    facts = [
        ("From", mail.header("From") or mail.envelope_from),
        ("To", mail.header("To")),
        ("Cc", mail.header("Cc")),
        ("Reply-To", mail.header("Reply-To")),
        ("Envelope sender", mail.envelope_from or "empty"),
        ("Envelope recipients", ", ".join(mail.envelope_to)),
        ("Arrived", moment(mail.at)),
        ("Via", VIA[mail.via]),
        ("Signed in as", mail.signed_in_as or "nobody"),
        ("Message-ID", mail.message_id or "none"),
        ("Message-ID of the sender", mail.client_message_id),
        ("Size", f"{len(mail.raw):,} bytes"),
    ]
    return fill(
        MAIL,
        subject=mail.subject or "(no subject)",
        id=mail.id,
        facts=join(
            fill("<div><dt>{name}</dt><dd>{value}</dd></div>", name=n, value=v) for n, v in facts if v
        ),
        html=fill(HTML, id=mail.id) if mail.html else Safe(""),
        text=fill(TEXT, text=with_links(mail.text)) if mail.text else Safe(""),
        files=_files(mail),
        headers="\n".join(f"{name}: {value}" for name, value in mail.headers),
        source=mail.raw.decode("utf-8", "replace"),
    )


def _row(mail: CaughtMail) -> Safe:
    return fill(
        ROW,
        id=mail.id,
        subject=mail.subject or "(no subject)",
        sender=mail.header("From") or mail.envelope_from or "empty",
        recipients=", ".join(mail.envelope_to),
        via=VIA[mail.via],
        user=mail.signed_in_as or "nobody signed in",
        at=moment(mail.at),
    )


def _files(mail: CaughtMail) -> Safe:
    if not mail.attachments:
        return Safe("")
    items = join(
        fill(FILE, id=mail.id, number=number, name=file_name(part, number), kind=part.get_content_type())
        for number, part in enumerate(mail.attachments)
    )
    return fill(FILES, items=items)


def file_name(part: EmailMessage, number: int) -> str:
    """The name of an attached file."""
    return part.get_filename() or f"part-{number + 1}"


EMPTY = """<div class="empty"><h2>No mail yet</h2>
<p>Type the <a href="/values">values of the sandbox</a> into the mail settings of an organization, press
"Test SMTP", and the mail is here.</p></div>"""

CLEAR = '<form method="post" action="/clear"><button class="btn" type="submit">Remove all</button></form>'

LIST = """<div class="page-head"><div><h1>Mail that arrived</h1>
<p>{count} <a href="/" class="fresh" data-newest="{newest}" hidden>Show new mail</a></p></div>{clear}</div>
<section class="card" aria-label="Mail that arrived">{rows}</section>"""

TABLE = """<table class="cards"><thead><tr><th scope="col">Subject and sender</th><th scope="col">To</th>
<th scope="col">Via and signed in as</th><th scope="col">Arrived</th></tr></thead>
<tbody>{rows}</tbody></table>"""

ROW = """<tr><td><a class="strong" href="/mail/{id}">{subject}</a>
<small><span class="sr">From </span>{sender}</small></td>
<td data-label="To">{recipients}</td>
<td data-label="Via">{via}<small><span class="sr">Signed in as </span>{user}</small></td>
<td data-label="Arrived">{at}</td></tr>"""

MAIL = """<div class="page-head"><div><h1>{subject}</h1></div>
<a class="btn" href="/mail/{id}/source.eml">Download source</a></div>
<section class="card pad"><dl class="facts">{facts}</dl></section>
{html}{text}{files}
<details class="card pad"><summary>Headers</summary><pre tabindex="0">{headers}</pre></details>
<details class="card pad"><summary>Source</summary><pre tabindex="0">{source}</pre></details>
<p><a href="/">All mail</a></p>"""

HTML = """<section class="card pad"><h2>HTML</h2>
<iframe title="HTML of the mail" src="/mail/{id}/html" sandbox></iframe></section>"""

TEXT = '<section class="card pad"><h2>Text</h2><pre tabindex="0">{text}</pre></section>'

FILES = '<section class="card pad"><h2>Files</h2><ul class="files">{items}</ul></section>'

FILE = '<li><a href="/mail/{id}/files/{number}">{name}</a> <span class="muted">{kind}</span></li>'
