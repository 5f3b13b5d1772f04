"""The live view: what each event says, and what is trouble."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from building import BASELINE, CANDIDATE, installed, plan_of, trial
from tfmatrix.cli.view import View
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.runner.events import Event, Finished, Launched, Making, Ready, Refused, Round


def again(trial: str) -> list[str]:
    """Return the command that runs a trial again."""
    return ["tfmatrix", "run", "--cell", trial]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two environments."""
    return plan_of(tmp_path)


def all_trials(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial that a plan expects."""
    return [expected for trials in plan.trials.values() for expected in trials]


def over(expected: ExpectedTrial, outcome: str = "observed", message: str = "") -> Finished:
    """Return the end of a trial."""
    return Finished(expected, trial(expected, outcome, message=message), (), {})


def shown(view: View) -> str:
    """Return what stands on a terminal of 200 columns."""
    text = io.StringIO()
    Console(file=text, width=200, color_system=None).print(view)
    return text.getvalue()


def rows(view: View) -> Iterator[list[str]]:
    """Yield the words of each row below the headings."""
    for line in shown(view).splitlines()[1:]:
        yield line.split()


def test_each_environment_has_a_row_with_what_is_left_of_it(plan: Plan) -> None:
    """Before anything happens every environment waits with none of its trials done."""
    view = View(again)
    view.tell(Round(tuple(all_trials(plan)), 0))
    expected = {e.name: sum(t.cell.environment == e for t in all_trials(plan)) for e in plan.environments}
    assert list(rows(view)) == [[name, "waiting", f"0/{number}"] for name, number in expected.items()]


def test_a_row_counts_its_own_trials_and_ends_as_done(plan: Plan) -> None:
    """Trials count for their own environment, the last one is named, and with the last of them it is done."""
    view = View(again)
    view.tell(Round(tuple(all_trials(plan)), 0))
    mine = [e for e in all_trials(plan) if e.cell.environment.name == CANDIDATE]
    for number, expected in enumerate(mine, 1):
        line = view.tell(over(expected))
        assert line == (f"{CANDIDATE}: {len(mine)} trials done" if number == len(mine) else None)
    assert [row[:4] for row in rows(view)][1] == [CANDIDATE, "done", f"{len(mine)}/{len(mine)}", "mlp/tf2"]
    assert next(row[:2] for row in rows(view)) == [BASELINE, "waiting"]


def test_the_time_left_is_at_the_pace_since_the_first_trial(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the trials in 10 s leave 10 s, and a further process that starts meanwhile changes nothing of that."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    view = View(again)
    view.tell(Round(tuple(all_trials(plan)), 0))
    mine = [e for e in all_trials(plan) if e.cell.environment.name == CANDIDATE]
    view.tell(Making(mine[0].cell.environment))
    now[0] = 100.0
    view.tell(Launched(mine[0].cell.environment, 1.0, True))
    for expected in mine[: len(mine) // 2]:
        view.tell(over(expected))
    now[0] = 110.0
    view.tell(Launched(mine[0].cell.environment, 1.0, True))
    left = 10.0 / (len(mine) // 2) * (len(mine) - len(mine) // 2)
    assert next(row for row in rows(view) if row[0] == CANDIDATE)[-2:] == [f"{left:.0f}", "s"]


def test_each_event_has_its_line(plan: Plan) -> None:
    """Without a terminal a run is told line by line, a slow launch saying so."""
    view, environment = View(again), plan.baseline
    view.tell(Round(tuple(all_trials(plan)), 0))
    told = [
        view.tell(event)
        for event in (
            Making(environment),
            Ready(environment, installed(environment, plan.config)),
            Launched(environment, 4.25, True),
            Launched(environment, 4.25, False),
            Refused(environment, "no Python"),
        )
    ]
    assert told[:2] == ["2.15.1: installing", "2.15.1: ready, 2 packages"]
    assert str(told[2]).startswith("2.15.1: TensorFlow imported in 4.2 s")
    assert len(str(told[3])) > len(str(told[2]))
    assert told[4] == "2.15.1: unavailable: no Python"


@pytest.mark.parametrize(
    ("outcome", "trouble"),
    [("observed", False), ("unsupported", False), ("failed", True), ("crashed", True), ("timed-out", True)],
)
def test_what_was_not_observed_is_trouble(plan: Plan, outcome: str, trouble: bool) -> None:
    """A trial that failed, crashed or timed out is told at once, with its name and the first line of its message."""
    view, expected = View(again), all_trials(plan)[0]
    view.tell(Round(tuple(all_trials(plan)), 0))
    event = over(expected, outcome, "the first line\nthe second")
    assert view.must_be_seen(event) is trouble
    line = view.tell(event)
    assert (line is not None) is trouble
    if line is not None:
        assert line.startswith(f"2.15.1/mlp/tf2 trial-1 {outcome}: the first line")
        assert "second" not in line


@pytest.mark.parametrize("message", ["", "\n", "\n\nlate"])
def test_a_failure_without_words_is_still_told(plan: Plan, message: str) -> None:
    """A trial that failed without a message has its line all the same."""
    view = View(again)
    view.tell(Round(tuple(all_trials(plan)), 0))
    line = view.tell(over(all_trials(plan)[0], "failed", message))
    assert str(line).startswith("2.15.1/mlp/tf2 trial-1 failed")


def test_a_refused_environment_is_trouble_and_a_launch_is_not(plan: Plan) -> None:
    """An environment that cannot be had is told at once, and what goes well is not."""
    events: list[tuple[Event, bool]] = [
        (Refused(plan.baseline, "why"), True),
        (Making(plan.baseline), False),
        (Launched(plan.baseline, 1.0, True), False),
    ]
    assert [View().must_be_seen(event) for event, _ in events] == [trouble for _, trouble in events]


def test_a_model_called_like_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    """Brackets in a model's name are no markup of the terminal's."""
    plan = plan_of(tmp_path, {"m": 'VARIANTS = {"bold": {}}'})
    view = View(again)
    view.tell(Round(tuple(all_trials(plan)), 0))
    view.tell(over(all_trials(plan)[0]))
    assert "m[bold]/tf2 observed" in shown(view)
    assert isinstance(plan.baseline, Environment)
