"""The six steps a test shows, made of the finer stages a provider reports (ui.md §6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

STEPS: tuple[tuple[object, frozenset[str]], ...] = (
    (gettext_lazy("Name lookup"), frozenset({"name_lookup", "address_policy"})),
    (gettext_lazy("Connection"), frozenset({"connect", "greeting"})),
    (gettext_lazy("Encryption"), frozenset({"tls"})),
    (gettext_lazy("Sign-in"), frozenset({"token", "sign_in"})),
    (gettext_lazy("Permission"), frozenset({"sender"})),
    (gettext_lazy("Send"), frozenset({"recipient", "message", "accepted"})),
)
# From worst to best: a step is as good as its worst stage.
ORDER = ("failed", "running", "warning", "ok")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the ladder."""

    name: str
    verdict: str  # ok, warning, failed, running, waiting or skipped
    text: str
    duration: str = ""

    @property
    def css(self) -> str:
        """The class of the line."""
        return {"ok": "ok", "warning": "warn", "failed": "bad", "running": "run"}.get(
            self.verdict, "skip-step"
        )

    @property
    def symbol(self) -> str:
        """The icon of the line."""
        marks = {"ok": "check", "warning": "alert-triangle", "failed": "x", "running": "loader-2"}
        return marks.get(self.verdict, "circle-dashed")


def ladder(
    stages: Sequence[Mapping[str, object]], *, failed_stage: str = "", ended: bool, passed: bool = False
) -> tuple[Step, ...]:
    """Fold the stages into the six steps.

    Args:
        stages: rows with `stage`, `verdict`, `text` and `duration_ms`, in the order they ran.
        failed_stage: the stage a failure was recorded at, in case no stage row tells.
        ended: whether the test is over; steps without stages then read "Not tried" or "Not needed".
        passed: whether it succeeded; a test that failed before its first step tried none.
    """
    failed = bool(failed_stage) or any(row["verdict"] == "failed" for row in stages)
    last_reached = max((position(str(row["stage"])) for row in stages), default=-1)
    steps: list[Step] = []
    for index, (name, members) in enumerate(STEPS):
        rows = [row for row in stages if row["stage"] in members]
        if not rows and failed_stage in members:
            rows = [{"stage": failed_stage, "verdict": "failed", "text": "", "duration_ms": 0}]
        if rows:
            steps.append(reached(str(name), rows))
        elif not ended:
            steps.append(Step(name=str(name), verdict="waiting", text=_("Waiting")))
        elif index > last_reached and (failed or not (passed or stages)):
            steps.append(Step(name=str(name), verdict="skipped", text=_("Not tried")))
        else:
            steps.append(Step(name=str(name), verdict="skipped", text=_("Not needed")))
    return tuple(after_failure(steps) if ended else steps)


def after_failure(steps: Sequence[Step]) -> Iterator[Step]:
    """Take the mark of success from what was only prepared when an earlier step failed."""
    failed = False
    for step in steps:
        prepared = failed and step.verdict in {"ok", "running"}
        yield Step(name=step.name, verdict="skipped", text=_("Not completed")) if prepared else step
        failed = failed or step.verdict == "failed"


def reached(name: str, rows: Sequence[Mapping[str, object]]) -> Step:
    """Make the line of a step some stages of which ran."""
    verdict = min((str(row["verdict"]) for row in rows), key=ORDER.index)
    loud = [row for row in rows if row["verdict"] == verdict] if verdict != "ok" else rows
    texts = [str(row["text"]) for row in loud if row["text"]]
    milliseconds = sum(int(str(row["duration_ms"])) for row in rows)
    return Step(
        name=name,
        verdict=verdict,
        text=". ".join(text.rstrip(".") for text in texts),
        duration="" if verdict == "running" else span(milliseconds),
    )


def position(stage: str) -> int:
    """Give the place of a stage's step in the ladder."""
    return next((index for index, (_name, members) in enumerate(STEPS) if stage in members), -1)


def span(milliseconds: int) -> str:
    """Write a duration: milliseconds below a second, else seconds with one decimal."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"  # noqa: PLR2004
