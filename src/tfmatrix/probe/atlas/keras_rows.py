"""The rows of a class or function of Keras, and how each is made and called.

What it is made with and called with is said by ``keras.json``, mostly by the names of its parameters. Its parts:

``arguments``: what a parameter of a name gets where it has no default. ``left_out``: names that are not run, by
patterns, and why; the first that fits counts, and one without a reason is run. ``names``: what some names get instead,
by patterns; of several that fit the first that says something counts. An entry may have ``arguments``, which are given
though there is a default; ``call``, what an object or a function is called with, by place; ``adapting``, the arguments
of a layer that adapts, and ``adapt``, what it adapts to; ``shapes``, what an initializer draws; ``cases``, which cases
a class has instead of those of its kind, and a function instead of ``value``; and ``variants``, further objects with
arguments of their own, by a word that stands before their cases.

What a parameter gets is ``["fill", size, ...]`` (see `inputs`), ``{"dtype": ..., "of": ["fill", ...]}``, ``{"array":
["fill", ...]}`` for one of NumPy's, ``{"is": value}`` (letters in it are sizes), ``{"list": [...]}``, ``{"tuple":
[...]}``, ``{"constant": [...]}`` for a tensor of floats, ``{"make": name, "arguments": {...}}`` for an object of Keras,
or ``{"name": name}`` for a class or function itself.
"""

from __future__ import annotations

import inspect
import json
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import tensorflow as tf

from .inputs import Maker, NotRun, tensor
from .keras_names import everything, parameters
from .rows import ODD, SPECIAL, TEMPLATES

KERAS: Dict[str, Any] = json.loads(Path(__file__).with_name("keras.json").read_text(encoding="utf-8"))

ARGUMENTS, CONFIG = "arguments", "config"
"""Cases that say something in words."""

NO_TEMPLATE, NO_KIND = "no template", "a class of no kind that is run"

KINDS: Sequence[Tuple[str, str, Sequence[str]]] = (
    ("metric", "metrics.Metric", ("one", "three", "weighted")),
    ("layer", "layers.Layer", ("init", "forward", "training", "adapt")),
    ("initializer", "initializers.Initializer", ("draws",)),
    ("loss", "losses.Loss", ("value", "weighted")),
    ("optimizer", "optimizers.Optimizer", ("one", "three", "sparse-one", "sparse-three")),
    ("optimizer", "optimizers.legacy.Optimizer", ("one", "three", "sparse-one", "sparse-three")),
    ("optimizer", "optimizers.experimental.Optimizer", ("one", "three", "sparse-one", "sparse-three")),
    ("schedule", "optimizers.schedules.LearningRateSchedule", ("steps",)),
    ("regularizer", "regularizers.Regularizer", ("value",)),
    ("constraint", "constraints.Constraint", ("value",)),
)
"""Kinds of classes: how one is run, the class that it inherits from, and its cases. A metric is a layer in some."""

FUNCTION = "function"

INTEGERS = ("below", "sorted", "permuted")
"""Fills whose arrays are of int32 where nothing else is said."""


class Row(NamedTuple):
    """One class or function in a case."""

    op: str
    kind: str
    variant: str
    """Which further object of a class; empty for the first one."""
    case: str

    @property
    def name(self) -> str:
        """Return its name: ``keras.layers.LSTM/dropout-training``."""
        return "{}/{}".format(self.op, "-".join(filter(None, (self.variant, self.case))))


def why_not_run(name: str) -> str:
    """Return why nothing is run of a name, as far as that is known beforehand; empty where something is."""
    reason = next((why for pattern, why in KERAS["left_out"].items() if fnmatchcase(name, pattern)), "")
    return str(reason) or ("" if kind_of(name) else NO_KIND)


def rows_of(name: str) -> List[Row]:
    """Return the rows of a name; what is not run has its arguments all the same."""
    kind = kind_of(name)
    found = [Row(name, kind, "", ARGUMENTS)]
    if why_not_run(name):
        return found
    if kind == FUNCTION:
        return found + [Row(name, kind, "", one) for one in said_of(name, "cases", ["value"])]
    cases = said_of(name, "cases") or next(cases for word, _, cases in KINDS if word == kind)
    if said_of(name, "adapting") is None:
        cases = [one for one in cases if one != "adapt"]
    found += [Row(name, kind, "", case) for case in (CONFIG, *cases)]
    for variant in said_of(name, "variants", {}):  # which draws the same initial weights
        found += [Row(name, kind, variant, case) for case in cases if case != "init"]
    return found


@lru_cache(maxsize=None)
def kind_of(name: str) -> str:
    """Return how a class is run, or that it is a function; empty for a class of no kind."""
    value = everything()[name]
    if not inspect.isclass(value):
        return FUNCTION
    found = [(kind, everything().get("keras.{}".format(base))) for kind, base, _ in KINDS]
    bases = [(kind, of) for kind, of in found if inspect.isclass(of)]
    if any(value is of for _, of in bases):
        return ""
    return next((kind for kind, of in bases if issubclass(value, of)), "")


