"""The order of rows: what is recorded is the order in which training and a dataset visit them.

The engines and networks here compute nothing: they only hand on the rows in an order that the test knows.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from .adopted import engines, functional, keras_fit, observers, recorded, recorder

Rows = dict[str, NDArray[Any]]


def a_setting(**more: Any) -> Any:
    """Return a setting that jitters nothing."""
    return SimpleNamespace(recorder=recorder.Recorder(), jittered=lambda stage, arrays: arrays, **more)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[int], int]:
    """Return an order of some rows, and the size of a batch."""
    order = draw(st.permutations(range(draw(st.integers(1, 9)))))
    return list(order), draw(st.integers(1, 10))


@given(orders())
def test_batches_are_the_rows_in_their_order(drawn: tuple[list[int], int]) -> None:
    """Batches joined are the rows in the order given, each but the last of the full size."""
    order, size = drawn
    rows = {"x": np.arange(len(order)) * 10, "y": np.arange(len(order)).reshape(-1, 1)}
    cut = functional.batches(rows, np.array(order), size)
    assert [len(batch["x"]) for batch in cut[:-1]] == [size] * (len(cut) - 1)
    assert 1 <= len(cut[-1]["x"]) <= size
    assert np.concatenate([batch["x"] for batch in cut]).tolist() == [10 * row for row in order]
    assert np.concatenate([batch["y"] for batch in cut]).ravel().tolist() == order


@given(orders())
def test_the_order_is_told_by_the_targets(drawn: tuple[list[int], int]) -> None:
    """Which row each target seen belongs to is found by its bits, in the order in which they were seen."""
    order, size = drawn
    targets = np.stack([np.arange(len(order), dtype=np.float32), np.zeros(len(order), np.float32)], axis=1)
    seen = [batch["y"] for batch in functional.batches({"y": targets}, np.array(order), size)]
    assert keras_fit.row_order(targets, seen).tolist() == order


def test_a_target_of_no_row_is_told() -> None:
    """A target that is none of the rows', also by the sign of a zero, has the number -1."""
    targets = np.array([[0.0], [1.0]], np.float32)
    seen = [np.array([[1.0], [2.0]], np.float32), np.array([[-0.0]], np.float32)]
    assert keras_fit.row_order(targets, seen).tolist() == [1, -1, -1]


def columns(order: list[int], size: int) -> list[Rows]:
    """Return the elements of a dataset that visits rows in an order and draws a number for each."""
    rows = {"row": np.arange(len(order)), "draw/noise": np.arange(len(order)) + 0.5}
    cut: list[Rows] = functional.batches(rows, np.array(order), size)
    return cut


@given(orders())
def test_a_dataset_is_recorded_in_its_own_order(drawn: tuple[list[int], int]) -> None:
    """The shuffle recorded is the order of the elements, natively, and the batches and draws are in it too."""
    order, size = drawn
    native, injected = columns(order, size), columns(sorted(order), size)
    elements = lambda make, rows, draws: native if draws else injected  # noqa: E731  # as an engine calls it
    setting = a_setting(engine=SimpleNamespace(elements=elements), rows=lambda model: {})
    observers.pipeline(SimpleNamespace(pipeline=None), setting)
    found = recorded(setting.recorder)
    assert found["native shuffle@0"].tolist() == order
    assert "injected shuffle@0" not in found
    for tier, visited in (("native", order), ("injected", sorted(order))):
        assert found[f"{tier} draw/noise"].tolist() == [row + 0.5 for row in visited]
        batches = [array for name, array in found.items() if name.startswith(f"{tier} batch@")]
        assert np.concatenate(batches).tolist() == visited
    assert not any("draw" in name for name in found if "batch@" in name)


def a_program(epochs: int, size: int) -> Any:
    """Return a functional model without variables, whose step observes the batch that it was fed."""
    engine = SimpleNamespace(
        variables={},
        read=dict,
        compile=lambda step: lambda batch: {"forward/seen": batch["x"]},
    )
    model = SimpleNamespace(EPOCHS=epochs, BATCH=size)
    return SimpleNamespace(engine=engine, model=model, trained={}, slots=dict, train_step=None)


