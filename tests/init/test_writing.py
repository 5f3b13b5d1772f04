"""Writing the table and a noxfile: every line that was there is kept, and all is written or nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tfmatrix import config
from tfmatrix.errors import UserError
from tfmatrix.init import writing
from tfmatrix.reading import toml_in

from .conftest import Write

SETTINGS: dict[str, Any] = {
    "versions": ["2.9.3", "2.15.1"],
    "baseline": "2.9.3",
    "models": {"train": {"command": ["python", "train.py"]}, "net": {"model": "a:build", "data": "a:data"}},
}
TABLE = """\
[tool.tfmatrix]
versions = ["2.9.3", "2.15.1"]
baseline = "2.9.3"

[tool.tfmatrix.models.train]
command = ["python", "train.py"]

[tool.tfmatrix.models.net]
model = "a:build"
data = "a:data"
"""

BEFORE = {
    "empty": "",
    "a comment": "# mine\n",
    "no end of line": "[project]\nname = 'a' # mine",
    "tools": "[build-system]\nrequires=[ 'x' ,\n  'y' ]  # odd\n\n[tool.ruff]\nline-length=  9\n\n\n[tool.mypy]\na=1\n",
    "tools that are parted": "[tool.a]\nx = 1\n\n[project]\nname = 'ä'\n\n[tool.b]\n\n[[tool.c]]\nd = 1\n",
    "dotted": "tool.ruff.line-length = 3\n",
    "a table of tools": "[tool]\nruff = {a = 1}\n",
    "an empty table": "[project]\nname = 'a'\n[tool.tfmatrix]\n# to be filled\n[tool.z]\nk = 1\n",
    "a table with something": "[tool.tfmatrix]\nseed = 7  # mine\n\n[tool.tfmatrix.policy]\npreset = 'bitwise'\n",
    "multi-line": '[project]\ndescription = """\n[tool.tfmatrix]\n"""\n',
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_that_was_there_is_kept(write: Write, before: str, end: str) -> None:
    """What is added is the settings and nothing else, with the file's own ends of lines."""
    text = before.replace("\n", end)
    root = write({"pyproject.toml": text, "train.py": ""})
    writing.write(root, SETTINGS, noxfile=False)
    after = (root / "pyproject.toml").read_bytes().decode("utf-8")
    said = toml_in(before)
    said.setdefault("tool", {}).setdefault("tfmatrix", {}).update(SETTINGS)
    assert toml_in(after) == said
    rest = iter(after.splitlines())
    assert all(line in rest for line in text.splitlines())
    if end == "\r\n" and "\r\n" in text:
        assert after.replace("\r\n", "").count("\n") == 0
    loaded = config.load(root)
    assert (loaded.baseline, [one.name for one in loaded.commands]) == ("2.9.3", ["train"])


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    """It has the table and nothing else, and the noxfile imports the sessions."""
    writing.write(tmp_path, SETTINGS, noxfile=True)
    assert (tmp_path / "pyproject.toml").read_text(encoding="utf-8") == TABLE == writing.table_of(SETTINGS)
    assert (tmp_path / "noxfile.py").read_text(encoding="utf-8") == writing.NOXFILE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noxfile.py", "pyproject.toml"]
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "pyproject.toml").stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_is_written_where_nothing_is_wanted_is_nothing(tmp_path: Path) -> None:
    """Neither file is made."""
    writing.write(tmp_path, {}, noxfile=False)
    assert list(tmp_path.iterdir()) == []


UNWRITABLE = {
    "no TOML": ("[tool\n", "cannot be read"),
    "no UTF-8": (b"# \xff\n", "cannot be read"),
    "tool is no table": ("tool = 3\n", "with every line kept as it is; write it by hand"),
    "tool is inline": ("tool = {a = 1}\n", "with every line kept as it is; write it by hand"),
    "the table is none": ("[tool]\ntfmatrix = 3\n", "with every line kept as it is; write it by hand"),
}


@pytest.mark.parametrize(("before", "said"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_added_to_is_refused_and_kept(write: Write, before: str | bytes, said: str) -> None:
    """One sentence, the file as it was, and no noxfile."""
    root = write({"pyproject.toml": before})
    content = (root / "pyproject.toml").read_bytes()
    with pytest.raises(UserError, match=said):
        writing.write(root, SETTINGS, noxfile=True)
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {"pyproject.toml": content}


def test_a_line_that_would_be_lost_is_noticed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is read again before, whatever tomlkit made of it: a comment is no part of what TOML says."""
    root = write({"pyproject.toml": "# mine\n"})
    monkeypatch.setattr(tomlkit, "dumps", lambda _: TABLE)
    with pytest.raises(UserError, match="with every line kept as it is; write it by hand"):
        writing.write(root, SETTINGS, noxfile=False)


def test_a_file_that_is_read_only_is_kept_and_the_noxfile_goes_again(write: Write) -> None:
    """Whoever runs it, root too."""
    root = write({"pyproject.toml": "# mine\n"})
    (root / "pyproject.toml").chmod(0o444)
    with pytest.raises(UserError, match="read-only; nothing was changed"):
        writing.write(root, SETTINGS, noxfile=True)
    assert [path.name for path in root.iterdir()] == ["pyproject.toml"]


def test_a_link_stays_a_link(write: Write, tmp_path: Path) -> None:
    """What it leads to is written."""
    root = write({"elsewhere.toml": "# mine\n"})
    (root / "pyproject.toml").symlink_to("elsewhere.toml")
    writing.write(root, SETTINGS, noxfile=False)
    assert (root / "pyproject.toml").is_symlink()
    assert "# mine\n\n[tool.tfmatrix]" in (root / "elsewhere.toml").read_text(encoding="utf-8")


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    """It is not written through."""
    (tmp_path / "pyproject.toml").symlink_to("nowhere.toml")
    with pytest.raises(UserError, match="cannot be read"):
        writing.write(tmp_path, SETTINGS, noxfile=True)
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize("name", ["pyproject.toml", "noxfile.py"])
def test_a_file_that_appeared_meanwhile_is_not_written_over(
    write: Write, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Somebody else's stays, and the other file is not left behind."""
    link = os.link

    def late(source: Path, target: Path) -> None:
        if target.name == name:
            target.write_text("theirs", encoding="utf-8")
        link(source, target)

    root = write({})
    monkeypatch.setattr(os, "link", late)
    with pytest.raises(UserError, match=f"{name} cannot be written: File exists; nothing was changed"):
        writing.write(root, SETTINGS, noxfile=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in root.iterdir()} == {name: "theirs"}


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a half file nor one beside it."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        writing.write(tmp_path, SETTINGS, noxfile=True)
    assert list(tmp_path.iterdir()) == []
