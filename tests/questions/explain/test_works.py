"""The works of single ops: what their trials cover, and what a probe is asked for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfmatrix import config, keys
from tfmatrix.environments.machine import this_machine
from tfmatrix.records import FED, OPS, REPLAY, Cell, Environment, Feed, Launch, Model, Ops, Replay, Work
from tfmatrix.runner.observing import request_of

CELL = Cell(Environment("2.15.1"), Launch(), "tf2", Model("reference_models/mlp.py", "0" * 64))
SCOPE = keys.Scope({CELL.environment: "lock"}, this_machine(), "probe", ())
REPLAYED = Replay("a" * 64, "/tmp/one", (3, 7))
FEEDING = Feed("a" * 64, (3, 7), "/tmp/one")


def key(work: Work, role: str = REPLAY) -> str:
    """Return what a trial of this work is filed under."""
    return keys.expect(SCOPE, CELL, work, role=role).key


@pytest.mark.parametrize("change", [{"recorded": "b" * 64}, {"skip": (3,)}, {"skip": ()}])
def test_another_step_or_other_ops_left_out_is_another_replay(change: dict[str, object]) -> None:
    """What is handed over, by its digest, and what is skipped, decide what comes of it."""
    assert key(replace(REPLAYED, **change)) != key(REPLAYED)  # type: ignore[arg-type]  # fields by their names


def test_where_the_file_lies_is_no_part_of_a_replay() -> None:
    """The same bytes in another place are the same."""
    assert key(replace(REPLAYED, handed="/elsewhere")) == key(REPLAYED)


@pytest.mark.parametrize("change", [{"recorded": "b" * 64}, {"fed": (3,)}])
def test_another_step_or_other_ops_fed_is_another_trial(change: dict[str, object]) -> None:
    """Where the file lies is no part of it."""
    assert key(replace(FEEDING, **change)) != key(FEEDING)  # type: ignore[arg-type]  # fields by their names
    assert key(replace(FEEDING, handed="/elsewhere")) == key(FEEDING)


def test_recording_and_replaying_are_told_apart() -> None:
    """By what they cover, whatever their role is called."""
    assert key(Ops()) != key(Replay("")) != key(Replay("", skip=(0,)))
    assert dict(keys.expect(SCOPE, CELL, Ops(), role=OPS).covers)["work"] == "ops"


def test_what_a_probe_is_asked_for() -> None:
    """A purpose of its own; of a replay the file and the ops that are left out."""
    settings = replace(config.Config(), machine=this_machine())
    recorded = request_of(keys.expect(SCOPE, CELL, Ops(), role=OPS), settings, fresh=False)
    assert recorded["purpose"] == "ops"
    asked = request_of(keys.expect(SCOPE, CELL, REPLAYED, role=REPLAY), settings, fresh=False)
    assert (asked["purpose"], asked["handed"], asked["skip"]) == ("replay", "/tmp/one", [3, 7])
    feeding = request_of(keys.expect(SCOPE, CELL, FEEDING, role=FED), settings, fresh=False)
    assert (feeding["purpose"], feeding["feeding"], feeding["fed"]) == ("ops", "/tmp/one", [3, 7])
    assert "feeding" not in recorded
