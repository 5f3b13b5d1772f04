"""Running a row of Keras: an object is made anew from a given seed, and called with the same bits in every release.

A layer has the weights that it draws itself in the case ``init`` alone. In all others it is given some, by their order,
so that what it computes is judged apart from them.
"""

from __future__ import annotations

import inspect
import json
import random
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

import numpy as np
import tensorflow as tf

from .calls import DIFFERENTIABLE, Stages, digest, gradients
from .inputs import NotRun, array_of
from .keras_names import arguments, everything, parameters, shortened, told
from .keras_rows import ARGUMENTS, CONFIG, FUNCTION, Given, Row, said_of, tensors_in
from .rows import SPECIAL

SEED, OTHER_SEED = 1234, 4321
"""The seed of every generator, and of what takes one; the other one shows what is drawn."""

DRAWING = ("init", "training", "draws")
"""Cases that are run from the other seed too; so is a function that takes one."""

SHAPES = {"matrix": [64, 48], "filter": [3, 3, 8, 16]}
"""What initializers draw: enough numbers to tell one distribution from another."""

STEPS = (0, 1, 2, 5, 10, 50, 100, 1000, 10000)
"""Steps that a schedule is asked about."""

NO_CONFIG, NOTHING = "has no configuration", "makes nothing that can be compared"

Watched = List[Tuple[str, Any]]
"""What a gradient is taken of, by names."""


class Made:
    """What a row makes."""

    def __init__(self) -> None:
        """Take nothing yet."""
        self.given: Dict[str, Any] = {}
        """Tensors that it was given, by names."""
        self.outputs: Watched = []
        """What it makes, by names: tensors and arrays."""
        self.gradients: Stages = []


def run(row: Row) -> Union[Stages, Dict[str, str]]:
    """Run a row, and return its stages, or what it says in words."""
    if row.case == ARGUMENTS:
        return arguments(everything()[row.op])
    seed_all(SEED)
    if row.case == CONFIG:
        return _config(row)
    made = _made(row, SEED, whole=True)
    outputs = list(_arrays(made.outputs))
    if not outputs:
        if row.kind == FUNCTION and row.case != SPECIAL:
            raise NotRun(NOTHING)
        return []
    found = [("given", digest(made.given)), *outputs]
    if row.case in DRAWING or (row.kind == FUNCTION and _seeds(row, SEED)):
        seed_all(OTHER_SEED)
        again = dict(_arrays(_made(row, OTHER_SEED, whole=False).outputs))
        differing = ((at, again[at]) for at, one in outputs if at in again and not _same(one, again[at]))
        found += [("again/{}".format(at), one) for at, one in differing]
    return found + [("gradient/{}".format(at), one) for at, one in made.gradients]


def seed_all(seed: int) -> None:
    """Have every generator begin anew; TensorFlow's kernels that draw too."""
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    try:
        tf.keras.utils.set_random_seed(seed)
    except AttributeError:  # older releases have no such function, and Keras draws by TensorFlow's seed there
        return


def _made(row: Row, seed: int, *, whole: bool) -> Made:
    """Return what a row makes from a seed; its gradients too, where the whole of it is asked for."""
    made = Made()
    KINDS[row.kind](row, Given(row, seed), made, whole)
    return made


def _config(row: Row) -> Dict[str, str]:
    built = Given(row, SEED).object()
    if not hasattr(built, "get_config"):
        raise NotRun(NO_CONFIG)
    told_ = {str(key): _as_text(value) for key, value in built.get_config().items()}
    return {key: text for key, text in told_.items() if key != "name"}  # which counts how many there were before


def _as_text(value: Any) -> str:
    return shortened(json.dumps(value, sort_keys=True, default=_plain))


def _plain(value: Any) -> Any:
    """Return what JSON has no word for: a number of NumPy's as one of Python's, anything else in words."""
    return value.item() if isinstance(value, np.generic) else told(value)


def _arrays(values: Watched) -> Iterator[Tuple[str, Any]]:
    """Yield what can be compared of some values, each tensor and number in them by itself."""
    for name, value in values:
        parts = [_array(one) for one in tf.nest.flatten(value, expand_composites=True)]
        for at, one in enumerate(parts):
            if one is not None:
                yield (name if len(parts) == 1 else "{}.{}".format(name, at)), one


def _array(value: Any) -> Any:
    """Return a value as an array; None of what is none."""
    if isinstance(value, tf.Variable):
        value = value.value()
    if isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
        return array_of(value)
    if isinstance(value, (bool, int, float, complex, str, bytes, np.ndarray, np.generic)):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufcSU" else None
    return None


def _same(one: Any, other: Any) -> bool:
    return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())


def _call(function: Any, inputs: List[Any], made: Made, name: str = "", further: Sequence[Tuple[str, Any]] = ()) -> Any:
    """Call something with inputs; where it has a name, take its gradient by them and by what else is named."""
    made.given.update(
        {"{}.{}".format(at, n): t for at, one in enumerate(inputs) for n, t in enumerate(tensors_in(one))}
    )
    watched = [(at, one) for at, one in made.given.items() if name and one.dtype.name in DIFFERENTIABLE]
    watched = [(at, one) for at, one in watched if not at.startswith("weight-")]
    with tf.GradientTape() as tape:
        for _, one in watched:
            tape.watch(one)
        result = function(*inputs)
    if name:
        flat = [one for one in tf.nest.flatten(result, expand_composites=True) if isinstance(one, tf.Tensor)]
        made.gradients += gradients(tape, flat, [*watched, *further], name)
    return result


