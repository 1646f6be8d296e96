"""Turns a stable error code into cause, remedy and who can fix it; one row per code, read closer by facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from mailsettings.advice.connecting import CONNECTING
from mailsettings.advice.consent import CONSENT
from mailsettings.advice.facts import facts
from mailsettings.advice.filling import complete, fill, fill_commands, sentence
from mailsettings.advice.graph import GRAPH
from mailsettings.advice.own import OWN
from mailsettings.advice.policy import POLICIES
from mailsettings.advice.reconnect import RECONNECTS
from mailsettings.advice.row import FIXERS, Advice, If, Row, Variant
from mailsettings.advice.sign_in import SIGN_IN
from mailsettings.advice.smtp import SMTP
from mailsettings.advice.smtp_sender import SENDER
from mailsettings.advice.token_app import TOKEN_APP
from mailsettings.advice.token_directory import TOKEN_DIRECTORY
from mailsettings.advice.tokens import TOKENS
from providers.guides import COMMANDS

# In the order in which a message meets them; the page of failures keeps it.
GROUPS: Final[Mapping[str, Mapping[str, Row]]] = {
    _("Name lookup, connection and encryption"): CONNECTING,
    _("The app and its secret"): TOKEN_APP,
    _("Directory, consent and policy"): TOKEN_DIRECTORY,
    _("The token endpoint"): TOKENS,
    _("The connected account"): {**CONSENT, **RECONNECTS},
    _("Sign-in to the mail server"): {**SIGN_IN, **POLICIES},
    _("The sender"): SENDER,
    _("Recipients, content and server"): SMTP,
    _("Microsoft Graph"): GRAPH,
    _("This platform"): OWN,
}
TABLE: Final[Mapping[str, Row]] = {code: row for table in GROUPS.values() for code, row in table.items()}
CODE: Final = re.compile(r"AADSTS\d{4,9}|\b[245]\.\d{1,3}\.\d{1,3}\b")
CONDITIONS: Final = {"codes", "said", "fact", "provider"}


def advise(
    code: str, facts: Mapping[str, str] | None = None, *, reply_code: str = "", reply: str = ""
) -> Advice:
    """Give the advice for an error code, filled with the organization's own values.

    Args:
        code: a code of `providers.errors`, or of `NoWayOut`.
        facts: values such as host, port, sender, client_id, tenant; missing ones read as plain words.
        reply_code: the provider's own code, such as AADSTS7000215 or 5.7.139; read from the reply when empty.
        reply: the provider's own words.

    Returns:
        The sentences for the screen; an unknown code gets a general row, never an error.
    """
    told = dict(facts or {})
    reply_code = reply_code or code_in(reply)
    row = read_closer(TABLE.get(code) or TABLE["unknown_reply"], told, reply_code=reply_code, reply=reply)
    return worded(code, row, told)


def worded(code: str, row: Row, told: Mapping[str, str]) -> Advice:
    """Fill a row with what is known."""
    known = complete(told)
    steps = (each.text if isinstance(each, If) else each for each in row.steps if shown(each, told))
    link = fill(row.link, known)
    return Advice(
        code=code,
        title=sentence(row.title, known),
        cause=sentence(row.cause, known),
        steps=tuple(sentence(step, known) for step in steps),
        fixer=row.fixer,
        fixer_label=str(FIXERS[row.fixer]),
        link=link if link.startswith("https://") else "",
        link_label=gettext(row.link_label) if row.link_label else "",
        commands=fill_commands(COMMANDS[row.commands], known) if row.commands else (),
    )


def code_in(reply: str) -> str:
    """Find the provider's own code in its words, where only those were kept."""
    found = CODE.search(reply)
    return found[0] if found else ""


def read_closer(row: Row, facts: Mapping[str, str], *, reply_code: str = "", reply: str = "") -> Row:
    """Give the row as its first fitting variant words it."""
    for variant in row.variants:
        if fits(variant, facts, reply_code=reply_code, reply=reply):
            return varied(row, variant)
    return row


def varied(row: Row, variant: Variant) -> Row:
    """Put the words of a variant into its row."""
    given: dict[str, Any] = {
        field.name: getattr(variant, field.name)
        for field in fields(variant)
        if field.name not in CONDITIONS and getattr(variant, field.name) not in (None, "", ())
    }
    if variant.link == "":
        given |= {"link": "", "link_label": ""}
    if variant.commands == "":
        given["commands"] = ""
    return replace(row, variants=(), **given)


def fits(variant: Variant, facts: Mapping[str, str], *, reply_code: str, reply: str) -> bool:
    """Say whether everything a variant asks for is so."""
    name, _equals, value = variant.fact.partition("=")
    return (
        (not variant.codes or reply_code in variant.codes.split())
        and (not variant.said or any(words in reply.lower() for words in variant.said))
        and (not name or (facts.get(name) == value if value else bool(facts.get(name))))
        and (not variant.provider or facts.get("provider_key") in variant.provider.split())
    )


def shown(step: str | If, facts: Mapping[str, str]) -> bool:
    """Say whether a step is for these facts."""
    return isinstance(step, str) or bool(facts.get(step.fact))


__all__ = ["FIXERS", "GROUPS", "TABLE", "Advice", "Row", "advise", "facts", "varied", "worded"]
