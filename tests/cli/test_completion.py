"""What a shell is told to complete by."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

import pytest

PROGRAM = "import sys; sys.argv[0] = 'tfmatrix'; from tfmatrix.cli import main; main()"


def told(instruction: str, **typed: str) -> str:
    """Return what the program tells a shell."""
    variables: Mapping[str, str] = {**os.environ, "_TFMATRIX_COMPLETE": instruction, **typed}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_reads_what_it_is_told(shell: str) -> None:
    """The text defines what completes `tfmatrix`; where the shell is there, it has no mistake in it."""
    text = told(f"{shell}_source")
    assert "_TFMATRIX_COMPLETE" in text
    if there := shutil.which(shell):
        subprocess.run([there, "-n"], input=text, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("tfmatrix hist", ["history"]),
        ("tfmatrix check 2.1", ["2.1.4", "2.10.1", "2.11.1"]),
        ("tfmatrix check --baseline lat", ["latest"]),
        ("tfmatrix explain 2.21.0 2.9", ["2.9.3"]),
        ("tfmatrix check --format m", ["markdown"]),
        ("tfmatrix diff --j", ["--json"]),
    ],
)
def test_commands_options_and_releases_are_completed(words: str, expected: list[str]) -> None:
    """By what they begin with."""
    found = told("bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))).splitlines()
    assert [line.removeprefix("plain,") for line in found][: len(expected)] == expected


def test_fish_is_told_the_same() -> None:
    """It hands over the words in another way."""
    found = told("fish_complete", COMP_WORDS="tfmatrix hist", COMP_CWORD="hist")
    assert found.startswith("plain,history")
