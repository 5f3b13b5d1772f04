"""Rounds: whatever a question wants next is observed once, stored, and told, until it wants nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import ones, plan_of, traced, trial
from tfmatrix.config import Config
from tfmatrix.errors import InternalError, UserError
from tfmatrix.keys import Scope
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import CRASHED, PROBE_DIED, TIMED_OUT, ExpectedTrial
from tfmatrix.runner import rounds as module
from tfmatrix.runner.events import Event, Finished, Making, Refused, Round
from tfmatrix.runner.rounds import Known, observe_one, rounds
from tfmatrix.store.facts import noted_machine, noted_refusal
from tfmatrix.store.store import Store

Wanted = Callable[[Known], Iterable[ExpectedTrial]]


@dataclass
class Question:
    """A question that wants what it is made to want, and remembers what it was told."""

    plan: Plan
    want: Wanted
    told: list[Event] = field(default_factory=list)

    @property
    def config(self) -> Config:
        """Return the configuration."""
        return self.plan.config

    @property
    def scope(self) -> Scope:
        """Return the scope."""
        return self.plan.scope

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return what is wanted."""
        return self.want(known)

    def note(self, event: Event, store: Store) -> None:
        """Remember what happened."""
        self.told.append(event)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two environments."""
    return plan_of(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield an empty store."""
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Let every trial be observed at once, and return the names of those that were, a list for each round."""
    seen: list[list[str]] = []

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        seen.append([expected.id for expected in missing])
        trace, tensors = traced(ones())
        for expected in missing:
            yield Finished(expected, trial(expected, trace=trace), trace, tensors)

    monkeypatch.setattr(module, "observe", observe)
    return seen


def trials_of(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial of a plan."""
    return [expected for trials in plan.trials.values() for expected in trials]


def run(question: Question, store: Store, **choices: Any) -> list[Event]:
    """Put a question, and return what whoever watches was told."""
    told: list[Event] = []
    rounds(question, store, told.append, **choices)
    return told


def test_what_depends_on_what_is_known_comes_in_the_next_round(
    plan: Plan, store: Store, asked: list[list[str]]
) -> None:
    """A trial that is wanted once another is known is run in a round of its own, and nothing is run twice."""
    first, second, *_ = trials_of(plan)
    question = Question(plan, lambda known: [first, *([second] if known.trial(first.key) else [])])
    told = run(question, store)
    assert asked == [[first.id], [second.id]]
    assert [event for event in told if isinstance(event, Round)] == [
        Round((first,), 0),
        Round((second,), 1),
        Round((), 2),
    ]
    assert run(question, store) == [Round((), 2)]


