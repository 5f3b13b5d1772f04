"""The help: every command with what it does, and nothing that takes a second to import."""

from __future__ import annotations

import subprocess
import sys

import click.testing
import pytest

from tfmatrix.cli import commands


def names() -> list[str]:
    """Return every command."""
    return commands.list_commands(click.Context(commands))


def test_help_names_every_command_with_what_it_does() -> None:
    """In one line each that is not cut off, by what they are for; with examples to type."""
    told = click.testing.CliRunner().invoke(commands, ["--help"]).output
    lines = [line.split(None, 1) for line in told.splitlines()]
    for name in names():
        (summary,) = (rest[0] for first, *rest in filter(None, lines) if first == name and rest)
        assert summary.endswith("."), name
        assert not summary.endswith("..."), name
    assert "tfmatrix run --versions 2.15.1,2.16.2 -- python train.py" in told
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize("name", names())
def test_every_command_is_where_the_help_says(name: str) -> None:
    """Its module has it, and a text that says more."""
    found = commands.get_command(click.Context(commands), name)
    assert found is not None
    assert len(found.help or "") > 40


def test_help_imports_nothing_that_is_slow() -> None:
    """It is asked for by whoever waits: neither pandas nor NumPy is there behind it."""
    program = """
import sys
from tfmatrix.cli import main
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    print(",".join(name for name in ("numpy", "pandas", "scipy", "msgspec") if name in sys.modules), file=sys.stderr)
"""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Decide:" in ran.stdout
    assert ran.stderr.strip() == ""
