"""What one report says otherwise than another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from questions.changing import changed
from tfmatrix.questions.matrix.difference import NAMED, difference, told
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.report import terminal


def lines(old: Report, new: Report) -> list[str]:
    """Return a difference as the terminal has it."""
    return list(terminal.lines([*told(difference(old, new))]))


def test_two_that_are_the_same_differ_in_nothing(report: Report) -> None:
    """All cells are counted, and that is all."""
    assert not difference(report, report)
    assert lines(report, report) == [f"{len(report.cells)} cells have the same results and verdict."]


def test_verdicts_and_results_are_told_apart(report: Report) -> None:
    """Another verdict is said with both words, other bits under the same verdict are counted for themselves."""
    at = {cell.id: number for number, cell in enumerate(report.cells)}
    cells = list(report.cells)
    one, other = at["2.16.2/rounds/tf2"], at["2.16.2/differs/tf2"]
    cells[one] = changed(cells[one], verdict="different")
    cells[other] = changed(cells[other], trace="f" * 64)
    found = difference(report, changed(report, cells=tuple(cells)))
    assert found.verdicts == {("rounding", "different"): ("2.16.2/rounds/tf2",)}
    assert found.results == ("2.16.2/differs/tf2",)
    assert found.same == len(cells) - 2


def test_cells_of_one_report_only(report: Report) -> None:
    """Those that went and those that came, of many the first and how many more there are."""
    fewer = changed(report, cells=report.cells[NAMED + 2 :])
    told_ = lines(report, fewer)
    assert told_[0].startswith(f"- in the old one only: {report.cells[0].id}, ")
    assert told_[0].endswith(" and 2 more")
    assert difference(fewer, report).new == tuple(cell.id for cell in report.cells[: NAMED + 2])


@pytest.mark.parametrize(
    ("change", "saying"),
    [
        (lambda r: changed(r, tfmatrix="9.9"), "- tfmatrix: 0.0.0, now 9.9"),
        (lambda r: changed(r, machine=lambda m: changed(m, cpu="Other")), "- machine: {cpu}, now Other"),
        (
            lambda r: changed(r, machine=lambda m: changed(m, id="f" * 64)),
            "- machine: {id}, now ffffffffffff, both {cpu}",
        ),
        (lambda r: changed(r, settings=lambda s: changed(s, trials=7)), "- trials: 2, now 7"),
        (lambda r: changed(r, settings=lambda s: changed(s, modes=("tf2", "v1"))), "- modes: tf2, now tf2, v1"),
        (
            lambda r: changed(r, environments=lambda e: (changed(e[0], packages={"keras": "9"}), *e[1:])),
            "- environment 2.15.1: keras none, now 9",
        ),
        (
            lambda r: changed(r, environments=lambda e: (changed(e[0], lock=None), *e[1:])),
            "- environment 2.15.1: another lock file with the same packages",
        ),
    ],
)
def test_what_results_rest_on_comes_first(report: Report, change: Callable[[Report], Report], saying: str) -> None:
    """Machine, settings and environments are compared too: a reader looks there for the cause."""
    bare = changed(report, environments=lambda e: (changed(e[0], packages={}), *e[1:]))
    expected = saying.format(cpu=report.machine.cpu, id=report.machine.id[:12])
    assert lines(bare, change(bare))[0] == expected
