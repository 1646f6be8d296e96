"""Puts the organization's own values into sentences, links and commands; values are text, never a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from providers.guides import links_of

# Words for facts nobody told, so that a sentence stays whole.
UNKNOWN: Final[Mapping[str, str]] = {
    "host": "the server",
    "port": "this port",
    "sender": "the sender",
    "mailbox": "the mailbox",
    "client_id": "your app",
    "tenant": "your directory",
    "cloud": "the chosen cloud",
    "username": "the username",
    "recipient": "the recipient",
    "limit": "the limit",
    "missing": "the permission",
    "service": "Microsoft",
    "redirect_uri": "the redirect URI of the Emails page",
    "consent_url": "",
    "scope": "the scope",
    "reason": "its own words are below",
    "exchange_cloud": "",
    "graph_cloud": "",
}
# What may stand between the quotes of a command; anything else stays a placeholder.
IN_COMMANDS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "client_id": (re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "APPLICATION-ID"),
    "sender": (re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}"), "SENDER-ADDRESS"),
    "mailbox": (re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}"), "MAILBOX-ADDRESS"),
    "product": (re.compile(r"[\w .-]{1,60}"), "Mail"),
    "exchange_cloud": (re.compile(r" -ExchangeEnvironmentName \w+"), ""),
    "graph_cloud": (re.compile(r" -Environment \w+"), ""),
}


def complete(facts: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give facts with words for the unknown ones, and the links of the worldwide cloud."""
    told = {name: value for name, value in (facts or {}).items() if value}
    known = {**UNKNOWN, **links_of(None, told.get("client_id", "")), "product": settings.PRODUCT_NAME}
    return {**known, **told}


def sentence(pattern: str, known: Mapping[str, str]) -> str:
    """Fill and translate a sentence; a stand-in word at its start gets a capital, a value stays as it is."""
    if not pattern:
        return ""
    words = _(pattern)
    name = words[1:].partition("}")[0] if words.startswith("{") else ""
    filled = fill(words, known)
    return capfirst(filled) if known.get(name) == UNKNOWN.get(name, "") else filled


def fill(pattern: str, facts: Mapping[str, str]) -> str:
    """Put facts into a text; values are plain text and never read as a pattern."""
    parts = []
    for text, name, _spec, _conversion in Formatter().parse(pattern):
        parts.append(text)
        if name is not None:
            parts.append(facts.get(name, ""))
    return "".join(parts)


def fill_commands(commands: Iterable[str], facts: Mapping[str, str]) -> tuple[str, ...]:
    """Fill lines for a shell: a value that could end its quotes is left out for a placeholder."""
    safe = {
        name: facts[name] if pattern.fullmatch(facts.get(name, "")) else instead
        for name, (pattern, instead) in IN_COMMANDS.items()
    }
    return tuple(fill(command, safe) for command in commands)
