"""The file of a receipt: how it is laid out for who reads it."""

from __future__ import annotations

from datetime import date

import pytest

from tfmatrix.gate.receipt import HEADER, Receipt, Setting, dumps


def written(models: int) -> str:
    """Return the file of a receipt with so many models."""
    settings: dict[str, Setting] = {"models": [f"m{number}" for number in range(models)], "trials": 2}
    return dumps(
        Receipt(
            start="2.15.1",
            to="2.16.2",
            report="3f9c2ab1",
            machine="abc",
            policy="def",
            evidence="0" * 64,
            on=date(2026, 11, 25),
            versions={"tensorflow": "2.16.2"},
            settings=settings,
        )
    )


def test_a_receipt_says_first_what_it_is() -> None:
    """The comments at the head come first, each on a line of its own."""
    assert written(1).splitlines()[: len(HEADER)] == [f"# {line}" for line in HEADER]


@pytest.mark.parametrize(("models", "long"), [(2, False), (3, False), (4, True), (6, True)])
def test_a_long_list_has_a_line_for_each(models: int, long: bool) -> None:
    """A list of three stays on one line, and a longer one has a line for each, so that a change is one line."""
    lines = written(models).splitlines()
    assert ("models = [" in lines) == long
    assert any("m0" in line and "m1" in line for line in lines) != long