def said_of(name: str, part: str, otherwise: Any = None) -> Any:
    """Return a part of the first entry of the templates that fits a name and has it."""
    return next((one[part] for one in _entries(name) if part in one), otherwise)


@lru_cache(maxsize=None)
def _entries(name: str) -> List[Mapping[str, Any]]:
    return [one for one in KERAS["names"] if any(fnmatchcase(name, pattern) for pattern in one["names"])]


def _said(name: str, parameter: str) -> Any:
    """Return what a parameter of a name gets where it has no default; None where nothing is said of it."""
    found = (one["arguments"].get(parameter) for one in _entries(name) if "arguments" in one)
    return next((one for one in found if one is not None), KERAS["arguments"].get(parameter))


class Given:
    """What makes a row's object, and what it is called with."""

    def __init__(self, row: Row, seed: int) -> None:
        """Take a row, and the seed that whatever has one is given."""
        self._row, self.seed = row, seed
        self.maker = Maker("{}/{}".format(row.op, row.case), TEMPLATES["sizes"][ODD], row.case == SPECIAL)

    @property
    def has_special(self) -> bool:
        """Return whether an array with special values was made."""
        return self.maker.has_special

    def object(self) -> Any:
        """Return the object of a class that the row is of."""
        if self._row.case == "adapt":
            return self.made(self._row.op, said_of(self._row.op, "adapting"), alone=True)
        return self.made(self._row.op, said_of(self._row.op, "variants", {}).get(self._row.variant, {}))

    def made(self, name: str, further: Mapping[str, Any], *, alone: bool = False) -> Any:
        """Return an object of a class: with what its parameters have to be given, and with further arguments.

        Where these stand alone, nothing else that is said of its own parameters counts.
        """
        of = _named(name)
        every = {one.name: one for one in parameters(of)}
        chosen: Dict[str, Any] = {}
        for entry in [] if alone else reversed(_entries(name)):
            chosen.update(entry.get("arguments", {}))
        said = {one: chosen[one] for one in every if one in chosen}
        for one in every.values():
            if one.default is one.empty and one.name not in further and one.name not in said:
                said[one.name] = self._asked(name, one.name)
        found = {one: self.value(of_, one) for one, of_ in {**said, **further}.items()}
        # Initial weights are drawn from the seed of every generator, as people draw them: one of its own hides that a
        # release draws it, too, where none is given, and so draws other weights.
        if "seed" in every and self._row.case != "init":
            found["seed"] = self.seed
        return of(**found)

    def _asked(self, name: str, parameter: str) -> Any:
        said = _said(name, parameter)
        if said is None:
            raise NotRun("{}: {}".format(NO_TEMPLATE, parameter))
        return said

    def called_with(self, function: Any, names: Sequence[str] = ()) -> List[Any]:
        """Return what an object or function is called with by place: what is said of it, or of its parameters."""
        said = said_of(self._row.op, "call")
        if said is None:
            needed = names or [one.name for one in parameters(function) if one.default is one.empty]
            said = [self._asked(self._row.op, one) for one in needed]
        return [self.value(one, str(at)) for at, one in enumerate(said)]

    def value(self, said: Any, at: str) -> Any:
        """Return what is said of a parameter as its value; ``at`` is the name of its stream."""
        if isinstance(said, list):
            fill = said[0].partition(":")[0]
            said = {"dtype": "int32" if fill in INTEGERS else "float32", "of": said}
        return next(make(self, said, at) for word, make in WORDS.items() if word in said)

    def weight(self, at: int, variable: Any) -> Any:
        """Return what a weight is set to: the same in every release that has it in this place and shape."""
        fill = "positive" if any(one in variable.name for one in ("variance", "stddev")) else "uniform"
        return self.maker.array("weight-{}".format(at), [fill, *variable.shape], "float32") / 4

    def array(self, at: str, *words: Any) -> Any:
        """Return a tensor of floats, filled as a word says."""
        return tensor(self.maker.array(at, words, "float32"), "float32")


WORDS: Mapping[str, Callable[[Given, Any, str], Any]] = {
    "of": lambda given, said, at: tensor(given.maker.array(at, said["of"], said["dtype"]), said["dtype"]),
    "array": lambda given, said, at: given.maker.array(at, said["array"], "float32").astype("float32"),
    "list": lambda given, said, at: [
        given.value(one, "{}.{}".format(at, number)) for number, one in enumerate(said["list"])
    ],
    "tuple": lambda _, said, __: tuple(said["tuple"]),
    "constant": lambda _, said, __: tf.constant(said["constant"], tf.float32),
    "make": lambda given, said, _: given.made(said["make"], said.get("arguments", {})),
    "name": lambda _, said, __: _named(said["name"]),
    "is": lambda given, said, _: given.maker.literal(said["is"]),
}
"""What a word of the templates makes."""


def _named(name: str) -> Any:
    """Return a class or function that another one is made of."""
    try:
        return everything()[name]
    except KeyError:
        raise NotRun("is made of {}, which this release has not".format(name)) from None


def tensors_in(value: Any) -> Iterator[Any]:
    """Yield every tensor in what an object is called with."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from tensors_in(one)
    elif isinstance(value, tf.Tensor):
        yield value
