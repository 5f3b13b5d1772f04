"""A project's files: what git tracks or, without it, what is the project's own; and what is declared."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tfmatrix.models.project import files_below, project_files

OWN = ["data/rows.csv", "pkg/__init__.py", "train.py"]
OTHERS = [
    ".hidden",
    ".nox/a.py",
    ".tfmatrix/store.sqlite",
    ".venv/lib/a.py",
    "pkg/__pycache__/a.pyc",
    "pkg/venv/a.py",
    "reports/matrix.md",
    "venv/lib/a.py",
]


@pytest.fixture(autouse=True)
def _no_outer_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git find no repository but one of the test's, and read no configuration."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))


def write(root: Path, *names: str) -> None:
    """Write files of some names."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")


def git(root: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def apart(root: Path) -> list[Path]:
    """Return the folders of the store and the reports."""
    return [root / ".tfmatrix", root / "reports"]


def test_what_git_tracks_is_the_project(tmp_path: Path) -> None:
    """Hidden or not, tracked files are there, even with names that few use; those that are gone or new are not."""
    root = tmp_path / "sub"  # a project may be a part of a repository
    tracked = [*OWN, ".hidden", "reports/matrix.md", "odd ä\n.txt", "gone.txt"]
    write(tmp_path, "outside.py")
    write(root, *tracked, "new.py")
    git(tmp_path, "init")
    git(tmp_path, "add", "outside.py", *(f"sub/{name}" for name in tracked))
    (root / "gone.txt").unlink()
    assert project_files(root, [], apart(root)) == tuple(sorted(set(tracked) - {"gone.txt"}))
    assert set(project_files(root, ["new.py"])) - set(project_files(root, [])) == {"new.py"}


@pytest.mark.parametrize("how", ["no repository", "empty repository", "no git"])
def test_without_git_it_is_every_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Where git tracks nothing, hidden files, folders of packages, the store and the reports are left out."""
    write(tmp_path, *OWN, *OTHERS)
    if how == "empty repository":
        git(tmp_path, "init")
    if how == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    assert project_files(tmp_path, [], apart(tmp_path)) == tuple(OWN)


def test_a_store_of_another_name_is_left_out(tmp_path: Path) -> None:
    """The folders of store and reports are known by where they are and not by their names."""
    write(tmp_path, *OWN, "kept/store.sqlite", "out/matrix.md")
    assert project_files(tmp_path, [], [tmp_path / "kept", tmp_path / "out"]) == tuple(OWN)


def test_what_is_declared_is_there_whatever_it_is(tmp_path: Path) -> None:
    """A declared file or folder is there, hidden or not, each file once."""
    write(tmp_path, *OWN, *OTHERS, ".cache/deep/er/x.npz")
    found = project_files(tmp_path, [".cache/", "./data", "data/rows.csv"], apart(tmp_path))
    assert found == tuple(sorted([*OWN, ".cache/deep/er/x.npz"]))


def test_a_declared_folder_may_be_a_link_and_lead_back(tmp_path: Path) -> None:
    """Data that lies elsewhere is declared by its link, and a link to a folder above it does not go on for ever."""
    root, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    write(elsewhere, "b/rows.csv", "a.csv")
    root.mkdir()
    (root / "data").symlink_to(elsewhere)
    (elsewhere / "b" / "back").symlink_to(elsewhere)
    assert list(files_below(root, "data/")) == ["data/a.csv", "data/b/rows.csv"]


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    """Of a path that does not exist, an empty folder or a pipe there is no file."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert [list(files_below(tmp_path, path)) for path in ("nowhere", "empty", "pipe")] == [[], [], []]
    assert project_files(tmp_path, []) == ()
