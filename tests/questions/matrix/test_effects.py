"""Effects of layers that draw otherwise: when they are wanted, and what of the start is run without such layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import BASELINE, CANDIDATE, add, fill, make_project, missing_from, plan_of, tensor, trial
from compare.test_effect import dropout, sample
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import Effects, ExpectedTrial, FromStart
from tfmatrix.report.markdown import to_markdown
from tfmatrix.runner.observing import request_of
from tfmatrix.store.store import Store

BUILDER = "def data():\n    pass\n\n\ndef build():\n    pass\n"
INIT = [0.25] * 40


def run(draws: dict[str, Any], weights: float, tier: str = "native") -> dict[str, Any]:
    """Return what a watched trial observes, which draws in two layers."""
    stages = {f"{tier} init/w": INIT, **{f"{tier} draw@0/{name}": value for name, value in draws.items()}}
    return {**stages, f"{tier} weights@0/w": [weights] * 4, "injected update/w": [weights] * 4}


BASE = run({"r/uniform": [0.5] * 8, "r/uniform.2": [0.5] * 8, "d/uniform": [0.5] * 40}, 1.0)
OTHER = run({"r/uniform": [0.5] * 4, "d/uniform": [0.5] * 40}, 8.0)
OFF = run({"d/uniform": [0.5] * 40}, 1.0, "start")


def answer(expected: ExpectedTrial) -> dict[str, Any] | None:
    """Answer with other draws of one layer in the candidate; nothing to what is asked because of that."""
    if isinstance(expected.work, Effects | FromStart) or expected.role == "seeds":
        return None
    return OTHER if expected.cell.environment.name == CANDIDATE else BASE


def effects(seed: int) -> dict[str, Any]:
    """Return what a trial of effects observes."""
    outputs, off = sample(dropout(), seed)
    return {"effects effect/r": tensor(outputs), "effects off/r": tensor(off)}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of one model."""
    return make_plan(make_project(tmp_path, {"net": BUILDER}))


def test_both_sides_tell_a_layers_effect_and_start_without_it(tmp_path: Path, plan: Plan) -> None:
    """Four trials more, each asked for the layer by its own path; what is handed over leaves its draws out."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        wanted = {one.id: one for one in missing_from(store, plan)}
        assert sorted(wanted) == [
            f"{version}/net/tf2 {role}" for version in (BASELINE, CANDIDATE) for role in ("effects", "start")
        ]
        assert {one.work for one in wanted.values() if one.role == "effects"} == {Effects(("r",))}
        for one in wanted.values():
            request = request_of(one, plan.config, fresh=False)
            if isinstance(one.work, FromStart):
                with_it = plan.expect(one.cell, replace(one.work, off=()), role="start", number=0)
                assert with_it.key != one.key
                assert one.work.off == (("r", "r"),)
                assert (request["purpose"], request["off"]) == ("start", ["r"])
                with np.load(one.work.handed) as file:
                    assert list(file["stages"]) == ["init/w", "draw@0/d/uniform"]
            else:
                assert (request["purpose"], request["layers"]) == ("effects", ["r"])
        assert {state.outcome for state in states(plan, store).values()} == {"missing"}


def known(store: Store, plan: Plan, **became: Any) -> None:
    """Add what became of the trials of both rounds, by version and role where it is another."""
    fill(store, plan, answer)
    for seed, one in enumerate(missing_from(store, plan)):
        name = f"{one.role}_{'ab'[one.cell.environment.name == CANDIDATE]}"
        add(store, one, became.get(name) or (effects(seed) if one.role == "effects" else OFF))


def compared(plan: Plan, store: Store) -> tuple[Any, dict[tuple[str, str], str | None]]:
    """Return the one comparison, and its verdicts."""
    (found,) = compare_all(plan, store).cells
    return found, {(s.tier, s.kind): s.verdict and s.verdict.value for s in found.stages}


def test_a_layer_that_does_the_same_is_redrawn_and_hides_nothing(tmp_path: Path, plan: Plan) -> None:
    """What the candidate makes of the same start, that layer being off, is judged, and so is its injected step."""
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan)
        assert missing_from(store, plan) == []
        found, verdicts = compared(plan, store)
        assert (found.verdict.value, found.off, found.unreached) == ("redrawn", ("r",), "")
        assert verdicts["native", "weights"] is None
        assert verdicts["start", "weights"] == verdicts["injected", "update"] == "identical"
        assert found.first is not None
        assert found.first.reason.startswith("by its effect: ")
        lines = to_markdown(page(summarise(compare_all(plan, store))))
    assert "these layers do not draw (`training=False`), since their draws have no counterpart: `r`" in lines


def test_what_such_a_layer_hid_is_found(tmp_path: Path, plan: Plan) -> None:
    """Another update behind it is another meaning, in each tier."""
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan, start_b=run({"d/uniform": [0.5] * 40}, 3.0, "start"))
        _, verdicts = compared(plan, store)
    assert verdicts["start", "weights"] == verdicts["injected", "update"] == "different"


def test_bytes_that_lack_where_a_layer_is_off_are_had_from_both_starts(tmp_path: Path, plan: Plan) -> None:
    """Each trial is repeated as it was."""
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan, start_b=run({"d/uniform": [0.5] * 40}, 3.0, "start"))
        data = np.array([3.0] * 4, np.float32).tobytes(), np.array([1.0] * 4, np.float32).tobytes()
        store.connection.execute("UPDATE tensors SET whole = 0, data = x'' WHERE data IN (?, ?)", data)
        missing = {one.id: one.work for one in missing_from(store, plan)}
        for version in (BASELINE, CANDIDATE):
            work = missing[f"{version}/net/tf2 kept"]
            assert isinstance(work, FromStart)
            assert (work.off, work.keep) == ((("r", "r"),), ("injected update", "start weights@0"))


@pytest.mark.parametrize("side", "ab")
@pytest.mark.parametrize("role", ["start", "effects"])
def test_a_layer_that_cannot_be_off_or_called_alone_leaves_it_open(
    tmp_path: Path, plan: Plan, role: str, side: str
) -> None:
    """The cell is no failure for that: what cannot be told, or not be judged, is said, and is no pass."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        for seed, one in enumerate(missing_from(store, plan)):
            fails = one.role == role and one.cell.environment.name == (BASELINE if side == "a" else CANDIDATE)
            add(store, one, trial(one, "failed") if fails else effects(seed) if one.role == "effects" else OFF)
        assert missing_from(store, plan) == []
        found, verdicts = compared(plan, store)
    if role == "effects":
        assert verdicts["native", "draw"] == "not comparable"
        assert verdicts["start", "weights"] == "identical"
    else:
        assert verdicts["native", "draw"] == "redrawn"
        assert (found.off, found.unreached) == ((), "draw@0/r/uniform")
        assert {tier for tier, _ in verdicts} == {"native"}


def test_a_model_of_functions_has_no_layers(tmp_path: Path) -> None:
    """Nobody is asked for the effect of what is none; its draws have no counterpart."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        assert [one.role for one in missing_from(store, plan)] == []
        _, verdicts = compared(plan, store)
    assert verdicts["native", "draw"] == "not comparable"
