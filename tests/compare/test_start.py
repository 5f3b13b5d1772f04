"""The start: what is handed over to a candidate, and what its tier judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import Stages, tensor, traced
from compare.test_judging import moved, verdicts
from tfmatrix.compare import start
from tfmatrix.compare.alignment import Names, align
from tfmatrix.compare.judging import Judge, Judgement, Traces
from tfmatrix.compare.start import Handed, handed_over, rows_themselves
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import OBSERVED, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

WEIGHTS = [1.0, 0.5, 0.25, -0.5]
RUN: dict[str, Any] = {
    "native seed/numpy": [1.0],
    "native init/w": WEIGHTS,
    "native data@0/rows": tensor([[1], [2]], "uint8"),
    "native shuffle@0/order": tensor([0, 1], "int64"),
    "native batch@0/x": [1.0, 2.0],
    "native draw@0/d/uniform": [0.5, 0.25],
    "native gradient@0/w": WEIGHTS,
    "native weights@0/w": WEIGHTS,
}


def handed(baseline: Stages, candidate: Stages) -> tuple[Handed, ...]:
    """Return what the candidate of two runs is handed."""
    (a, mine), (b, others) = traced(baseline), traced(candidate)
    layouts = {name: (one.dtype, one.shape) for name, one in {**mine, **others}.items()}
    first, second = ({(one.tier, one.stage): one.digest for one in trace} for trace in (a, b))
    return handed_over(first, second, align(first, second, lambda _: layouts))


@pytest.mark.parametrize("stage", ["init/w", "shuffle@0/order", "draw@0/d/uniform"])
def test_what_feeds_others_is_handed_over_where_it_is_drawn_otherwise(stage: str) -> None:
    """Initial weights, draws and the order of rows are handed over together, and nothing else is."""
    found = handed(RUN, {**RUN, f"native {stage}": tensor([1, 0], "int64")})
    assert [name for name, _ in found] == ["init/w", "data@0/rows", "shuffle@0/order", "draw@0/d/uniform"]


@pytest.mark.parametrize("stage", ["seed/numpy", "weights@0/w", "batch@0/x"])
def test_nothing_is_handed_over_where_all_that_is_drawn_is_the_same(stage: str) -> None:
    """A seed feeds nothing by itself, and behind the same draws each difference is judged natively."""
    assert handed(RUN, {**RUN, f"native {stage}": [3.0, 4.0]}) == ()


def test_things_are_handed_over_by_the_names_that_the_candidate_has_for_them() -> None:
    """A probe knows only its own names, so alignment is the host's business."""
    other = {name.replace("/w", "/dense/kernel"): value for name, value in RUN.items()}
    found = handed(RUN, {**other, "native draw@0/d/uniform": [0.75, 0.25]})
    assert found[0][0] == "init/dense/kernel"


PASSED: dict[str, Any] = {
    "native data@0/rows": tensor([[1], [2]], "uint8"),
    "native shuffle@0/order": tensor([0, 1], "int64"),
    "native batch@0/x": [[1.0], [2.0]],
    "native batch@0/y": [3.0, 4.0],
    "native data@1/rows": tensor([[1], [2]], "uint8"),
    "native shuffle@1/order": tensor([1, 0], "int64"),
    "native batch@1/x": [[2.0], [1.0]],
    "native batch@1/y": [4.0, 3.0],
    "native data@2/rows": tensor([[1], [3]], "uint8"),
    "native shuffle@2/order": tensor([0, 1], "int64"),
    "native batch@2/x": [[1.0], [5.0]],
    "native batch@2/y": [3.0, 6.0],
}
"""Three passes of one batch each, of which two visit the same rows."""

ORDERS = tuple(f"shuffle@{number}/order" for number in range(3))


def rows_of(folder: Path, *missed: str) -> list[str]:
    """Return the batches that are handed over to a trial that did not take over some of three orders."""
    started = {name.replace("native", "start"): value for name, value in PASSED.items()}
    started.update({f"start {name}": tensor([1, 1], "int64") for name in missed})
    with Store(folder / "store.sqlite") as store:

        def put(stages: Stages) -> Names:
            trace, tensors = traced(stages)
            store.add(Trial(trace_digest(trace), OBSERVED, trace_digest(trace), (), ""), trace, tensors)
            return {(one.tier, one.stage): one.digest for one in trace}

        mine = put(PASSED)
        orders = [Handed(name, mine["native", name]) for name in ORDERS]
        return [one.stage for one in rows_themselves(mine, put(started), orders, Tensors(store))]


