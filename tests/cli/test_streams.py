"""Standard streams that are closed, full or read no further: they change no answer, and leave no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from building import ones
from tfmatrix import cli

from .project import Tell, changed, stored

CHECK = f"{sys.executable} -m tfmatrix check 2.16.2 --baseline 2.15.1"


@pytest.fixture(scope="module", params=[cli.SAME, cli.CHANGED], ids=["pass", "fail"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return a project, and the status that is due of a check of it."""
    folder = tmp_path_factory.mktemp("project")
    stored(folder, changed if request.param == cli.CHANGED else lambda _: ones())
    return folder, request.param


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of bash in a folder; its status is that of the first part of a pipe."""
    line = f"{command}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("to", ["", "| true", ">&-", ">&- 2>&- <&-", "2>/dev/full"], ids=str)
def test_a_stream_that_nobody_reads_changes_no_status(project: tuple[Path, int], to: str) -> None:
    """A pipe that is closed early, a closed stream and errors that go nowhere: the status is the one that was due."""
    folder, due = project
    ran = shell(f"{CHECK} {to}", folder)
    assert (ran.returncode, ran.stderr) == (due, "")


def test_an_answer_that_cannot_be_written_is_none(project: tuple[Path, int]) -> None:
    """A disk that is full under the answer is one sentence and 2: whoever reads the file finds no answer in it."""
    ran = shell(f"{CHECK} --format json > /dev/full", project[0])
    assert ran.returncode == cli.INCOMPLETE
    assert ran.stderr.startswith("tfmatrix: the answer cannot be written to standard output: No space left")
    assert len(ran.stderr.splitlines()) == 1


def test_what_the_terminal_cannot_spell_is_escaped(tmp_path: Path) -> None:
    """A name that the locale's encoding lacks is written as an escape, and ends nothing."""
    (tmp_path / "日").mkdir()
    ran = shell(f"PYTHONUTF8=0 PYTHONIOENCODING=latin-1 {sys.executable} -m tfmatrix check 2.16.2", tmp_path / "日")
    assert ran.returncode == cli.INCOMPLETE
    assert "\\u65e5" in ran.stderr


@pytest.mark.parametrize("answer", [lambda _: ones(), changed], ids=["pass", "fail"])
def test_a_summary_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    """A job's summary that is asked for and cannot be written is said, after the answer, and ends with 2."""
    stored(tmp_path, answer)  # type: ignore[arg-type]  # both are answers
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "summary.md"))
    said = tell("check", "2.16.2", "--baseline", "2.15.1", "--format", "github")
    assert said.code == cli.INCOMPLETE
    assert "title=tfmatrix check::" in said.out
    assert said.err.startswith("tfmatrix: the job's summary ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "Permission denied", "x.toml"), cli.INCOMPLETE),
        (OSError(28, "No space left on device"), cli.INCOMPLETE),
        (ProcessLookupError(3, "No such process"), cli.OUR_FAULT),
    ],
    ids=["a file", "a full disk", "our own"],
)
def test_what_the_system_refuses_of_a_file_is_one_sentence(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, error: OSError, code: int
) -> None:
    """What the system says of a file, or of a want, is the user's to mend; what it says of our own doings is ours."""
    stored(tmp_path, lambda _: ones())

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("tfmatrix.questions.matrix.report.compare_all", refuse)
    said = tell("report")
    assert (said.code, "Traceback" in said.err) == (code, code == cli.OUR_FAULT)