@pytest.mark.parametrize(("rows", "size"), [(12, 5), (12, 4), (3, 20)])
def test_training_visits_the_rows_in_the_shuffle_recorded(rows: int, size: int) -> None:
    """Each epoch draws a seeded permutation, records it as it was drawn, and feeds the rows in that order."""
    setting = a_setting()
    state = np.random.get_state()
    try:
        np.random.seed(3)
        functional._train(a_program(2, size), {"x": np.arange(rows) * 10}, setting)
    finally:
        np.random.set_state(state)
    found = recorded(setting.recorder)
    advised = np.random.RandomState(3)
    wanted = [advised.permutation(rows).tolist() for _ in range(2)]
    assert [found[f"native shuffle@{epoch}"].tolist() for epoch in range(2)] == wanted
    for kind in ("batch@{}/x", "forward@{}/seen"):
        steps = [found["native " + kind.format(number)] for number in range(2 * -(-rows // size))]
        assert np.concatenate(steps).tolist() == [10 * row for order in wanted for row in order]


class Network:
    """A Keras network without variables, which is fed its targets in known orders."""

    optimizer = None
    layers: tuple[()] = ()
    trainable_variables: tuple[()] = ()

    def __init__(self, orders: list[list[int]]) -> None:
        self._orders = orders
        self._loss: Any = None

    def compile(self, optimizer: object, loss: Any) -> None:
        """Take the loss that observes the targets."""
        self._loss = loss

    def fit(self, x: Any, y: Any, *, batch_size: int, epochs: int, verbose: int, callbacks: list[Any]) -> None:
        """Feed the targets in the order of each epoch."""
        (log,) = callbacks
        log.model = self
        for order in self._orders[:epochs]:
            for number, batch in enumerate(functional.batches({"y": y}, np.array(order), batch_size)):
                fed = SimpleNamespace(array=batch["y"], dtype=y.dtype, shape=batch["y"].shape)
                loss = self._loss(fed, None)
                log.on_train_batch_end(number, {"loss": float(loss)})


def watched(watch: Any, inputs: list[Any], dtype: object) -> Any:
    """Stand in for `tf.numpy_function`: call the function at once."""
    (tensor,) = inputs
    return SimpleNamespace(array=watch(tensor.array), set_shape=lambda shape: None)


@pytest.mark.parametrize("size", [3, 5, 7])
def test_keras_is_seen_to_visit_the_rows_in_its_own_order(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each epoch's shuffle, batches and running losses are those of the loop that Keras ran."""
    orders = [[4, 0, 2, 3, 1], [1, 3, 0, 4, 2]]
    targets = np.arange(5, dtype=np.float32).reshape(5, 1)
    losses = SimpleNamespace(get=lambda name: lambda seen, predicted: np.sum(seen.array))
    keras = SimpleNamespace(losses=losses)
    monkeypatch.setattr(keras_fit, "tf", SimpleNamespace(keras=keras, executing_eagerly=lambda: True))
    monkeypatch.setattr(engines, "tf", SimpleNamespace(numpy_function=watched))
    monkeypatch.setattr(keras_fit.optimizers, "make", lambda *_: None)
    model = SimpleNamespace(LOSS="mse", OPTIMIZER={"name": "SGD"}, BATCH=size, EPOCHS=2)
    engine = SimpleNamespace(watch=lambda size: engines.GraphEngine.watch(None, size))
    mode = SimpleNamespace(keras_optimizers="", keras_compile={})
    setting = a_setting(jittered_settings=dict, engine=engine, mode=mode)
    keras_fit._fit(model, Network(orders), {"x": targets, "y": targets}, setting)
    found = recorded(setting.recorder)
    assert [found[f"native shuffle@{epoch}"].tolist() for epoch in range(2)] == orders
    steps = [array for name, array in found.items() if name.startswith("native batch@")]
    assert np.concatenate(steps).ravel().tolist() == [row for order in orders for row in order]
    sums = [array for name, array in found.items() if name.startswith("native loss@")]
    assert [float(array) for array in sums] == [float(np.sum(batch)) for batch in steps]
