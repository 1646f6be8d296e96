"""The product's own processes on a laptop: their environment, their order, when they are ready."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit

from devtools import data_folder
from devtools.demo import Prepared
from devtools.processes import Children, Program, last_line, see
from devtools.refusal import Refusal
from devtools.servers import LOOPBACK, is_free
from sandbox.demo import DEMO
from sandbox.endpoints import FILE, FIRST_PORTS, Endpoints, forget, remember_ports, remembered_ports

# Where the sandbox's page is unless another checkout's has the port.
PAGE_PORT = 8025
# Below the range from which systems take the ports of outgoing connections.
LOWEST_PORT = 20000
SIGN_IN_PAGE = "/accounts/login/"
CELERY = ("celery", "-A", "config")
BEAT = (*CELERY, "beat", "--pidfile=", "--loglevel=INFO")
WORKER = (*CELERY, "worker", "--pool=threads", "--concurrency=4", "--without-mingle", "--loglevel=INFO")
WEB = ("gunicorn", "config.wsgi:application", "--worker-class=gthread", "--workers=2", "--threads=4")
# gunicorn opens a control socket by default, and nobody here would use it.
WEB_OPTIONS = ("--no-control-socket", "--graceful-timeout=5")


def environment(*, data: Path, port: int) -> dict[str, str]:
    """Give the environment of all product processes; what the person set stays."""
    own = {
        "BASE_URL": f"http://{LOOPBACK}:{port}",
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "STATIC_ROOT": str(data / "static"),
    }
    given = {name: value for name, value in os.environ.items() if value}
    return own | data_folder.keys(data) | given | {"DJANGO_SETTINGS_MODULE": "config.settings"}


def start_sandbox(children: Children, *, data: Path) -> Endpoints:
    """Start the mail service to try things with; tell where it listens."""
    folder, log = data / "sandbox", data / "log" / "sandbox.log"
    # A file that an earlier, killed sandbox left behind would be taken for this one's.
    forget(folder)
    choose_ports(folder)
    page = PAGE_PORT if is_free(PAGE_PORT) else 0
    command: list[str | Path] = [sys.executable, "-m", "sandbox", "--folder", folder, "--port", str(page)]
    child = children.start(Program(name="The sandbox", command=command, log=log))
    children.wait_until((folder / FILE).exists, child=child, seconds=60)
    return Endpoints.load(folder)


def choose_ports(folder: Path) -> None:
    """Give a new sandbox ports of its own: stored settings name them, and two checkouts may run at once."""
    if remembered_ports(folder):
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    offset = int.from_bytes(hashlib.sha256(os.fsencode(folder)).digest()[:4]) % 1000 * 10
    free = (port for port in count(LOWEST_PORT + offset) if is_free(port))
    remember_ports(folder, dict(zip(FIRST_PORTS, free, strict=False)))


def sandbox_environment(given: Mapping[str, str], sandbox: Endpoints) -> dict[str, str]:
    """Let the product reach the sandbox; without another one it is the default mailer too."""
    ports = (sandbox.smtp_starttls, sandbox.smtp_tls, sandbox.smtp_plain)
    more = {
        "EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
        "EGRESS_ALLOW_PORTS": ",".join(map(str, ports)),
        "OAUTH_ALLOW_HOSTS": ",".join(urlsplit(one).netloc for one in (sandbox.microsoft, sandbox.oauth)),
    }
    joined = {name: ",".join(filter(None, (given.get(name, ""), value))) for name, value in more.items()}
    user, password, sender = map(quote, (DEMO.smtp_username, DEMO.smtp_password, DEMO.platform_sender))
    own = {
        "CLOUDS_FILE": sandbox.clouds_file,
        "EXTRA_CA_BUNDLE": sandbox.ca_file,
        "DNS_SERVERS": sandbox.dns,
        "DEFAULT_MAILER_URL": f"smtp://{user}:{password}@{LOOPBACK}:{sandbox.smtp_starttls}?from={sender}",
    }
    return joined | {name: given.get(name) or value for name, value in own.items()}


def prepare(children: Children, *, data: Path, environment: Mapping[str, str], demo: bool) -> Prepared:
    """Bring database and static files up to date, with demo data where wanted and nothing is there yet."""
    (data / "static").mkdir(exist_ok=True)
    log = data / "log" / "prepare.log"
    log.unlink(missing_ok=True)
    # The folder of the sandbox is what the demo data needs.
    arguments = [data / "sandbox"] if demo else []
    command: list[str | Path] = [sys.executable, "-m", "devtools.prepare", *arguments]
    code = children.run(Program(name="Preparing", command=command, environment=environment, log=log))
    if code not in {prepared.value for prepared in Prepared}:
        raise Refusal(f"{last_line(log)} (The whole story: {log})")
    return Prepared(code)


def start(
    children: Children, *, data: Path, environment: Mapping[str, str], worker_url: str, port: int
) -> None:
    """Start beat, worker and web; come back when the sign-in page answers."""
    backstage = {**environment, "DATABASE_URL": worker_url}
    schedule = data / "beat"
    schedule.mkdir(exist_ok=True)
    beat = [sys.executable, "-m", *BEAT, "-s", str(schedule / "schedule")]
    worker, web = [sys.executable, "-m", *WORKER], [sys.executable, "-m", *WEB]
    options = [*WEB_OPTIONS, f"--bind={LOOPBACK}:{port}"]
    logs = data / "log"
    children.start(Program(name="Beat", command=beat, environment=backstage, log=logs / "beat.log"))
    # The warm shutdown: messages that are being sent are sent to their end.
    children.start(
        Program(name="The worker", command=worker, environment=backstage, log=logs / "worker.log", grace=30)
    )
    log = logs / "web.log"
    child = children.start(
        Program(name="The web server", command=[*web, *options], environment=environment, log=log)
    )
    children.wait_until(lambda: status(environment["BASE_URL"], port) > 0, child=child, seconds=60)
    code = status(environment["BASE_URL"], port)
    if code >= http.client.BAD_REQUEST:
        raise Refusal(f"The sign-in page answers {code}; {see(log)}")


def status(base_url: str, port: int) -> int:
    """Ask for the sign-in page; give the answer's status, 0 while nobody answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", SIGN_IN_PAGE, headers={"Host": urlsplit(base_url).netloc})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
