"""Mutants of a tiny project: which there are, how they are drawn, and what becomes of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from .choosing import Mutant, draw, mutants_of
from .groups import GROUPS, Group
from .running import Bench, Outcome, Result

ROOT = Path(__file__).parents[2]

SOURCE = '''"""Count down."""

from __future__ import annotations


def steps(start: int | None, *, by: int = 1) -> int | None:
    """Return how many steps lead from a number to zero."""
    if start is None:
        return None
    count = 0
    while start > 0:
        start = start - by
        count = count + 1
    return count
'''

TEST = '''"""Tests."""

from tiny import steps


def test_it_counts():
    """Three by two are two steps."""
    assert steps(4, by=2) == 2
'''

GROUP = Group("tiny", ("src/tiny.py",), ("tests/test_tiny.py",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of the tiny project."""
    root = tmp_path / "project"
    for name, text in (("src/tiny.py", SOURCE), ("tests/test_tiny.py", TEST)):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['integration']\n", encoding="utf-8")
    return root


def tried(root: Path, folder: Path, mutants: list[Mutant]) -> list[Result]:
    """Return what becomes of mutants of the tiny project."""
    return list(Bench(root, folder, dict.fromkeys(mutants, GROUP), processes=2, patience=2).run(mutants))


def test_no_mutant_is_of_an_annotation_or_of_sameness(root: Path) -> None:
    """An annotation has no mutants, and `is` has one, which is `is not`."""
    mutants = mutants_of(root, [GROUP])
    assert not [mutant for mutant in mutants if mutant.line == 6 and "Operator_BitOr" in mutant.operator]
    compared = [mutant.operator for mutant in mutants if mutant.line == 8 and "Comparison" in mutant.operator]
    assert compared == ["core/ReplaceComparisonOperator_Is_IsNot"]


def test_the_same_seed_draws_the_same_mutants_of_different_places(root: Path) -> None:
    """A sample is the same each time, another seed's is another, and no two of its mutants share a place."""
    mutants = mutants_of(root, [GROUP])
    drawn = draw(root, mutants, 5, seed=1)
    assert drawn == draw(root, reversed(mutants), 5, seed=1)
    assert drawn != draw(root, mutants, 5, seed=2)
    assert len({(mutant.line, mutant.column) for mutant in drawn}) == 5


def test_no_drawn_mutant_is_broken_python(root: Path) -> None:
    """A star that only marks what is passed by name is never drawn: what cosmic-ray makes of it is not Python."""
    mutants = mutants_of(root, [GROUP])
    assert [mutant for mutant in mutants if "Operator_Mul" in mutant.operator]
    assert not [mutant for mutant in draw(root, mutants, 1000, seed=1) if "Operator_Mul" in mutant.operator]


def test_each_mutant_is_killed_survives_or_times_out(root: Path, tmp_path: Path) -> None:
    """A fault that a test notices is killed, one that none notices survives, and an endless loop ends."""
    mutants = {(mutant.line, mutant.operator.removeprefix("core/")): mutant for mutant in mutants_of(root, [GROUP])}
    killed, survived, timed_out = tried(
        root,
        tmp_path / "copies",
        [
            mutants[13, "ReplaceBinaryOperator_Add_Mul"],
            mutants[11, "ReplaceComparisonOperator_Gt_NotEq"],
            mutants[12, "ReplaceBinaryOperator_Sub_Add"],
        ],
    )
    assert killed.outcome is Outcome.KILLED
    assert killed.diff == ("-        count = count + 1", "+        count = count * 1")
    assert survived.outcome is Outcome.SURVIVED
    assert timed_out.outcome is Outcome.TIMED_OUT
    assert (root / "src/tiny.py").read_text(encoding="utf-8") == SOURCE


def test_tests_that_fail_by_themselves_kill_nothing(root: Path, tmp_path: Path) -> None:
    """Where the tests fail without a mutant there are no results, and what failed is told."""
    (root / "tests/test_tiny.py").write_text("def test_it():\n    assert not 'broken'\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"the tests of tiny fail without a mutant:(.|\n)*not 'broken'"):
        tried(root, tmp_path / "copies", list(mutants_of(root, [GROUP])))


def test_every_path_of_the_groups_exists() -> None:
    """A file that was moved is missed, not left out."""
    assert [path for group in GROUPS for path in (*group.sources, *group.tests) if not (ROOT / path).exists()] == []
