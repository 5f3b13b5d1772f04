"""The answer on the terminal: a line for each candidate, and one for each problem."""

from __future__ import annotations

from typing import Any

import pytest

from questions.changing import changed, each
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.questions.matrix.answer import answer, change, problems, unanswered
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.summary import Candidate, Evidence, Report
from tfmatrix.report import terminal
from tfmatrix.report.markdown import to_markdown

from .stored import EVIL


def lines(report: Report) -> list[str]:
    """Return the answer as the terminal has it."""
    return list(terminal.lines(answer(report)))


def test_each_era_has_its_answer_its_counts_and_its_first_change(report: Report) -> None:
    """A candidate's lines say whether one may move there, how many cells have which verdict, and where it began."""
    asked, *told = lines(report)
    assert asked == "against 2.15.1:"
    assert told[:3] == [
        "2.16.2  not yet: some models fail",
        "        2 failed, 1 unstable, 1 not comparable, 1 gone, 1 new, 1 different, 1 redrawn, 1 rounding, "
        "1 identical",
        "        crashes/tf2: crashed: crashes.py: killed by SIGSEGV",
    ]
    assert told[3] == "2.21.0  not yet: some models fail"
    assert told[-1] == "next: tfmatrix explain 2.16.2 --baseline 2.15.1"


@pytest.mark.parametrize(
    ("unreached", "told"),
    [("", ""), ("shuffle@0/order", "; not all behind them was judged")],
    ids=["all handed over", "an order that was not handed over"],
)
def test_other_random_numbers_that_hide_the_rest_are_said_to(report: Report, unreached: str, told: str) -> None:
    """Where the order of rows could not be handed over, nothing is known of what follows from it."""
    redrawn = next(cell for cell in report.cells if cell.judged is Verdict.REDRAWN and cell.environment == "2.16.2")
    one = Candidate(environment="2.16.2", verdict=Verdict.REDRAWN, counts={Verdict.REDRAWN: 1}, first_changes=())
    alone = changed(report, candidates=(one,), cells=(changed(redrawn, unreached=unreached or None),))
    assert lines(alone)[1] == f"2.16.2  not yet: other random numbers{told}"
    assert f"| not yet: other random numbers{told} |" in to_markdown(page(alone))


def test_an_identical_candidate_has_two_lines(report: Report) -> None:
    """Where nothing changed there is no third, and what is next is to ask the gate."""
    same = Candidate(environment="2.16.2", verdict=Verdict.IDENTICAL, counts={Verdict.IDENTICAL: 3}, first_changes=())
    alone = changed(report, candidates=(same,), cells=())
    assert lines(alone) == [
        "against 2.15.1:",
        "2.16.2  yes: the same bits",
        "        3 identical",
        "next: tfmatrix check 2.16.2 --baseline 2.15.1",
    ]
    typed = changed(alone, settings=changed(report.settings, at_once=("--", "python", "train.py")))
    assert lines(typed) == lines(alone)[:-1]


def test_what_is_gone_is_named_where_it_is_the_answer(report: Report) -> None:
    """Beside rounding the model that is gone comes first, in the counts and below them."""
    counts = {Verdict.GONE: 1, Verdict.ROUNDING: 2}
    gone, rounds = (changed(report.candidates[0].first_changes[0], verdict=v, reason=v.value) for v in counts)
    both = changed(report.candidates[0], verdict=worst(counts), counts=counts, first_changes=(gone, rounds))
    assert lines(changed(report, candidates=(both,), cells=()))[1:4] == [
        "2.16.2  not yet: a model is gone",
        "        1 gone, 2 rounding",
        "        crashes/tf2: gone",
    ]


def test_another_python_and_a_release_that_is_not_known_are_said_beside_the_verdict(report: Report) -> None:
    """What moves besides, and what tfmatrix was not tested with, stands below the verdict, there and in the page."""
    moved: dict[str, dict[str, Any]] = {"2.16.2": {"python": "3.12.1", "known": False}, "2.15.1": {"python": "3.10.13"}}
    others = tuple(changed(one, **moved.get(one.name, {"python": "3.10.2"})) for one in report.environments)
    same = Candidate(environment="2.16.2", verdict=Verdict.IDENTICAL, counts={Verdict.IDENTICAL: 3}, first_changes=())
    told = [
        "on Python 3.12, 2.15.1 on 3.10, which can change results too",
        f"tfmatrix {report.tfmatrix} was not tested with this release",
    ]
    candidates = (same, changed(same, environment="2.21.0"))
    both = changed(report, environments=others, candidates=candidates, cells=())
    # A patch of the same Python is not told.
    assert [line.strip() for line in lines(both)[3:5]] == [f"2.16.2: {one}" for one in told]
    assert len(lines(both)) == 6
    text = to_markdown(page(changed(report, environments=others)))
    assert all(one in text for one in told)


