"""docs/adding-a-provider.md is true: its file and its line make a provider that sends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.inbox import Inbox
from sandbox.tls import Authority
from tests.providers.conftest import MAILBOX, StartSmtp

ROOT = Path(__file__).parents[2]
TOKEN = "postmark-server-token-of-the-tests"
# What the product does with any provider: the form's fields, parse, verify, send.
USE = """
import sys
import providers  # the copy's, before the product's settings put their own folder first
import django

django.setup()
from django import forms
from mailsettings.fields import SecretField, form_field
from providers import (
    Address, Egress, MemoryTokenStore, Message, Settings, SettingsInvalid, Trace, WireContext,
    parse_addresses, provider, specs,
)
from pathlib import Path

port, ca, token, mailbox = sys.argv[1:]
chosen = provider("postmark")
declared = specs(chosen.settings_type)
form_class = type("Typed", (forms.Form,), {one.name: form_field(one) for one in declared})
typed = {"sender_email": mailbox, "server_token": token, "host": "localhost", "port": port}
form = form_class(typed)
assert isinstance(form.fields["server_token"], SecretField)
assert token not in form.as_p()
assert form.is_valid(), form.errors
egress = Egress(allow_cidrs=("127.0.0.0/8",), allow_ports=(int(port),), ca_bundle=Path(ca))
settings = chosen.parse(form.cleaned_data, egress)
assert token not in f"{settings!r} {chosen.identity(settings)} {chosen.destination(settings)}"
assert chosen.parse({"sender_email": mailbox, "server_token": token}, Egress()).host == "smtp.postmarkapp.com"
try:
    chosen.parse({}, egress)
except SettingsInvalid as error:
    assert set(error.errors) == {"sender_email", "server_token"}
context = WireContext(egress, Trace(), MemoryTokenStore(), "key")
with chosen.open(settings, context) as session:
    session.verify(mailbox, "orgadmin@contoso.com")
    message = Message(
        sender=Address(mailbox), to=parse_addresses("orgadmin@contoso.com"), subject="Hello", text="Hello"
    )
    print(session.send(message).accepted)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product's providers with the page's file and line."""
    page = (ROOT / "docs" / "adding-a-provider.md").read_text(encoding="utf-8")
    file, line = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (where,) = re.findall(r"## 1\. The file: `(.*?)`", page)
    shutil.copytree(ROOT / "providers", tmp_path / "providers", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / where).write_text(file, encoding="utf-8")
    registry = tmp_path / "providers" / "registry.py"
    imported, made = (part.strip() for part in line.strip().split("\n\n"))
    text = registry.read_text(encoding="utf-8")
    text = text.replace("from providers.catalog.oauth_smtp", f"{imported}\nfrom providers.catalog.oauth_smtp")
    text = text.replace("    OAuthSmtp(),\n", f"    OAuthSmtp(),\n    {made},\n")
    registry.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_example_of_the_page_sends_a_mail(
    copy: Path, start_smtp: StartSmtp, authority: Authority, inbox: Inbox
) -> None:
    server = start_smtp(users={TOKEN: TOKEN})
    script = copy / "use.py"
    script.write_text(USE, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own interpreter with our own script
        [sys.executable, str(script), str(server.port), str(authority.ca_file), TOKEN, MAILBOX],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (mail,) = inbox.wait_for(1)
    assert (mail.envelope_from, mail.signed_in_as) == (MAILBOX, TOKEN)
    assert TOKEN not in done.stdout + done.stderr


def test_the_example_is_written_like_the_product(copy: Path) -> None:
    options = ("--config", str(ROOT / "pyproject.toml"), "--no-cache")
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(  # noqa: S603 - a tool of the development environment
            [sys.executable, "-m", "ruff", *command, *options, str(copy / "providers/catalog/postmark.py")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout
