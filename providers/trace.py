"""The ladder of one try: which stage ran, how long, and what is to be said about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from providers.errors import ProviderError, Stage
from providers.words import cleaned, sentence

Verdict = Literal["running", "ok", "warning", "failed"]
# Graph speaks to two hosts: these stages happen once per host and are told together.
PER_HOST = {Stage.NAME_LOOKUP, Stage.CONNECT, Stage.TLS}
LONGEST = 400
# Stands between what several hosts answered at one stage.
JOINT = "; "


@dataclass(frozen=True)
class StageResult:
    """One row of the ladder."""

    stage: Stage
    verdict: Verdict
    text: str = ""
    duration_ms: int = 0


class Step:
    """What a running stage wants to say about itself."""

    def __init__(self) -> None:
        self.text = ""
        self.verdict: Verdict = "ok"

    def warn(self, text: str) -> None:
        """Finish with a warning instead of a plain ok."""
        self.text, self.verdict = text, "warning"


class Trace:
    """Collects the stages and tells a listener after every change."""

    def __init__(self, on_change: Callable[[tuple[StageResult, ...]], None] | None = None) -> None:
        self._on_change = on_change
        self._rows: dict[Stage, StageResult] = {}
        # What the access token says of itself (NEW-4); never the token.
        self.facts: dict[str, str] = {}

    @property
    def results(self) -> tuple[StageResult, ...]:
        """The rows so far, in the order they began."""
        return tuple(self._rows.values())

    def step(self, stage: Stage, text: str = "") -> AbstractContextManager[Step]:
        """Run one stage: ok when the block ends, failed when it raises, named by the error's own stage."""
        return self._step(stage, text)

    @contextmanager
    def _step(self, stage: Stage, text: str) -> Iterator[Step]:
        before = self._rows.get(stage)
        started = time.monotonic()
        step = Step()
        self._put(StageResult(stage, "running", text, before.duration_ms if before else 0))
        try:
            yield step
        except ProviderError as error:
            error.stage = error.stage or stage
            self._fail(error, stage, step, before, _since(started))
            raise
        except BaseException:
            self._finish(stage, before, StageResult(stage, "failed", step.text, _since(started)))
            raise
        self._finish(stage, before, StageResult(stage, step.verdict, step.text, _since(started)))

    def fail(self, error: ProviderError) -> ProviderError:
        """Record an error that no running stage met, and give it back to be raised."""
        self._put(StageResult(error.stage or Stage.CONNECT, "failed", _said(error)))
        return error

    def _fail(
        self, error: ProviderError, stage: Stage, step: Step, before: StageResult | None, duration: int
    ) -> None:
        failed_at = error.stage or stage
        said = _said(error)
        if failed_at is stage:
            self._finish(stage, before, StageResult(stage, "failed", said, duration))
            return
        if before is not None:
            self._rows[stage] = before
        elif step.text:
            self._rows[stage] = StageResult(stage, "ok", step.text, duration)
        else:
            del self._rows[stage]
        earlier = self._rows.get(failed_at)
        if earlier is not None and earlier.verdict == "warning":
            said = f"{earlier.text}. {said}"[:LONGEST]
        spent = (earlier.duration_ms if earlier else 0) + (0 if step.text else duration)
        self._put(StageResult(failed_at, "failed", said, spent))

    def _finish(self, stage: Stage, before: StageResult | None, result: StageResult) -> None:
        if before is not None:
            result = replace(result, duration_ms=result.duration_ms + before.duration_ms)
            if (
                stage in PER_HOST
                and before.text
                and result.text not in before.text.split(JOINT)
                and before.verdict != "failed"
            ):
                joined = before.text + JOINT + result.text if result.text else before.text
                result = replace(result, text=joined[:LONGEST])
            elif stage in PER_HOST and before.verdict == result.verdict == "ok":
                result = replace(result, text=before.text or result.text)
        self._put(result)

    def _put(self, result: StageResult) -> None:
        self._rows[result.stage] = result
        if self._on_change is not None:
            self._on_change(self.results)


class Silence(Trace):
    """Keeps nothing, for real mail: nobody reads its stages, only where an error met it."""

    def step(self, stage: Stage, text: str = "") -> AbstractContextManager[Step]:
        """Run one stage."""
        del text
        return _Silent(stage)

    def fail(self, error: ProviderError) -> ProviderError:
        """Give the error back to be raised."""
        return error


class _Silent(AbstractContextManager[Step]):
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> Step:
        return Step()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ProviderError):
            error.stage = error.stage or self._stage


def _said(error: ProviderError) -> str:
    own = sentence(error.code, {"host": error.host, **error.facts})
    return (cleaned(error.reply) or own or error.code.replace("_", " "))[:LONGEST]


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
