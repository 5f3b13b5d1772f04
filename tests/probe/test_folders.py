"""The digest of a folder: it covers what lies in it, by name and bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .adopted import folders

FILES = {"b.txt": b"1", "a/b.txt": b"2", "a/c/d": b""}


def digest_of(folder: Path, files: dict[str, bytes]) -> str:
    """Write files into a folder, in their order, and return the folder's digest."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return str(folders.digest_of(str(folder)))


def test_a_folder_has_the_digest_of_its_copy(tmp_path: Path) -> None:
    """Neither the folder's own name nor the order in which its files were written counts."""
    backwards = dict(reversed(FILES.items()))
    assert digest_of(tmp_path / "one", FILES) == digest_of(tmp_path / "other", backwards)


OTHERS = {
    "another byte": {**FILES, "a/c/d": b"\0"},
    "a file less": {"b.txt": b"1", "a/b.txt": b"2"},
    "a file more": {**FILES, "e": b""},
    "another name": {"b.txt": b"1", "a/b.txt": b"2", "a/c/e": b""},
    "another place": {"b.txt": b"1", "a/b.txt": b"2", "a/d": b""},
    "contents changed places": {"b.txt": b"2", "a/b.txt": b"1", "a/c/d": b""},
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_a_folder_that_differs_has_another_digest(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Every file's path and bytes count."""
    assert digest_of(tmp_path / "one", FILES) != digest_of(tmp_path / "other", files)
