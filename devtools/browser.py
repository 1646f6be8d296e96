"""Finds a Chromium for the browser tests; installs Debian's where that is allowed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence

from devtools.environment import say

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str:
    """Give the path of a Chromium, or nothing."""
    chosen = os.environ.get("CHROMIUM", "")
    found = (shutil.which(name) for name in (*([chosen] if chosen else []), *NAMES))
    return next((path for path in found if path), "")


def ensure_chromium(run: Callable[[Sequence[str]], int]) -> str:
    """Give the path of a Chromium, installed now by `run` if root may; else say what is missing."""
    found = find_chromium()
    if not found and os.getuid() == 0 and shutil.which("apt-get"):
        say("Installing Debian's chromium for the browser tests")
        run(["apt-get", "update", "--quiet"])
        run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"])
        found = find_chromium()
    if not found:
        say("No Chromium found, so the browser tests cannot run: install one, or name it in CHROMIUM.")
    return found
