"""Trials that begin from the baseline's start: when they are wanted, and what they are handed."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import BASELINE, CANDIDATE, add, fill, make_project, missing_from, tensor
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial, FromStart, Train
from tfmatrix.store.store import Store

BUILDER = "def data():\n    pass\n\n\ndef build():\n    pass\n"
FUNCTIONS = "def data(rng):\n    pass\n\n\ndef variables():\n    pass\n"
WORDS = tensor([0], "int64")._replace(dtype="string", data=b"\1" + bytes(7) + b"a", shape=(1,))
DRAWN = np.random.RandomState(1).standard_normal((8, 512)).astype(np.float32)


def run(initial: Any, weights: float = 1.0, tier: str = "native") -> dict[str, Any]:
    """Return what a watched trial observes."""
    stages = {"init/w": initial, "init/names": WORDS, "draw@0/d/uniform": [0.5] * 8, "weights@0/w": [weights] * 4}
    return {f"{tier} {name}": value for name, value in stages.items()}


def answer(expected: ExpectedTrial) -> dict[str, Any]:
    """Answer with other initial weights in the candidate."""
    other = expected.cell.environment.name == CANDIDATE
    if expected.role == "seeds":
        return {"seeds init/w": DRAWN[4:] if other else DRAWN[1:4]}
    return run(DRAWN[3] if other else DRAWN[0], weights=8.0 if other else 1.0)


def planned(folder: Path, source: str = BUILDER) -> Plan:
    """Return the plan of one model."""
    return make_plan(make_project(folder, {"net": source}))


def test_a_start_is_wanted_once_two_runs_are_known_to_draw_otherwise(tmp_path: Path) -> None:
    """It is the candidate's, of the second round, and is handed all that it needs whole, by name."""
    plan = planned(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        assert {one.role for one in missing_from(store, plan)} == {
            *("trial", "jitter", "equivalent", "plain", "witness")
        }
        fill(store, plan, answer)
        (wanted,) = missing_from(store, plan)
        assert wanted.id == f"{CANDIDATE}/net/tf2 start"
        assert isinstance(wanted.work, FromStart)
        with np.load(wanted.work.handed) as file:
            assert list(file["stages"]) == ["init/w", "draw@0/d/uniform"]
            assert np.array_equal(file["0"], DRAWN[0])
        folder = Path(wanted.work.handed).parent
        del plan
        gc.collect()
        assert not folder.exists()


@pytest.mark.parametrize("source", [BUILDER, FUNCTIONS])
def test_nobody_needs_a_start_where_it_would_tell_nothing(tmp_path: Path, source: str) -> None:
    """Where the draws are the same all is judged natively; a model of functions has no start to be handed."""
    plan = planned(tmp_path, source)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer if source == FUNCTIONS else lambda _: run(DRAWN[0]))
        assert missing_from(store, plan) == []
        assert {state.outcome for state in states(plan, store).values()} == {"observed"}


