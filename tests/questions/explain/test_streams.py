"""Streams: which ops of a layer and phase are gone, new, at another place, or told other constants."""

from __future__ import annotations

from typing import Any

import pytest

from tfmatrix.questions.explain.streams import Change, Setting, align_layers, recorded, stream
from tfmatrix.records import Fingerprint

from .recording import Tensors, given, op, recording


def only(*changes: Change) -> Change:
    """Return the one change that there is."""
    (change,) = changes
    return change


def test_a_description_is_read_whole() -> None:
    """Every field of an op has its place: where inputs come from, what constants are, what it differentiates."""
    attributes = {"T": ["type", "float32", False], "strides": ["list(int)", [1, 2], True]}
    inputs = [given("x", "op", **{"from": 7}), given("epsilon", shape=[], value=["0.001"])]
    (found,) = recording(op("Add", "backward", "a/b", attributes=attributes, inputs=inputs, of=3, obstacle="no")).ops
    assert (found.number, found.type, found.phase, found.layer, found.of) == (0, "Add", "backward", "a/b", 3)
    assert [(one.name, one.value, one.usual) for one in found.attributes] == [
        ("T", '"float32"', False),
        ("strides", "[1, 2]", True),
    ]
    assert [(one.source, one.shape, one.made_by, one.value) for one in found.inputs] == [
        ("op", (2,), 7, ()),
        ("given", (), None, ("0.001",)),
    ]
    assert (found.outputs[0].stage, found.outputs[0].dtype, found.obstacle) == ("op/Add", "float32", "no")


def test_a_trial_that_described_no_ops_has_no_recording() -> None:
    """Another trial's trace, a training's for one, is told from it."""
    tensors: Tensors = {}
    assert recorded([Fingerprint("native", "described", "0" * 64)], tensors.__getitem__) is None


def test_equal_steps_have_no_changes() -> None:
    """Whatever they consist of."""
    ops = [op("MatMul"), op("Shape"), op("MatMul", "backward")]
    assert stream(recording(*ops), recording(*ops)) == ()


def test_what_is_gone_and_new_is_told_by_layer_and_phase() -> None:
    """A batch norm that is one op in the baseline and several elsewhere, and nothing of the layers beside it."""
    same = [op("MatMul", layer="dense"), op("Mean", "backward", "norm")]
    several = [op(kind, layer="norm") for kind in ("Mean", "SquaredDifference", "Mean", "Rsqrt")]
    change = only(
        *stream(recording(op("FusedBatchNormV3", layer="norm"), *same), recording(*several, *same)),
    )
    assert (change.layer, change.other_layer, change.phase) == ("norm", "norm", "forward")
    assert change.gone == (("FusedBatchNormV3", 1),)
    assert change.new == (("Mean", 2), ("Rsqrt", 1), ("SquaredDifference", 1))
    assert change.computes


def test_what_rounds_nothing_stands_by_itself() -> None:
    """Shapes and copies are no change of a computation: they are told, and not among what is gone or new."""
    change = only(*stream(recording(op("MatMul"), op("Reshape")), recording(op("MatMul"), op("Shape"), op("Shape"))))
    assert (change.gone, change.new, change.computes) == ((), (), False)
    assert change.arranging == ((("Reshape", 1),), (("Shape", 2),))


def test_what_is_at_another_place_is_told_as_that() -> None:
    """As many of each type, in another order: what moved is named, what stayed is not."""
    kinds = ["MatMul", "Add", "Relu", "Mul"]
    moved = ["MatMul", "Relu", "Mul", "Add"]
    change = only(*stream(recording(*map(op, kinds)), recording(*map(op, moved))))
    assert change.reordered == ("Add",)
    assert (change.gone, change.new) == ((), ())


def test_what_rounds_nothing_may_stand_anywhere() -> None:
    """Where a shape is taken is no order of a computation."""
    assert stream(recording(*map(op, ["Shape", "MatMul"])), recording(*map(op, ["MatMul", "Shape"]))) == ()


def test_what_is_gone_moves_nothing() -> None:
    """What stands behind an op that is gone is where it was, among the rest."""
    change = only(*stream(recording(*map(op, ["Neg", "MatMul", "Add"])), recording(*map(op, ["MatMul", "Add"]))))
    assert (change.gone, change.reordered) == ((("Neg", 1),), ())


