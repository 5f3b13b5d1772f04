"""Comparing whole cells: cells with the same bits share a judgement only where the same rules and noise hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import fill, plan_of, traced
from tfmatrix.compare import tensors
from tfmatrix.compare.results import Comparison
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import JITTER, OBSERVED, ExpectedTrial, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

EPS = float(np.finfo(np.float32).eps)


def compared(plan: Plan, eps: Callable[[ExpectedTrial], float]) -> Comparison:
    """Return the comparison of trials that are alike but for how many eps their weights are moved."""

    def answer(expected: ExpectedTrial) -> dict[str, Any]:
        return {"native weights@1/w": [1.0 + eps(expected) * EPS, 0.5]}

    with Store(plan.config.under_root(plan.config.store)) as store:
        fill(store, plan, answer)
        return compare_all(plan, store)


def test_a_rule_for_one_model_holds_for_no_other_with_the_same_bits(tmp_path: Path) -> None:
    """Of two models that move by the same bits, the one with a wider ratio rounds and the other is different."""
    rule = '[[tool.tfmatrix.policy.rules]]\nmodel = "first"\nratio = 100.0'
    plan = plan_of(tmp_path, ("first", "second"), rule, versions=["2.15.1", "2.16.2"], baseline="2.15.1", modes=["tf2"])
    found = compared(plan, lambda expected: 20 if expected.cell.environment != plan.baseline else 0)
    assert {c.cell.model.name: c.verdict.value for c in found.cells} == {"first": "rounding", "second": "different"}
    (step,) = found.steps
    assert {c.cell.model.name: c.verdict.value for c in step.cells} == {"first": "rounding", "second": "different"}


def test_a_step_between_candidates_is_judged_by_the_baselines_noise(tmp_path: Path) -> None:
    """Releases that are no baseline have no jitters of their own: what moves the baseline's is their noise floor."""
    versions = ["2.15.1", "2.16.2", "2.21.0"]
    plan = plan_of(tmp_path, versions=versions, baseline="2.15.1", modes=["tf2"], jitters=1)
    moved = {"2.15.1": 0, "2.16.2": 2, "2.21.0": 42}

    def eps(expected: ExpectedTrial) -> float:
        return 10 if expected.role == JITTER else moved[expected.cell.environment.name]

    _, step = compared(plan, eps).steps
    assert [c.verdict.value for c in step.cells] == ["rounding"]


def test_what_variants_and_launches_share_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is held from one model to the next, no distance of two tensors of one model's is stored twice."""
    monkeypatch.setattr(tensors, "AT_ONCE", 1)
    models = {"a": "VARIANTS = {'x': 1, 'y': 2}\n", "b": "# b\n"}
    launch = "[tool.tfmatrix.launches.one]\nintra_op = 1"
    plan = plan_of(tmp_path, models, launch, versions=["2.15.1", "2.16.2"], baseline="2.15.1", modes=["tf2"])

    def moved(expected: ExpectedTrial) -> dict[str, Any]:
        own = 1.0 if expected.cell.model.name == "b" else 2.0
        steps = 3 if expected.role == JITTER else 2 * (expected.cell.environment != plan.baseline)
        return {"native forward@0/y": [own + steps * 2.0**-22, 0.5]}

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, moved)
        comparison = compare_all(plan, store)
        measured = [pair for pairs, _ in store.distances() for pair in pairs]
    assert {found.verdict for found in comparison.cells} == {Verdict.ROUNDING}
    assert len(comparison.cells) == 6
    assert len(measured) == len(set(measured)) == 4


@pytest.mark.parametrize(
    ("stage", "drawn"),
    [("seed/global", np.array([1, 2])), ("draw/normal", np.random.RandomState(0).standard_normal((2, 512)))],
    ids=["seed", "draw"],
)
@pytest.mark.parametrize(("weight", "verdict"), [(1.0 + EPS, "redrawn"), (2.0, "different")])
def test_what_stands_behind_another_seed_or_draw_is_judged(
    tmp_path: Path, stage: str, drawn: Any, weight: float, verdict: str
) -> None:
    """No stage is fed by these two, so what differs behind them is no consequence and counts for the cell."""
    plan = plan_of(tmp_path)

    def answer(expected: ExpectedTrial) -> dict[str, Any]:
        other = expected.cell.environment != plan.baseline
        return {f"native {stage}": drawn[int(other)], "native weights@1/w": [weight if other else 1.0, 0.5]}

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        (cell,) = compare_all(plan, store).cells
    assert cell.verdict.value == verdict
    assert all(result.verdict for result in cell.stages)


def two_pairs(store: Store) -> tuple[tuple[str, str], tuple[str, str]]:
    """Add four short tensors, and return their digests as two pairs."""
    trace, held = traced({f"native loss@{step}": [1.0 + step] for step in range(4)})
    store.add(Trial("k", OBSERVED, trace=trace_digest(trace)), trace, held)
    a, b, c, d = (print_.digest for print_ in trace)
    return (a, b), (c, d)


def test_distances_measured_in_lots_are_let_go_of_once_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last lot of distances is held; one of an earlier lot is stored, and is the same when asked for again."""
    monkeypatch.setattr(tensors, "AT_ONCE", 1)
    with Store(tmp_path / "store.sqlite") as store:
        first, second = two_pairs(store)
        held = tensors.Tensors(store)
        held.prepare([first])
        measured = held.distance(*first)
        held.prepare([second])
        assert [held.knows(*pair) for pair in (first, second)] == [False, True]
        assert [pair for pairs, _ in store.distances() for pair in pairs] == [first]
        assert held.distance(*first) == measured == held.measured(*first)


def test_what_a_comparison_held_is_let_go_of_at_its_end(tmp_path: Path) -> None:
    """Closing stores the distances and holds none of them, and no tensor, trace or noise floor, any longer."""
    with Store(tmp_path / "store.sqlite") as store:
        first, second = two_pairs(store)
        held = tensors.Tensors(store)
        held.prepare([first])
        held.distance(*second)
        held.largest(first[0])
        (trace,) = (found.trace or "" for found in store.observed().values())
        held.stage_digest(trace, "native", ("loss@0",))
        held.floor(trace, (trace,), "native", "loss@0")
        caches = (held.names, held.stage_digest, held.array, held.largest, held.floor)
        assert all(cache.cache_info().currsize for cache in caches)
        held.close()
        assert not any(cache.cache_info().currsize for cache in caches)
        assert [held.knows(*pair) for pair in (first, second)] == [False, False]
        assert {pair for pairs, _ in store.distances() for pair in pairs} >= {first, second}
