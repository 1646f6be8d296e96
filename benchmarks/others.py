"""How others drain a queue: `python -m benchmarks.others post_office --count 1000`; `compare` runs it.

Prints mails a second and CPU seconds for 1000 mails, all processes together; each at its best setting.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from urllib.parse import unquote, urlsplit

import django
from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.management import call_command
from django.db import connection

PROCESSES = int(os.environ.get("BENCH_PROCESSES", "2"))
TABLE = (
    "CREATE TABLE mails (id serial PRIMARY KEY, recipient text, subject text, body text, sent timestamptz)"
)
THREADS = int(os.environ.get("BENCH_THREADS", "1"))
SIZE = int(os.environ.get("BENCH_SIZE", "2000"))
SENDER = "Notifications <notify@organization-0.example>"
app = Celery("others", broker=os.environ["BENCH_REDIS"])
app.conf.update(
    task_ignore_result=True, worker_prefetch_multiplier=50, broker_connection_retry_on_startup=True
)


def set_up() -> None:
    """Configure Django for all of them."""
    where = urlsplit(os.environ["BENCH_DATABASE"])
    host = dict(part.split("=", 1) for part in where.query.split("&") if "=" in part).get(
        "host", where.hostname
    )
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.path.lstrip("/"),
        "USER": where.username,
        "PASSWORD": unquote(where.password or ""),
        "HOST": unquote(host or ""),
        "PORT": where.port or "",
        "CONN_MAX_AGE": None,
        "OPTIONS": {"options": "-c search_path=others"},
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office", "mailer"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        SECRET_KEY="benchmarks-only",  # noqa: S106  # signs nothing
        USE_TZ=True,
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(os.environ["BENCH_SMTP"]),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        # Backends keep their connection; nothing but failures is logged; large batches.
        POST_OFFICE={
            "BATCH_SIZE": 5000,
            "THREADS_PER_PROCESS": THREADS,
            "LOG_LEVEL": 1,
            "SENDING_ORDER": ["id"],
        },
        MAILER_EMAIL_MAX_BATCH=None,
        MAILER_EMAIL_THROTTLE=0,
    )
    django.setup()


def letters(count: int) -> list[EmailMultiAlternatives]:
    """Write the same messages as ours."""
    text = ("Your order has been sent and will arrive soon. " * (SIZE // 47 + 1))[: SIZE // 2]
    made = []
    for place in range(count):
        one = EmailMultiAlternatives(f"Order {place}", text, SENDER, [f"reader{place}@example.com"])
        one.attach_alternative(f"<html><body><p>{text}</p></body></html>", "text/html")
        made.append(one)
    return made


def post_office(count: int) -> float:
    """Drain django-post-office's queue by its command."""
    from post_office import mail  # type: ignore[import-not-found]  # noqa: PLC0415  # after `set_up`

    mail.send_many(
        [
            {
                "sender": SENDER,
                "recipients": one.to,
                "subject": one.subject,
                "message": one.body,
                "html_message": str(one.alternatives[0][0]),
            }
            for one in letters(count)
        ]
    )
    begun = time.perf_counter()
    call_command("send_queued_mail", processes=PROCESSES, log_level=1)
    return time.perf_counter() - begun


def mailer(count: int) -> float:
    """Drain django-mailer's queue, one process, as it locks."""
    from mailer.engine import send_all  # type: ignore[import-not-found]  # noqa: PLC0415

    get_connection("mailer.backend.DbBackend").send_messages(letters(count))
    begun = time.perf_counter()
    send_all()
    return time.perf_counter() - begun


@app.task(name="send_one")
def send_one(key: int) -> None:
    """Send one row: what a task for each mail does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT recipient, subject, body FROM mails WHERE id = %s", [key])
        recipient, subject, body = cursor.fetchone()
        message = EmailMultiAlternatives(subject, body, SENDER, [recipient])
        message.attach_alternative(f"<html><body><p>{body}</p></body></html>", "text/html")
        message.send()
        cursor.execute("UPDATE mails SET sent = now() WHERE id = %s", [key])


def celery(count: int) -> float:
    """Run one Celery task for each mail."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        rows = [(one.to[0], str(one.subject), str(one.body)) for one in letters(count)]
        cursor.executemany("INSERT INTO mails (recipient, subject, body) VALUES (%s, %s, %s)", rows)
    for key in range(1, count + 1):
        send_one.delay(key)
    command = ["celery", "-A", "benchmarks.others", "worker", "-c", str(PROCESSES * THREADS), "-l", "ERROR"]
    begun = time.perf_counter()
    environment = os.environ | {"CELERY_DB_REUSE_MAX": "1000000"}
    worker = subprocess.Popen([sys.executable, "-m", *command], env=environment)  # noqa: S603
    try:
        while unsent():
            time.sleep(0.05)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM max(sent) - min(sent))::float FROM mails")
            seconds = float(cursor.fetchone()[0])
    finally:
        worker.terminate()
        worker.wait(30)
    # Without the start of the worker.
    return min(seconds, time.perf_counter() - begun)


def unsent() -> bool:
    """Say whether a row waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM mails WHERE sent IS NULL)")
        return bool(cursor.fetchone()[0])


def cpu() -> float:
    """Add up what this process and its children computed."""
    own, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def main() -> None:
    """Queue, drain and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sender", choices=("post_office", "mailer", "celery"))
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    seconds = {"post_office": post_office, "mailer": mailer, "celery": celery}[options.sender](options.count)
    print(json.dumps({"mails_per_second": round(options.count / seconds, 1), "cpu_in_all": round(cpu(), 2)}))  # noqa: T201


if not settings.configured:
    set_up()
if __name__ == "__main__":
    main()
