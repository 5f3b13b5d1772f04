"""The variables of a watched training: who made each, what it is called, and what it holds."""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import tensorflow as tf

from .. import unseen

OWNERS = (
    "OptimizerV2",
    "_BaseOptimizer",
    "BaseOptimizer",
    "Optimizer",
    "BaseLossScaleOptimizer",
    "_DynamicLossScaleState",
    "Metric",
    "SeedGenerator",
    "RandomGenerator",
    "Generator",
    "CollectiveReplicaLauncher",
    "Checkpoint",
)
"""Classes of TensorFlow and Keras that make variables of their own, which are none of the model's."""

_OF_LIBRARY = "_tfmatrix_of_library"

LIBRARIES = ("tensorflow", "keras", "tf_keras", "tfmatrix_probe")

COPY = "tensorflow.python.keras"
"""TensorFlow's own copy of Keras, which `tf.keras` was up to 2.5; what is left of it since then has no `api`."""

SLOTS = {
    "m": "momentum",
    "v": "velocity",
    "rms": "velocity",
    "vhat": "velocity_hat",
    "mg": "average_gradient",
    "accum": "accumulator",
    "accum_grad": "accumulated_grad",
    "accum_var": "accumulated_delta_var",
    "iter": "iterations",
    "iteration": "iterations",
    "u": "norm",
}
"""What optimizers of some releases call what others call otherwise."""

NORM = ("Adamax", "v")
"""The optimizer and its slot that is no velocity: the largest gradient so far."""

PRODUCT, CACHE = "_u_product", "momentum_cache"
"""Nadam's product of all momenta so far: where it has it, which some releases do not list, and what 2.10 calls it."""

ONLY_WITH = {"momentum": "momentum", "average_gradient": "centered", "velocity_hat": "amsgrad"}
"""Slots that mean something only where the optimizer has this setting on; some releases keep them all the same."""


class Variables:
    """All variables that were made since watching began, in that order."""

    def __init__(self) -> None:
        self._of_model: List[Any] = []
        """Those of the model: all but optimizers', metrics' and generators', and counters that Keras keeps."""
        self._paths: Dict[int, str] = {}
        self._names: Dict[int, str] = {}
        self._used: Dict[str, int] = {}
        self.trained: Dict[int, Any] = {}
        """Those that gradients were applied to, in the order of the optimizers' lists."""

    def planned(self, keras: Any) -> None:
        """Take in a Keras 3 variable, which may be made later, when nobody can tell any more who wanted it."""
        if _is_of_library(sys._getframe(2)):
            setattr(keras, _OF_LIBRARY, True)

    def made(self, variable: Any) -> None:
        """Take in a new variable; it is kept, so that its value can be told at the end."""
        if not (_is_of_library(sys._getframe(2)) or (not is_float(variable) and _is_in_keras(sys._getframe(2)))):
            self._of_model.append(variable)

    def wrapped(self, keras: Any) -> None:
        """Take in the path that a Keras 3 variable gives to the variable that it wraps."""
        inner = innermost(keras)
        if inner is not None:
            self._paths[id(inner)] = str(keras.path)

    def train(self, variables: Iterable[Any]) -> None:
        """Take in that gradients are applied to variables."""
        for variable in variables:
            if hasattr(variable, "path"):
                self.wrapped(variable)
            inner = innermost(variable)
            self.trained.setdefault(id(inner), inner)

    def name(self, variable: Any) -> str:
        """Return a variable's name, which no other has: Keras 3's path, or TensorFlow's name."""
        variable = innermost(variable)
        key = id(variable)
        if key not in self._names:
            plain = self.plain_name(variable)
            self._used[plain] = self._used.get(plain, 0) + 1
            self._names[key] = plain if self._used[plain] == 1 else "{}.{}".format(plain, self._used[plain])
        return self._names[key]

    def plain_name(self, variable: Any) -> str:
        """Return what a variable itself is called: another may be called so too."""
        return self._paths.get(id(variable)) or str(variable.name).partition(":")[0]

    def of_model(self) -> Dict[str, Any]:
        """Return the trained variables and all others that are the model's and have values, by name."""
        others = [v for v in self._of_model if id(v) not in self.trained]
        return {self.name(v): v for v in [*self.trained.values(), *others] if is_eager(v) and has_value(v)}

    def of_graph(self, graph: Any) -> Dict[str, Any]:
        """Return the trained variables of a graph and all others of it that are the model's, by name."""
        others = [v for v in self._of_model if id(v) not in self.trained]
        return {self.name(v): v for v in [*self.trained.values(), *others] if getattr(v, "graph", None) is graph}

    def slots(self, optimizers: Iterable[Any]) -> Dict[str, Any]:
        """Return the optimizers' variables as ``variable/slot``; those that belong to none by their own name."""
        found: Dict[str, Any] = {}
        for number, optimizer in enumerate(optimizers, 1):
            prefix = "" if number == 1 else "optimizer.{}/".format(number)
            for name, variable in self._slots_of(optimizer):
                setting = ONLY_WITH.get(name.rpartition("/")[2], "")
                if _is_on(getattr(optimizer, setting, True)):
                    # A slot is told by its variable, which as a rule no other optimizer trains.
                    own = "/" in name and name not in found
                    found.setdefault(name if own else prefix + name, variable)
        return found

    def _slots_of(self, optimizer: Any) -> Iterator[Tuple[str, Any]]:
        slotted = set()
        if hasattr(optimizer, "get_slot_names"):
            for variable in self.trained.values():
                for slot in optimizer.get_slot_names():
                    one = _slot(optimizer, variable, slot)
                    if one is not None:
                        slotted.add(id(innermost(one)))
                        called = "norm" if (type(optimizer).__name__, slot) == NORM else SLOTS.get(slot, slot)
                        yield "{}/{}".format(self.name(variable), called), innermost(one)
        product = innermost(getattr(optimizer, PRODUCT, None))
        for variable in variables_of(optimizer):
            inner = innermost(variable)
            if id(inner) in slotted or id(inner) in self.trained:
                continue
            name = self._slot_name(str(getattr(variable, "path", "") or inner.name).partition(":")[0])
            if "learning_rate" not in name:
                yield (CACHE if inner is product else name), inner

    def _slot_name(self, name: str) -> str:
        """Return ``Adam/m/dense/kernel`` and ``adam/dense_kernel_momentum`` as ``dense/kernel/momentum``.

        In front there may be scopes, ``cond/Adam/m/dense/kernel`` or ``loss_scale_optimizer/adam/...``, or nothing,
        ``m/dense/kernel``.
        """
        last = name.rpartition("/")[2]
        for variable in sorted(map(self.name, self.trained.values()), key=len, reverse=True):
            slot = ""
            if name.endswith("/" + variable):
                slot = name[: -len(variable) - 1].rpartition("/")[2]
            elif last.startswith(variable.replace("/", "_") + "_"):
                slot = last[len(variable) + 1 :]
            if slot:
                return "{}/{}".format(variable, SLOTS.get(slot, slot))
        return SLOTS.get(last, last)


