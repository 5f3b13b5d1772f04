"""Writing edits: all of them or none, into the files that are there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tfmatrix import pins
from tfmatrix.errors import UserError

from .projects import HASHES, NEW, find_pins, read, write

FILES = {
    "constraints.txt": "tensorflow==2.15.1\n",
    "requirements.txt": "tensorflow==2.15.1",
    "requirements/a.txt": "numpy==1.26.4",
}
CHANGED = {
    "constraints.txt": b"tensorflow==2.21.0\n",
    "requirements.txt": b"tensorflow==2.21.0",
    "requirements/a.txt": b"numpy==2.2.6",
}


@pytest.fixture
def changes(tmp_path: Path) -> pins.Changes:
    """Return a plan for three files."""
    write(tmp_path, FILES)
    return pins.plan_changes(tmp_path, NEW, HASHES)


def failing_replace(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    """Have the first rename onto a file of that name fail."""
    whole = Path.replace
    left = [error]

    def replace(self: Path, target: Path) -> Path:
        if Path(target).name == name and left:
            raise left.pop()
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", replace)


def unchanged(root: Path) -> bool:
    """Return whether the files are as they were, with nothing beside them."""
    return read(root) == {name: content.encode() for name, content in FILES.items()}


def test_every_file_is_written_and_nothing_is_left_beside_it(tmp_path: Path, changes: pins.Changes) -> None:
    """After writing there are the same files, with the planned bytes."""
    pins.apply(changes)
    assert read(tmp_path) == CHANGED


def test_planning_writes_nothing(tmp_path: Path, changes: pins.Changes) -> None:
    """A plan and its diff leave every file as it was."""
    pins.unified_diff(changes)
    assert unchanged(tmp_path)


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.txt", "a.txt"])
def test_a_write_that_fails_leaves_every_file_as_it_was(
    tmp_path: Path, changes: pins.Changes, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Wherever the disk fails, the files before it get their old bytes back."""
    failing_replace(monkeypatch, name, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(UserError, match=rf"{name} cannot be written: No space left on device; nothing was changed"):
        pins.apply(changes)
    assert unchanged(tmp_path)


def test_an_interrupt_leaves_every_file_as_it_was(
    tmp_path: Path, changes: pins.Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C between two files is undone, and still ends the program."""
    failing_replace(monkeypatch, "requirements.txt", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        pins.apply(changes)
    assert unchanged(tmp_path)


def test_files_that_cannot_be_restored_are_named(
    tmp_path: Path, changes: pins.Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even restoring fails, the sentence names the files that hold new bytes, and does not say that none do."""
    whole = Path.replace
    done: list[str] = []

    def replace(self: Path, target: Path) -> Path:
        if done:
            raise OSError(errno.EIO, "Input/output error")
        done.append(target.name)
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match=r"could not be restored: \S*/constraints\.txt\.$"):
        pins.apply(changes)


def test_a_full_disk_before_the_first_rename_changes_nothing(
    tmp_path: Path, changes: pins.Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be written lies whole beside every file before any is replaced."""

    def fsync(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(UserError, match=r"constraints\.txt cannot be written: No space left"):
        pins.apply(changes)
    assert unchanged(tmp_path)


def test_a_read_only_file_stops_all(tmp_path: Path, changes: pins.Changes) -> None:
    """A file that says that it is not to be written is not written, and neither are the others."""
    (tmp_path / "requirements.txt").chmod(0o444)
    with pytest.raises(UserError, match=r"requirements\.txt is read-only; nothing was changed"):
        pins.apply(changes)
    assert unchanged(tmp_path)


@pytest.mark.parametrize("content", [b"tensorflow==2.15.1\n", b""])
def test_a_file_that_changed_since_the_plan_stops_all(tmp_path: Path, changes: pins.Changes, content: bytes) -> None:
    """Somebody else's edit is never overwritten."""
    (tmp_path / "requirements.txt").write_bytes(content)
    with pytest.raises(UserError, match=r"requirements\.txt was changed in the meantime"):
        pins.apply(changes)
    assert read(tmp_path)["constraints.txt"] == FILES["constraints.txt"].encode()
    assert read(tmp_path)["requirements.txt"] == content


def test_a_file_that_changes_while_others_are_written_stops_all(
    tmp_path: Path, changes: pins.Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that comes between two renames is kept, and the first file gets its old bytes back."""
    whole = Path.replace

    def replace(self: Path, target: Path) -> Path:
        (tmp_path / "requirements.txt").write_bytes(b"edited")
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match=r"requirements\.txt was changed in the meantime"):
        pins.apply(changes)
    assert read(tmp_path) == {
        **{name: content.encode() for name, content in FILES.items()},
        "requirements.txt": b"edited",
    }


def test_a_file_that_is_gone_stops_all(tmp_path: Path, changes: pins.Changes) -> None:
    """A file that was removed is not made anew."""
    (tmp_path / "requirements.txt").unlink()
    with pytest.raises(UserError, match=r"requirements\.txt cannot be read: No such file"):
        pins.apply(changes)
    assert set(read(tmp_path)) == {"constraints.txt", "requirements/a.txt"}


def test_modes_are_kept(tmp_path: Path, changes: pins.Changes) -> None:
    """A file that only its owner may read stays so."""
    (tmp_path / "requirements.txt").chmod(0o640)
    pins.apply(changes)
    assert (tmp_path / "requirements.txt").stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_is_followed_and_stays(tmp_path: Path) -> None:
    """The file behind a link is written, and the link still leads there."""
    write(tmp_path, {"elsewhere/real.txt": "tensorflow==2.15.1", "project/readme": ""})
    link = tmp_path / "project" / "requirements.txt"
    link.symlink_to("../elsewhere/real.txt")
    pins.apply(pins.plan_changes(tmp_path / "project", NEW, HASHES))
    assert link.is_symlink()
    assert read(tmp_path / "elsewhere") == {"real.txt": b"tensorflow==2.21.0"}


def test_a_link_to_nothing_is_said(tmp_path: Path) -> None:
    """A requirement file that cannot be opened is not one that pins nothing."""
    (tmp_path / "requirements.txt").symlink_to("nothing")
    with pytest.raises(UserError, match=r"requirements\.txt cannot be read: No such file"):
        find_pins(tmp_path)
