"""The one way a command of this folder gives up: a sentence for the person at the keyboard."""

from __future__ import annotations


class Refusal(Exception):
    """Says in one sentence what is wrong and what to do; its text is all that gets printed."""
