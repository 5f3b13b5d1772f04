"""What a worker says of a batch: read as it was said, and refused where it is nothing that can be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import installed, ones, plan_of, tensor, traced, trial
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import CRASHED, FAILED, OUTCOMES, ExpectedTrial
from tfmatrix.runner import wire
from tfmatrix.runner.events import Event, Finished, Launched, Making, Ready, Refused


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan."""
    return plan_of(tmp_path_factory.mktemp("wire"))


@pytest.fixture(scope="module")
def trials(plan: Plan) -> list[ExpectedTrial]:
    """Return the trials of one cell."""
    return list(plan.trials[plan.cells[0]])


def sent(happened: list[Event], trials: list[ExpectedTrial]) -> list[Event]:
    """Return events as they come back."""
    told = wire.to_bytes("tcp://one", [said for event in happened if (said := wire.say(event, trials))])
    batch = wire.from_bytes(told)
    assert batch.worker == "tcp://one"
    return list(wire.events(batch, trials, Path("/project")))


def test_events_come_back_as_they_were(plan: Plan, trials: list[ExpectedTrial]) -> None:
    """An environment, an import, trials that were observed, failed and crashed, with all that is known of them."""
    first, second, third, *_ = trials
    trace, tensors = traced({**ones(), "native big/x": tensor(np.arange(12).reshape(3, 4)), "native no/x": []})
    evidence: dict[str, Any] = {
        "kind": "ValueError", "message": "a | b\n<c>", "where": "line 3", "traceback": "t", "output": "o\x1b",
        "seconds": 0.25, "peak_kib": 2**33, "notes": ("n",), "outside": ("/data/x",),
        "read": (("/data/x", "0" * 64), ("a/b.py", "1" * 64)),
    }  # fmt: skip
    environment = first.cell.environment
    happened: list[Event] = [
        Ready(environment, installed(environment, plan.config)),
        Launched(environment, 1.5, can_fork=True, start=first.start, saw={"cores": 2}),
        Finished(first, trial(first, trace=trace, **{**evidence, "kind": "", "message": ""}), trace, tensors),
        Finished(second, trial(second, FAILED, **evidence), (), {}),
        Finished(third, trial(third, CRASHED, kind="SIGKILL", message="m"), (), {}),
    ]
    assert sent(happened, trials) == happened


@given(st.lists(st.floats(width=32), max_size=40), st.sampled_from(sorted(OUTCOMES)))
def test_any_bits_come_back(trials: list[ExpectedTrial], values: list[float], outcome: str) -> None:
    """NaN payloads and the sign of zero included; whatever a trial became."""
    trace, tensors = traced({"native init/w": values})
    seen = (trace, tensors) if outcome == "observed" else ((), {})
    event = Finished(trials[0], trial(trials[0], outcome, trace), *seen)
    assert sent([event], trials) == [event]


def test_what_is_nothing_to_whoever_asked_is_not_said(plan: Plan, trials: list[ExpectedTrial]) -> None:
    """That an environment is being made there; a refusal is said, and is for whoever asks all workers."""
    assert wire.say(Making(plan.baseline), trials) is None
    assert sent([Refused(plan.baseline, "no wheel")], trials) == []


def test_a_trial_that_is_told_twice_is_one(trials: list[ExpectedTrial]) -> None:
    """The first counts."""
    event = Finished(trials[0], trial(trials[0], FAILED, message="first"), (), {})
    again = replace(event, trial=replace(event.trial, message="second"))
    assert sent([event, again], trials) == [event]


