"""Values typed for one provider are kept while another is chosen."""

from __future__ import annotations

from django.http import QueryDict

from providers import PROVIDERS, Flag, specs

KEPT = "kept"
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
