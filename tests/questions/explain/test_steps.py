"""Steps: the trials that say something of single ops, one after the other, and what is said where one of them fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import CANDIDATE, add, missing_from, trial
from questions.explain import world
from questions.explain.world import plan_of, run
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.questions.explain.answer import problems
from tfmatrix.questions.explain.page import _named, page
from tfmatrix.questions.explain.plan import ExplainPlan
from tfmatrix.questions.explain.summary import OtherOps, Report
from tfmatrix.records import ExpectedTrial, Ops, Replay
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.terminal import inline
from tfmatrix.store.store import Store


@pytest.fixture
def plan(tmp_path: Path) -> ExplainPlan:
    """Return the plan of a model of which a kernel changed."""
    return plan_of(tmp_path, ("of_tensorflow",))


def report(plan: ExplainPlan, store: Store) -> Report:
    """Return the report of what is stored."""
    return EXPLAIN.write(plan, store)[0]


def test_a_step_is_recorded_on_both_sides_and_then_replayed(tmp_path: Path, plan: ExplainPlan) -> None:
    """Each replay is handed a file with what the baseline's ops are given; nothing is handed what is known."""
    with Store(tmp_path / "store.sqlite") as store:
        rounds = run(plan, store)
        recorded, replayed = (
            [one for some in rounds for one in some if isinstance(one.work, w)] for w in (Ops, Replay)
        )
        assert [one.cell.environment.name for one in recorded] == ["2.15.1", CANDIDATE]
        assert [one.cell.environment.name for one in replayed] == ["2.15.1", CANDIDATE]
        (path,) = {one.work.handed for one in replayed if isinstance(one.work, Replay)}
        assert Path(path).read_bytes()[8:9] == b"{"
        assert missing_from(store, plan) == []


def test_an_op_that_ends_the_process_is_left_out_the_next_time(
    tmp_path: Path, plan: ExplainPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial says at which op it ended; the others say what they have to say."""
    usual = world.became

    def became(expected: ExpectedTrial) -> object:
        skips = expected.work.skip if isinstance(expected.work, Replay) else (0,)
        if 0 not in skips and expected.cell.environment.name == CANDIDATE:
            return trial(expected, "crashed", kind="SIGABRT", message="aborted", where="op 0")
        return usual(expected)

    monkeypatch.setattr(world, "became", became)
    with Store(tmp_path / "store.sqlite") as store:
        rounds = run(plan, store)
        skips = [one.work.skip for some in rounds for one in some if isinstance(one.work, Replay)]
        assert skips == [(), (), (0,)]
        found = report(plan, store)
    assert problems(found) == []
    ops = found.cells[0].ops
    assert ops is not None
    assert [one.op for one in ops.kernels] == ["Sigmoid"]


def test_a_replay_that_fails_is_said(tmp_path: Path, plan: ExplainPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which other ops there are is known all the same."""
    usual = world.became

    def became(expected: ExpectedTrial) -> object:
        failed = isinstance(expected.work, Replay) and expected.cell.environment.name == CANDIDATE
        return trial(expected, "failed", kind="ValueError", message="no room") if failed else usual(expected)

    monkeypatch.setattr(world, "became", became)
    with Store(tmp_path / "store.sqlite") as store:
        run(plan, store)
        found = report(plan, store)
    ops = found.cells[0].ops
    assert ops is not None
    assert (ops.obstacle, ops.recorded) == ("failed: no room", 0)
    assert "Single operations: failed: no room." in to_markdown(page(found))


def test_what_was_not_looked_at_is_a_problem(tmp_path: Path, plan: ExplainPlan) -> None:
    """Until the replays are there nothing is said of ops, and the exit code is 2."""
    with Store(tmp_path / "store.sqlite") as store:
        last = run(plan, store)[-1]
        replays = [one for one in last if isinstance(one.work, Replay)]
        store.connection.executemany("DELETE FROM trials WHERE key = ?", [(one.key,) for one in replays])
        found = report(plan, store)
        assert found.cells[0].ops is None
        assert problems(found) == [f"{CANDIDATE}/of_tensorflow/tf2: its single operations were not looked at"]
        assert "Single operations were not looked at yet." in to_markdown(page(found))
        add(store, replays[0], world.became(replays[0]))
        assert report(plan, store).cells[0].ops is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"gone": {"A": 1}, "new": {"B": 2, "C": 1, "D": 1, "E": 1}}, "A became B x2, C, D, … in dense, forward"),
        ({"gone": {"A": 2}}, "A x2 gone in dense, forward"),
        ({"new": {"B": 1}}, "B more in dense, forward"),
        ({"settings": ("LeakyRelu alpha: 0.3 to 0.2",)}, "LeakyRelu alpha: 0.3 to 0.2 in dense, forward"),
        ({"rewired": ("AddV2",)}, "AddV2 of other inputs in dense, forward"),
        ({"reordered": ("Mul",)}, "Mul in another order in dense, forward"),
        ({"reordered": ("Mul",), "layer": ""}, "Mul in another order, forward"),
    ],
)
def test_a_change_of_operations_is_a_phrase(fields: dict[str, object], told: str) -> None:
    """What is told first of it: other operations, then other constants, other inputs, another order."""
    nothing: dict[str, object] = {"gone": {}, "new": {}, "reordered": (), "rewired": (), "settings": ()}
    one = OtherOps(**{"layer": "dense", "phase": "forward", **nothing, **fields})  # type: ignore[arg-type]
    assert inline(_named(one)) == told