def _layer(row: Row, given: Given, made: Made, whole: bool) -> None:
    layer = given.object()
    function = _calling(layer, training=False)
    if row.case == "adapt":
        data = given.value(said_of(row.op, "adapt", ["uniform", "n", "m"]), "adapt")
        made.given["adapt"] = data
        layer.adapt(data)
        made.outputs.append(("0", function(*given.called_with(layer.call))))
        return
    inputs = given.called_with(layer.call)
    result = function(*inputs)  # which builds it
    weights = list(layer.weights)
    if row.case == "init":
        made.outputs += [("weight-{}".format(at), _variable(one)) for at, one in enumerate(weights)]
        return
    _give(weights, given, made)
    further = [("weight-{}".format(at), _variable(one)) for at, one in enumerate(weights) if one.trainable]
    if row.case == "training":
        result = _call(_calling(layer, training=True), inputs, made, row.op if whole else "", further)
        others = [("weight-{}".format(at), _variable(one)) for at, one in enumerate(weights) if not one.trainable]
        made.outputs += [("0", result), *others]
    else:
        result = _call(function, inputs, made)
        made.outputs.append(("0", result))


def _trains(layer: Any) -> bool:
    """Return whether a layer does something else in training, as far as its parameters tell."""
    return "training" in inspect.signature(layer.call).parameters


def _calling(layer: Any, *, training: bool) -> Callable[..., Any]:
    return (lambda *inputs: layer(*inputs, training=training)) if _trains(layer) else layer


def _give(weights: List[Any], given: Given, made: Made) -> None:
    """Set the weights that hold floats to what they are given."""
    for at, one in enumerate(weights):
        if tf.as_dtype(one.dtype).is_floating:
            value = tf.constant(given.weight(at, one), one.dtype)
            one.assign(value)
            made.given["weight-{}".format(at)] = value


def _variable(weight: Any) -> Any:
    """Return the variable of TensorFlow's that a weight is, or that it holds."""
    return weight if isinstance(weight, tf.Variable) else weight.value


def _initializer(row: Row, given: Given, made: Made, whole: bool) -> None:
    del whole
    initializer = given.object()
    for name, shape in said_of(row.op, "shapes", SHAPES).items():
        made.outputs.append((name, initializer(shape, dtype="float32")))


def _loss(row: Row, given: Given, made: Made, whole: bool) -> None:
    loss = given.object()
    inputs = given.called_with(loss.call)
    weight = [given.array("sample_weight", "unit", inputs[0].shape[0])] if row.case == "weighted" else []
    made.outputs.append(("0", _call(loss, [*inputs, *weight], made, row.op if whole else "")))


def _metric(row: Row, given: Given, made: Made, whole: bool) -> None:
    del whole
    metric = given.object()
    inputs = given.called_with(None, ("y_true", "y_pred"))  # update_state does not name them in each release
    made.given = {str(at): one for at, one in enumerate(inputs)}
    if row.case == "weighted":
        if "sample_weight" not in inspect.signature(metric.update_state).parameters:
            return
        made.given["sample_weight"] = given.array("sample_weight", "unit", inputs[0].shape[0])
        metric.update_state(*inputs, sample_weight=made.given["sample_weight"])
    else:
        for turn in range({"one": 1, "three": 3}[row.case]):
            metric.update_state(*(tf.roll(one, turn * at, axis=0) for at, one in enumerate(inputs, 1)))
    made.outputs.append(("0", metric.result()))


def _optimizer(row: Row, given: Given, made: Made, whole: bool) -> None:
    del whole
    optimizer = given.object()
    start = given.array("variable", "uniform", "v", "k")
    kind = getattr(tf.keras, "Variable", tf.Variable)  # of Keras's own, where it has one
    variable = kind(start, name="variable")
    made.given["variable"] = start
    sparse = row.case.startswith("sparse")
    for turn in range(3 if row.case.endswith("three") else 1):
        values = given.array("gradient-{}".format(turn), "uniform", "s" if sparse else "v", "k")
        made.given["gradient-{}".format(turn)] = values
        # The first of its rows comes up twice in each gradient.
        gradient = tf.IndexedSlices(values, tf.constant([turn, 4 + turn, turn]), start.shape) if sparse else values
        optimizer.apply_gradients([(gradient, variable)])
    made.outputs.append(("variable", _variable(variable)))


def _schedule(row: Row, given: Given, made: Made, whole: bool) -> None:
    del row, whole
    schedule = given.object()
    made.outputs.append(("0", tf.stack([tf.cast(schedule(one), "float32") for one in STEPS])))


def _on_matrix(row: Row, given: Given, made: Made, whole: bool) -> None:
    """Run what is called with a weight: a regularizer or a constraint."""
    inputs = [given.value(said_of(row.op, "call", [["uniform", "n", "m"]])[0], "0")]
    made.outputs.append(("0", _call(given.object(), inputs, made, row.op if whole else "")))


def _function(row: Row, given: Given, made: Made, whole: bool) -> None:
    function = everything()[row.op]
    inputs = given.called_with(function)
    if row.case == SPECIAL and not given.has_special:
        return
    further = _seeds(row, given.seed)
    result = _call(lambda *some: function(*some, **further), inputs, made, row.op if whole else "")
    made.outputs.append(("0", result))


def _seeds(row: Row, seed: int) -> Mapping[str, Any]:
    """Return the seed of a function that takes one."""
    return {"seed": seed} if "seed" in {one.name for one in parameters(everything()[row.op])} else {}


KINDS: Mapping[str, Callable[[Row, Given, Made, bool], None]] = {
    "layer": _layer,
    "initializer": _initializer,
    "loss": _loss,
    "metric": _metric,
    "optimizer": _optimizer,
    "schedule": _schedule,
    "regularizer": _on_matrix,
    "constraint": _on_matrix,
    FUNCTION: _function,
}
"""How a row of each kind is run."""
