"""Which files are a project's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.init.listing import listing_of

from .conftest import Write, git

OWN: dict[str, str | bytes] = {"train.py": "", "pkg/a.py": "", "odd ä\n.py": ""}
OTHERS: dict[str, str | bytes] = {
    ".hidden.py": "",
    ".venv/a.py": "",
    "env/pyvenv.cfg": "",
    "env/lib/a.py": "",
    "conda/conda-meta/history": "",
    "conda/a.py": "",
    "lib/site-packages/a.py": "",
    "node_modules/a.py": "",
    "pkg/__pycache__/a.py": "",
    "clone/.git/HEAD": "",
    "clone/train.py": "",
}


@pytest.mark.parametrize("how", ["no repository", "nothing added", "added", "no git"])
def test_own_files_are_those_of_no_package_and_no_other_project(
    write: Write, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Hidden files, environments by whatever name, installed packages and other clones are left out, git or not."""
    root = write({**OWN, **OTHERS})
    if how in ("nothing added", "added"):
        git(root, "init")
    if how == "added":
        git(root, "add", "train.py", "odd ä\n.py", ".hidden.py", "env")
    if how == "no git":
        monkeypatch.setenv("PATH", str(root))
    found = listing_of(root)
    assert found.names == tuple(sorted(OWN))
    assert ("train.py" in found.tracked) == (how == "added")


def test_what_git_ignores_is_left_out(write: Write) -> None:
    """New files count, ignored ones do not, nor does what was tracked and is gone."""
    root = write({**OWN, ".gitignore": "out/\n*.h5\n", "out/train.py": "", "m.h5": "", "gone.py": ""})
    git(root, "init")
    git(root, "add", ".")
    (root / "gone.py").unlink()
    (root / "new.py").write_text("", encoding="utf-8")
    assert listing_of(root).names == tuple(sorted([*OWN, "new.py"]))


def test_a_folder_within_a_repository_has_paths_of_its_own(write: Write) -> None:
    """Paths are those from the folder, whatever lies above it."""
    root = write({"train.py": "", "sub/a.py": ""})
    git(root, "init")
    git(root, "add", ".")
    found = listing_of(root / "sub")
    assert (found.names, found.tracked) == (("a.py",), frozenset({"a.py"}))


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    """Nothing is listed where nothing lies."""
    assert listing_of(tmp_path).names == ()
