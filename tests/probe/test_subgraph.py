"""Subgraphs without TensorFlow: what a run executes, in which turns and waves, and what lies in loops and branches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from .adopted import building, subgraph
from .test_graphs import LOOP, Graph


def names(ops: Iterable[Any]) -> list[str]:
    """Return the names of ops."""
    return [op.name for op in ops]


def behind(graph: Graph, *ends: str, given: tuple[str, ...] = ()) -> list[Any]:
    """Return what a run executes."""
    found: list[Any] = subgraph.behind(graph.get_operations(), ends, given)
    return found


STEP = Graph(
    ("w", "VariableV2", []),
    ("x", "Placeholder", []),
    ("read", "Identity", ["w"]),
    ("product", "MatMul", ["x", "read"]),
    ("other", "Tanh", ["x"]),
    ("move", "Assign", ["w", "product"], ["product"]),
    ("late", "Identity", ["w"], ["move"]),
    ("again", "Assign", ["w", "late"]),
    ("train", "NoOp", [], ["again"]),
)


def test_a_run_executes_what_its_ends_need() -> None:
    """By what is given and by order, and nothing else of the graph."""
    assert names(behind(STEP, "product")) == ["w", "x", "read", "product"]
    assert names(behind(STEP, "train")) == ["w", "x", "read", "product", "move", "late", "again", "train"]


def test_what_is_fed_is_not_executed() -> None:
    """Nor what is behind it."""
    assert names(behind(STEP, "product", given=("read:0", "x:0"))) == ["product"]


def test_an_op_stands_behind_what_it_was_made_to_wait_for_later() -> None:
    """A graph may be given an order once it is built: the order of building is none to go by."""
    graph = Graph(("first", "Tanh", [], ["last"]), ("last", "Tanh", []))
    assert names(behind(graph, "first")) == ["last", "first"]


def test_what_moves_a_variable_has_a_turn_behind_what_it_waits_for() -> None:
    """Turns that move nothing and turns that do come one after the other."""
    turns = subgraph.turns(behind(STEP, "train"), {"move", "again"}, ())
    assert [names(turn) for turn in turns] == [
        ["w", "x", "read", "product"],
        ["move"],
        ["late"],
        ["again"],
        ["train"],
    ]


def test_no_op_of_a_wave_is_given_what_another_one_makes() -> None:
    """So each may be fed all that it is given."""
    ops = behind(STEP, "move", "other", given=("w:0",))
    assert [names(wave) for wave in subgraph.waves(ops, subgraph.depths(ops, ()), ("w:0",))] == [
        ["x", "read"],
        ["product", "other"],
        ["move"],
    ]


def test_a_loop_is_of_one_wave() -> None:
    """What comes out of it has a value, what lies within has none, and all of it is run at once."""
    ops = behind(LOOP, "y")
    depths = subgraph.depths(ops, ())
    assert {name for name, depth in depths.items() if not depth.is_outside} == {
        "start",
        "merge",
        "given",
        "add",
        "next",
    }
    waves = [names(wave) for wave in subgraph.waves(ops, depths, ())]
    assert waves == [["x", "zero"], ["start", "merge", "given", "add", "next", "end"], ["y"]]


def test_a_loop_waits_for_all_that_it_is_given_in_any_round() -> None:
    """What its last op takes is there before its first is run, though it is made late."""
    graph = Graph(
        ("zero", "Const", []),
        ("start", "Enter", ["zero"]),
        ("merge", "Merge", ["start", "next"]),
        ("one", "Tanh", ["zero"]),
        ("two", "Tanh", ["one"]),
        ("given", "Enter", ["two"]),
        ("push", "StackPushV2", ["given"]),
        ("next", "NextIteration", ["merge"], ["push"]),
        ("end", "Exit", ["merge"]),
    )
    ops = behind(graph, "end")
    waves = [names(wave) for wave in subgraph.waves(ops, subgraph.depths(ops, ()), ())]
    assert waves[:3] == [["zero"], ["start", "one"], ["two"]]
    assert set(waves[3]) == {"merge", "given", "push", "next", "end"}


BRANCH = Graph(
    ("x", "Placeholder", []),
    ("which", "Placeholder", []),
    ("switch", "Switch", ["x", "which"]),
    ("inner", "Switch", ["switch", "which"]),
    ("double", "Mul", ["inner", "inner"]),
    ("joined", "Merge", ["double", "inner"]),
    ("merge", "Merge", ["joined", "switch"]),
    ("y", "Tanh", ["merge"]),
)


def test_what_is_in_a_branch_may_have_no_value() -> None:
    """Until all branches are joined: of a branch within a branch the inner end is still in the outer one."""
    depths = subgraph.depths(behind(BRANCH, "y"), ())
    outside = [name for name, depth in depths.items() if depth.is_outside]
    assert outside == ["x", "which", "merge", "y"]


def test_a_loop_with_a_condition_is_no_branch_behind_it() -> None:
    """Each round goes through a switch of the loop's own."""
    graph = Graph(
        ("x", "Placeholder", []),
        ("start", "Enter", ["x"]),
        ("limit", "Enter", ["x"]),
        ("merge", "Merge", ["start", "next"]),
        ("less", "Less", ["merge", "limit"]),
        ("condition", "LoopCond", ["less"]),
        ("switch", "Switch", ["merge", "condition"]),
        ("next", "NextIteration", ["switch"]),
        ("end", "Exit", ["switch"]),
        ("y", "Tanh", ["end"]),
    )
    depths = subgraph.depths(behind(graph, "y"), ())
    assert [name for name, depth in depths.items() if depth.is_outside] == ["x", "end", "y"]
    assert depths["y"] == subgraph.Depth(0, 0)


def test_what_comes_behind_some_ops_is_found() -> None:
    """By what is given alone, and no further than what is fed."""
    ops = behind(STEP, "train")
    assert subgraph.after(ops, {"read"}, ("w:0",)) == {"read", "product", "move"}
    assert subgraph.after(ops, {"read"}, ("w:0", "product:0")) == {"read", "product"}


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("dense/MatMul", "dense"),
        ("StatefulPartitionedCall/net/dense/MatMul", "net/dense"),
        ("StatefulPartitionedCall_1/PartitionedCall/net/dense/Gelu/Erf", "net/dense/Gelu"),
        ("MatMul", ""),
    ],
)
def test_a_file_says_layers_by_scopes(name: str, scope: str) -> None:
    """Calls of functions, which a file has in front of everything, are none."""
    assert building.scope_of(name) == scope


@pytest.mark.parametrize(("name", "layer"), [("conv/kernel", "conv"), ("a/b/w", "a/b"), ("w", "w")])
def test_a_variable_says_its_layer_by_its_name(name: str, layer: str) -> None:
    """One that stands alone is its own."""
    assert building.layer_of(name) == layer