def test_what_does_not_exist_is_said_with_its_reason(report: Report) -> None:
    """Each reason has a line with the releases in which it holds, and the first few cells that it holds of."""
    told = lines(report)
    assert told[told.index("unsupported:") + 1 : -1] == [
        "- 2.15.1, 2.21.0: came with 2.16: is_new/tf2",
        "- 2.15.1 to 2.21.0: needs a GPU: is_nowhere/tf2",
        "- 2.16.2: went with Keras 2: is_gone/tf2",
    ]
    gone = next(cell for cell in report.cells if cell.model == "is_gone" and cell.outcome == "unsupported")
    many = [changed(gone, model=f"m{number}", reason=f"needs a graph (line {number})") for number in range(5)]
    (line,) = (line for line in lines(changed(report, cells=tuple(many))) if "needs a graph" in line)
    assert line.endswith("m0/tf2, m1/tf2, m2/tf2 and 2 more")


def test_a_model_of_one_release_hides_no_difference(report: Report) -> None:
    """What exists on one side only is counted beside the verdict, and is the verdict where nothing was compared."""
    counts = {Verdict.GONE: 1, Verdict.DIFFERENT: 1}
    assert worst(counts) is Verdict.DIFFERENT
    gone, different = (changed(report.candidates[0].first_changes[0], verdict=verdict) for verdict in counts)
    both = changed(
        report.candidates[0], verdict=worst(counts), counts=counts, first_changes=(gone, changed(different, reason="d"))
    )
    told = lines(changed(report, candidates=(both,), cells=()))
    assert told[1:4] == ["2.16.2  not yet: another meaning", "        1 different, 1 gone", "        crashes/tf2: d"]
    assert worst([Verdict.NEW, Verdict.UNSUPPORTED]) is Verdict.NEW


def test_the_last_lines_of_a_model_are_shown_once(report: Report) -> None:
    """Below a failure stand the last three lines that it wrote, once for releases that say the same but for numbers."""
    raises = [cell for cell in report.cells if cell.model == "fails_everywhere"]
    warning = "2026-11-28 13:48:45.751212: W tensorflow/c/c_api.cc:305] Operation\nWARNING:tensorflow:From x: y\n"
    wrote = [f"first\n\nloss {number}.5\x1b[31m\n  at 0x{number}ff\nbye\n{warning}" for number in range(3)]
    cells = tuple(
        changed(cell, reason="no", evidence=Evidence(traceback="", output=text))
        for cell, text in zip(raises, wrote, strict=True)
    )
    assert problems(changed(report, cells=cells)) == [
        "fails_everywhere failed: no (3 cells in 2.15.1, 2.16.2, 2.21.0)",
        "  | loss 0.5",
        "  |   at 0x0ff",
        "  | bye",
    ]
    other = changed(cells[2], evidence=Evidence(traceback="", output="another word"))
    assert problems(changed(report, cells=(*cells[:2], other)))[1:] == [
        "  2.15.1/fails_everywhere/tf2 wrote:",
        "  | loss 0.5",
        "  |   at 0x0ff",
        "  | bye",
        "  2.21.0/fails_everywhere/tf2 wrote:",
        "  | another word",
    ]


def test_what_was_not_asked_about_is_said_first(report: Report) -> None:
    """An answer of some models alone says of how many."""
    asked = {cell.model for cell in report.cells}
    part = changed(report, settings=changed(report.settings, left_out=("a", "b")))
    told = f"{len(asked)} of {len(asked) + 2} models"
    assert lines(part)[0] == f"against 2.15.1, {told}:"
    text = to_markdown(page(part))
    assert f"**Only {told} were asked about.** Not among them: `a`, `b`." in text
    assert text.index("were asked") < text.index("Versions by mode")


def test_a_change_of_a_stage_says_where(report: Report) -> None:
    """A change that was measured names cell, tier, stage, verdict and what was found."""
    changes = {first.verdict: change(first) for first in report.candidates[0].first_changes}
    assert changes[Verdict.DIFFERENT] == "differs/tf2: native gradient@1/w different (520,000 times the noise floor)"
    assert changes[Verdict.UNSTABLE].startswith("wobbles/tf2: 2 trials gave 2 results")


def test_one_problem_of_many_cells_is_one_line(report: Report) -> None:
    """A model that fails everywhere is one problem with its number of cells, and so is an environment."""
    found = {line.split()[0]: line for line in problems(report)}
    assert set(found) == {"fails_everywhere", "crashes", "|", "is_nowhere"}
    assert found["fails_everywhere"].endswith("(3 cells in 2.15.1, 2.16.2, 2.21.0)")
    assert found["is_nowhere"] == "is_nowhere unsupported everywhere, so nothing was compared: needs a GPU"
    assert found["crashes"].endswith("(2.16.2/crashes/tf2)")
    cells = [cell for cell in report.cells if cell.environment == "2.16.2"]
    gone = tuple(changed(cell, outcome="unavailable", reason="no lock") for cell in cells)
    assert problems(changed(report, cells=gone)) == ["2.16.2 unavailable: no lock (11 cells)"]


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
