"""What would be installed, held against what was compared: by `pin`, by `check --pinned`, and by the hook."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import CANDIDATE, ones
from cli.project import Tell
from tfmatrix import cli

from . import project
from .project import REQUIREMENTS, gated, hash_of, report_id
from .test_staged import MOVED, committed, git, write

NOWHERE = "http://127.0.0.1:9/simple"
"""An index that does not answer."""


@pytest.fixture
def pinned(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that pins the candidate on a report, all of it committed."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    committed(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-m", "pinned")
    return tmp_path


def test_a_file_that_is_not_read_is_named_until_it_is_ignored(pinned: Path, tell: Tell) -> None:
    """Whatever is asked of the pin says that a Dockerfile has another, and is silent on it when the user says so."""
    (pinned / "Dockerfile").write_text("FROM python:3.10\nRUN pip install tensorflow==2.9.3\n", encoding="utf-8")
    git(pinned, "add", "--all")
    says = "Dockerfile, line 2, pins 2.9.3 and is not compared"
    again = ("pin", CANDIDATE, "--report", report_id(tell, pinned))
    for command in (("check", "--pinned"), ("check-staged",), again, ("pinned",)):
        said = tell(*command)
        assert said.code == cli.INCOMPLETE, command
        assert says in said.out + said.err
    path = pinned / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + 'ignored-pins = ["Docker*"]\n', encoding="utf-8")
    git(pinned, "add", "--all")
    for command in (("check", "--pinned"), ("check-staged",), again, ("pinned",)):
        said = tell(*command)
        assert said.code == cli.SAME, (command, said)
        assert says not in said.out + said.err


def test_several_files_that_are_not_read_are_one_sentence(pinned: Path, tell: Tell) -> None:
    """The hook names the first, and says how many more there are."""
    for name in ("Dockerfile", "setup.cfg"):
        (pinned / name).write_text("RUN pip install tensorflow==2.9.3\n", encoding="utf-8")
    git(pinned, "add", "--all")
    said = tell("check-staged")
    assert said.code == cli.INCOMPLETE
    assert said.err.endswith("(and 1 more).\n")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("keras<3.6", "the project pins 2.16.2+keras-3.5.0"),
        ("numpy<1.24", "the project pins 2.16.2+numpy-1.23.5"),
        ("tensorflow<2.16", "cannot be resolved"),
        ("tf-nightly==2.22.0.dev20261101", "installs tf-nightly 2.22.0.dev20261101, which was not compared"),
        ("intel-tensorflow==2.15.0", "cannot be resolved"),
        ("tensorflow==2.16.2", "over each other"),
    ],
)
def test_another_line_beside_the_pin_breaks_it(pinned: Path, tell: Tell, line: str, says: str) -> None:
    """What the other requirements make of the installation counts, and not the pin alone."""
    write(pinned, f"{MOVED}{line}\r\n")
    said = tell("check", "--pinned")
    assert said.code == cli.INCOMPLETE
    assert says in said.err


def test_a_range_is_held_against_what_it_is_today_with_the_advice_to_lock(pinned: Path, tell: Tell) -> None:
    """A range that installs what was compared passes, and the reader is told that it may not tomorrow."""
    write(pinned, MOVED.replace("==2.16.2", "~=2.16.1"))
    said = tell("check", "--pinned")
    assert said.code == cli.SAME, said
    assert "says 'tensorflow-cpu~=2.16.1', which is 2.16.2 today; lock it, or write one version" in said.out
    write(pinned, MOVED.replace("==2.16.2", ">=2.16,<2.18"))
    assert tell("check", "--pinned").code == cli.INCOMPLETE


def test_a_release_that_another_package_brings_is_said(pinned: Path, tell: Tell) -> None:
    """Where no file names TensorFlow, what brings it decides."""
    write(pinned, "tensorflow-text==2.15.0\n")
    said = tell("pinned")
    assert (said.code, said.out) == (cli.SAME, "2.15.1\n")
    assert "requirements.txt installs TensorFlow 2.15.1 today; lock it" in said.err


def test_a_pin_that_would_install_something_else_is_not_written(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the changed files would install a newer Keras than was compared, nothing is changed."""
    monkeypatch.setitem(project.KERAS, CANDIDATE, "3.5.0")
    gated(tmp_path, models=["same"])
    said = tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path))
    assert said.code == cli.INCOMPLETE
    assert "requirements.txt would install keras 3.12.0, and 3.5.0 was compared; write keras==3.5.0 there" in said.err
    assert (tmp_path / "requirements.txt").read_bytes() == REQUIREMENTS.encode()
    assert not (tmp_path / "tfmatrix-pin.toml").exists()
    with (tmp_path / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("keras==2.15.0\n")
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    assert "keras==3.5.0" in (tmp_path / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("below", ["", "x/y"])
def test_a_pin_in_a_file_outside_of_the_project(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """A requirement file that lies above the project is resolved as it will be written, too."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    gated(folder, models=["same"])
    (tmp_path / "shared" / below).mkdir(parents=True)
    (folder / "requirements.txt").write_text(f"-r ../shared/{below}/pins.txt\n", encoding="utf-8")
    pins = tmp_path / "shared" / below / "pins.txt"
    pins.write_text("tensorflow==2.15.1\n", encoding="utf-8")
    said = tell("pin", CANDIDATE, "--report", report_id(tell, folder))
    assert said.code == cli.SAME, said
    assert pins.read_text(encoding="utf-8") == f"tensorflow=={CANDIDATE}\n"


def test_without_the_index_nothing_that_needs_it_passes(
    pinned: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be resolved the answer is 2; a commit that changes no pin needs no index."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOWHERE)
    monkeypatch.setenv("UV_OFFLINE", "1")
    said = tell("check", "--pinned")
    assert said.code == cli.INCOMPLETE
    assert "what requirements.txt installs cannot be resolved: " in said.err
    assert tell("check-staged") == (cli.SAME, "", "")
    with (pinned / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("[tool.ruff]\nline-length = 120\n")
    git(pinned, "add", "--all")
    assert tell("check-staged") == (cli.SAME, "", "")
    write(pinned, MOVED + "rich\r\n")
    git(pinned, "add", "--all")
    assert tell("check-staged").code == cli.INCOMPLETE


def test_a_file_in_which_all_is_locked_needs_no_index(
    pinned: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line has one version and a hash, so that there is nothing to resolve."""
    lines = [
        f"{name}=={version} --hash=sha256:{hash_of(name, version)}\n"
        for name, version in (("tensorflow-cpu", CANDIDATE), ("keras", "3.12.0"), ("numpy", "1.26.4"))
    ]
    write(pinned, "--index-url https://example.org\n" + "".join(lines))
    monkeypatch.setenv("UV_OFFLINE", "1")
    said = tell("check", "--pinned")
    assert said.code == cli.SAME, said
    write(pinned, "".join(lines).replace("3.12.0", "3.5.0"))
    assert tell("check", "--pinned").code == cli.INCOMPLETE


def test_what_a_project_without_tensorflow_installs_is_its_own_business(tmp_path: Path, tell: Tell) -> None:
    """The hook has nothing to say of NumPy where there is no TensorFlow, of a first commit neither."""
    gated(tmp_path, lambda _: ones(), ["same"])
    write(tmp_path, "numpy<1.24\n")
    (tmp_path / ".gitignore").write_text(".tfmatrix/\nreports/\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", "--all")
    assert tell("check-staged") == (cli.SAME, "", "")
    git(tmp_path, "commit", "-m", "first")
    write(tmp_path, "numpy<1.25\n")
    git(tmp_path, "add", "--all")
    assert tell("check-staged") == (cli.SAME, "", "")
    assert tell("pinned").code == cli.INCOMPLETE
