"""The list of proven rows counts a row only when every test that carries it passed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin_rows import compact

ROOT = Path(__file__).resolve().parents[2]
STORY = """
import pytest

@pytest.mark.feature("CIR-1", "CIR-2")
@pytest.mark.control("C-CRY-1")
def test_one():
    pass

@pytest.mark.feature("CIR-2")
def test_two():
    assert False

@pytest.mark.feature("CIR-3")
def test_three():
    pytest.skip("no browser")
"""


def run(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  feature(*ids): row\n  control(*ids): row\n")
    (folder / "test_story.py").write_text(STORY)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin_rows", "-p", "no:django", *arguments]
    return subprocess.run(  # noqa: S603  # our own module
        [*command, "-c", str(folder / "pytest.ini"), "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_row_counts_only_when_all_its_tests_passed(
    tmp_path: Path, bare_environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    lines = run(tmp_path, bare_environment, *arguments).stdout.splitlines()
    assert "proven (1): CIR-1" in lines
    assert "carried by a test that did not pass (2): CIR-2…3" in lines
    assert "proven (1): C-CRY-1" in lines
    assert "1 failed, 1 passed, 1 skipped" in lines[-1]


def test_failed_checks_stand_above_the_closing_line(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    output = run(tmp_path, bare_environment | {"FAILED_CHECKS": "types (mypy)"}, "-k", "one").stdout
    assert "types (mypy)" in output
    assert "1 passed" in output.splitlines()[-1]


def test_skipped_test_fails_when_nobody_looks(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    finished = run(tmp_path, bare_environment | {"CI": "true"}, "-k", "three")
    assert finished.returncode == 1
    assert "cannot run, which counts as failed under CI=true" in finished.stdout


def test_rows_are_written_briefly() -> None:
    assert compact(["CIR-10", "CIR-2", "CIR-1", "CIR-X1", "C-CRY-3"]) == "C-CRY-3, CIR-1…2 10, CIR-X1"
    assert compact([]) == "none"