def rate_name(number: int) -> str:
    """Return what the learning rate of an optimizer is called, the first being number 1."""
    return "learning_rate" if number == 1 else "optimizer.{}/learning_rate".format(number)


def variables_of(optimizer: Any) -> List[Any]:
    """Return the variables of an optimizer and of those that it wraps."""
    found = getattr(optimizer, "variables", None)
    found = list((found() if callable(found) else found) or [])
    product = getattr(optimizer, PRODUCT, None)
    listed = product is None or any(innermost(one) is innermost(product) for one in found)
    inner = getattr(optimizer, "inner_optimizer", None)
    more = variables_of(inner) if inner is not None and inner is not optimizer else []
    return [*found, *([] if listed else [product]), *more]


def _is_on(setting: Any) -> bool:
    """Tell whether a setting is on; one that is a graph's tensor has its slot only where it is."""
    return bool(setting) if tf.executing_eagerly() or not tf.is_tensor(setting) else True


def _slot(optimizer: Any, variable: Any, slot: str) -> Optional[Any]:
    try:
        return optimizer.get_slot(variable, slot)
    except KeyError:  # this optimizer does not train this variable
        return None


def innermost(variable: Any) -> Any:
    """Return the variable of TensorFlow that others wrap: Keras's, those of mixed precision, those of a strategy."""
    for _ in range(4):
        wrapped = getattr(variable, "_values", None)  # of a strategy, one for each replica
        if wrapped:
            variable = wrapped[0]
        elif type(variable).__name__.startswith("AutoCast"):
            variable = variable._variable
        elif hasattr(variable, "path") and hasattr(variable, "_value"):
            variable = variable._value
        else:
            break
    return variable


def is_eager(variable: Any) -> bool:
    """Tell whether a variable has its value outside of every graph, and not in a session."""
    return not getattr(variable, "_in_graph_mode", True)


def has_value(variable: Any) -> bool:
    """Tell whether an eager variable has a value by now."""
    try:
        with unseen.running(), tf.init_scope():
            return bool(variable.is_initialized())
    except (AttributeError, NotImplementedError, tf.errors.OpError):
        return False


def is_variable(weight: Any) -> bool:
    """Tell whether a weight is a variable: Keras 2 counts the vocabulary of a lookup table among a layer's weights."""
    return hasattr(weight, "dtype")


def is_float(variable: Any) -> bool:
    """Tell whether a variable holds floating-point numbers."""
    return is_variable(variable) and bool(variable.dtype.base_dtype.is_floating or variable.dtype.base_dtype.is_complex)


def _is_of_library(frame: Any) -> bool:
    """Tell whether a variable that is made below a frame is made by an optimizer, a metric or a generator."""
    for above in _frames(frame):
        me = above.f_locals.get("self")
        if type(me).__name__ == "Variable" and getattr(me, _OF_LIBRARY, False):
            return True
        if me is not None and any(c.__name__ in OWNERS and _library(c.__module__) for c in type(me).__mro__):
            return True
    return False


def _is_in_keras(frame: Any) -> bool:
    """Tell whether Keras's own code makes a variable below a frame: the nearest code that is not TensorFlow's."""
    nearest = (_library(above.f_globals.get("__name__", "")) for above in _frames(frame))
    return next((library for library in nearest if library not in ("tensorflow", "tfmatrix_probe")), "") != ""


def _library(module: str) -> str:
    root = "keras" if module.startswith(COPY + ".") else module.partition(".")[0]
    return root if root in LIBRARIES else ""


def _frames(frame: Any) -> Iterator[Any]:
    for _ in range(60):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def read(variables: Dict[str, Any]) -> Dict[str, Any]:
    """Return copies of eager variables' values; inside a function that is traced as well."""
    with unseen.running(), tf.init_scope():
        return {name: np.array(variable.numpy()) for name, variable in variables.items()}