def test_what_takes_longest_is_run_first(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """By what each took before; so that no long one is left over when all others are done."""
    first, second, third, *_ = trials_of(plan)
    for expected, seconds in ((first, 1.0), (second, 3.0), (third, 2.0)):
        store.add(trial(expected, CRASHED, kind=PROBE_DIED, message="m", seconds=seconds), (), {})
    run(Question(plan, lambda _: [first, second, third]), store)
    assert asked == [[second.id, third.id, first.id]]


def test_a_question_notes_what_is_stored_already(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """When a question is told that a trial is over, the store has it, and the watch is told after both."""
    first = trials_of(plan)[0]
    order: list[str] = []

    class Noting(Question):
        def note(self, event: Event, store: Store) -> None:
            """Look whether the trial is in the store."""
            if isinstance(event, Finished):
                order.append(f"noted {store.has_trial(first.key)}")

    rounds(
        Noting(plan, lambda _: [first]),
        store,
        lambda event: order.append("told") if isinstance(event, Finished) else None,
    )
    assert order == ["noted True", "told"]


def test_a_trial_that_two_ask_for_is_run_once(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """A trial that is wanted twice is one."""
    first = trials_of(plan)[0]
    assert run(Question(plan, lambda _: [first, first]), store)[0] == Round((first,), 0)
    assert asked == [[first.id]]


def test_what_is_fresh_is_run_again_once_and_replaced(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """With nothing known each trial is run once more, and until it is over what is stored stays."""
    question = Question(plan, lambda _: trials_of(plan))
    run(question, store)
    asked.clear()
    kept: list[bool] = []
    rounds(question, store, lambda _: kept.append(all(store.has_trial(e.key) for e in trials_of(plan))), fresh=True)
    assert asked == [[expected.id for expected in trials_of(plan)]]
    assert all(kept)


def test_what_was_withdrawn_is_run_again_once(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """A trial of an earlier run that a question takes back is run again, and not for ever."""
    first = trials_of(plan)[0]

    def wanted(known: Known) -> list[ExpectedTrial]:
        known.withdraw(first.key)
        return [first]

    run(Question(plan, lambda _: [first]), store)
    run(Question(plan, wanted), store)
    assert asked == [[first.id], [first.id]]


def test_an_environment_that_was_refused_is_asked_for_once(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials of an environment that cannot be had are wanted for ever, and the run ends all the same, with a reason."""
    refused = plan.candidates[0]
    calls = []

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        calls.append({expected.cell.environment for expected in missing})
        for environment in sorted(calls[-1], key=lambda one: one.name):
            if environment == refused:
                yield Refused(environment, "there is no wheel.")
        for expected in missing:
            if expected.cell.environment != refused:
                trace, tensors = traced(ones())
                yield Finished(expected, trial(expected, trace=trace), trace, tensors)

    monkeypatch.setattr(module, "observe", observe)
    run(Question(plan, lambda _: trials_of(plan)), store)
    assert calls == [set(plan.environments)]
    assert noted_refusal(store, plan.scope.environment_key(refused)) == "there is no wheel."


def test_what_was_ended_from_outside_is_run_once_a_run(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial whose probe died is not tried for ever in one run, and the next run tries it again."""
    first = trials_of(plan)[0]
    calls: list[str] = []

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        for expected in missing:
            calls.append(expected.id)
            yield Finished(expected, trial(expected, CRASHED, kind=PROBE_DIED), (), {})

    monkeypatch.setattr(module, "observe", observe)
    for _ in range(2):
        run(Question(plan, lambda _: [first]), store)
    assert calls == [first.id, first.id]


def test_what_gave_no_answer_in_time_is_run_again_where_it_has_more(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial that timed out is a result while its limit is as it was, and run once more where that was raised."""
    first = trials_of(plan)[0]
    calls: list[float] = []

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        for expected in missing:
            calls.append(config.timeout)
            yield Finished(expected, trial(expected, TIMED_OUT, seconds=config.timeout + 0.1), (), {})

    monkeypatch.setattr(module, "observe", observe)
    for timeout in (120.0, 120.0, 60.0, 600.0, 600.0):
        raised = replace(plan, config=plan.config.overridden(timeout=timeout))
        run(Question(raised, lambda _: [first]), store)
    assert calls == [120.0, 600.0]


def test_the_machine_is_noted_where_something_is_run(plan: Plan, store: Store, asked: list[list[str]]) -> None:
    """A run that does nothing says nothing of the machine; one that runs a trial notes the configuration's."""
    run(Question(plan, lambda _: []), store)
    assert store.connection.execute("SELECT count(*) FROM facts").fetchone() == (0,)
    run(Question(plan, lambda _: trials_of(plan)[:1]), store)
    assert noted_machine(store, plan.config.machine) == plan.config.machine
    assert store.connection.execute("SELECT count(*) FROM facts").fetchone() == (1,)


def test_one_trial_is_what_becomes_of_it(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """One trial alone is the event of its end; a refusal is the user's error, and no end at all is ours."""
    first = trials_of(plan)[0]
    making = Making(first.cell.environment)
    over = Finished(first, trial(first, CRASHED, kind=PROBE_DIED), (), {})
    happens: list[Event] = []
    monkeypatch.setattr(module, "observe", lambda missing, config: iter(happens if missing == [first] else ()))

    happens[:] = [making, over, Refused(first.cell.environment, "too late")]
    assert observe_one(first, plan.config) is over
    happens[:] = [making, Refused(first.cell.environment, "there is no wheel"), over]
    with pytest.raises(UserError, match=r"^2\.15\.1 is unavailable: there is no wheel$"):
        observe_one(first, plan.config)
    happens[:] = [making]
    with pytest.raises(InternalError, match=f"^nothing became of {first.id}$"):
        observe_one(first, plan.config)


@given(st.lists(st.sets(st.integers(0, 8)), max_size=9))
def test_every_trial_that_is_ever_wanted_is_run_once(
    tmp_path_factory: pytest.TempPathFactory, needs: list[set[int]]
) -> None:
    """However trials depend on each other, all are run that are reached, each once, none before what it waits for."""
    plan = plan_of(tmp_path_factory.mktemp("plan"), ["a", "b"])
    trials = trials_of(plan)[: len(needs)]
    after = {
        e.key: {trials[n].key for n in need if n < number}
        for number, (e, need) in enumerate(zip(trials, needs, strict=True))
    }
    order: list[str] = []

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        trace, tensors = traced(ones())
        for expected in missing:
            order.append(expected.key)
            yield Finished(expected, trial(expected, trace=trace), trace, tensors)

    def wanted(known: Known) -> list[ExpectedTrial]:
        return [e for e in trials if all(known.has(key) for key in after[e.key])]

    with pytest.MonkeyPatch.context() as patched, Store(tmp_path_factory.mktemp("store") / "store.sqlite") as store:
        patched.setattr(module, "observe", observe)
        run(Question(plan, wanted), store)
    assert sorted(order) == sorted(e.key for e in trials)
    assert all(order.index(key) < order.index(e.key) for e in trials for key in after[e.key])


def test_what_was_refused_is_not_called_stored(plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of trials whose environment was refused none counts as stored."""

    def observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
        yield from (Refused(environment, "why") for environment in plan.environments)

    monkeypatch.setattr(module, "observe", observe)
    told = run(Question(plan, lambda _: trials_of(plan)), store)
    assert [event for event in told if isinstance(event, Round)] == [Round(tuple(trials_of(plan)), 0), Round((), 0)]
