"""DKIM: whether a key to check the service's signatures is published (RFC 6376)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from mailsettings.domain.answers import LookupFailed, Resolver
from mailsettings.domain.findings import Finding, Line, Record, Verdict
from mailsettings.domain.mail_services import MICROSOFT, MailService
from mailsettings.domain.names import record_name

SELECTOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,61}[a-z0-9])?")
# Two names are asked for each domain, no more.
MOST_SELECTORS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Key:
    """What one selector holds: state is ok, revoked, damaged, alias (leads nowhere) or none."""

    selector: str
    name: str
    state: str
    value: str = ""
    alias: str = ""


def checked_selector(typed: str) -> str:
    """Give a selector an admin typed in lower case.

    Raises:
        ValueError: it is none.
    """
    selector = typed.strip().lower()
    if not SELECTOR.fullmatch(selector) or record_name(f"{selector}._domainkey") is None:
        raise ValueError("not a selector")
    return selector


def selectors(services: tuple[MailService, ...], typed: str) -> tuple[str, ...]:
    """Choose which selectors are asked for: the typed one, then those of the services."""
    listed = [typed] if typed else []
    listed += [selector for service in services for selector in service.selectors]
    return tuple(dict.fromkeys(listed))[:MOST_SELECTORS]


def read_dkim(domain: str, wanted: tuple[str, ...], resolver: Resolver) -> tuple[Key, ...]:
    """Read the keys of some selectors.

    Raises:
        LookupFailed: none of them could be looked up.
    """
    keys: list[Key] = []
    failed: LookupFailed | None = None
    for selector in wanted:
        name = record_name(f"{selector}._domainkey.{domain}")
        if name is None:
            continue
        try:
            answer = resolver.ask(name, "TXT")
        except LookupFailed as error:
            failed = error
            continue
        values = [value for value in answer.values if _tags(value).get("p") is not None]
        state = key_state(values[0]) if values else "damaged" if answer.values else "none"
        if state == "none" and answer.alias:
            state = "alias"
        value = (values or list(answer.values) or [""])[0]
        keys.append(Key(selector=selector, name=name, state=state, value=value, alias=answer.alias))
    if failed is not None and not any(key.state == "ok" for key in keys):
        raise failed
    return tuple(keys)


def key_state(record: str) -> str:
    """Judge one key record: ok, revoked (empty key) or damaged."""
    tags = _tags(record)
    if tags.get("v", "DKIM1") != "DKIM1":
        return "damaged"
    key = re.sub(r"\s+", "", tags.get("p", ""))
    if not key:
        return "revoked"
    try:
        # Zone editors cut off the padding now and then, and receivers do without it.
        b64decode(key + "=" * (-len(key) % 4), validate=True)
    except (binascii.Error, ValueError):
        return "damaged"
    return "ok"


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def judge_dkim(domain: str, keys: tuple[Key, ...], services: tuple[MailService, ...]) -> Finding:
    """Say whether at least one selector has a key: the other may come with the first rotation."""
    found = tuple(_line(key) for key in keys if key.state != "none")
    facts = {"selector": ", ".join(key.selector for key in keys)}
    states = {key.state for key in keys}
    if not keys:
        verdict, code = Verdict.UNKNOWN, "dkim_no_selector"
    elif "ok" in states:
        facts["selector"] = ", ".join(key.selector for key in keys if key.state == "ok")
        verdict, code = Verdict.OK, "dkim_ok"
    elif states == {"none"}:
        verdict, code = Verdict.MISSING, "dkim_missing"
    else:
        worst = next(state for state in ("alias", "revoked", "damaged") if state in states)
        verdict, code = Verdict.WRONG, f"dkim_{worst}"
    publish = _publish(domain, services) if verdict in {Verdict.MISSING, Verdict.WRONG} else ()
    return Finding(record=Record.DKIM, verdict=verdict, code=code, facts=facts, found=found, publish=publish)


def _line(key: Key) -> Line:
    if key.alias:
        return Line(type="CNAME", name=key.name, value=key.alias)
    return Line(type="TXT", name=key.name, value=key.value)


def _publish(domain: str, services: tuple[MailService, ...]) -> tuple[Line, ...]:
    service = next((each for each in services if each.selectors), None)
    if service is None:
        return ()
    if service.family == MICROSOFT:
        flat = domain.replace(".", "-")
        return tuple(
            Line(
                type="CNAME",
                name=f"{selector}._domainkey.{domain}",
                value=f"{selector}-{flat}._domainkey.**your-tenant**.onmicrosoft.com",
            )
            for selector in service.selectors
        )
    selector = service.selectors[0]
    value = "v=DKIM1; k=rsa; p=**key-shown-by-your-mail-service**"
    return (Line(type="TXT", name=f"{selector}._domainkey.{domain}", value=value),)
