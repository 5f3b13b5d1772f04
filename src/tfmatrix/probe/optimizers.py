"""Optimizers by one specification in every mode and release, and their slots under stable names.

A model names its optimizer as Keras does: ``{"name": "Adam", "learning_rate": 1e-3, "epsilon": 1e-7}``. A mode says by
a word of `MAKERS` from where it is made.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, Tuple

import numpy as np
import tensorflow as tf

from .canonical import jittered
from .loading import broken
from .names import OPTIMIZERS, SETTINGS, Misspelt, absent
from .outcomes import BadModel, Unsupported

V1: dict[str, tuple[str, dict[str, str]]] = {
    "Adam": ("AdamOptimizer", {"beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon"}),
    "SGD": ("MomentumOptimizer", {"momentum": "momentum", "nesterov": "use_nesterov"}),
    "RMSprop": (
        "RMSPropOptimizer",
        {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon", "centered": "centered"},
    ),
    "Adagrad": ("AdagradOptimizer", {"initial_accumulator_value": "initial_accumulator_value"}),
    "Ftrl": (
        "FtrlOptimizer",
        {
            "initial_accumulator_value": "initial_accumulator_value",
            "learning_rate_power": "learning_rate_power",
            "l1_regularization_strength": "l1_regularization_strength",
            "l2_regularization_strength": "l2_regularization_strength",
        },
    ),
}
"""The counterparts in `tf.compat.v1.train`, and what each calls the settings that it knows."""

SLOTS = {
    "Adam": {"m": "_momentums", "v": "_velocities", "vhat": "_velocity_hats"},
    "AdamW": {"m": "_momentums", "v": "_velocities", "vhat": "_velocity_hats"},
    "Nadam": {"m": "_momentums", "v": "_velocities"},
    "Adamax": {"m": "_m", "v": "_u"},
    "SGD": {"momentum": "momentums"},
    "RMSprop": {"rms": "_velocities", "momentum": "_momentums", "mg": "_average_gradients"},
    "Adagrad": {"accumulator": "_accumulators"},
    "Adadelta": {"accum_grad": "_accumulated_grads", "accum_var": "_accumulated_delta_vars"},
    "Ftrl": {"accumulator": "_accumulators", "linear": "_linears"},
}
"""Each optimizer's slots, as `get_slot` of Keras before 2.11 names them, and the attribute, a list in the variables'
order, where Keras keeps them since."""

ONLY_WITH = {"momentum": "momentum", "mg": "centered", "vhat": "amsgrad"}
"""Slots that mean something only where this setting is on; some releases keep them all the same."""

SQUARED = ("v", "vhat", "rms", "accumulator", "accum_grad", "accum_var")
"""Slots that hold means or sums of squared gradients."""

V1_SLOTS = {"accum": "accumulator"}
"""What Ftrl of `tf.compat.v1.train` calls its accumulator."""


NUMBERS = (float, np.floating)
"""What a setting that rounds is; some releases tell theirs as NumPy's."""

Settle = Callable[[Mapping[str, Any]], Dict[str, Any]]
"""Has the last word on an optimizer's settings, the release's defaults among them: where a trial is jittered."""


def make_keras(specification: Mapping[str, Any], settle: Settle) -> Any:
    """Return the optimizer of `tf.keras.optimizers`; raise Unsupported where only another release has that name."""
    return _from_module(tf.keras.optimizers, specification, settle)


def make_legacy(specification: Mapping[str, Any], settle: Settle) -> Any:
    """Return the optimizer of `tf.keras.optimizers.legacy`, or as `make_keras` does where that does not exist.

    From 2.11 on Keras cannot turn a new optimizer into the one it needs in a v1 graph.
    """
    return _from_module(getattr(tf.keras.optimizers, "legacy", tf.keras.optimizers), specification, settle)


def _from_module(module: Any, specification: Mapping[str, Any], settle: Settle) -> Any:
    settings = dict(specification)
    name = settings.pop("name")
    if not isinstance(getattr(module, name, None), type):
        raise absent("tf.keras.optimizers", name, OPTIMIZERS)
    made = getattr(module, name)(**settings)
    config = made.get_config()
    return made if settle(config) == config else type(made).from_config(settle(config))


def make_v1(specification: Mapping[str, Any], settle: Settle) -> Any:
    """Return the counterpart of `tf.compat.v1.train`; raise Unsupported where there is none."""
    settings = dict(specification)
    name = settings.pop("name")
    if name not in V1:
        if name not in OPTIMIZERS and not hasattr(tf.keras.optimizers, name):
            raise absent("tf.keras.optimizers", name, OPTIMIZERS)
        raise Unsupported("tf.compat.v1.train has no counterpart of {}".format(name))
    rate = settings.pop("learning_rate")
    if name == "SGD" and not settings:
        return tf.compat.v1.train.GradientDescentOptimizer(**settle({"learning_rate": rate}))
    counterpart, names = V1[name]
    unknown = sorted(set(settings) - set(names))
    if unknown:
        for setting in unknown:
            if setting not in SETTINGS:
                raise absent("tf.keras.optimizers.{}".format(name), setting, SETTINGS)
        raise Unsupported("tf.compat.v1.train.{} has no {}".format(counterpart, ", ".join(unknown)))
    make = getattr(tf.compat.v1.train, counterpart)
    defaults = {n: p.default for n, p in inspect.signature(make).parameters.items() if isinstance(p.default, float)}
    renamed = {names[setting]: value for setting, value in settings.items()}
    return make(**settle(dict(defaults, learning_rate=rate, **renamed)))


