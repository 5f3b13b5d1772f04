"""The reference models use whatever Keras has, as `keras_classes.json` lists it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

import pytest

from .listing import FILE

MODELS = FILE.parents[2] / "reference_models"
LISTED: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))

LEFT_OUT = {
    "layers": {
        "Layer": "the base of all layers",
        "Wrapper": "the base of the layers that wrap another",
        "InputLayer": "what `Input` makes",
    },
    "initializers": {"Initializer": "the base of all initializers"},
    "losses": {"Loss": "the base of all losses"},
    "metrics": {
        "Metric": "the base of all metrics",
        "MeanMetricWrapper": "the base of the metrics that take a function",
    },
    "optimizers": {"Optimizer": "the base of all optimizers"},
    "regularizers": {"Regularizer": "the base of all regularizers"},
    "constraints": {"Constraint": "the base of all constraints"},
    "activations": {},
}
"""What no model has to use, and why."""


def used() -> Iterator[tuple[str, str]]:
    """Yield what the models name of Keras, as module and name: ``layers.Dense``, and an optimizer in a dict."""
    for path in MODELS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                owner = node.value
                yield owner.id if isinstance(owner, ast.Name) else owner.attr, node.attr
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    match key, value:
                        case ast.Constant("name"), ast.Constant(str(name)):
                            yield "optimizers", name


@pytest.mark.parametrize("place", LISTED)
def test_the_reference_models_use_all_that_keras_has(place: str) -> None:
    """Of each kind of class, everything that exists in 2.9 and in 2.21 is in some model, or said to be left out."""
    found = {name for where, name in used() if where == place}
    assert set(LISTED[place]) - found - set(LEFT_OUT[place]) == set()


@pytest.mark.parametrize("place", LISTED)
def test_nothing_is_left_out_that_is_used_or_unknown(place: str) -> None:
    """What is said to be left out exists, and no model uses it."""
    found = {name for where, name in used() if where == place}
    assert set(LEFT_OUT[place]) <= set(LISTED[place])
    assert not set(LEFT_OUT[place]) & found
