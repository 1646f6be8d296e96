"""Messages a minute through the stand-in for Graph (WPM-5): `python -m benchmarks.graph --count 3000`.

Prints one JSON object; the reference is one kept HTTPS connection with ready-made bytes, in the same run.
"""

from __future__ import annotations

import argparse
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from benchmarks import microsoft, stage
from benchmarks.delivery import drain
from devtools.environment import ROOT
from devtools.processes import Children

CA = Path("tls") / "ca.pem"


def main() -> None:
    """Measure and print."""
    options = read_options()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        port = stack.enter_context(stand_in(data, options.milliseconds))
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=2525) | {
            "CLOUDS_FILE": str(data / microsoft.CLOUDS),
            "EXTRA_CA_BUNDLE": str(authority(data)),
        }
        stage.set_up(variables)
        print(json.dumps(measure(options, variables, data, port)))  # noqa: T201  # the point


def measure(
    options: argparse.Namespace, variables: Mapping[str, str], data: Path, port: int
) -> dict[str, object]:
    """Queue, let the workers drain, and put the figures together."""
    organization_id = connected(port)
    stage.queue_rows(organization_id, options.count, size=options.size, later=3600)
    reference = raw_https(data, port, count=max(min(options.count, 500) // 5, 20), size=options.size)
    before = told(data)
    statements = {"STATEMENTS_FILE": str(data / "statements")}
    workers = [
        stage.start_worker(variables, log=data / f"worker-{place}.log", extra=statements)
        for place in range(options.workers)
    ]
    try:
        figures = drain(workers, [organization_id], data)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(40)
    rate = float(str(figures["mails_per_second"]))
    after = told(data)
    return {
        "count": options.count,
        "size": options.size,
        "workers": options.workers,
        "milliseconds_a_call": options.milliseconds,
        "messages_per_minute": round(rate * 60),
        **figures,
        "accepted_by_graph": after["accepted"] - before["accepted"],
        "other_answers": after["other_answers"] - before["other_answers"],
        "token_requests": after["token_requests"] - before["token_requests"],
        "most_requests_at_a_time": after["most_at_a_time"],
        "raw_https": reference,
        "ratio_to_raw_https": round(rate / reference["mails_per_second"], 3),
    }


def connected(port: int) -> UUID:
    """Make an organization that sends by Graph, without a limit of its own a minute."""
    from mailsettings.egress import egress  # noqa: PLC0415  # after `set_up`
    from mailsettings.models import Connection  # noqa: PLC0415
    from mailsettings.services import save_connection  # noqa: PLC0415
    from mailsettings.ways import mail_settings  # noqa: PLC0415
    from notifications.models import ConnectionLimit  # noqa: PLC0415
    from orgs.models import Organization  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415
    from providers import SecretText, provider  # noqa: PLC0415

    organization = Organization.objects.using("system").create(
        name="Contoso", slug="contoso", custom_mail=True
    )
    chosen, secret = provider("graph"), SecretText(microsoft.SECRET)
    values = {
        "sender_email": microsoft.MAILBOX,
        "client_id": microsoft.CLIENT,
        "client_secret": secret,
        "access_url": token_url(port),
        "save_to_sent_items": True,
    }
    with tenant(organization.pk):
        save_connection(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse(values, egress()),
            typed={"client_secret": secret},
            user=None,
            expected_version=mail_settings(organization.pk).version,
        )
        connection = Connection.objects.of(organization.pk).get()
        ConnectionLimit.objects.create(organization_id=organization.pk, connection=connection, per_minute=0)
    return organization.pk


def raw_https(data: Path, port: int, *, count: int, size: int) -> dict[str, float]:
    """Post one ready-made mail again and again; no queue, no record."""
    wire = HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(cafile=str(authority(data))))
    body = json.dumps(
        {
            "message": {
                "subject": "Order",
                "body": {"contentType": "Text", "content": "x" * size},
                "toRecipients": [{"emailAddress": {"address": "b@example.com"}}],
            }
        }
    )
    headers = {"Authorization": f"Bearer {access_token(wire, port)}", "Content-Type": "application/json"}
    begun, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        wire.request("POST", f"/v1.0/users/{microsoft.MAILBOX}/sendMail", body, headers)
        answer = wire.getresponse()
        answer.read()
        if answer.status != 202:  # noqa: PLR2004  # accepted
            sys.exit(f"The stand-in answered {answer.status}.")
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    wire.close()
    return {"mails_per_second": round(count / seconds, 1), "cpu_per_1000": round(used / count * 1000, 3)}


def access_token(wire: HTTPSConnection, port: int) -> str:
    """Ask for a token as an app does."""
    form = {
        "grant_type": "client_credentials",
        "client_id": microsoft.CLIENT,
        "client_secret": microsoft.SECRET,
        "scope": f"https://127.0.0.1:{port}/.default",
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    wire.request("POST", f"/{microsoft.TENANT}/oauth2/v2.0/token", urlencode(form), kind)
    return str(json.loads(wire.getresponse().read())["access_token"])


def token_url(port: int) -> str:
    """Give the Access URL of the stand-in."""
    return f"https://127.0.0.1:{port}/{microsoft.TENANT}/oauth2/v2.0/token"


def authority(data: Path) -> Path:
    """Give the certificate the stand-in's is signed with."""
    return data / CA


@contextmanager
def stand_in(data: Path, milliseconds: float) -> Iterator[int]:
    """Run the stand-in for Microsoft; gives its port."""
    told_to = ["--folder", str(data), "--milliseconds", str(milliseconds)]
    command = [sys.executable, "-m", "benchmarks.microsoft", *told_to]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101  # narrows the type
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)


def told(data: Path) -> dict[str, int]:
    """Read what the stand-in counted, once its last count is written."""
    time.sleep(0.5)
    counts: dict[str, int] = json.loads((data / microsoft.COUNTS).read_text(encoding="utf-8"))
    return counts


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--size", type=int, default=2000, help="bytes of text and HTML together")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--milliseconds", type=float, default=0.0, help="what a call to Graph takes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
