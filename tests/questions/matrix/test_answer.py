"""The answer on the terminal: a line for each candidate, and one for each problem."""

from __future__ import annotations

import pytest

from questions.changing import changed, each
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.answer import answer, change, problems, unanswered
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.summary import Candidate, Report
from tfmatrix.report import terminal
from tfmatrix.report.markdown import to_markdown

from .stored import EVIL


def lines(report: Report) -> list[str]:
    """Return the answer as the terminal has it."""
    return list(terminal.lines(answer(report)))


def test_each_candidate_has_its_verdict_its_counts_and_its_worst_change(report: Report) -> None:
    """A candidate's two lines say the worst verdict, how many cells have which, and where the worst came up first."""
    asked, *told = lines(report)
    assert asked == "against 2.15.1:"
    assert told[0] == (
        "2.16.2  failed          2 failed, 1 unstable, 2 not comparable, 1 different, 1 redrawn, 1 rounding, "
        "1 identical, 1 unsupported"
    )
    assert told[1] == "        crashes/tf2: crashed: crashes.py: killed by SIGSEGV"
    assert told[2].split("  ")[:2] == ["2.21.0", "failed"]


def test_an_identical_candidate_has_one_line(report: Report) -> None:
    """Where nothing changed there is no second line."""
    same = Candidate(environment="2.16.2", verdict=Verdict.IDENTICAL, counts={Verdict.IDENTICAL: 3}, first_changes=())
    assert lines(changed(report, candidates=(same,))) == ["against 2.15.1:", "2.16.2  identical       3 identical"]


def test_what_was_not_asked_about_is_said_first(report: Report) -> None:
    """An answer of some models alone says of how many."""
    asked = {cell.model for cell in report.cells}
    part = changed(report, settings=changed(report.settings, left_out=("a", "b")))
    told = f"{len(asked)} of {len(asked) + 2} models"
    assert lines(part)[0] == f"against 2.15.1, {told}:"
    text = to_markdown(page(part))
    assert f"**Only {told} were asked.** Not among them: `a`, `b`." in text
    assert text.index("were asked") < text.index("Versions by mode")


def test_a_change_of_a_stage_says_where(report: Report) -> None:
    """A change that was measured names cell, tier, stage, verdict and what was found."""
    changes = {first.verdict: change(first) for first in report.candidates[0].first_changes}
    assert changes[Verdict.DIFFERENT] == "differs/tf2: native gradient@1/w different (5.2e+05 times the noise floor)"
    assert changes[Verdict.UNSTABLE].startswith("wobbles/tf2: 2 trials gave 2 results")


def test_one_problem_of_many_cells_is_one_line(report: Report) -> None:
    """A model that fails everywhere is one problem with its number of cells, and so is an environment."""
    found = {line.split()[0]: line for line in problems(report)}
    assert set(found) == {"fails_everywhere", "crashes"}
    assert found["fails_everywhere"].endswith("(3 cells)")
    assert found["crashes"].endswith("(2.16.2/crashes/tf2)")
    cells = [cell for cell in report.cells if cell.environment == "2.16.2"]
    gone = tuple(changed(cell, outcome="unavailable", reason="no lock") for cell in cells)
    assert problems(changed(report, cells=gone)) == ["2.16.2 unavailable: no lock (10 cells)"]


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
def test_what_nothing_is_known_of_is_a_problem(report: Report, outcome: str, problem: bool) -> None:
    """Every outcome but those that say something of the cell is a problem, an unknown one too."""
    cell = changed(report.cells[0], outcome=outcome)
    assert bool(unanswered(changed(report, cells=(cell,)))) is problem


def test_nothing_is_compared_where_no_model_is_on_both_sides(report: Report) -> None:
    """Candidates whose models exist nowhere are no comparison, and neither is a report without candidates."""
    told = "nothing was compared with 2.15.1; choose another version too."
    assert told not in problems(report)
    assert told in problems(changed(report, candidates=()))
    alone = changed(report.candidates[0], counts={Verdict.UNSUPPORTED: 2})
    assert told in problems(changed(report, candidates=(alone,)))


def test_what_a_model_says_stays_on_its_line(report: Report) -> None:
    """A message with newlines and terminal codes is one line of plain text, in answers and in problems."""

    def spoil(candidate: Candidate) -> Candidate:
        return changed(candidate, first_changes=each(lambda first: changed(first, reason=EVIL, finding=None)))

    evil = changed(report, candidates=each(spoil))
    told = [*lines(evil), *problems(evil)]
    assert len(lines(evil)) == len(lines(report))
    assert not [line for line in told if "\n" in line or "\x1b" in line]
