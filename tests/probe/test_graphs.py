"""Graphs as data, without TensorFlow: what depends on what is fed, what does something, and what lies in a loop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from .adopted import graphs

FLOAT = SimpleNamespace(as_datatype_enum=1, _is_ref_dtype=False, is_integer=False)
INT = SimpleNamespace(as_datatype_enum=3, _is_ref_dtype=False, is_integer=True)


class Graph:
    """Ops by their names, each with its type, inputs, control inputs and one output."""

    def __init__(self, *lines: tuple[Any, ...]) -> None:
        self.ops: dict[str, Any] = {}
        for name, kind, inputs, *more in lines:
            op = SimpleNamespace(name=name, type=kind, inputs=[], control_inputs=[])
            tensor = SimpleNamespace(op=op, name=f"{name}:0", dtype=more[1] if more[1:] else FLOAT, shape=None)
            op.outputs = [tensor]
            tensor.consumers = lambda op=op: [o for o in self.ops.values() if op.outputs[0] in o.inputs]
            self.ops[name] = op
            op.wanted = (inputs, more[0] if more else [])
        for op in self.ops.values():
            op.inputs = [self.ops[one].outputs[0] for one in op.wanted[0]]
            op.control_inputs = [self.ops[one] for one in op.wanted[1]]

    def get_operations(self) -> list[Any]:
        """Return the ops in the order of their making."""
        return list(self.ops.values())

    def get_tensor_by_name(self, name: str) -> Any:
        """Return an op's output."""
        return self.ops[name.partition(":")[0]].outputs[0]


LOOP = Graph(
    ("x", "Placeholder", []),
    ("zero", "Const", []),
    ("start", "Enter", ["zero"]),
    ("merge", "Merge", ["start", "next"]),
    ("given", "Enter", ["x"]),
    ("add", "AddV2", ["merge", "given"]),
    ("next", "NextIteration", ["add"]),
    ("end", "Exit", ["merge"]),
    ("y", "Tanh", ["end"]),
)


def test_a_loop_hands_on_what_is_fed_and_nothing_within_is_fetched() -> None:
    """What depends on it through the loop's own end does; what lies within cannot be had."""
    assert [op.name for op in graphs._fed_by(LOOP, [LOOP.get_tensor_by_name("x:0")])] == ["end", "y"]
    assert graphs.ends(LOOP, [LOOP.get_tensor_by_name("x:0")]) == ["y"]


@pytest.mark.parametrize("kind", ["AssignVariableOp", "ApplyAdam", "SaveV2", "ScatterNdUpdate", "PyFunc", "Print"])
def test_nothing_is_fetched_that_does_something(kind: str) -> None:
    """Nor what waits for it: to look into a graph is not to train it."""
    graph = Graph(
        ("x", "Placeholder", []),
        ("y", "Tanh", ["x"]),
        ("does", kind, ["y"]),
        ("after", "Identity", ["y"], ["does"]),
    )
    assert graphs.ends(graph, [graph.get_tensor_by_name("x:0")]) == ["y"]


@pytest.mark.parametrize("kind", ["ScatterNd", "ResourceGather", "TensorArrayWriteV3", "TensorScatterUpdate"])
def test_what_only_computes_is_fetched(kind: str) -> None:
    """Whatever it is called."""
    graph = Graph(("x", "Placeholder", []), ("y", kind, ["x"]))
    assert graphs.ends(graph, [graph.get_tensor_by_name("x:0")]) == ["y"]


def test_what_is_looked_up_lies_within_the_smallest_table() -> None:
    """Of whole numbers, and of floats that are cast to them."""
    graph = Graph(
        ("w", "Placeholder", [], [], INT),
        ("f", "Placeholder", []),
        ("x", "Placeholder", []),
        ("cast", "Cast", ["f"], [], INT),
        ("y", "Tanh", ["x"]),
        *((f"t{n}", "Const", []) for n in (20, 30)),
        *((f"g{n}", "GatherV2", [f"t{n}", "w"]) for n in (20, 30)),
    )

    class Shape(tuple[int, ...]):
        rank = 2

    for size in (20, 30):
        graph.ops[f"t{size}"].outputs[0].shape = Shape((size, 5))
    assert graphs.bounds(graph, {"w": "words", "f": "floats", "x": "x"}) == {"words": 20, "floats": 20}
    assert graphs.bounds(LOOP, {"x": "x"}) == {}


@pytest.mark.parametrize(("natural", "runs"), [(1.0, 1), (2.0, 3)])
def test_tensors_are_fetched_one_by_one_where_all_at_once_change_an_output(
    natural: float, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An op that is fetched is not fused with its neighbour."""
    graph = Graph(("x", "Placeholder", []), ("y", "Tanh", ["x"]), ("z", "Tanh", ["y"]))
    asked = []

    def run(wanted: dict[str, Any], fed: Any) -> dict[str, Any]:
        assert list(fed) == ["x:0"]
        asked.append(list(wanted))
        return {name: np.float32(1 if len(wanted) > 1 else 2) for name in wanted}

    monkeypatch.setattr(graphs.tf, "errors", SimpleNamespace(OpError=KeyError), raising=False)
    running = SimpleNamespace(graph=graph, run=run)
    found = dict(graphs.inner(running, {"x:0": np.float32(0)}, {"z:0": np.float32(natural)}))
    assert found == dict.fromkeys(["y", "z"], np.float32(natural))
    assert len(asked) == runs


def test_what_has_no_value_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that was not taken."""
    graph = Graph(("x", "Placeholder", []), ("y", "Tanh", ["x"]), ("z", "Tanh", ["x"]))

    def run(wanted: dict[str, Any], _: Any) -> dict[str, Any]:
        return {name: {"y": 1.0}[name] for name in wanted}

    monkeypatch.setattr(graphs.tf, "errors", SimpleNamespace(OpError=KeyError), raising=False)
    assert dict(graphs.inner(SimpleNamespace(graph=graph, run=run), {"x:0": np.float32(0)}, {})) == {"y": 1.0}


def test_names_are_numbered_where_one_comes_twice() -> None:
    """Whatever they are."""
    assert graphs.numbered(["a", "b", "a", "a#2", "a"]) == ["a", "b", "a#2", "a#2#2", "a#3"]
