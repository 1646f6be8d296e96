"""Prints which rows of the feature list and which controls of the threat model passing tests carry.

A row counts only when every test that carries it passed in this run; a skipped test proves nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
LISTS = {"feature": SHARED / "design" / "features.md", "control": SHARED / "reference" / "threat-model.md"}
TITLES = {"feature": "Rows of the feature list", "control": "Controls of the threat model"}
ROW = re.compile(r"^\| ([A-Z]+(?:-[A-Z]+)?-X?\d+) \|", re.MULTILINE)
PARTS = re.compile(r"(.*?)(\d+)$")


class RowBook:
    """Remembers, for each row, whether a test that carries it has failed."""

    def __init__(self) -> None:
        """Begin empty; filled by the reports of this process and of xdist's workers."""
        self.clean: dict[tuple[str, str], bool] = {}

    def note(self, report: pytest.TestReport) -> None:
        """Take down what one phase of one test says about its rows."""
        good = report.passed
        for kind, row in rows_of(report.user_properties):
            self.clean[kind, row] = self.clean.get((kind, row), True) and good

    def proven(self, kind: str) -> set[str]:
        """Give the rows whose tests all passed."""
        return {row for (of, row), clean in self.clean.items() if of == kind and clean}

    def broken(self, kind: str) -> set[str]:
        """Give the rows with a test that failed or did not run."""
        return {row for (of, row), clean in self.clean.items() if of == kind and not clean}


BOOK = pytest.StashKey[RowBook]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the book."""
    config.stash[BOOK] = RowBook()
    config.pluginmanager.register(Recorder(config.stash[BOOK]), "rows-recorder")


class Recorder:
    """Hears the reports, from xdist's workers too."""

    def __init__(self, book: RowBook) -> None:
        """Write into `book`."""
        self.book = book

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear one phase of one test."""
        self.book.note(report)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the test's reports carry its rows, also out of a worker process."""
    for kind in LISTS:
        for mark in item.iter_markers(kind):
            item.user_properties.extend((kind, str(row)) for row in mark.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI=true a test that cannot run has failed: nothing may hide behind a missing tool."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI", "").lower() == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} cannot run, which counts as failed under CI=true: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the rows, and the checks that failed before the tests, above pytest's last line."""
    book = config.stash[BOOK]
    for kind, source in LISTS.items():
        proven, broken = book.proven(kind), book.broken(kind)
        if not proven and not broken:
            continue
        terminalreporter.section(TITLES[kind])
        terminalreporter.write_line(f"proven ({len(proven)}): {compact(proven)}")
        if broken:
            terminalreporter.write_line(
                f"carried by a test that did not pass ({len(broken)}): {compact(broken)}"
            )
        if source.is_file():
            missing = set(ROW.findall(source.read_text(encoding="utf-8"))) - proven - broken
            terminalreporter.write_line(f"not yet ({len(missing)}): {compact(missing)}")
    failed = os.environ.get("FAILED_CHECKS", "")
    if failed:
        terminalreporter.section("failed checks", red=True)
        terminalreporter.write_line(failed)


def rows_of(properties: Iterable[tuple[str, object]]) -> Iterable[tuple[str, str]]:
    """Pick the rows out of a report's properties."""
    return ((kind, str(row)) for kind, row in properties if kind in LISTS)


def compact(rows: Iterable[str]) -> str:
    """Write rows briefly: CIR-1…5 7, C-CRY-1."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        match = PARTS.match(row)
        prefix, number = (match[1], int(match[2])) if match else (row, 0)
        groups.setdefault(prefix, []).append(number)
    return (
        ", ".join(f"{prefix}{spans(sorted(numbers))}" for prefix, numbers in sorted(groups.items())) or "none"
    )


def spans(numbers: list[int]) -> str:
    """Write sorted numbers with runs drawn together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(first) if first == last else f"{first}…{last}" for first, last in runs)
