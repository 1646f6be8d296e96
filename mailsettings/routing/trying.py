"""A dry run: which rule a sample message hits and why, and the connections it would go through now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from mailsettings.connections.listing import Line, lines
from mailsettings.models import RoutingRule
from mailsettings.order import course
from mailsettings.routing.conditions import HEADER_VALUE, Condition
from mailsettings.routing.matching import ConditionResult, RuleResult, explain
from mailsettings.routing.sample import VALUES, Sample
from mailsettings.routing.sentences import condition_chips, sentence
from mailsettings.routing.services import rules_of
from mailsettings.ways import mail_settings
from orgs.models import Organization

# As much of one value, and as many values, as an explanation shows.
SHOWN: Final = 80
VALUES_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class TriedCondition:
    """One condition with what it found."""

    matched: bool
    chips: str
    found: str


@dataclass(frozen=True, kw_only=True)
class TriedRule:
    """One rule with what became of it."""

    result: RuleResult
    sentence: str
    groups: tuple[tuple[TriedCondition, ...], ...]
    word: str
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One connection the message would be tried with; without a line it is the system default mailer."""

    line: Line | None
    is_routed: bool = False
    is_used: bool = False

    @property
    def is_down(self) -> bool:
        """Say whether it cannot be used now."""
        return self.line is not None and self.line.standing.state in {"bad", "off"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a dry run says."""

    # Whether rules are asked at all now: own mail is on, and routing too.
    own_mail: bool
    routing_enabled: bool
    rules: tuple[TriedRule, ...]
    decision: RoutingRule | None
    # The rule whose connection is tried first, if rules are asked.
    route: RoutingRule | None
    stops: tuple[Stop, ...]

    @property
    def asks_rules(self) -> bool:
        """Say whether rules decide for real messages now."""
        return self.own_mail and self.routing_enabled

    @property
    def verdict(self) -> str:
        """Say the outcome in one line."""
        if not self.own_mail:
            return _("SMTP is off, so no rule is asked")
        if not self.routing_enabled:
            return _("Smart routing is off, so no rule is asked")
        if self.decision is None:
            return _("No rule matches")
        return _("Rule %(place)d decides") % {"place": self.decision.place}

    @property
    def used(self) -> Stop | None:
        """The connection that would send it now; None when all of them are down."""
        return next((stop for stop in self.stops if stop.is_used), None)


def try_sample(organization: Organization, sample: Sample) -> Trial:
    """Ask the rules about a sample, inside tenant(); nothing is sent or stored."""
    mail, every = mail_settings(organization.pk), lines(organization)
    sample = with_sender(sample, every)
    results = explain(rules_of(organization), sample)
    decision = next((result.rule for result in results if result.decides), None)
    own_mail = mail.smtp_enabled and organization.custom_mail
    asked = own_mail and mail.routing_enabled
    route = decision if asked else None
    stops = turns(every, route, default_last=mail.default_mailer_last) if own_mail else [Stop(line=None)]
    used = next((stop for stop in stops if not stop.is_down), None)
    return Trial(
        own_mail=own_mail,
        routing_enabled=mail.routing_enabled,
        rules=tuple(tried(result, sample) for result in results),
        decision=decision,
        route=route,
        stops=tuple(replace(stop, is_used=stop is used) for stop in stops),
    )


def with_sender(sample: Sample, every: list[Line]) -> Sample:
    """Let the primary connection's own sender count for a message that names none, as in the queue."""
    first = next((line for line in every if line.is_primary and line.connection.enabled), None)
    if sample.from_address or first is None:
        return sample
    name = str(first.connection.settings.get("sender_name", ""))
    return replace(sample, from_address=first.sender, from_name=name)


def turns(every: list[Line], route: RoutingRule | None, *, default_last: bool) -> list[Stop]:
    """List what a message would be tried with in turn, as the connections stand now."""
    routed = route.connection_id if route else None
    found = course(
        [line.connection for line in every],
        routed,
        falls_back=route is None or route.falls_back,
        default_last=default_last,
    )
    shown = {line.connection.pk: line for line in every}
    return [Stop(line=shown[row.pk], is_routed=row.pk == routed) if row else Stop(line=None) for row in found]


def tried(result: RuleResult, sample: Sample) -> TriedRule:
    """Word what became of one rule."""
    word, tone, icon = fate(result)
    return TriedRule(
        result=result,
        sentence=sentence(result.rule),
        groups=tuple(
            tuple(_tried_condition(one, sample) for one in group.conditions) for group in result.groups
        ),
        word=word,
        tone=tone,
        icon=icon,
    )


def fate(result: RuleResult) -> tuple[str, str, str]:
    """Give word, colour and symbol for what became of a rule."""
    if result.decides:
        return _("Decides"), "ok", "check"
    if not result.rule.enabled:
        return (_("Off, would match") if result.matched else _("Off")), "", "player-pause"
    return (_("Would match too"), "line", "check") if result.matched else (_("Does not match"), "", "x")


def _tried_condition(one: ConditionResult, sample: Sample) -> TriedCondition:
    return TriedCondition(
        matched=one.matched, chips=condition_chips(one.condition), found=found(one.condition, sample)
    )


def found(condition: Condition, sample: Sample) -> str:
    """Say what a condition found in the message."""
    if condition.fault:
        return _("It cannot match: %(fault)s") % {"fault": condition.fault.text}
    values = [value for value in seen(condition, sample) if value.strip()]
    if not values:
        return _("The message has none.")
    shown = ", ".join(f"“{Truncator(value).chars(SHOWN)}”" for value in values[:VALUES_SHOWN])
    if len(values) > VALUES_SHOWN:
        return _("Found %(values)s and more.") % {"values": shown}
    return _("Found %(values)s.") % {"values": shown}


def seen(condition: Condition, sample: Sample) -> tuple[str, ...]:
    """Give the values a condition looks at, as they were typed."""
    if condition.field != HEADER_VALUE:
        return VALUES[condition.field](sample)
    wanted = condition.header.casefold()
    return tuple(value for name, value in sample.headers if wanted in {"", name.strip().casefold()})
