"""Bisects by a command of the user's: how it ends in each build tells builds apart, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from questions.bisect.world import CELL, RELEASES, World, changing
from tfmatrix.errors import UserError
from tfmatrix.questions.bisect.answer import answer, problems
from tfmatrix.questions.bisect.phrases import command
from tfmatrix.questions.bisect.plan import BisectPlan, Choices, make_bisect_plan
from tfmatrix.questions.bisect.summary import Report, summarise
from tfmatrix.report import terminal
from tfmatrix.store.store import Store

LINE = RELEASES[-5:]
CHECK = "python check.py --atol 1e-6"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


def planned(world: World, *cells: str, checks: tuple[str, ...] = (CHECK,), **choices: Any) -> BisectPlan:
    """Return the plan of a bisect by checks."""
    (world.folder / "check.py").write_text("", encoding="utf-8")
    return make_bisect_plan(world.config, f"{LINE[0]}..{LINE[-1]}", cells, choices=Choices(**choices), checks=checks)


def asked(folder: Path, store: Store, *gives: Any) -> Report:
    """Return the report of a check that ends so in each build."""
    world = World(folder, dict(zip(LINE, gives, strict=True)))
    plan = planned(world)
    world.run(plan, store)
    return summarise(plan, store)


def test_the_first_build_in_which_it_fails_is_found(tmp_path: Path, store: Store) -> None:
    """To fail is the change; the report says how it failed, and gives the command again."""
    report = asked(tmp_path, store, 1.0, 1.0, "failed", "failed", "failed")
    (cell,) = report.cells
    assert [(one.before, one.after) for one in cell.boundaries] == [(LINE[1], LINE[2])]
    assert cell.name == cell.check == CHECK
    assert problems(report) == []
    told = "\n".join(terminal.lines(answer(report)))
    assert f"{CHECK}: {LINE[0]} A" in told
    assert f"next: tfmatrix bisect {LINE[1]}..{LINE[2]} --check '{CHECK}' --patches" in told
    assert "it failed here" in next(one for one in cell.results if one.build == LINE[2]).reason
    assert f"--check '{CHECK}'" in command(report)


def test_what_it_prints_or_computes_counts_for_nothing(tmp_path: Path, store: Store) -> None:
    """Only that it ends with 0: other bits beside that are no change, and neither is another exception."""
    report = asked(tmp_path, store, *changing(*LINE, names=LINE).values())
    assert [one.letter for one in report.cells[0].results] == ["A", "A"]


def test_the_first_build_in_which_it_passes_is_found_too(tmp_path: Path, store: Store) -> None:
    """Since when something works is asked as well."""
    report = asked(tmp_path, store, "failed", "failed", "failed", 1.0, 1.0)
    assert [(one.before, one.after) for one in report.cells[0].boundaries] == [(LINE[2], LINE[3])]


@pytest.mark.parametrize("outcome", ["unsupported", "crashed", "timed-out", "refused", "unstable"])
def test_a_build_that_cannot_tell_is_skipped_by_name(tmp_path: Path, store: Store, outcome: str) -> None:
    """Exit status 125 is unsupported here; the boundary is an interval then, and the exit code 2."""
    mixed = {"unstable": "sometimes"}.get(outcome, outcome)
    report = asked(tmp_path, store, 1.0, 1.0, mixed, "failed", "failed")
    (boundary,) = report.cells[0].boundaries
    assert (boundary.before, boundary.after, boundary.skipped) == (LINE[1], LINE[3], (LINE[2],))
    assert any(f"not narrowed down between {LINE[1]} and {LINE[3]}: {LINE[2]} " in line for line in problems(report))


def test_a_check_that_fails_at_both_ends_finds_nothing(tmp_path: Path, store: Store) -> None:
    """It is most likely the check that is wrong, so that is no answer."""
    report = asked(tmp_path, store, *["failed"] * 5)
    (problem,) = problems(report)
    assert problem.startswith(f"{CHECK}: nothing was compared: failed in {LINE[0]}, failed in {LINE[-1]}: ")
    assert problem.endswith("it failed here")


def test_cells_and_checks_share_each_build(tmp_path: Path, store: Store) -> None:
    """Both are asked at once, each narrowed down for itself, and both are found in what is stored."""
    world = World(tmp_path, dict(zip(LINE, (1.0, 2.0, 2.0, "failed", "failed"), strict=True)))
    plan = planned(world, CELL)
    world.run(plan, store)
    cell, check = summarise(plan, store).cells
    assert [(one.before, one.after) for one in cell.boundaries] == [(LINE[0], LINE[1]), (LINE[2], LINE[3])]
    assert [(one.before, one.after) for one in check.boundaries] == [(LINE[2], LINE[3])]
    ran = len(world.trials)
    world.run(planned(world), store)
    assert len(world.trials) == ran


def test_by_verdict_a_check_is_what_it_is(tmp_path: Path, store: Store) -> None:
    """Verdicts tell the builds of a cell apart; a check has none."""
    world = World(tmp_path, dict(zip(LINE, (1.0, 1.0, 1.0, 1.0, "failed"), strict=True)))
    plan = planned(world, by_verdict=True)
    world.run(plan, store)
    assert [(one.before, one.after) for one in summarise(plan, store).cells[0].boundaries] == [(LINE[3], LINE[4])]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the bisect has --check, which must be a list of words"),
        ("bash check.sh", "the bisect has --check, which must begin with python or jupyter, but begins with 'bash'"),
        ("python", "with python alone, which runs nothing"),
        ("python -c pass", "with the option -c"),
        ("python chekc.py", "has no such file; did you mean check.py?"),
        ("python ../check.py", "which leads out of the project"),
        ("python 'check.py", "has a quotation mark that is not closed."),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    """Each says what is wrong with the command."""
    world = World(tmp_path, dict.fromkeys(LINE, 1.0))
    with pytest.raises(UserError) as raised:
        planned(world, checks=(text,))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_asked_is_said(tmp_path: Path) -> None:
    """The sentence has both ways to ask."""
    with pytest.raises(UserError, match=r"--cell mlp/tf2/gradient; or a command of yours: --check 'python check.py'"):
        planned(World(tmp_path, dict.fromkeys(LINE, 1.0)), checks=())
