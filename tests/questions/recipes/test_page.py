"""The report on recipes: a reader's answer first, every failure with what is to blame and what mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from building import MACHINE_OF_TESTS
from golden_files import assert_golden
from questions.changing import changed, each
from questions.recipes.worlds import facts, inhabit, project, results_of
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.recipes import summary
from tfmatrix.questions.recipes.answer import answer, problems
from tfmatrix.questions.recipes.page import page, versions
from tfmatrix.questions.recipes.summary import Cell, Report, summarise
from tfmatrix.report import terminal
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import machine_of
from tfmatrix.store.store import Store


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Yield the report of two releases in a world without TensorFlow, made once."""
    folder = tmp_path_factory.mktemp("recipes")
    with pytest.MonkeyPatch.context() as patched, Store(folder / "store.sqlite") as store:
        inhabit(patched, facts)
        patched.setattr(summary, "__version__", "0.0.0")
        found = summarise(results_of(project(folder), store))
        yield changed(found, machine=machine_of(MACHINE_OF_TESTS), id="12345678")


def test_the_report_is_what_it_was(found: Report) -> None:
    """The whole report, as it was read and found good."""
    assert_golden("recipes.md", to_markdown(page(found)))


def test_the_id_is_the_digest_of_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number is another report, and what is read again is the same one."""
    inhabit(monkeypatch, facts)
    with Store(tmp_path / "store.sqlite") as store:
        report = summarise(results_of(project(tmp_path, ["2.15.1"]), store))
    assert report.id == report_id(report)
    assert report.id != report_id(changed(report, trials=0))
    assert of_shape(json.loads(to_text(report)), Report) == report


def test_what_is_missing_is_no_pass(found: Report) -> None:
    """A cell of which nothing is known has a question mark, and the report says that it is incomplete."""

    def forget(cell: Cell) -> Cell:
        gone = (cell.recipe, cell.environment) == ("set-random-seed", "2.15.1")
        return changed(cell, verdict=Verdict.MISSING, agreeing=0, tried=0) if gone else cell

    told = "2.15.1: not tried as often as meant: set-random-seed[keras-mlp]"
    part = changed(found, cells=each(forget), unanswered=(told,))
    text = to_markdown(page(part))
    row = next(line for line in text.splitlines() if line.startswith("| `set-random-seed` "))
    assert [cell.strip() for cell in row.split("|")][2:4] == ["yes 3/3", "?"]
    assert "is not known in 2.15.1" in text
    assert "**Incomplete.**" in text
    assert problems(part) == [told]


def test_words_from_elsewhere_are_shown_as_text(found: Report) -> None:
    """A message cannot break a table or bring markup of its own."""

    def spoil(cell: Cell) -> Cell:
        if cell.verdict is not Verdict.FAILED or cell.first is None:
            return cell
        return changed(cell, first=replace(cell.first, message="r.py, line 6: Error: a | b <script>\x1b[31m `c`"))

    text = to_markdown(page(changed(found, cells=each(spoil))))
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "a \\| b &lt;script&gt; \\`c\\`" in text


def test_the_answer_says_which_recipe_is_advised_where(found: Report) -> None:
    """The terminal shows, for each mode, each recipe that is advised and in which releases."""
    told = [line.split() for line in terminal.lines(answer(found))]
    assert {(mode, recipe) for mode, recipe, *_ in told} == {(one.mode, one.recipe) for one in found.advice}
    none = changed(found, advice=each(lambda one: changed(one, recipe="")))
    assert [line.split()[:2] for line in terminal.lines(answer(none))] == [["tf2", "none"], ["v1", "none"]]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["1", "2", "3", "4", "5"], "all 5 releases"),
        (["1", "2", "3"], "1 to 3"),
        (["1", "2", "4"], "1, 2, 4"),
        (["5", "3", "4", "1"], "1, 3 to 5"),
        (["4"], "4"),
    ],
)
def test_versions_are_told_as_a_reader_says_them(found: Report, names: list[str], told: str) -> None:
    """Three releases or more without a gap are a range; all are all."""
    one = found.environments[0]
    report = changed(found, environments=tuple(changed(one, name=name) for name in "12345"))
    assert versions(report, names) == told
