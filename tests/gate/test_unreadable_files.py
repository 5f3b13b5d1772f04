"""Files of the gate that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.errors import UserError
from tfmatrix.gate.tables import text_of


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Before anything was accepted there is no file, which is no mistake."""
    assert text_of(tmp_path / "tfmatrix.toml") == ""


def test_a_folder_in_a_files_place_is_one_sentence(tmp_path: Path) -> None:
    """What the system refuses to read is told by the file's name."""
    with pytest.raises(UserError, match=rf"^{tmp_path.name} cannot be read: .*directory.*\.$"):
        text_of(tmp_path)


def test_a_file_that_is_not_utf8_is_one_sentence(tmp_path: Path) -> None:
    """Bytes that are no text are told by the file's name."""
    (tmp_path / "tfmatrix.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"^tfmatrix\.toml cannot be read: .*utf-8.*\.$"):
        text_of(tmp_path / "tfmatrix.toml")