@pytest.mark.parametrize(
    ("missed", "batches"),
    [((), []), (ORDERS[:2], [0]), (ORDERS[1:2], [1]), (ORDERS[2:], [2]), (ORDERS, [0, 2])],
)
def test_the_rows_themselves_are_handed_over_where_their_order_could_not_be(
    tmp_path: Path, missed: tuple[str, ...], batches: list[int]
) -> None:
    """Those of each pass that visited others, and of passes over the same rows once."""
    assert rows_of(tmp_path, *missed) == [f"batch@{number}/{part}" for number in batches for part in "xy"]


def test_rows_that_take_up_too_much_are_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that is handed them has them in memory."""
    size = 16  # two rows of two numbers
    monkeypatch.setattr(start, "MOST_BYTES", size)
    assert rows_of(tmp_path, ORDERS[0]) == ["batch@0/x", "batch@0/y"]
    monkeypatch.setattr(start, "MOST_BYTES", size - 1)
    assert rows_of(tmp_path, ORDERS[0]) == []


def judged(folder: Path, started: Stages, baseline: Stages = RUN) -> Judgement:
    """Return the judgement of a run whose initial weights were redrawn, and of the same from the baseline's start."""
    redrawn = {**baseline, **dict.fromkeys(("native init/w", "native gradient@0/w", "native weights@0/w"), [9.0] * 4)}
    start = {name.replace("native", "start"): value for name, value in {**baseline, **started}.items()}
    with Store(folder / "store.sqlite") as store:

        def put(stages: Stages) -> str:
            trace, tensors = traced(stages)
            digest = trace_digest(trace)
            store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
            return digest

        noise = put({**baseline, "native gradient@0/w": moved(2)})
        return Judge(Tensors(store), Traces(put(baseline), (noise,)), Traces(put(redrawn), start=put(start))).judge()


def test_a_start_that_leads_to_the_same_bits_is_identical(tmp_path: Path) -> None:
    """Natively all behind a redraw is a consequence; from the baseline's start it is judged, and the same."""
    found = verdicts(judged(tmp_path, {}))
    assert found["native weights"] == "consequence"
    assert {verdict for name, verdict in found.items() if name.startswith("start")} == {"identical"}


@pytest.mark.parametrize(("times", "verdict"), [(30, "rounding"), (40, "different")])
def test_the_start_tier_has_the_noise_floor_of_the_native_one(tmp_path: Path, times: float, verdict: str) -> None:
    """The baseline's own jitters say how much is rounding."""
    assert verdicts(judged(tmp_path, {"native gradient@0/w": moved(times)}))["start gradient"] == verdict


def test_in_the_start_tier_the_first_difference_is_judged_and_the_rest_follows(tmp_path: Path) -> None:
    """What is hidden natively is found, once, and told as the divergence of its tier."""
    other = {"native gradient@0/w": [8.0] * 4, "native weights@0/w": [8.0] * 4}
    found = judged(tmp_path, other)
    assert verdicts(found)["start gradient"] == "different"
    assert verdicts(found)["start weights"] == "consequence"
    assert [one.at.stage for one in found.divergences if one.tier == "start"] == ["gradient@0/w"]
    assert found.unreached == ""


@pytest.mark.parametrize("stage", ["init/w", "shuffle@0/order", "draw@0/d/uniform"])
def test_behind_what_was_not_handed_over_nothing_is_judged(tmp_path: Path, stage: str) -> None:
    """The tier says from where on; neither that stage nor anything behind it has a verdict there."""
    found = judged(tmp_path, {f"native {stage}": tensor([1, 0], "int64"), "native weights@0/w": [8.0] * 4})
    assert found.unreached == stage
    assert verdicts(found)["start weights"] == "consequence"
    assert [one.tier for one in found.divergences] == ["native"]


def test_a_batch_that_differs_may_be_other_rows_where_their_order_is_not_seen(tmp_path: Path) -> None:
    """It is judged where the order of its rows is known to be the baseline's, and only there."""
    other = {"native batch@0/x": [2.0, 1.0]}
    (tmp_path / "seen").mkdir()
    assert verdicts(judged(tmp_path / "seen", other))["start batch"] == "different"
    unseen = {name: value for name, value in RUN.items() if not name.endswith(("rows", "order"))}
    found = judged(tmp_path, other, unseen)
    assert verdicts(found)["start batch"] == "consequence"
    assert found.unreached == "batch@0/x"
