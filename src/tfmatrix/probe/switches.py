"""Switches: what a process sets once TensorFlow is there, and that may move numbers.

`switches.json` has a row for each that `tfmatrix explain` tries. What a row calls its ``settings`` are names of
`SETTINGS`; its other columns are done by whoever starts the process.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Mapping, Sequence

import tensorflow as tf

from .modes import forgo_rewriting


def throw(names: Sequence[str]) -> None:
    """Set what some names of `SETTINGS` stand for, before a mode is entered."""
    for name in names:
        SETTINGS[name]()


def _without(rewriter: str) -> Callable[[], None]:
    return lambda: tf.config.optimizer.set_experimental_options({rewriter: False})


def _run_functions_eagerly() -> None:
    tf.config.run_functions_eagerly(True)


def _forgo_generator() -> None:
    """Have Keras draw by stateful operations of the global seed, as it did before it had generators of its own."""
    tf.keras.backend.experimental.disable_tf_random_generator()


def _take_legacy_optimizers() -> None:
    """Have every name of an optimizer, and every class, be the one that Keras had before 2.11."""
    legacy = tf.keras.optimizers.legacy
    classes = {name: value for name, value in vars(legacy).items() if isinstance(value, type)}
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").endswith("keras.optimizers") or module is tf.keras.optimizers:
            for name, value in classes.items():
                if hasattr(module, name):
                    setattr(module, name, value)
            if hasattr(module, "get"):
                module.get = _getting(module.get, classes)  # type: ignore[attr-defined]


def _getting(original: Callable[..., Any], classes: Mapping[str, Any]) -> Callable[..., Any]:
    """Return what finds an optimizer by its name as Keras does, among the legacy ones."""
    by_name: Dict[str, Any] = {name.lower(): value for name, value in classes.items()}

    def get(identifier: Any, **named: Any) -> Any:
        if isinstance(identifier, str) and identifier.lower() in by_name:
            return by_name[identifier.lower()]()
        return original(identifier, **named)

    return get


SETTINGS: Mapping[str, Callable[[], None]] = {
    "rewriters-off": forgo_rewriting,
    "remapping-off": _without("remapping"),
    "constant-folding-off": _without("constant_folding"),
    "arithmetic-off": _without("arithmetic_optimization"),
    "layout-off": _without("layout_optimizer"),
    "functions-off": _without("function_optimization"),
    "loops-off": _without("loop_optimization"),
    "eager-functions": _run_functions_eagerly,
    "stateful-generator": _forgo_generator,
    "legacy-optimizers": _take_legacy_optimizers,
}
"""What can be set, by its name."""
