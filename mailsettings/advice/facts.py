"""What is known of a connection and may be named in advice and guides; never a secret."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit

from mailsettings.consent.addresses import ADMIN_STATE, redirect_uri
from mailsettings.egress import egress
from providers import Cloud, Provider, Settings
from providers.guides import links_of, shell_environment

PLAIN: Final = ("host", "port", "client_id", "username", "scope")
GOOGLE: Final = ("google.com", "googleapis.com", "gmail.com")


def facts(chosen: Provider, settings: Settings, *, account: str = "") -> dict[str, str]:
    """Give the organization's own values that the advice may name; never a secret.

    Args:
        chosen: the provider.
        settings: its values; secrets may be empty.
        account: the address of the connected account, if one is connected.
    """
    found = {
        "provider": chosen.label,
        "provider_key": chosen.key,
        "sender": settings.sender_email or account,
        "redirect_uri": redirect_uri(chosen.consent) if chosen.consent else "",
    }
    found |= {name: str(getattr(settings, name, "") or "") for name in PLAIN}
    access_url = str(getattr(settings, "access_url", "") or "")
    parts = urlsplit(access_url)
    found["host"] = found["host"] or (parts.hostname or "")
    tenant = str(getattr(settings, "tenant", "") or "") or parts.path.strip("/").split("/")[0]
    found["tenant"] = tenant if chosen.key != "oauth_smtp" else ""
    found["mailbox"] = account or (found["username"] if "@" in found["username"] else found["sender"])
    found["service"] = service_of(chosen, parts.netloc)
    if found["username"] and found["sender"].lower() != found["username"].lower():
        found["custom_from"] = found["sender"]
    cloud = cloud_of(settings, parts.netloc)
    found["cloud"] = cloud.label if cloud else ""
    found["consent_url"] = consent_url(chosen, settings)
    found |= links_of(cloud, found["client_id"]) | shell_environment(cloud)
    return {name: value for name, value in found.items() if value}


def cloud_of(settings: Settings, login_host: str = "") -> Cloud | None:
    """Find the cloud that was chosen, or the one the Access URL belongs to."""
    key = str(getattr(settings, "cloud", "") or "")
    clouds = egress().clouds
    return next((one for one in clouds if one.key == key or login_host in one.login_hosts), None)


def service_of(chosen: Provider, login_host: str) -> str:
    """Name who gives the tokens."""
    if chosen.key != "oauth_smtp":
        return "Microsoft"
    return "Google" if login_host.endswith(GOOGLE) else login_host


def consent_url(chosen: Provider, settings: Settings) -> str:
    """Give the link with which an administrator consents for everybody, where there is one."""
    client_id = str(getattr(settings, "client_id", "") or "")
    if not client_id:
        return ""
    if chosen.consent is not None:
        back = redirect_uri(chosen.consent)
        return chosen.consent.admin_consent_url(settings, back, ADMIN_STATE, egress=egress())
    parts = urlsplit(str(getattr(settings, "access_url", "") or ""))
    tenant = parts.path.strip("/").split("/")[0]
    if chosen.key == "oauth_smtp" or not tenant:
        return ""
    return f"https://{parts.netloc}/{tenant}/adminconsent?{urlencode({'client_id': client_id})}"
