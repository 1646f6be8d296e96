"""Tags of the one field markup (`templates/forms/field.html`)."""

from __future__ import annotations

import re

from django import forms, template
from django.forms import BoundField
from django.forms.widgets import Input
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

MARK = re.compile(r"\*\*(.+?)\*\*")


def css_class(widget: forms.Widget) -> str:
    """Give the class a control of this kind carries."""
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if widget.attrs.get("role") == "switch" else ""
    if isinstance(widget, forms.Textarea):
        return "textarea"
    if isinstance(widget, forms.Select):
        return "select"
    return "input" if isinstance(widget, Input) else ""


@register.simple_tag
def control(field: BoundField, small: str = "") -> SafeString:
    """Render the control with the product's classes, beside those its widget asks for."""
    widget = field.field.widget
    classes = " ".join(filter(None, (css_class(widget), small, widget.attrs.get("class", ""))))
    return SafeString(field.as_widget(attrs={"class": classes} if classes else {}))


@register.filter
def kind(field: BoundField) -> str:
    """Tell which markup a field needs: hidden, switch, check, group (several controls) or plain."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if widget.attrs.get("role") == "switch" else "check"
    if widget.use_fieldset:
        return "group"
    return "labelled" if getattr(widget, "group_label", False) else "plain"


@register.filter
def optional(field: BoundField) -> bool:
    """Tell whether the label says "optional"; a field may know better than its `required`."""
    return bool(getattr(field.field, "optional", not field.field.required))


def marked(text: object, opening: SafeString, closing: SafeString) -> SafeString:
    """Turn **words** into an element, everything else into plain text."""
    parts = enumerate(MARK.split(str(text)))
    pieces = ((opening, part, closing) if index % 2 else ("", part, "") for index, part in parts)
    return format_html_join("", "{}{}{}", pieces)


@register.filter
def path(text: object) -> SafeString:
    """Show a step of a guide; **words** are what the reader must find."""
    return marked(text, SafeString('<span class="path">'), SafeString("</span>"))


@register.filter
def sample(text: object) -> SafeString:
    """Show an example value; **words** are its variable part."""
    return marked(text, SafeString("<mark>"), SafeString("</mark>"))


@register.filter
def wrong_fields(form: forms.BaseForm) -> list[BoundField]:
    """List the fields with errors in the order of the page, for the summary above it."""
    return [field for field in form if field.errors]
