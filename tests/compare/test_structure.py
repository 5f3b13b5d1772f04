"""Structure: which draws of one trial are equal to each other is meaning, and the bits alone show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import tensor
from tfmatrix.compare.judging import Judgement
from tfmatrix.compare.structure import constant_along, drawn_bits, order_bits

from .test_judging import judged, verdicts

Random = np.random.RandomState


def drawn(*seeds: int, name: str = "native shuffle@{}/order", rows: int = 100) -> dict[str, Any]:
    """Return the orders of some epochs, by their seeds."""
    return {name.format(at): tensor(Random(seed).permutation(rows), "int64") for at, seed in enumerate(seeds)}


def floats(*seeds: int, names: tuple[str, ...] = (), size: int = 600) -> dict[str, Any]:
    """Return draws of some names, by their seeds."""
    return {name: Random(seed).standard_normal(size) for name, seed in zip(names, seeds, strict=True)}


def told(found: Judgement) -> dict[str, str]:
    """Return what is said of each stage that is different for the structure."""
    firsts = [*(stage.first for stage in found.stages), *found.firsts.values()]
    return {one.stage: one.reason for one in firsts if one and ("equals" in one.reason or "numbers of" in one.reason)}


def test_one_order_in_every_epoch_is_another_meaning(tmp_path: Path) -> None:
    """Each order may be a redraw by itself; that the second is the first again is not."""
    found = judged(tmp_path, drawn(0, 1, 2), drawn(3, 3, 3))
    assert found.firsts
    assert {one.stage: one.reason for one in found.firsts.values() if one.verdict.value == "different"} == {
        "shuffle@0/order": "shuffle@1/order equals shuffle@0 here, another order in the baseline"
    }
    assert verdicts(found)["native shuffle"] == "different"  # and not "could not tell", as of the first alone
    back = judged(tmp_path / "back", drawn(3, 3, 3), drawn(0, 1, 2))
    (different,) = (one for one in back.firsts.values() if one.verdict.value == "different")
    assert different.reason == "shuffle@1/order equals shuffle@0 in the baseline, another order here"


def test_the_same_structure_is_none_of_its_business(tmp_path: Path) -> None:
    """Epochs in one order on both sides, or in as many, are judged by what the orders are."""
    for name, sides in {"one": (drawn(0, 0), drawn(1, 1)), "two": (drawn(0, 1), drawn(2, 3))}.items():
        assert not told(judged(tmp_path / name, *sides))
        assert verdicts(judged(tmp_path / f"{name} again", *sides))["native shuffle"] == "not comparable"


def test_where_the_second_is_as_before_the_first_is_named(tmp_path: Path) -> None:
    """The stage that differs is the one to be told of, though it comes before what it is equal to."""
    found = judged(tmp_path, drawn(0, 1), drawn(1, 1))
    assert told(found) == {"shuffle@0/order": "equals shuffle@1 here, another order in the baseline"}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("one seed in two layers", ("native init/a/kernel", "native init/b/kernel")),
        ("a mask for all steps", ("native draw@0/d/normal", "native draw@1/d/normal")),
        ("a mask for two gates", ("native draw@0/d/normal", "native draw@0/d/normal.2")),
    ],
)
def test_draws_that_are_shared_on_one_side_only(tmp_path: Path, kind: str, names: tuple[str, str]) -> None:
    """Layers, steps and gates that draw the same in one release and each its own in the other are different."""
    own, shared = floats(0, 1, names=names), floats(2, 2, names=names)
    second = names[1].removeprefix("native ")
    first = names[0].removeprefix("native ")
    found = judged(tmp_path / kind, own, shared)
    (different,) = (one for one in found.firsts.values() if one.verdict.value == "different")
    assert (different.stage, different.reason) == (second, f"equals {first} here, another draw in the baseline")
    back = judged(tmp_path / f"{kind} back", shared, own)
    (different,) = (one for one in back.firsts.values() if one.verdict.value == "different")
    assert different.reason == f"equals {first} in the baseline, another draw here"


def test_draws_with_the_same_numbers_in_other_places_on_one_side_only(tmp_path: Path) -> None:
    """A second layer that takes the first one's numbers in another order draws nothing of its own."""
    names = ("native init/a/kernel", "native init/b/kernel")
    own, other = floats(0, 1, names=names), floats(2, 2, names=names)
    other[names[1]] = other[names[1]][::-1]
    found = judged(tmp_path, own, other)
    (different,) = (one for one in found.firsts.values() if one.verdict.value == "different")
    assert different.reason == "has the numbers of init/a/kernel in other places, here only"
    back = judged(tmp_path / "back", other, own)
    (different,) = (one for one in back.firsts.values() if one.verdict.value == "different")
    assert different.reason == "has the numbers of init/a/kernel in other places, in the baseline only"


def test_what_is_equal_by_chance_is_not_counted(tmp_path: Path) -> None:
    """Orders of a few rows, masks of a few elements, and constants, which nobody draws."""
    cases: list[tuple[str, str, list[Any], list[Any], list[Any]]] = [
        ("shuffle@0", "shuffle@1", [2, 0, 1], [0, 1, 2], [1, 0, 2]),
        ("dropout@0/d", "dropout@1/d", [0, 2, 2], [2, 0, 2], [2, 2, 0]),
        ("init/a", "init/b", [1.0] * 99, [2.0] * 99, [0.0] * 99),
    ]
    for first, second, one, other, shared in cases:
        own = {f"native {first}": one, f"native {second}": other}
        assert not told(judged(tmp_path / first.replace("/", "-"), own, dict.fromkeys(own, tuple(shared))))


def test_what_has_no_bytes_is_told_by_its_digests(tmp_path: Path) -> None:
    """Large draws of steps in between are equal or not, whatever is kept of them: they are never passed over."""
    names = tuple(f"native draw@{step}/d/normal" for step in range(4))
    own, shared = floats(0, 1, 2, 3, names=names), floats(4, 5, 5, 6, names=names)
    found = judged(tmp_path, own, shared, without=names[1:3])
    assert told(found) == {"draw@2/d/normal": "equals draw@1/d/normal here, another draw in the baseline"}
    assert found.stages[0].passed_over == 1


def test_how_many_bits_were_drawn() -> None:
    """Of an order as many as there are orders, of a mask as its rate has, of numbers some for each."""
    assert order_bits(np.arange(20)) == pytest.approx(61.08, abs=0.01)
    assert order_bits(np.repeat(np.arange(10), 2)) == pytest.approx(51.08, abs=0.01)
    assert drawn_bits(np.zeros(100)) == 0
    assert drawn_bits(np.arange(64) % 2) == 64
    assert drawn_bits(Random(0).standard_normal(4)) == 80
    assert drawn_bits(np.array([0.0, 2.0])) == 2
    assert drawn_bits(np.array([b"a", b"b"], dtype=object)) == 2


def test_the_axes_along_which_draws_repeat() -> None:
    """Only where each of them does; one of length one repeats nothing."""
    one = np.repeat(Random(0).random_sample((4, 1, 3, 1)), 5, axis=1)
    assert constant_along([one]) == (1,)
    assert constant_along([one, Random(1).random_sample(one.shape)]) == ()
    assert constant_along([]) == ()
