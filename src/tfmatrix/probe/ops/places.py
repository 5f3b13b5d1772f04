"""Places: in which layer and which part of a step an op is called, by the calls that led to it."""

from __future__ import annotations

from types import FrameType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

import tensorflow as tf

from .. import draws

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"
INITIALIZER, METRIC, LOSS = "initializer", "metric", "loss"
"""The parts of a step, and what is in front of it."""

LAYER = "layer"

BASES = {
    "Metric": METRIC,  # in front of layers, since Keras 2's metrics are some
    "Loss": LOSS,
    "Regularizer": LOSS,
    "Initializer": INITIALIZER,
    "OptimizerV2": OPTIMIZER,
    "_BaseOptimizer": OPTIMIZER,
    "BaseOptimizer": OPTIMIZER,
    "Optimizer": OPTIMIZER,
    "Layer": LAYER,
}
"""Classes of Keras and TensorFlow whose objects say, by being called, what an op is for."""

OWN = {
    ("Functional", "forward"): FORWARD,
    ("Functional", "loss"): LOSS,
    ("EagerEngine", "assign"): FORWARD,
    ("EagerEngine", "apply"): OPTIMIZER,
    ("GraphEngine", "assign"): FORWARD,
    ("GraphEngine", "apply"): OPTIMIZER,
}
"""The same of the probe's own classes and methods, which run a model of functions."""

LIBRARIES = ("tensorflow", "keras", "tf_keras")

MODULES = ("layers", "losses", "metrics", "initializers", "optimizers", "optimizers.legacy", "regularizers")
"""Where Keras has the classes that a user names."""


class Place(NamedTuple):
    """Where an op is called."""

    phase: str
    """Empty where no call says it."""
    layer: Optional[str]
    """The path of the layer, as its draws have it, or a metric's name; empty in a model outside of its layers; None
    where nothing of Keras is called."""


_roles: Dict[type, str] = {}
"""By class what its objects are for; empty for most."""


def place_of(innermost: FrameType) -> Place:
    """Walk the calls that led to a frame, from inside to outside: the first that says what it is for tells it."""
    frame: Optional[FrameType] = innermost
    phase = metric = ""
    layers: List[Any] = []
    while frame is not None:
        code = frame.f_code
        if code.co_argcount and code.co_varnames[0] == "self":
            me = frame.f_locals.get("self")
            role = _role(me)
            if role == LAYER:
                if all(me is not known for known in layers):
                    layers.append(me)
                role = FORWARD if code.co_name == "__call__" else ""
            elif role == METRIC:
                metric = metric or str(getattr(me, "name", ""))
            phase = phase or role or OWN.get((type(me).__name__, code.co_name), "")
        frame = frame.f_back
    return Place(phase, metric if phase == METRIC else _path(layers))


def _path(layers: List[Any]) -> Optional[str]:
    """Return the path of layers, from inside to outside; a model by itself has none."""
    if not layers:
        return None
    return "" if len(layers) == 1 and draws.is_keras(layers[0], "Model") else draws.path_of(layers)


def _role(value: Any) -> str:
    kind = type(value)
    if kind not in _roles:
        bases = {base.__name__ for base in kind.__mro__ if base.__module__.partition(".")[0] in LIBRARIES}
        _roles[kind] = next((role for name, role in BASES.items() if name in bases), "")
    return _roles[kind]


def classes() -> List[str]:
    """Return the classes of Keras whose objects were called by now, as a user names them: ``keras.layers.Dense``.

    Of a class that a user derived, it is the one that this is derived from; one that only says what kind of thing
    something is, as ``keras.layers.Layer``, is none.
    """
    return sorted(set(filter(None, (_named(kind) for kind, role in _roles.items() if role))))


def _named(kind: type) -> str:
    own = (base for base in kind.__mro__ if "keras" in base.__module__ and base.__name__ not in BASES)
    return next((name for base in own for name in _names(base)), "")


def _names(base: type) -> Iterator[str]:
    for module in MODULES:
        owner: Any = tf.keras
        for part in module.split("."):
            owner = getattr(owner, part, None)
        if getattr(owner, base.__name__, None) is base:
            yield "keras.{}.{}".format(module, base.__name__)
