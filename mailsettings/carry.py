"""Values typed so far: kept while another provider is chosen, filled in by what is picked."""

from __future__ import annotations

from django.http import QueryDict

from mailsettings.egress import egress
from mailsettings.presets import filled, in_months, locked
from mailsettings.subject import Subject
from providers import PROVIDERS, Flag, Provider, specs
from providers.oauth_smtp_rules import convert_to_client_credentials
from providers.values import read_values

KEPT = "kept"
# What a button may ask for besides a save.
FILLING = {"fields", "set", "use", "months", "convert"}
# Fields every provider has; what was typed goes along when another provider is chosen.
COMMON = frozenset({"sender_email", "sender_name", "force_sender", "allowed_senders"})


def carry(posted: QueryDict, chosen_key: str) -> tuple[dict[str, object], dict[str, str]]:
    """Sort what was typed when another provider is chosen.

    Args:
        posted: the form as it stands; `shown` names the provider whose fields were on the screen.
        chosen_key: the provider whose fields come next.

    Returns:
        The values for the next fields, and the ones to keep for later (secrets are in neither).
    """
    kept = {name: str(posted[name]) for name in posted if name.startswith(f"{KEPT}-")}
    values: dict[str, object] = {}
    shown = next((item for item in PROVIDERS if item.key == posted.get("shown")), None)
    for spec in specs(shown.settings_type) if shown else ():
        if spec.secret:
            continue
        if isinstance(spec.marker, Flag):
            typed: str = "on" if posted.get(spec.name) else ""
        else:
            typed = posted.get(spec.name, "")
        if spec.name in COMMON or (shown and shown.key == chosen_key):
            values[spec.name] = typed
        elif shown:
            kept[f"{KEPT}-{shown.key}-{spec.name}"] = typed
    own = f"{KEPT}-{chosen_key}-"
    values |= {name.removeprefix(own): value for name, value in kept.items() if name.startswith(own)}
    return values, kept


def fills_in(posted: QueryDict) -> bool:
    """Say whether a pressed button asks for the form again, with something filled in, not for a save."""
    return posted.get("action", "").partition(":")[0] in FILLING


def typed_so_far(
    subject: Subject, typed: QueryDict, *, trigger: str = ""
) -> tuple[dict[str, object], dict[str, str]]:
    """Give what the next form shows and keeps, after one control was changed or one button pressed.

    Args:
        subject: what the next form is about.
        typed: the form as it stands; a button says in `action` what it wants, such as `set:service`.
        trigger: the name of the control that was changed, where a script says so.

    Raises:
        ValueError: one sentence, why what the button asks for cannot be done.
    """
    values, kept = carry(typed, subject.chosen.key)
    verb, _colon, argument = typed.get("action", "").partition(":")
    if not verb and trigger:
        verb, argument = "set", trigger
    if argument == "connection":
        # Another connection brings its own values.
        return {}, kept
    if typed.get("shown") == subject.chosen.key:
        values |= wanted(subject.chosen, values, verb, argument)
    return values | locked(subject.chosen, values), kept


def wanted(chosen: Provider, values: dict[str, object], verb: str, argument: str) -> dict[str, object]:
    """Give the values a pressed button or a changed control asks for."""
    match verb:
        case "set":
            return filled(chosen, values, argument)
        case "use":
            name, _equals, value = argument.partition("=")
            return {name: value, **filled(chosen, values | {name: value}, name)}
        case "months":
            return in_months(chosen, argument)
        case "convert":
            return converted(chosen, values)
    return {}


def converted(chosen: Provider, values: dict[str, object]) -> dict[str, object]:
    """Give the values of a legacy connection as one by client credentials (COG-2).

    Raises:
        ValueError: one sentence, why this one cannot be converted.
    """
    read, _errors = read_values(specs(chosen.settings_type), values)
    return convert_to_client_credentials(chosen.settings_type(**read), egress())
