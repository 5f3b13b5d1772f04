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

from .adopted import functional, observers, recorded, recorder

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