def test_a_cell_whose_start_is_missing_is_missing(tmp_path: Path) -> None:
    """What a redraw may hide is never passed over; once it is there the cell is judged by it too."""
    plan = planned(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        found = {cell.environment.name: state.outcome for cell, state in states(plan, store).items()}
        assert found == {BASELINE: "observed", CANDIDATE: "missing"}
        (wanted,) = missing_from(store, plan)
        add(store, wanted, run(DRAWN[0], weights=8.0, tier="start"))
        assert missing_from(store, plan) == []
        (compared,) = compare_all(plan, store).cells
        assert compared.verdict.value == "different"
        assert {(s.tier, s.kind): s.verdict and s.verdict.value for s in compared.stages} == {
            ("native", "init"): "redrawn",
            ("native", "draw"): "identical",
            ("native", "weights"): None,
            ("start", "init"): "identical",
            ("start", "draw"): "identical",
            ("start", "weights"): "different",
        }


def test_bytes_that_are_to_be_handed_over_are_had_first(tmp_path: Path) -> None:
    """The baseline's trial is repeated and keeps them; what it can't keep, for its size, is not handed over."""
    plan = planned(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        drop(store, [0.5] * 8)
        (kept,) = missing_from(store, plan)
        assert (kept.id, kept.work) == (f"{BASELINE}/net/tf2 kept-1", Train(0, ("native draw@0",)))
        add(store, kept, run(DRAWN[0]))
        (whole,) = missing_from(store, plan)
        drop(store, [0.5] * 8)
        (without,) = missing_from(store, plan)
        assert whole.key != without.key
        for wanted, stages in ((whole, ["init/w", "draw@0/d/uniform"]), (without, ["init/w"])):
            assert isinstance(wanted.work, FromStart)
            with np.load(wanted.work.handed) as file:
                assert list(file["stages"]) == stages


def test_bytes_of_what_differs_first_from_the_start_are_had_too(tmp_path: Path) -> None:
    """Both sides are repeated, each in its own tier."""
    plan = planned(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        (wanted,) = missing_from(store, plan)
        add(store, wanted, run(DRAWN[0], weights=3.0, tier="start"))
        drop(store, [1.0] * 4)
        drop(store, [3.0] * 4)
        found = {one.id: getattr(one.work, "keep", None) for one in missing_from(store, plan)}
        assert found == {
            f"{BASELINE}/net/tf2 kept-1": ("native weights@0",),
            f"{BASELINE}/net/tf2 kept-2": ("native weights@0",),
            f"{BASELINE}/net/tf2 kept-3": ("native weights@0",),
            f"{CANDIDATE}/net/tf2 kept": ("start weights@0",),
        }


def drop(store: Store, values: list[float]) -> None:
    """Let the bytes of a tensor go, as those of a step in between are."""
    data = np.array(values, np.float32).tobytes()
    store.connection.execute("UPDATE tensors SET whole = 0, data = x'' WHERE data = ?", (data,))


def visited(order: list[int], tier: str = "native", weights: float = 1.0) -> dict[str, Any]:
    """Return what a watched trial observes that visits two rows in an order."""
    rows = np.array([[1.0], [2.0]], np.float32)
    stages = {
        "init/w": DRAWN[0],
        "data@0/rows": tensor([[7], [8]], "uint8"),
        "shuffle@0/order": tensor(order, "int64"),
        "batch@0/x": rows[order],
        "weights@0/w": [weights] * 4,
    }
    return {f"{tier} {name}": value for name, value in stages.items()}


def in_order(expected: ExpectedTrial) -> dict[str, Any]:
    """Answer with another order of rows in the candidate."""
    if expected.role == "seeds":
        return {"seeds shuffle@0/order": tensor([[0, 1], [1, 0]], "int64")}
    return visited([1, 0] if expected.cell.environment.name == CANDIDATE else [0, 1])


def fill_in_order(store: Store, plan: Plan) -> ExpectedTrial:
    """Answer all that is wanted up to the trial from the baseline's start, and return that."""
    fill(store, plan, in_order)
    while wanted := [one for one in missing_from(store, plan) if one.role == "seeds"]:
        for one in wanted:
            add(store, one, in_order(one))
    (started,) = missing_from(store, plan)
    return started


def test_rows_of_a_pipeline_are_handed_over_where_their_order_was_not_taken_over(tmp_path: Path) -> None:
    """The second start counts: what is behind the order is judged by it, and the first judges nothing there."""
    plan = planned(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        first = fill_in_order(store, plan)
        assert handed_to(first) == ["init/w", "data@0/rows", "shuffle@0/order"]
        add(store, first, visited([1, 0], "start", weights=8.0))
        told = store.trial(first.key)
        assert told
        assert told.trace
        notes = ("the order of rows was not handed over",)
        store.add(replace(told, notes=notes), store.trace(told.trace), {})
        (second,) = missing_from(store, plan)
        assert isinstance(second.work, FromStart)
        assert handed_to(second) == ["init/w", "data@0/rows", "shuffle@0/order", "batch@0/x"]
        assert states(plan, store)[second.cell].outcome == "missing"
        add(store, second, visited([0, 1], "start", weights=8.0))
        assert missing_from(store, plan) == []
        (compared,) = compare_all(plan, store).cells
        found = {s.kind: s.verdict and s.verdict.value for s in compared.stages if s.tier == "start"}
        assert (found["shuffle"], found["weights"]) == ("identical", "different")
        assert compared.unreached == ""
        assert states(plan, store)[second.cell].notes == ()
        drop(store, [8.0] * 4)
        ((again, work),) = [(o, o.work) for o in missing_from(store, plan) if isinstance(o.work, FromStart)]
        assert (work.start, work.keep) == (second.work.start, ("start weights@0",))
        assert handed_to(again) == handed_to(second)


def test_an_order_that_was_taken_over_needs_no_rows(tmp_path: Path) -> None:
    """A fit on arrays knows them; and where the rows themselves did not help, nothing more is tried."""
    plan = planned(tmp_path)
    for order, further in (([0, 1], 0), ([1, 0], 1)):
        with Store(tmp_path / f"{order[0]}.sqlite") as store:
            first = fill_in_order(store, plan)
            add(store, first, visited(order, "start"))
            more = missing_from(store, plan)
            assert len(more) == further
            for one in more:
                add(store, one, visited(order, "start"))
            assert missing_from(store, plan) == []


def handed_to(wanted: ExpectedTrial) -> list[str]:
    """Return the names of what a trial is handed."""
    assert isinstance(wanted.work, FromStart)
    with np.load(wanted.work.handed) as file:
        return list(file["stages"])


def test_a_start_rests_on_what_is_handed_over(tmp_path: Path) -> None:
    """Another baseline that starts otherwise makes another trial; what it made of its start does not."""
    plan = planned(tmp_path)

    def key(initial: Any, weights: float) -> str:
        with Store(tmp_path / f"{initial[0]}-{weights}.sqlite") as store:
            fill(store, plan, lambda e: run(initial, weights) if e.cell.environment == plan.baseline else answer(e))
            (wanted,) = missing_from(store, plan)
            return wanted.key

    assert key(DRAWN[0], 1.0) == key(DRAWN[0], 2.0) != key(DRAWN[5], 1.0)
