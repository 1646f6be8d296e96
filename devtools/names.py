"""The environment names of the product, as `.env.example` lists them."""

from __future__ import annotations

import re

from devtools.processes import ROOT

LINE = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def product_names() -> set[str]:
    """Give every name that `.env.example` describes, also those commented out."""
    return set(LINE.findall((ROOT / ".env.example").read_text(encoding="utf-8")))
