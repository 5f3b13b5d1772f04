"""What is staged: a changed pin is refused without evidence, and what is staged is what is judged."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from building import CANDIDATE, ones, rest
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.store.store import Store

from .project import REQUIREMENTS, gated, report_id

MOVED = REQUIREMENTS.replace("2.15.1", CANDIDATE)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have git read no configuration but the test's, and no variables of a hook that runs the tests."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    """Make a project whose candidate passes, and commit it as it is."""
    gated(folder, lambda _: ones(), ["same"])
    (folder / ".gitignore").write_text(".tfmatrix/\nreports/\n", encoding="utf-8")
    git(folder, "init")
    git(folder, "add", "--all")
    git(folder, "commit", "-m", "first")


def write(folder: Path, text: str) -> None:
    """Write the requirement file."""
    (folder / "requirements.txt").write_bytes(text.encode())


def test_a_pin_that_did_not_change_is_no_matter(tmp_path: Path, tell: Tell) -> None:
    """Other requirements can be changed without any report, and nothing is said."""
    committed(tmp_path)
    write(tmp_path, REQUIREMENTS + "rich>=13\r\n")
    git(tmp_path, "add", "--all")
    assert tell("check-staged") == (cli.SAME, "", "")


def test_a_pin_by_hand_is_refused(tmp_path: Path, tell: Tell) -> None:
    """A changed pin that nothing vouches for is refused, staged or for the first commit."""
    committed(tmp_path)
    write(tmp_path, MOVED)
    assert tell("check-staged").code == cli.SAME  # not staged yet
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert "there is no tfmatrix-pin.toml" in said.err
    git(tmp_path, "checkout", "--orphan", "other")
    assert tell("check-staged").code == cli.INCOMPLETE


def test_a_pin_that_is_taken_out_is_refused(tmp_path: Path, tell: Tell) -> None:
    """A range in the place of a version is a pin that changed, and nothing vouches for it."""
    committed(tmp_path)
    write(tmp_path, REQUIREMENTS.replace("==2.15.1", ">=2.15"))
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.INCOMPLETE


def test_a_pin_on_a_report_is_let_through(tmp_path: Path, tell: Tell) -> None:
    """What `tfmatrix pin` wrote passes when all of it is staged, and not without its receipt."""
    committed(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "requirements.txt")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE  # the receipt lies in the folder, and is not part of the commit
    assert "there is no tfmatrix-pin.toml" in said.err
    git(tmp_path, "add", "tfmatrix-pin.toml")
    said = tell("check-staged")
    assert said.code == cli.SAME, said.out + said.err
    assert said.out.startswith("2.16.2 against 2.15.1: pass")


def test_what_is_staged_is_judged_and_not_what_lies_there(tmp_path: Path, tell: Tell) -> None:
    """An edit of a model that is staged makes its cells stale, and one that is not staged does not."""
    committed(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    (tmp_path / "reference_models" / "same.py").write_text("# edited\n", encoding="utf-8")
    assert tell("check-staged").code == cli.SAME
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert "stale: run before the model changed" in said.out


def test_what_a_command_declares_is_there_though_git_has_no_part_of_it(tmp_path: Path, tell: Tell) -> None:
    """Data that is not committed is what a run used, and what is staged is judged with it, as far as it is there."""
    for name in ("data/kept.csv", "data/ignored.csv", "more/deep/ignored.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    (tmp_path / "train.py").write_text("# train\n", encoding="utf-8")
    command = 'command = ["python", "train.py"]\nfiles = ["data/", "more"]\n'
    gated(tmp_path, lambda _: ones(), ["same"], more=f"[tool.tfmatrix.models.train]\n{command}")
    (tmp_path / ".gitignore").write_text(".tfmatrix/\nreports/\nignored.csv\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-m", "first")
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.SAME, said.out + said.err
    (tmp_path / "data" / "new.csv").write_text("1", encoding="utf-8")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert "stale: run before the model changed" in said.out


@pytest.mark.parametrize("tracked", [True, False])
def test_a_file_that_trials_read_is_the_staged_one_or_else_that_which_lies_there(
    tmp_path: Path, tell: Tell, tracked: bool
) -> None:
    """What git tracks counts as it is staged; a data file that it does not track counts as it lies in the project."""
    committed(tmp_path)
    data = tmp_path / ("rows.csv" if tracked else ".tfmatrix/rows.csv")
    data.write_text("1\n", encoding="utf-8")
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        rest(store, on=[data], root=tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.SAME
    data.write_text("2\n", encoding="utf-8")
    assert tell("check-staged").code == (cli.SAME if tracked else cli.INCOMPLETE)
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert f"stale: run before the file {data.relative_to(tmp_path)} changed" in said.out
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE


@pytest.mark.parametrize("other", ["2.14.1", "2.17.1"])
def test_a_receipt_of_another_move_is_refused(tmp_path: Path, tell: Tell, other: str) -> None:
    """Evidence for a move from one version is none for the move from another."""
    committed(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    moved = (tmp_path / "requirements.txt").read_bytes()
    write(tmp_path, REQUIREMENTS.replace("2.15.1", other))
    git(tmp_path, "add", "requirements.txt")
    git(tmp_path, "commit", "-m", "back")
    (tmp_path / "requirements.txt").write_bytes(moved)
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert f"pins 2.16.2 in place of {other}" in said.err


def test_a_range_is_what_it_resolves_to_today(tmp_path: Path, tell: Tell) -> None:
    """Where the last commit has a range, what was moved from is the version that it installs today."""
    committed(tmp_path)
    write(tmp_path, REQUIREMENTS.replace("==2.15.1", "~=2.15.0"))
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-m", "open")
    write(tmp_path, REQUIREMENTS)
    git(tmp_path, "add", "--all")
    assert tell("check-staged") == (cli.SAME, "", "")
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.SAME, said.out + said.err


@pytest.mark.parametrize("companion", ["keras==3.5.0", "numpy<1.24"])
def test_companions_are_part_of_a_pin(tmp_path: Path, tell: Tell, companion: str) -> None:
    """Another NumPy is another installation, before there is a receipt and beside one that vouches for TensorFlow."""
    committed(tmp_path)
    write(tmp_path, REQUIREMENTS + "numpy<1.24\r\n")
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.INCOMPLETE
    write(tmp_path, REQUIREMENTS)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.SAME
    git(tmp_path, "commit", "-m", "pinned")
    write(tmp_path, MOVED + f"{companion}\r\n")
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.INCOMPLETE


def test_without_evidence_on_this_machine_it_is_refused(tmp_path: Path, tell: Tell) -> None:
    """A receipt alone is a claim: the store has to bear it out."""
    committed(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    for path in (tmp_path / ".tfmatrix").iterdir():
        path.unlink()
    assert tell("check-staged").code == cli.INCOMPLETE


def test_a_project_below_the_repository(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project may lie in a folder of the repository, and the command be given in a folder of the project."""
    project = tmp_path / "a" / "b c"
    project.mkdir(parents=True)
    gated(project, lambda _: ones(), ["same"])
    (tmp_path / ".gitignore").write_text(".tfmatrix/\nreports/\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-m", "first")
    monkeypatch.chdir(project / "reference_models")
    assert tell("check-staged").code == cli.SAME
    write(project, MOVED)
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.INCOMPLETE
    write(project, REQUIREMENTS)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, project)).code == cli.SAME
    git(tmp_path, "add", "--all")
    assert tell("check-staged").code == cli.SAME


def test_outside_a_repository_it_is_one_sentence(tmp_path: Path, tell: Tell) -> None:
    """Where nothing can be staged, that is said."""
    gated(tmp_path, lambda _: ones(), ["same"])
    said = tell("check-staged")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith(f"tfmatrix: git checkout-index failed in {tmp_path}: ")
    assert len(said.err.splitlines()) == 1


def test_without_git_it_is_one_sentence(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git to ask, that is said."""
    committed(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = tell("check-staged")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith("tfmatrix: git cannot be run: ")


def test_what_git_says_on_two_lines_is_one_sentence(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git's own message has several lines, as at the edge of a file system, they are told on one."""
    gated(tmp_path, lambda _: ones(), ["same"])
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho one >&2\necho two >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    said = tell("check-staged")
    assert said == (cli.INCOMPLETE, "", f"tfmatrix: git checkout-index failed in {tmp_path}: one; two\n")
