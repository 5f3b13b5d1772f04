"""The injected update: from canonical weights and slots, at a step of its own, with an engine that is NumPy alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .adopted import bits, canonical, injected, recorded, recorder

SHAPE = (40, 25)

Arrays = dict[str, NDArray[Any]]


def load(variables: Arrays, values: Arrays) -> None:
    """Set arrays that stand for variables."""
    for name, variable in variables.items():
        variable[...] = values[name]


def test_an_update_starts_from_canonical_weights_and_slots() -> None:
    """Of what an optimizer finds nothing is what came before: weights, gradients and slots are the canonical ones."""
    trained: Arrays = {"w": np.full(SHAPE, 7, np.float32)}
    slots: Arrays = {f"w/{slot}": np.full(SHAPE, 7, np.float32) for slot in ("m", "v")}
    found: list[Arrays] = []

    def apply(optimizer: object, pairs: list[tuple[Any, Any]], after: list[Any]) -> None:
        ((gradient, variable),) = pairs
        found.append({"gradient": gradient, "weights": variable.copy(), **{n: a.copy() for n, a in slots.items()}})
        for array in (variable, *slots.values()):
            np.add(array, 1, out=array)

    engine = SimpleNamespace(
        read=lambda variables: {name: array.copy() for name, array in variables.items()},
        load=load,
        compile=lambda program: program,
        apply=apply,
    )
    program = SimpleNamespace(
        engine=engine,
        model=SimpleNamespace(OPTIMIZER={"name": "Adam"}),
        trained=trained,
        slots=lambda: slots,
        make_optimizer=lambda: None,
        optimizer=SimpleNamespace(),
    )
    setting = SimpleNamespace(recorder=recorder.Recorder(), jittered=lambda stage, arrays: arrays)
    injected._run_update(program, {"w": np.full(SHAPE, 7, np.float32)}, setting)

    seen, depth = found[-1], canonical.depths("w", SHAPE)
    assert bits(seen["gradient"]) == bits(canonical.signed("gradient/w", depth, np.float32))
    assert bits(seen["w/m"]) == bits(canonical.signed("slots/w/m", depth, np.float32))
    assert bits(seen["w/v"]) == bits(canonical.squared("slots/w/v", depth, np.float32))
    told = recorded(setting.recorder)
    assert list(told) == ["injected update/w", "injected slots/w/m", "injected slots/w/v", "injected weights/w"]
    assert bits(told["injected weights/w"]) == bits(seen["weights"] + 1)
    assert bits(told["injected update/w"]) == bits(seen["weights"] + 1 - seen["weights"])