def test_other_constants_and_attributes_are_told() -> None:
    """An epsilon and a setting that is not the usual one, with both values and of how many ops."""

    def step(epsilon: str, padding: str, usual: bool) -> Any:
        attributes = {"padding": ["string", padding, usual]}
        return recording(
            op("Conv2D", attributes=attributes),
            *[op("AddV2", inputs=[given(), given("epsilon", shape=[], value=[epsilon])])] * 2,
        )

    change = only(*stream(step("0.001", "SAME", True), step("1e-05", "VALID", False)))
    assert set(change.settings) == {
        Setting("Conv2D", "padding", '"SAME"', '"VALID"', 1),
        Setting("AddV2", "input 1", "0.001", "1e-05", 2),
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [("new_in_this_release", ["bool", False, True]), ("grad_b", ["bool", True, False])],
    ids=["usual", "read by no kernel"],
)
def test_an_attribute_that_one_release_lacks_and_nobody_sets_is_no_change(name: str, told: list[Any]) -> None:
    """It has the usual value where it is known, or no kernel reads it."""
    assert stream(recording(op("MatMul")), recording(op("MatMul", attributes={name: told}))) == ()


def test_a_layer_of_another_name_is_the_one_that_holds_and_makes_the_same() -> None:
    """Names that count layers differ from release to release; by shapes and order they are the same layers."""

    def step(*names: str) -> Any:
        held = [[4, 8], [8, 8], [8, 8]]
        return recording(
            *(
                op("MatMul", layer=name, inputs=[given(name, "read", shape=shape)])
                for name, shape in zip(names, held, strict=True)
            ),
            op("MatMul", "backward", names[2]),
        )

    base, other = step("dense_3", "dense_4", "dense_5"), step("dense", "dense_1", "dense_2")
    assert align_layers(base, other) == {"dense": "dense_3", "dense_1": "dense_4", "dense_2": "dense_5"}
    assert stream(base, other) == ()


def test_layers_at_other_places_are_told_by_what_they_hold() -> None:
    """Two that make the same are told apart by the shapes of their variables; a metric is no layer."""

    def step(metric: str, *layers: tuple[str, list[int]]) -> Any:
        ops = [op("MatMul", layer=name, inputs=[given(name, "read", shape=shape)]) for name, shape in layers]
        return recording(*ops, op("Mean", "metric", metric))

    base = step("loss", ("dense_3", [4, 8]), ("dense_4", [8, 8]))
    other = step("mse", ("dense_1", [8, 8]), ("dense", [4, 8]))
    assert align_layers(base, other) == {"dense": "dense_3", "dense_1": "dense_4"}


def test_a_change_names_a_layer_as_both_releases_do() -> None:
    """The baseline's name and the other's; of what only one side has the other name is empty."""
    base = recording(op("MatMul", layer="dense_7", inputs=[given("w", "read")]), op("Mean", "loss", "lost"))
    other = recording(
        op("MatMul", layer="dense", inputs=[given("w", "read")]), op("Exp", layer="dense"), op("Abs", "metric", "found")
    )
    names = {(one.layer, one.other_layer, one.phase) for one in stream(base, other)}
    assert names == {("dense_7", "dense", "forward"), ("lost", "", "loss"), ("", "found", "metric")}


def test_changes_come_in_the_order_of_the_step() -> None:
    """Of the baseline's, and what only the other release has behind it."""
    base = recording(op("A", layer="one"), op("B", layer="two"), op("C", "backward", "two"))
    other = recording(op("Z", layer="zero"), op("X", "backward", "two"), op("X", layer="two"), op("X", layer="one"))
    assert [(one.layer or one.other_layer, one.phase) for one in stream(base, other)] == [
        ("one", "forward"),
        ("two", "forward"),
        ("two", "backward"),
        ("zero", "forward"),
    ]


def test_a_sum_in_another_order_takes_other_inputs() -> None:
    """The same ops, of which the first adds what the second did; behind what is gone or new nothing is said."""

    def summed(*pairs: tuple[int, int]) -> list[dict[str, Any]]:
        made = [op(kind, layer=kind) for kind in ("Sin", "Cos", "Tan")]
        adds = [op("AddV2", inputs=[given(f"{n}", "op", **{"from": n}) for n in pair]) for pair in pairs]
        return [*made, *adds]

    change = only(*stream(recording(*summed((0, 1), (3, 2))), recording(*summed((1, 2), (0, 3)))))
    assert (change.layer, change.rewired, change.gone, change.new) == ("a", ("AddV2",), (), ())
    assert change.computes
    other = [op("Atan", layer="Cos") if one["type"] == "Cos" else one for one in summed((0, 1), (3, 2))]
    assert not any(one.rewired for one in stream(recording(*summed((0, 1), (3, 2))), recording(*other)))


def test_what_leads_through_loops_and_branches_rounds_nothing() -> None:
    """A graph has ops for it that eager execution has not: another set of them changes no number by itself."""
    control = ("Enter", "Exit", "Merge", "NextIteration", "Switch", "LoopCond", "Assign", "PlaceholderWithDefault")
    change = only(*stream(recording(op("MatMul"), *map(op, control)), recording(op("MatMul"))))
    assert not change.computes
    assert len(change.arranging[0]) == len(control)