def settler(jitter: int, equivalent: bool = False) -> Settle:
    """Return what moves an optimizer's numbers by one float32 ULP in a draw of jitter; draw 0 moves nothing.

    Releases round a learning rate and a bias correction at other places; that is rounding as much as any. An equivalent
    execution has the rate that follows from the other precision in the correction: where ``1 - beta ** step`` and
    ``1 - beta`` round alike, a moved beta moves both, and a first update stays as it was.
    """

    def settle(settings: Mapping[str, Any]) -> Dict[str, Any]:
        moved = dict(settings)
        rate = settings.get("learning_rate")
        if equivalent and isinstance(rate, NUMBERS):
            moved["learning_rate"] = float(rate) * corrections_apart(settings)
        for name, value in settings.items():
            if jitter and isinstance(value, NUMBERS) and value:  # 0 means that it is off; a tensor has no truth
                # Added, so that a number that float32 rounds stays as far from its rounded one as it was.
                narrow = np.float32(value)
                step = float(jittered(narrow, "optimizer/" + name, jitter)) - float(narrow)
                moved[name] = float(value) + step
        return moved

    return settle


def corrections_apart(settings: Mapping[str, Any]) -> float:
    """Return Adam's correction of bias, made in float32, over that made in float64; 1 for an optimizer without one.

    That is sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t) at t = 1, and at all steps t at which t (1 - beta) is small
    (Kingma and Ba, 2015, the end of section 2).
    """
    ratio = 1.0
    for names, power in ((("beta_1", "beta1"), -1.0), (("beta_2", "beta2"), 0.5)):
        for beta in (settings[name] for name in names if isinstance(settings.get(name), NUMBERS)):
            if 0 < beta < 1:
                ratio *= ((1 - float(np.float32(beta))) / (1 - beta)) ** power
    return ratio


MAKERS: Mapping[str, Callable[[Mapping[str, Any], Settle], Any]] = {
    "tf.keras.optimizers": make_keras,
    "tf.keras.optimizers.legacy": make_legacy,
    "tf.compat.v1.train": make_v1,
}
"""From where an optimizer may be made, by the words that `modes.json` has for it."""


def make(made_by: str, model: ModuleType, settle: Settle) -> Any:
    """Return a fresh optimizer of a model's, made by the maker of that word.

    Raises BadModel where the model's ``OPTIMIZER`` has a name that no release has.
    """
    try:
        return MAKERS[made_by](model.OPTIMIZER, settle)
    except Misspelt as slip:
        raise broken(model, "OPTIMIZER", str(slip)) from None


def build(optimizer: Any, variables: List[Any]) -> None:
    """Make the slots of a Keras optimizer now, outside every program; v1 optimizers make theirs when applied."""
    if hasattr(optimizer, "_create_all_weights"):
        optimizer._create_all_weights(variables)
    elif hasattr(optimizer, "build"):
        optimizer.build(variables)


def slots(specification: Mapping[str, Any], optimizer: Any, variables: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the slot variables as ``variable/slot``, the names the same in every release and mode.

    Raises BadModel where this module does not know what slots the optimizer has.
    """
    name = specification["name"]
    if name not in SLOTS:
        raise BadModel("OPTIMIZER {!r}: the slots of only these are known: {}".format(name, ", ".join(SLOTS)))
    found = {}
    for slot, attribute in SLOTS[name].items():
        if slot in ONLY_WITH and not specification.get(ONLY_WITH[slot]):
            continue
        for position, (variable_name, variable) in enumerate(variables.items()):
            key = "{}/{}".format(variable_name, slot)
            if hasattr(optimizer, "get_slot"):
                found[key] = _get_slot(optimizer, variable, slot)
            else:
                found[key] = _slot_list(optimizer, attribute)[position]
    return {key: found[key] for key in sorted(found)}


def in_keras_terms(specification: Mapping[str, Any], optimizer: Any) -> np.ndarray:
    """Return what a slot has to be multiplied with to mean what Keras's does.

    Momentum is a step to Keras, ``m * momentum - rate * gradient``, and a sum of gradients to `tf.compat.v1.train`.
    """
    is_sum = type(optimizer).__name__ == "MomentumOptimizer"  # Keras has none of that name
    return np.array(-specification["learning_rate"] if is_sum else 1, np.float32)


def _get_slot(optimizer: Any, variable: Any, slot: str) -> Any:
    """Return a slot of a v1 optimizer or of a Keras one before 2.11."""
    names = {V1_SLOTS.get(name, name): name for name in optimizer.get_slot_names()}
    return optimizer.get_slot(variable, names[slot])


def _slot_list(optimizer: Any, attribute: str) -> Any:
    """Return one kind of slot of a Keras optimizer since 2.11; SGD's list is public in some releases."""
    return getattr(optimizer, attribute if hasattr(optimizer, attribute) else "_" + attribute)


def pairs(gradients: Mapping[str, Any], variables: Mapping[str, Any]) -> List[Tuple[Any, Any]]:
    """Pair gradients with variables by name; ``name.indices`` and ``name.values`` make a sparse one again."""
    found = []
    for name, variable in variables.items():
        if name in gradients:
            found.append((gradients[name], variable))
        elif name + ".values" in gradients:
            values, indices = gradients[name + ".values"], gradients[name + ".indices"]
            found.append((tf.IndexedSlices(values, indices, tf.constant(variable.shape.as_list())), variable))
    return found


def set_step(optimizer: Any, step: int, engine: Any) -> None:
    """Make the optimizer believe that ``step`` updates were applied."""
    if hasattr(optimizer, "iterations"):
        engine.load({"iterations": optimizer.iterations}, {"iterations": step})
    elif hasattr(optimizer, "_get_beta_accumulators"):  # Adam of v1 multiplies these up, in their own precision
        for power, base in zip(optimizer._get_beta_accumulators(), (optimizer._beta1, optimizer._beta2)):
            engine.load({"power": power}, {"power": np.prod([np.float32(base)] * (step + 1))})
