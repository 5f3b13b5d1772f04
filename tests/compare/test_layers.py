"""Layers whose draws do not line up, and what becomes of their stages: judged by effect, and off behind a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import Stages, tensor, traced
from compare.test_effect import dropout, sample
from compare.test_judging import verdicts
from tfmatrix.compare.alignment import align
from tfmatrix.compare.judging import Judge, Judgement, Traces
from tfmatrix.compare.layers import Layer, unlike
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import OBSERVED, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

LSTM, ONCE = Layer("r", "r"), [0.5] * 4


def parted(baseline: Stages, candidate: Stages) -> dict[str, Layer]:
    """Return the draws of two runs whose layers' draws do not line up."""
    (a, mine), (b, others) = traced(baseline), traced(candidate)
    layouts = {name: (one.dtype, one.shape) for name, one in {**mine, **others}.items()}
    first, second = ({(one.tier, one.stage): one.digest for one in trace} for trace in (a, b))
    return dict(unlike(first, second, align(first, second, lambda _: layouts), lambda _: layouts))


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (("r/uniform", "r/uniform.2"), ("r/uniform",)),
        (("r/uniform",), ("r/uniform", "r/uniform.2")),
        (("r/uniform_int",), ("r/uniform", "r/uniform.2")),
        (("r/uniform",), ()),
    ],
)
def test_all_draws_of_a_layer_are_its_effect_where_one_has_no_counterpart(
    mine: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """Those of other layers are not, whatever they are; nor those that belong to no layer, and those of no step."""
    more = {"native draw@0/d/uniform": ONCE, "native draw@0/normal": ONCE, "native draw/e/uniform": ONCE}
    sides = [
        {**{f"native draw@0/{name}": [float(n)] * 4 for name in names}, **more} for n, names in ((1, mine), (2, other))
    ]
    found = parted(*sides)
    assert found == {f"draw@0/{name}": LSTM for name in (*mine, *other)}


def test_a_draw_of_another_shape_has_no_counterpart() -> None:
    """One of the same shape has one, and is tested by itself."""
    whole = {"native draw@0/r/uniform": [1.0] * 4, "native draw@1/r/uniform": [2.0] * 4}
    assert parted(whole, {name: [3.0] * 4 for name in whole}) == {}
    assert parted(whole, {name: [3.0] * 2 for name in whole}) == {name.partition(" ")[2]: LSTM for name in whole}
    assert parted(whole, whole) == {}


def test_a_number_that_starts_elsewhere_makes_no_draw_one_of_another_layer() -> None:
    """What is called the second here is the first there, and lines up with it."""
    mine, other = (
        {f"native draw@0/dropout_{number + at}/uniform": [float(at)] * (4 + number) for number in (1, 2)}
        for at in (0, 1)
    )
    assert parted(mine, other) == {}


def test_layers_of_other_names_are_told_by_their_draws_or_their_order() -> None:
    """A draw that has a counterpart tells it; else the n-th layer that draws on one side alone is the n-th there."""
    by_draw = parted(
        {"native draw@0/r/uniform": [1.0] * 4, "native draw@0/r/normal": [1.0] * 3},
        {"native draw@0/r_1/uniform": [2.0] * 4, "native draw@0/r_1/normal": [2.0] * 2},
    )
    assert set(by_draw.values()) == {Layer("r", "r_1")}
    by_order = parted(
        {"native draw@0/f/uniform": [1.0] * 4, "native draw@0/g/uniform": [1.0] * 5},
        {"native draw@0/f_1/uniform_int": [2.0], "native draw@0/g_1/uniform_int": [2.0]},
    )
    assert set(by_order.values()) == {Layer("f", "f_1"), Layer("g", "g_1")}


def test_no_draw_of_a_layer_stands_for_another_layers() -> None:
    """Not even where both have as many of a shape: one layer draws less than before, and another one more."""
    two, one = (
        {
            "native draw@0/r/uniform": [seed] * 4,
            "native draw@0/q/uniform": [seed] * 4,
            f"native draw@0/{more}": [seed] * 4,
        }
        for seed, more in ((1.0, "r/uniform.2"), (2.0, "q/uniform.2"))
    )
    assert set(parted(two, one).values()) == {Layer("r", "r"), Layer("q", "q")}


RUN: dict[str, Any] = {"native init/w": ONCE, "native batch@0/x": ONCE}
BEHIND: dict[str, Any] = {"native gradient@0/w": [1.0] * 4, "native weights@0/w": [1.0] * 4, "injected update/w": ONCE}
BASELINE = {**RUN, "native draw@0/r/uniform": [0.1] * 8, "native draw@0/r/uniform.2": [0.2] * 8, **BEHIND}
OTHER = {"native gradient@0/w": [2.0] * 4, "native weights@0/w": [2.0] * 4, "injected update/w": [9.0] * 4}
CANDIDATE = {**RUN, "native draw@0/r/uniform": [0.3] * 4, **OTHER}


def effects(seed: int, rate: float = 0.5, calls: int = 1024) -> Stages:
    """Return what a trial of effects records."""
    outputs, off = sample(dropout(rate), seed, calls)
    return {"effects effect/r": tensor(outputs), "effects off/r": tensor(off)}


def judged(folder: Path, mine: Stages | None, other: Stages | None, begun: Stages | None = None) -> Judgement:
    """Return the judgement of two runs that draw otherwise in a layer, with what more is known of them."""
    with Store(folder / "store.sqlite") as store:

        def put(stages: Stages | None) -> str | None:
            if stages is None:
                return None
            trace, tensors = traced(stages)
            digest = trace_digest(trace)
            store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
            return digest

        off = {name.replace("native", "start"): value for name, value in {**RUN, **BEHIND}.items()}
        starts = (put(off), put({**off, **begun})) if begun is not None else (None, None)
        a, b = (put(BASELINE) or "", put(CANDIDATE) or "")
        return Judge(
            Tensors(store),
            Traces(a, start=starts[0], effects=put(mine)),
            Traces(b, start=starts[1], effects=put(other)),
        ).judge()


def test_draws_without_a_counterpart_are_redrawn_by_their_effect(tmp_path: Path) -> None:
    """Each of them, those on one side alone too; what comes behind is a consequence."""
    found = judged(tmp_path, effects(1), effects(2))
    stage = next(one for one in found.stages if one.kind == "draw")
    assert (stage.verdict and stage.verdict.value, stage.differing) == ("redrawn", 2)
    assert stage.first is not None
    assert stage.first.stage == "draw@0/r/uniform"
    assert stage.first.reason.startswith("by its effect: ")
    assert verdicts(found)["native gradient"] == "consequence"


def test_another_effect_is_another_meaning_at_the_layers_draw(tmp_path: Path) -> None:
    """It is placed at the first draw of the step."""
    found = judged(tmp_path, effects(1), effects(2, 0.6))
    assert verdicts(found)["native draw"] == "different"
    assert [one.at.stage for one in found.divergences if one.tier == "native"] == ["draw@0/r/uniform"]


@pytest.mark.parametrize(
    "known", [(None, None), (effects(1), None), (None, effects(2)), (effects(1), effects(2, calls=9))]
)
def test_an_effect_that_is_not_known_is_no_pass(tmp_path: Path, known: tuple[Stages | None, Stages | None]) -> None:
    """Nobody can tell then, and the report says so."""
    found = judged(tmp_path, *known)
    assert verdicts(found)["native draw"] == "not comparable"
    first = next(one.first for one in found.stages if one.kind == "draw")
    assert first is not None
    assert first.reason.startswith("could not tell: ")


def test_behind_a_layer_that_is_off_on_both_sides_all_is_judged(tmp_path: Path) -> None:
    """The start tier, and the injected one, are those of the trials in which it is off."""
    found = judged(tmp_path, effects(1), effects(2), {})
    assert found.off == ("r",)
    assert found.unreached == ""
    (tmp_path / "idle").mkdir()
    idle = judged(tmp_path / "idle", effects(1), effects(2), {"start draw@0/r/uniform.2": [0.7] * 4})
    assert (idle.unreached, verdicts(idle)["start weights"]) == ("", "identical"), "drawn and not used"
    assert {verdict for name, verdict in verdicts(found).items() if not name.startswith("native")} == {"identical"}
    (tmp_path / "other").mkdir()
    other = judged(
        tmp_path / "other", effects(1), effects(2), {"start gradient@0/w": [8.0] * 4, "injected update/w": [8.0] * 4}
    )
    assert verdicts(other)["start gradient"] == verdicts(other)["injected update"] == "different"
    assert found.trace == judged(tmp_path, None, None).trace, "letters are those of what a user gets"


def test_without_the_baselines_own_start_the_layer_is_not_reached(tmp_path: Path) -> None:
    """Then nothing behind it is judged: its injected step was fed other draws on either side."""
    found = judged(tmp_path, effects(1), effects(2))
    assert found.off == ()
    assert found.unreached == "draw@0/r/uniform"
    assert "injected update" not in verdicts(found)
