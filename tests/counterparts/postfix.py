"""Postfix with SASL, unpacked from Debian's packages: no system service, and nothing stays behind."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sandbox.listener import LOOPBACK
from sandbox.tls import Authority
from tests.counterparts.counterpart import (
    KNOWN,
    PASSWORD,
    SIZE_LIMIT,
    USER,
    Counterpart,
    NotHere,
    Received,
    eventually,
    fetched,
    free_port,
    is_listening,
)

PACKAGES: Final = ("postfix", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
FETCH_SECONDS: Final = 120
# A user and a group every Debian has, who own nothing and run nothing; Postfix wants them to differ.
OWNER, GROUP = "news", "list"
QUEUES: Final = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid"),
    *("private", "public", "saved", "trace"),
)
MASTER: Final = """
{starttls} inet n - n - - smtpd
{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/config
mail_owner = {owner}
setgid_group = {group}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH SASL_PATH
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = localhost
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
virtual_mailbox_domains = contoso.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {known} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
message_size_limit = {size}
smtpd_tls_chain_files = {folder}/chain.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
"""
SASL: Final = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasldb
mech_list: PLAIN LOGIN
"""


@contextmanager
def postfix(authority: Authority) -> Iterator[Counterpart]:
    """Run Postfix with STARTTLS on one port and TLS from the start on another, in a folder that goes again.

    Raises:
        NotHere: this is not Debian, we are not root, or the packages could not be fetched.
    """
    root = unpack()
    # Short, since sockets lie in it, and not among the tests' folders, which are open to one user only.
    with TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        ports = (free_port(), free_port())
        environment = configure(root, folder, authority, *ports)
        command = [str(root / "usr/lib/postfix/sbin/master"), "-c", str(folder / "config"), "-d"]
        with subprocess.Popen(  # noqa: S603 - what was just unpacked
            command, env=environment, stderr=subprocess.DEVNULL
        ) as process:
            try:
                eventually(
                    lambda: process.poll() is not None or all(map(is_listening, ports)),
                    "Postfix did not start.",
                )
                if process.poll() is not None:
                    raise NotHere("Postfix was unpacked, and does not start here.")
                yield Counterpart("postfix", *ports, lambda: mails(folder / "mail"))
            finally:
                process.terminate()


def unpack() -> Path:
    """Give the folder with the unpacked packages, fetched now if they are not there yet."""
    if os.getuid() != 0 or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NotHere("Postfix runs only for root on Debian, which this is not.")
    with fetched("postfix") as folder:
        root = folder / "root"
        if not (folder / "installed").exists():
            try:
                _fetch(folder)
                for package in folder.glob("*.deb"):
                    _run(["dpkg-deb", "-x", str(package), str(root)], folder)
            except (subprocess.SubprocessError, OSError):
                raise NotHere("The packages of Postfix could not be fetched by apt-get.") from None
            (folder / "installed").touch()
    return root


def _fetch(folder: Path) -> None:
    download = ["apt-get", "download", "--quiet", *PACKAGES]
    try:
        _run(download, folder)
    except subprocess.CalledProcessError:
        # The lists may be missing or name versions that are gone.
        _run(["apt-get", "update", "--quiet"], folder)
        _run(download, folder)


def _run(
    command: list[str], folder: Path, *, words: bytes = b"", environment: dict[str, str] | None = None
) -> None:
    subprocess.run(  # noqa: S603 - fixed commands
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=FETCH_SECONDS,
        input=words,
        env=environment,
    )


def configure(
    root: Path, folder: Path, authority: Authority, starttls_port: int, tls_port: int
) -> dict[str, str]:
    """Write a whole instance into a folder of its own; give the environment its programs need."""
    owner = pwd.getpwnam(OWNER)
    for path in ("config/sasl", *(f"queue/{name}" for name in QUEUES)):
        (folder / path).mkdir(parents=True)
    for path in ("data", "mail", *(f"queue/{name}" for name in QUEUES if name != "pid")):
        (folder / path).mkdir(exist_ok=True)
        os.chown(folder / path, owner.pw_uid, owner.pw_gid)
    # Postfix gives up its rights: its folder must be open to its owner.
    folder.chmod(0o755)
    certificate, key = authority.files(folder)
    (folder / "chain.pem").write_bytes(key.read_bytes() + certificate.read_bytes())
    words = {
        "folder": folder,
        "root": root,
        "owner": OWNER,
        "group": GROUP,
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
        "size": SIZE_LIMIT,
        "known": ", ".join(f"{{ {email} = {email}/ }}" for email in KNOWN),
        "starttls": f"{LOOPBACK}:{starttls_port}",
        "tls": f"{LOOPBACK}:{tls_port}",
    }
    for name, text in {
        "config/main.cf": MAIN,
        "config/master.cf": MASTER,
        "config/sasl/smtpd.conf": SASL,
    }.items():
        (folder / name).write_text(text.format(**words).lstrip())
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LD_LIBRARY_PATH": str(root / "usr/lib/postfix"),
        "SASL_PATH": ":".join(str(one) for one in root.glob("usr/lib/*/sasl2")),
        "MAIL_CONFIG": str(folder / "config"),
    }
    user, _, realm = USER.partition("@")
    tool = [str(root / "usr/sbin/saslpasswd2"), "-p", "-c", "-f", str(folder / "sasldb"), "-u", realm, user]
    _run(tool, folder, words=PASSWORD.encode(), environment=environment)
    os.chown(folder / "sasldb", owner.pw_uid, owner.pw_gid)
    return environment


def mails(folder: Path) -> list[Received]:
    """Read the maildirs."""
    found = []
    for file in folder.glob("*/new/*"):
        raw = file.read_bytes()
        mail = Received("", (file.parts[-3],), raw)
        found.append(Received(str(mail.message["Return-Path"]).strip("<>"), mail.envelope_to, raw))
    return found
