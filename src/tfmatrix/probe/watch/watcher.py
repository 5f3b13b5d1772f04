"""The watcher: wrappers around what every training in TensorFlow goes through, in every release.

It tells an update by the optimizer that applies gradients, and looks at weights and slots where control comes back to
Python: after an outermost call of a function, or after an update that was run eagerly.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from .. import draws, unseen
from ..optimizers import settler
from ..recorded import take
from .handed import Handed
from .jitter import Jitter, settle_optimizers
from .layers import Layers
from .log import Enough, Log
from .patching import around
from .sessions import Sessions
from .structures import flat, is_tensor
from .taps import Taps, to_array
from .variables import Variables, has_value, innermost, is_eager, rate_name, read


class Watcher:
    """What watches one trial."""

    def __init__(
        self, log: Log, tapped: bool, jitter: int = 0, equivalent: bool = False, layers: Optional[Layers] = None
    ) -> None:
        """Watch for a log; without taps nothing is put into a function or a graph, and nothing in between is seen.

        A draw of jitter moves each initial value of a trained variable; ``layers`` are told of each call of a layer of
        Keras's.
        """
        self.tapped = tapped
        self.move = Jitter(jitter) if jitter else None
        self.layers = layers
        self.settle = settler(jitter, equivalent) if jitter or equivalent else None
        """What has the last word on optimizers' numbers, where the trial measures the noise floor."""
        self.tells_rate = not equivalent
        """Whether a learning rate is seen: in an equivalent execution it stands for what else is rounded otherwise."""
        self.taps = Taps(log)
        self.sessions = Sessions(self)
        self.fitting = 0
        """Whether Keras is training: it takes a batch apart into inputs, targets and weights."""
        self.calling = 0
        """How many of Keras's calls are under way."""
        self.in_arrays = False
        """Whether what Keras trains on was given to it as arrays."""
        self.handed: Any = None
        """What is handed over from the baseline's trial, in the tier of the start."""
        self._depth = 0
        self._taking = False
        self.is_exchanging = False
        """Whether weights are being saved or loaded."""
        self.begin(log)
        self._applying: Dict[int, bool] = {}
        self._drawn: List[int] = []

    def begin(self, log: Log) -> None:
        """Begin a log, knowing nothing of what was there before."""
        self.log = self.taps.log = log
        self.variables = Variables()
        self.optimizers: List[Any] = []
        self.initial: Dict[str, Any] = {}
        self.sessions.begin()
        self._counted = 0
        """Updates that were counted where no optimizer counts them."""
        self._blind = False
        """Whether a function updates variables and counts no updates."""
        self._count_before = self._step_before = 0
        """The count, and the log's step, in front of what makes the present updates."""

    def install(self) -> None:
        """Put the wrappers around TensorFlow's own."""
        from tensorflow.python.data.ops import iterator_ops
        from tensorflow.python.data.ops.iterator_ops import Iterator as GraphIterator
        from tensorflow.python.distribute import input_lib
        from tensorflow.python.ops.resource_variable_ops import ResourceVariable

        own_iterator = _first_of(iterator_ops, "OwnedIterator", "IteratorV2")  # the latter up to 2.1
        distributed = _first_of(input_lib, "DistributedIteratorBase", "DistributedIterator")  # up to 2.2
        function = type(tf.function(lambda: None))
        unlifted = sys.modules[function.__module__].UnliftedInitializerVariable
        for kind in (ResourceVariable, unlifted):
            around(kind, "__init__", self._make_variable)
        around(function, "__call__", self._call_function)
        if self.settle:
            settle_optimizers(self.settle, [tf.compat.v1.train.Optimizer])
        around(tf.compat.v1.train.Optimizer, "apply_gradients", self.apply_gradients, convert=False)
        for kind in {tf.compat.v1.Variable, _ref_variable()}:
            around(kind, "__init__", self._make_variable)
        self.sessions.install()
        if self.tapped:
            around(function, "_initialize_uninitialized_variables", self._initialize)
            around(tf.GradientTape, "gradient", self._differentiate, convert=False)
            around(own_iterator, "_next_internal", self._next, convert=False)
            around(own_iterator, "get_next_as_optional", self._next_optional, convert=False)
            around(GraphIterator, "get_next", self._next, convert=False)
            for name in ("get_next", "get_next_as_optional"):
                around(distributed, name, self._next, convert=False)
            around(own_iterator, "__init__", self._make_iterator)
            self.draws = draws.watch(self.drew, initial=False)
            take(self._record)

    def start_from(self, path: str) -> None:
        """Hand over what a file of the host's has of the baseline's trial."""
        self.handed = Handed(path, self)
        self.draws.feed = self.handed.feed
        around(tf.GradientTape, "__enter__", self._enter_tape, convert=False)

    def _enter_tape(self, original: Any, tape: Any) -> Any:
        """Hand the initial weights over before a loop that runs eagerly makes anything of them."""
        if tf.executing_eagerly() and self.handed.is_plain and not self.log.begun:
            self.handed.assign(self.variables.of_model())
        return original(tape)

    def made(self, variable: Any) -> None:
        """Hand a new variable its value: one that is made late, in a loop that runs eagerly, is used at once."""
        if self.handed and self.handed.is_plain and tf.executing_eagerly() and not self.log.begun:
            name = self.variables.plain_name(variable)
            if name in self.handed.initial and is_eager(variable) and has_value(variable):
                self.handed.assign({name: variable})

    def _make_variable(self, original: Any, variable: Any, *arguments: Any, **named: Any) -> None:
        if self.move:
            arguments, named = self.move(arguments, named)
        original(variable, *arguments, **named)
        self.variables.made(variable)
        self.made(variable)

    def _make_iterator(self, original: Any, iterator: Any, *arguments: Any, **named: Any) -> None:
        dataset = arguments[0] if arguments else named.get("dataset")
        if self.handed and self.fitting and self.in_arrays and dataset is not None and tf.executing_eagerly():
            self.handed.read_rows(dataset)
        original(iterator, *arguments, **named)
        if not self.fitting and tf.executing_eagerly() and dataset is not None:
            self.log.new_epoch()

    def _initialize(self, original: Any, *arguments: Any, **named: Any) -> Any:
        """See the variables that a function's first call made, before that call goes on."""
        result = original(*arguments, **named)
        self.hand_over()
        return result

    def _next(self, original: Any, iterator: Any, *arguments: Any, **named: Any) -> Any:
        if self._taking:  # an iterator for several replicas takes from others
            return original(iterator, *arguments, **named)
        self._taking = True
        try:
            element = original(iterator, *arguments, **named)
        finally:
            self._taking = False
        return self._taken(element)

    def _next_optional(self, original: Any, iterator: Any) -> Any:
        """See the batch that is taken as one that may be there or not, as Keras 3.16 takes each."""
        optional = original(iterator)
        if self._taking or not tf.executing_eagerly() or not optional.has_value():
            return optional
        element = self._taken(optional.get_value())
        if self.handed:
            optional = tf.experimental.Optional.from_value(element)
        optional.get_value = lambda *_, **__: element  # the very tensors by which a step's arguments are known
        return optional

    def _taken(self, element: Any) -> Any:
        """Take in a batch; return it, or what is handed over in its place."""
        names = ("x", "y", "sample_weight") if self.fitting else ()
        if self.handed:
            element = self.handed.batch(element, names)
        else:
            element = self.taps.through("batch", lambda parts: flat(parts, names), element)
        self._drawn = [id(part) for part in flat(element, names).values()]
        return element

    def _call_function(self, original: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        if self._depth or not tf.executing_eagerly():
            return self._inner_call(original, function, *arguments, **named)
        self.hand_over()
        before, step = self.count_from_here(), self.log.step
        trained = self._read_trained()
        self._depth += 1
        try:
            result = self._inner_call(original, function, *arguments, **named)
        finally:
            self._depth -= 1
        self._counted += self._moved(trained)
        if self.count() > before or self.log.open or self.log.step > step:
            self._see_step(function, arguments, named, result, step)
            self.look_after()
        return result

    def _read_trained(self) -> Mapping[str, Any]:
        """Return the trained variables' values, where nothing else tells whether a call updates them."""
        if not self._blind:
            return self.initial
        trained = self.variables.trained.values()
        return read({self.variables.name(v): v for v in trained if is_eager(v) and has_value(v)})

    def _moved(self, before: Mapping[str, Any]) -> bool:
        """Return whether trained variables are not as they were, where nothing else tells that."""
        if not self._blind or self.log.open:
            return False
        after = self._read_trained()
        return any(name not in before or not np.array_equal(before[name], value) for name, value in after.items())

    def _inner_call(self, original: Any, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a function, known to the taps as compiled by XLA where it is."""
        compiled, before = self.taps.compiled, getattr(self.taps.compiled, "on", False)
        compiled.on = before or bool(getattr(function, "_jit_compile", False))
        try:
            with self.taps.in_order():
                return original(function, *arguments, **named)
        finally:
            compiled.on = before

    def _see_step(self, function: Any, arguments: Any, named: Any, result: Any, step: int) -> None:
        """Write down what a user's step of training was given and what it returned, as of the first update in it."""
        if self.tapped and not self.fitting:
            given: Dict[str, Any] = {}
            for name, argument in _bound(function, arguments, named).items():
                parts = {"/".join(filter(None, (name, path))): part for path, part in flat(argument).items()}
                given.update({path: part for path, part in parts.items() if id(part) not in self._drawn})
            self.log.write("batch@{}".format(step), {n: to_array(v) for n, v in given.items() if not _is_variable(v)})
        for path, value in flat(result).items():
            array = to_array(value)
            kind = "loss" if np.ndim(array) == 0 and not isinstance(array, (bytes, str)) else "forward"
            self.log.write("{}@{}".format(kind, step), {path or "result": array})

    def _differentiate(self, original: Any, tape: Any, target: Any, sources: Any, *arguments: Any, **named: Any) -> Any:
        """See what gradients are taken of, where they are taken of it for variables.

        Only eagerly: in a function it may be a node that an optimization of the graph would have made one with others,
        and a loss that is fetched was seen to have other bits than one that is not.
        """
        if tf.executing_eagerly() and any(_is_variable(source) for source in tf.nest.flatten(sources)):
            self.taps.put("loss", {"/".join(filter(None, ("target", n))): t for n, t in flat(target).items()})
        return original(tape, target, sources, *arguments, **named)

    def apply(self, optimizer: Any, pairs: List[Any], run: Any) -> Any:
        """See gradients that are applied to variables, and the update that ``run`` makes of them."""
        if any(self._applying.values()):  # the outer one of two, which wraps this one, was seen
            return run()
        self.know(optimizer)
        pairs = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        self.variables.train(variable for _, variable in pairs)
        eager = tf.executing_eagerly()
        if eager:
            self.look_before()
            if not self._depth:
                self.count_from_here()
        elif self.handed and not _is_for_session():
            self.hand_over()  # while the function is traced, and before any of it runs
        gradients = self._named(pairs)
        if self.tapped and not _is_for_session():
            self.taps.put("gradient", gradients)
        self._blind |= not eager and not _is_for_session() and not hasattr(optimizer, "iterations")
        self._applying[id(optimizer)] = True
        try:
            result = run()
        finally:
            self._applying[id(optimizer)] = False
        if _is_for_session():
            self.sessions.note_update(result, gradients)
        elif eager and not self._depth:
            self._counted += not hasattr(optimizer, "iterations")
            self.look_after()
        return result

    def _named(self, pairs: List[Any]) -> Dict[str, Any]:
        """Return gradients under the names of their variables."""
        return {
            self.variables.name(variable) + part: tensor
            for gradient, variable in pairs
            for part, tensor in flat(gradient).items()
        }

    def apply_gradients(self, original: Any, optimizer: Any, grads_and_vars: Any, *rest: Any, **named: Any) -> Any:
        """See an optimizer apply gradients, given as pairs with variables."""
        pairs = list(grads_and_vars)
        return self.apply(optimizer, pairs, lambda: original(optimizer, pairs, *rest, **named))

    def drew(self, stage: str, tensors: Mapping[str, Any]) -> None:
        """See a random draw."""
        name = stage.partition("/")[2]
        parts = {name if len(tensors) == 1 else "{}/{}".format(name, part): t for part, t in tensors.items()}
        self.taps.put("draw", {path: tensor for path, tensor in parts.items() if is_tensor(tensor)})

    @contextlib.contextmanager
    def exchanging(self, kind: str, values: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
        """Let weights be saved or loaded, and write down what a function reads of them, before or behind that.

        Of calls within one another only the outermost is what the script asked for.
        """
        outermost, self.is_exchanging = not self.is_exchanging, True
        try:
            if outermost and kind == "saved":
                self.log.numbered(kind, values())
            with self.log.quiet():
                yield
            if outermost and kind == "loaded":
                self.log.numbered(kind, values())
        finally:
            self.is_exchanging = not outermost

    @contextlib.contextmanager
    def unseen(self) -> Iterator[None]:
        """Let something go by that is not to be written down."""
        self.log.muted = True
        try:
            yield
        finally:
            self.log.muted = False
            self.log.open = False

    def know(self, optimizer: Any) -> None:
        """Take in an optimizer that is used."""
        if all(optimizer is not known for known in self.optimizers):
            self.optimizers.append(optimizer)

    def count(self) -> int:
        """Return how many updates there were, as the optimizers count them."""
        return self._counted + self.sessions.count + sum(_iterations(optimizer) for optimizer in self.optimizers)

    def count_from_here(self) -> int:
        """Return the count as it is before updates; where one fails, as at the data's end, Keras 3 may count it too."""
        self._count_before, self._step_before = self.count(), self.log.step
        return self._count_before

    def look_before(self) -> None:
        """Keep the weights as they are before the first update."""
        if self.tapped and not self.log.begun:
            self.initial = read(self.variables.of_model())

    def hand_over(self) -> None:
        """Hand the initial weights over, and keep them."""
        if self.handed and not self.log.begun:
            self.handed.assign(self.variables.of_model())
        self.look_before()

    def look_after(self) -> None:
        """Write down what an update left."""
        self.updated(lambda: read(self.variables.of_model()), self._read_slots)

    def updated(self, weights: Any, slots: Any) -> None:
        """Write down what functions read of weights and slots, go on to the next step, and stop where it is enough."""
        if self.log.full:
            raise Enough
        step = max(self._step_before + self.count() - self._count_before, self.log.step + self.log.open)
        if self.tapped:
            self._begin()
            self.log.write("slots@{}".format(step - 1), slots())
            self.log.write("weights@{}".format(step - 1), weights())
        self.log.close(step)
        if self.log.has_enough(step):
            self.finish()
            raise Enough

    def _begin(self) -> None:
        """Write down the initial weights, in the order of the optimizers' lists."""
        order = {self.variables.name(v): None for v in self.variables.trained.values()}
        order.update(dict.fromkeys(self.initial))
        self.log.begin({name: self.initial[name] for name in order if name in self.initial})

    def _read_slots(self) -> Dict[str, Any]:
        found = {n: v for n, v in self.variables.slots(self.optimizers).items() if is_eager(v) and has_value(v)}
        values = {name: value for name, value in read(found).items() if np.any(value)}
        for number, optimizer in enumerate(self.optimizers, 1):
            rate = _learning_rate(optimizer) if self.tells_rate else None
            if rate is not None:
                values[rate_name(number)] = rate
        return {name: values[name] for name in sorted(values)}

    def _record(self, name: str, tensor: Any) -> None:
        """Write down what a script itself wants to be seen."""
        self.taps.put("recorded", {name + part: one for part, one in flat(tensor).items()})

    def finish(self) -> None:
        """Write down what the variables hold at the end, once."""
        if self.log.full:
            return
        for note in self.draws.notes if self.tapped else ():
            self.log.note(note)
        self._begin()
        if self.tapped:
            self.log.finish()
        for missed in self.handed.missed(self.log.recorder.digests(self.log.tier)) if self.handed else ():
            self.log.note(missed)
        self.sessions.finish()
        if tf.executing_eagerly():
            self.log.write("final", read(self.variables.of_model()))
        self.log.full = self.log.steps > 0


def _is_for_session() -> bool:
    """Tell whether what is built now is a graph that only a session will run."""
    return not tf.executing_eagerly() and not isinstance(tf.compat.v1.get_default_graph(), FuncGraph)


def _first_of(module: Any, *names: str) -> Any:
    """Return what a module has under the first of some names: releases call it otherwise."""
    return next(getattr(module, name) for name in names if hasattr(module, name))


def _ref_variable() -> Any:
    """Return the class of variables that TF1 has where resource variables are off; it moved between releases."""
    from tensorflow.python.ops import variables

    found = getattr(variables, "RefVariable", None)
    return found or importlib.import_module("tensorflow.python.ops.ref_variable").RefVariable


def _bound(function: Any, arguments: Any, named: Any) -> Dict[str, Any]:
    """Return the arguments of a function's call by the names of its parameters."""
    plain: Any = getattr(function, "python_function", None)
    try:
        bound = inspect.signature(plain).bind_partial(*arguments, **named).arguments
    except (TypeError, ValueError):
        bound = {**{str(number): argument for number, argument in enumerate(arguments)}, **named}
    return {name: value for name, value in bound.items() if name != "self"}


def _is_variable(value: Any) -> bool:
    return isinstance(innermost(value), tf.Variable)


def _iterations(optimizer: Any) -> int:
    """Return how many updates an optimizer counted; 0 where it does not count, or has not begun."""
    try:
        with unseen.running():
            counter = optimizer.iterations
            return int(innermost(counter).numpy())
    except (AttributeError, NotImplementedError, tf.errors.OpError, ValueError, RuntimeError):
        return 0


def _learning_rate(optimizer: Any) -> Any:
    """Return the learning rate of the last update, float32; None where the optimizer does not tell it.

    Of a schedule Keras 2 has what that update used, and Keras 3 what the next one will: the schedule itself is asked.
    """
    inner = getattr(optimizer, "inner_optimizer", None) or optimizer
    try:
        with unseen.running():
            schedule = getattr(inner, "_learning_rate", None)
            rate = schedule if callable(schedule) else inner.learning_rate
            rate = rate(inner.iterations - 1) if callable(rate) and not is_tensor(rate) else rate
            return np.float32(np.asarray(innermost(rate)))
    except (AttributeError, TypeError, ValueError, NotImplementedError, tf.errors.OpError):
        return None
