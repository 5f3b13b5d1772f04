"""Commands, run in a folder of the test's own on a day of the test's own."""

from __future__ import annotations

from datetime import date

import pytest

from cli.conftest import tell  # noqa: F401  # a fixture, found by its name
from tfmatrix.cli import gate

from .project import TODAY


@pytest.fixture(autouse=True)
def _one_index(_from_stub_index: None) -> None:
    """Have every command resolve from one index."""


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every command run on one day."""
    on(monkeypatch, TODAY)


def on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Have every command run on another day."""
    monkeypatch.setattr(gate, "today", lambda: day)
