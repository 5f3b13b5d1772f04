"""The answer on the terminal: a line for each candidate, and one for each problem."""

from __future__ import annotations

import pytest

from tfmatrix.questions.matrix import answer, page
from tfmatrix.questions.matrix.report import unanswered
from tfmatrix.report.document import Data

from .stored import EVIL


def test_each_candidate_has_its_verdict_its_counts_and_its_worst_change(data: Data) -> None:
    """A candidate's two lines say the worst verdict, how many cells have which, and where the worst came up first."""
    asked, *lines = answer.lines(data)
    assert asked == "against 2.15.1:"
    assert lines[0] == (
        "2.16.2  failed          2 failed, 1 unstable, 2 not comparable, 1 different, 1 redrawn, 1 rounding, "
        "1 identical, 1 unsupported"
    )
    assert lines[1] == "        crashes/tf2: crashed: crashes.py: killed by SIGSEGV"
    assert lines[2].split("  ")[:2] == ["2.21.0", "failed"]


def test_an_identical_candidate_has_one_line(data: Data) -> None:
    """Where nothing changed there is no second line."""
    same = {"environment": "2.16.2", "verdict": "identical", "counts": {"identical": 3}, "first_changes": []}
    assert list(answer.lines({**data, "candidates": [same]})) == [
        "against 2.15.1:",
        "2.16.2  identical       3 identical",
    ]


def test_what_was_not_asked_about_is_said_first(data: Data) -> None:
    """An answer of some models alone says of how many."""
    asked = {cell["model"] for cell in data["cells"]}
    part = {**data, "settings": {**data["settings"], "left_out": ["a", "b"]}}
    told = f"{len(asked)} of {len(asked) + 2} reference models"
    assert next(answer.lines(part)) == f"against 2.15.1, {told}:"
    text = page.render(part)
    assert f"**Only {told} were asked.** Not among them: `a`, `b`." in text
    assert text.index("were asked") < text.index("Versions by mode")


def test_a_change_of_a_stage_says_where(data: Data) -> None:
    """A change that was measured names cell, tier, stage, verdict and what was found."""
    changes = {first["verdict"]: answer.change(first) for first in data["candidates"][0]["first_changes"]}
    assert changes["different"] == "differs/tf2: native gradient@1/w different (5.2e+05 times the noise floor)"
    assert changes["unstable"].startswith("wobbles/tf2: 2 trials gave 2 results")


def test_one_problem_of_many_cells_is_one_line(data: Data) -> None:
    """A model that fails everywhere is one problem with its number of cells, and so is an environment."""
    found = {line.split()[0]: line for line in answer.problems(unanswered(data))}
    assert set(found) == {"fails_everywhere", "crashes"}
    assert found["fails_everywhere"].endswith("(3 cells)")
    assert found["crashes"].endswith("(2.16.2/crashes/tf2)")
    cells = [{**cell, "outcome": "unavailable", "reason": "no lock"} for cell in data["cells"]]
    lines = list(answer.problems(cell for cell in cells if cell["environment"] == "2.16.2"))
    assert lines == ["2.16.2 unavailable: no lock (10 cells)"]


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        ("observed", False),
        ("unsupported", False),
        ("unstable", False),
        ("missing", True),
        ("unavailable", True),
        ("failed", True),
        ("crashed", True),
        ("timed-out", True),
        ("a word of tomorrow", True),
    ],
)
def test_what_nothing_is_known_of_is_a_problem(data: Data, outcome: str, problem: bool) -> None:
    """Every outcome but those that say something of the cell is a problem, an unknown one too."""
    cell = {**data["cells"][0], "outcome": outcome}
    assert bool(unanswered({**data, "cells": [cell]})) is problem


def test_what_a_model_says_stays_on_its_line(data: Data) -> None:
    """A message with newlines and terminal codes is one line of plain text, in answers and in problems."""
    data["candidates"][0]["first_changes"][0]["reason"] = EVIL
    told = [*answer.lines(data), *answer.problems(unanswered(data))]
    assert not [line for line in told if "\n" in line or "\x1b" in line]