WRONG: dict[str, Callable[[Any], Any]] = {
    "no bytes": lambda _: {"worker": "w", "said": []},
    "garbage": lambda _: b"\xc1\x00",
    "cut off": lambda told: told[:-3],
    "another type": lambda _: msgspec.msgpack.encode(["worker"]),
    "another event": lambda _: msgspec.msgpack.encode({"worker": "w", "said": [{"type": "made"}]}),
    "a header that is none": lambda _: msgspec.msgpack.encode(
        {"worker": "w", "said": [{"type": "finished", "number": 0, "header": 3, "payload": b""}]}
    ),
    "a trial that is not asked for": lambda _: wire.to_bytes("w", [wire.SaidFinished(99, {"outcome": "failed"}, b"")]),
    "a trial before the first": lambda _: wire.to_bytes("w", [wire.SaidFinished(-1, {"outcome": "failed"}, b"")]),
    "a reason that is a book": lambda _: msgspec.msgpack.encode(
        {"worker": "w", "said": [{"type": "refused", "reason": "r" * (wire.LONGEST_REASON + 1)}]}
    ),
    "an environment that is none": lambda _: wire.to_bytes("w", [wire.SaidReady({"schema": 1})]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_said_is_no_batch(plan: Plan, trials: list[ExpectedTrial], wrong: str) -> None:
    """Whatever a worker sends: it is one kind of error, and nothing of it is taken."""
    told = wire.to_bytes("w", [wire.SaidRefused("r")])
    with pytest.raises(wire.NoBatch):
        list(wire.events(wire.from_bytes(WRONG[wrong](told)), trials, Path("/project")))


def test_another_environment_than_was_asked_for_is_no_batch(plan: Plan, trials: list[ExpectedTrial]) -> None:
    """Trials of it would be filed under the wrong release."""
    other = Ready(plan.environments[1], installed(plan.environments[1], plan.config))
    said = wire.say(other, trials)
    assert said
    with pytest.raises(wire.NoBatch, match=r"it made 2\.16\.2, and was asked for 2\.15\.1"):
        list(wire.events(wire.Batch("w", (said,)), trials, Path("/project")))


@pytest.mark.parametrize(
    "wrong",
    [{"python_version": 3}, {"interpreter": None}, {"packages": [{"name": "numpy", "version": ["1"]}]}, {"more": "x"}],
    ids=["a number", "nothing", "a list", "another name"],
)
def test_an_environment_of_wrong_types_is_no_batch(
    plan: Plan, trials: list[ExpectedTrial], wrong: dict[str, Any]
) -> None:
    """It would be stored, and every later report would stumble over it."""
    said = wire.say(Ready(plan.baseline, installed(plan.baseline, plan.config)), trials)
    assert isinstance(said, wire.SaidReady)
    told = wire.to_bytes("w", [wire.SaidReady({**said.installed, **wrong})])
    with pytest.raises(wire.NoBatch, match="what it says of its environment is not valid"):
        list(wire.events(wire.from_bytes(told), trials, Path("/project")))


def test_an_environment_from_another_lock_is_not_told(plan: Plan, trials: list[ExpectedTrial]) -> None:
    """A worker may make a lock where there was none; the trials that were planned without it are refused there."""
    other = replace(installed(plan.baseline, plan.config), lock_digest="f" * 64)
    assert sent([Ready(plan.baseline, other), Refused(plan.baseline, "its lock changed")], trials) == []


def test_a_reason_that_is_too_long_is_cut_and_half_a_character_is_written_out(trials: list[ExpectedTrial]) -> None:
    """So that it can be sent, and is taken."""
    said = wire.refused("\ud800" + "r" * wire.LONGEST_REASON)
    assert wire.from_bytes(wire.to_bytes("w", [said])).said == (said,)
    assert said.reason.startswith(r"\ud800rrr")
    assert len(said.reason) == wire.LONGEST_REASON


def test_a_tensor_with_another_digest_is_a_crash_of_its_own_trial(trials: list[ExpectedTrial]) -> None:
    """As where a probe lies: the trial is over, and the others are taken."""
    trace, tensors = traced(ones())
    good, bad = (Finished(one, trial(one, trace=trace), trace, tensors) for one in trials[:2])
    said = [wire.say(event, trials) for event in (good, bad)]
    assert isinstance(said[1], wire.SaidFinished)
    spoilt = wire.SaidFinished(said[1].number, said[1].header, said[1].payload[:-1] + b"\xff")
    found = list(wire.events(wire.Batch("w", (said[0], spoilt)), trials, Path("/project")))  # type: ignore[arg-type]  # it was said
    assert found[0] == good
    assert isinstance(found[1], Finished)
    assert (found[1].trial.outcome, found[1].trial.kind) == (CRASHED, "answer")
