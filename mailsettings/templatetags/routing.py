"""Smart routing inside another page."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from mailsettings.connections.listing import Line
from mailsettings.routing import listing
from orgs.models import Organization

register = template.Library()


@register.simple_tag
def routing_card(organization: Organization, connections: Sequence[Line]) -> listing.RoutingCard:
    """Give the rules of an organization as their card lists them."""
    return listing.routing_card(organization, connections)
