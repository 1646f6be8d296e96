"""A whole Postfix instance as files in one folder: its settings, its queue, its one user."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

from sandbox.listener import LOOPBACK
from sandbox.tls import Authority
from tests.counterparts.counterpart import KNOWN, PASSWORD, SIZE_LIMIT, USER, NotHere

COMMAND_SECONDS: Final = 120
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


def configure(
    root: Path, folder: Path, authority: Authority, starttls_port: int, tls_port: int
) -> dict[str, str]:
    """Write a whole instance into a folder of its own; give the environment its programs need."""
    try:
        owner = pwd.getpwnam(OWNER)
    except KeyError:
        raise NotHere(f"Postfix needs a user {OWNER}, whom this system does not have.") from None
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
    run(tool, folder, words=PASSWORD.encode(), environment=environment)
    os.chown(folder / "sasldb", owner.pw_uid, owner.pw_gid)
    return environment


def run(
    command: list[str], folder: Path, *, words: bytes = b"", environment: dict[str, str] | None = None
) -> None:
    """Run a command to its end.

    Raises:
        subprocess.SubprocessError: it failed, or took too long.
    """
    subprocess.run(  # noqa: S603 - fixed commands
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=COMMAND_SECONDS,
        input=words,
        env=environment,
    )
