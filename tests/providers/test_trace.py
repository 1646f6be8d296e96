"""The ladder: what it tells while it runs, and where a refusal is shown."""

from __future__ import annotations

from contextlib import suppress

from providers import ProviderError, Stage, Trace
from providers.errors import failure


def test_trace_tells_its_listener_every_change() -> None:
    seen: list[list[tuple[str, str]]] = []
    trace = Trace(lambda rows: seen.append([(row.stage.value, row.verdict) for row in rows]))
    with trace.step(Stage.CONNECT) as step:
        step.text = "done"
    with suppress(ProviderError), trace.step(Stage.TLS):
        raise failure("tls_version", host="h")
    assert seen == [
        [("connect", "running")],
        [("connect", "ok")],
        [("connect", "ok"), ("tls", "running")],
        [("connect", "ok"), ("tls", "failed")],
    ]


def test_trace_joins_the_stages_of_two_hosts_and_names_each_once() -> None:
    trace = Trace()
    for host in ("login", "graph", "login", "graph"):
        with trace.step(Stage.NAME_LOOKUP) as step:
            step.text = f"{host} was found"
        with trace.step(Stage.TLS) as step:
            step.text = "TLS 1.3"
    assert [(row.stage.value, row.text) for row in trace.results] == [
        ("name_lookup", "login was found; graph was found"),
        ("tls", "TLS 1.3"),
    ]


def test_trace_puts_a_refusal_to_the_stage_it_belongs_to() -> None:
    trace = Trace()
    with trace.step(Stage.SENDER) as step:
        step.warn("The token carries no Mail.Send permission")
    with suppress(ProviderError), trace.step(Stage.ACCEPTED):
        raise failure("graph_access_denied", stage=Stage.SENDER, reply="Access is denied.")
    assert [(row.stage.value, row.verdict, row.text) for row in trace.results] == [
        ("sender", "failed", "The token carries no Mail.Send permission. Access is denied.")
    ]
