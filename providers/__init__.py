"""How a message leaves: providers, their settings, and the wires; pure Python, no Django."""

from __future__ import annotations

from providers.address import RECIPIENT_LIMIT, Address, MessageInvalid, checked_email, parse_addresses
from providers.base import (
    Answer,
    IdentityPicture,
    MemoryTokenStore,
    Provider,
    Receipt,
    Session,
    Token,
    TokenStore,
    WireContext,
)
from providers.catalog.microsoft_graph import admin_consent_url
from providers.clouds import CLOUDS, Cloud, load_clouds
from providers.consent import Account, ConsentMethod, ConsentStart, Granted, Permission
from providers.errors import TRAITS, AuthenticationFailed, ProviderError, Refusal, Stage, failure
from providers.fields import (
    Addresses,
    Area,
    Choice,
    CloudPick,
    Date,
    Email,
    FieldSpec,
    Flag,
    GuideStep,
    Marker,
    Number,
    Option,
    Pick,
    Secret,
    Settings,
    SettingsInvalid,
    Text,
    Url,
    specs,
)
from providers.message import Attachment, Message, Priority, new_message_id
from providers.mime import compose
from providers.network import Egress
from providers.registry import PROVIDERS, provider
from providers.secret_text import SecretText
from providers.trace import Silence, StageResult, Trace
from providers.words import cleaned

__all__ = [
    "CLOUDS",
    "PROVIDERS",
    "RECIPIENT_LIMIT",
    "TRAITS",
    "Account",
    "Address",
    "Addresses",
    "Answer",
    "Area",
    "Attachment",
    "AuthenticationFailed",
    "Choice",
    "Cloud",
    "CloudPick",
    "ConsentMethod",
    "ConsentStart",
    "Date",
    "Egress",
    "Email",
    "FieldSpec",
    "Flag",
    "Granted",
    "GuideStep",
    "IdentityPicture",
    "Marker",
    "MemoryTokenStore",
    "Message",
    "MessageInvalid",
    "Number",
    "Option",
    "Permission",
    "Pick",
    "Priority",
    "Provider",
    "ProviderError",
    "Receipt",
    "Refusal",
    "Secret",
    "SecretText",
    "Session",
    "Settings",
    "SettingsInvalid",
    "Silence",
    "Stage",
    "StageResult",
    "Text",
    "Token",
    "TokenStore",
    "Trace",
    "Url",
    "WireContext",
    "admin_consent_url",
    "checked_email",
    "cleaned",
    "compose",
    "failure",
    "load_clouds",
    "new_message_id",
    "parse_addresses",
    "provider",
    "specs",
]
