"""The engines: what runs programs in the way of a mode, and does all that differs from one way to another.

A *program* is a function of named groups of tensors that returns the tensors to observe and the operations to run
after them. An engine makes it run as users of its modes do: as a `tf.function`, or in a graph through a `Session`.
"""

from __future__ import annotations

import contextlib
import re
import sys
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import tensorflow as tf

from .outcomes import Unsupported

Arrays = Mapping[str, np.ndarray]
Program = Callable[..., Tuple[Dict[str, Any], List[Any]]]
Gradients = Tuple[Dict[str, Any], Dict[str, Any]]
Threads = Tuple[int, int]
"""Thread counts: within one operation, and operations at once."""

NEEDS_EAGER = (
    "it needs eager execution, as from 2.11 on an optimizer does that is neither a name nor of "
    "tf.keras.optimizers.legacy"
)
"""Why a model is not in a graph that asks a tensor for its value; Keras does so of an optimizer that it has to convert.
A plain script ends in the same error."""


class EagerEngine:
    """Eager variables, and every program a `tf.function`."""

    eager = True
    session = None

    def __init__(self, threads: Threads, **options: Any) -> None:
        """Take the thread counts, which are set for the process, and further arguments of `tf.function`."""
        self.threads = threads
        self.options = options
        self.variables: dict[str, Any] = {}

    @staticmethod
    def set_up(threads: Threads) -> None:
        """Set the process up: its thread counts."""
        tf.config.threading.set_intra_op_parallelism_threads(threads[0])
        tf.config.threading.set_inter_op_parallelism_threads(threads[1])

    def sibling(self) -> EagerEngine:
        """Return an engine with variables of its own in the same place."""
        return type(self)(self.threads, **self.options)

    def enter_keras(self) -> None:
        """Have Keras work in the same place: it does so anyway."""

    def create(self, make: Callable[[], Mapping[str, Any]]) -> None:
        """Make the model's variables from their initial values."""
        self.variables = {name: tf.Variable(value) for name, value in make().items()}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self, variables: Mapping[str, Any]) -> Dict[str, np.ndarray]:
        """Return the present values of variables."""
        return {name: np.array(variable) for name, variable in variables.items()}

    def load(self, variables: Mapping[str, Any], values: Arrays) -> None:
        """Set variables to the values of the same name."""
        for name, variable in variables.items():
            variable.assign(values[name])

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Raise Unsupported for what XLA lacks, where everything is compiled by it."""
        try:
            yield
        except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
            lacking = missing_from_xla(str(error))
            if not (lacking and self.options.get("jit_compile")):
                raise
            raise Unsupported(lacking) from error

    def compile(self, program: Program) -> Callable[..., Dict[str, np.ndarray]]:
        """Return a function of named groups of arrays that runs the program and returns arrays."""
        # Without AutoGraph, which v1 mode does not have: a model runs in both.
        function = tf.function(lambda groups: program(**groups)[0], autograph=False, **self.options)

        def run(**groups: Arrays) -> Dict[str, np.ndarray]:
            fed = {g: {name: tf.constant(a) for name, a in arrays.items()} for g, arrays in groups.items()}
            return _arrays(function(fed))

        return run

    def prebuild(self, program: Program, **groups: Arrays) -> None:
        """Build a program for the variables that it makes on the way: here there are none."""

    def optimizer_state(self, optimizer: Any, slots: Callable[[], Mapping[str, Any]]) -> Dict[str, Any]:
        """Return the variables of an optimizer by the probe's names: its slots, given as a function, and its steps."""
        return dict(slots(), iterations=optimizer.iterations)

    def checkpoint(self, objects: Mapping[str, Any]) -> Any:
        """Return a checkpoint of objects by name."""
        return tf.train.Checkpoint(**objects)

    def evaluate(self, make: Callable[[], Mapping[str, Any]]) -> Dict[str, np.ndarray]:
        """Run a function of nothing eagerly, once, and return what it made as arrays."""
        return _arrays(make())

    def differentiate(self, forward: Callable[[], Any], sources: Mapping[str, Any], upstream: Any = None) -> Gradients:
        """Return what ``forward`` returns and the gradients of its ``target`` with respect to the sources."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(sources.values()))
            result = forward()
        return result, _found(sources, tape.gradient(result["target"], list(sources.values()), upstream))

    def assign(self, variable: Any, value: Any, after: List[Any]) -> Any:
        """Set a variable inside a program; a `tf.function` orders it behind the reads before it."""
        del after
        return variable.assign(value)

    def apply(self, optimizer: Any, gradients: List[Tuple[Any, Any]], after: List[Any]) -> Any:
        """Apply gradients inside a program."""
        del after
        return optimizer.apply_gradients(gradients)

    def elements(self, make: Callable[..., Any], *arguments: Any) -> List[Dict[str, np.ndarray]]:
        """Return the elements of the dataset that a function makes, in order."""
        return [_arrays(element) for element in make(*arguments)]

    def save(self, path: str) -> Tuple[Dict[str, np.ndarray], Callable[[], None]]:
        """Write a checkpoint; return what stands in the file, and a function that restores it."""
        checkpoint = tf.train.Checkpoint(variables=self.variables)
        reader = tf.train.load_checkpoint(checkpoint.write(path))
        key = "variables/{}/.ATTRIBUTES/VARIABLE_VALUE"
        saved = {n: reader.get_tensor(key.format(n.replace(".", "..").replace("/", ".S"))) for n in self.variables}
        return saved, lambda: checkpoint.read(path).assert_consumed() and None


class GraphEngine:
    """One default graph, placeholders, and a `Session`."""

    eager = False

    def __init__(self, threads: Threads, session: Any = None) -> None:
        """Take the thread counts, for a new session, or the session of another engine."""
        self.threads = threads
        self.variables: dict[str, Any] = {}
        self.session = session or tf.compat.v1.Session(config=session_config(threads))
        # Variables that are there already belong to the session's owner, who has initialised them.
        self._initialised = {v.name for v in tf.compat.v1.global_variables()}

    @staticmethod
    def set_up(threads: Threads) -> None:
        """Set the process up: each session takes the thread counts itself."""

    def sibling(self) -> GraphEngine:
        """Return an engine with variables of its own in the same session, which knows those that are there already."""
        return GraphEngine(self.threads, self.session)

    def enter_keras(self) -> None:
        """Have Keras use this session; raise Unsupported where Keras knows no sessions."""
        if keras_major() >= 3:
            raise Unsupported("Keras 3 has no training in a v1 graph and Session")
        tf.compat.v1.keras.backend.set_session(self.session)

    def create(self, make: Callable[[], Mapping[str, Any]]) -> None:
        """Make the model's variables from the operations that give their initial values."""
        self.variables = {name: tf.compat.v1.get_variable(name, initializer=value) for name, value in make().items()}
        self.prepare()

    def close(self) -> None:
        """Close the session."""
        self.session.close()

    def prepare(self) -> None:
        """Initialise the variables made since the last call."""
        fresh = [v for v in tf.compat.v1.global_variables() if v.name not in self._initialised]
        self._initialised.update(v.name for v in fresh)
        self.session.run(tf.compat.v1.variables_initializer(fresh))

    def read(self, variables: Mapping[str, Any]) -> Dict[str, np.ndarray]:
        """Return the present values of variables."""
        return _arrays(self.session.run(dict(variables)))

    def load(self, variables: Mapping[str, Any], values: Arrays) -> None:
        """Set variables to the values of the same name."""
        for name, variable in variables.items():
            variable.load(values[name], self.session)

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Raise Unsupported for what is not there without eager execution."""
        try:
            yield
        except NotImplementedError as error:
            if not str(error).startswith("numpy() is only available when eager execution"):
                raise
            raise Unsupported(NEEDS_EAGER) from error

    def compile(self, program: Program) -> Callable[..., Dict[str, np.ndarray]]:
        """Return a function of named groups of arrays that runs the program and returns arrays.

        The graph is built at the first call with arrays of given shapes, and kept.
        """
        built: dict[Any, Any] = {}

        def run(**groups: Arrays) -> Dict[str, np.ndarray]:
            key = tuple((g, n, a.shape, a.dtype.str) for g, arrays in groups.items() for n, a in arrays.items())
            if key not in built:
                built[key] = self._build(program, groups)
            inputs, fetches = built[key]
            feed = {inputs[g][n]: a for g, arrays in groups.items() for n, a in arrays.items()}
            return _arrays(self.session.run(fetches, feed)[0])

        return run

    def _build(self, program: Program, groups: Mapping[str, Arrays]) -> Tuple[Any, Any]:
        """Return placeholders like some arrays, and what a program makes of them, its variables initialised."""
        inputs = {
            group: {name: tf.compat.v1.placeholder(a.dtype, a.shape) for name, a in arrays.items()}
            for group, arrays in groups.items()
        }
        made = program(**inputs)
        self.prepare()
        return inputs, made

    def prebuild(self, program: Program, **groups: Arrays) -> None:
        """Build a program for the variables that it makes on the way, as an optimizer of v1 makes its slots."""
        self._build(program, groups)

    def optimizer_state(self, optimizer: Any, slots: Callable[[], Mapping[str, Any]]) -> Dict[str, Any]:
        """Return the variables of an optimizer by the graph's names: all that are not the model's."""
        del optimizer, slots
        return {name: v for name, v in graph_variables().items() if name not in self.variables}

    def checkpoint(self, objects: Mapping[str, Any]) -> Any:
        """Return a checkpoint of objects by name."""
        return tf.compat.v1.train.Checkpoint(**objects)

    def evaluate(self, make: Callable[[], Mapping[str, Any]]) -> Dict[str, np.ndarray]:
        """Build the graph of a function of nothing, run it once, and return what it made as arrays."""
        fetches = dict(make())
        self.prepare()
        return _arrays(self.session.run(fetches))

    def differentiate(self, forward: Callable[[], Any], sources: Mapping[str, Any], upstream: Any = None) -> Gradients:
        """Return what ``forward`` returns and the gradients of its ``target`` with respect to the sources."""
        result = forward()
        return result, _found(sources, tf.compat.v1.gradients(result["target"], list(sources.values()), upstream))

    def assign(self, variable: Any, value: Any, after: List[Any]) -> Any:
        """Set a variable inside a program, behind the operations given."""
        with tf.control_dependencies(after):
            return tf.compat.v1.assign(variable, value).op

    def apply(self, optimizer: Any, gradients: List[Tuple[Any, Any]], after: List[Any]) -> Any:
        """Apply gradients inside a program, behind the operations given: a graph orders nothing by itself."""
        with tf.control_dependencies(after):
            return optimizer.apply_gradients(gradients)

    def elements(self, make: Callable[..., Any], *arguments: Any) -> List[Dict[str, np.ndarray]]:
        """Return the elements of the dataset that a function makes, in order."""
        iterator = tf.compat.v1.data.make_initializable_iterator(make(*arguments))
        following = iterator.get_next()
        self.session.run(iterator.initializer)
        found: List[Dict[str, np.ndarray]] = []
        try:
            while True:
                found.append(_arrays(self.session.run(following)))
        except tf.errors.OutOfRangeError:
            return found

    def save(self, path: str) -> Tuple[Dict[str, np.ndarray], Callable[[], None]]:
        """Write a checkpoint; return what stands in the file, and a function that restores it."""
        saver = tf.compat.v1.train.Saver(dict(self.variables))
        saver.save(self.session, path, write_meta_graph=False)
        reader = tf.train.load_checkpoint(path)
        return {n: reader.get_tensor(n) for n in self.variables}, lambda: saver.restore(self.session, path)


def _found(sources: Mapping[str, Any], gradients: List[Any]) -> Dict[str, Any]:
    """Name the gradients after their sources; a source that does not reach the target has none."""
    named = zip(sources, gradients)  # `strict` came with Python 3.10
    return {name: gradient for name, gradient in named if gradient is not None}


def _arrays(values: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in values.items()}


def session_config(threads: Threads) -> Any:
    """Return the `ConfigProto` with the launch's thread counts: intra-op, inter-op."""
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads[0], inter_op_parallelism_threads=threads[1])
    if tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer"):  # which sessions do not heed
        config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def graph_variables() -> Dict[str, Any]:
    """Return every variable of the default graph by its name."""
    return {v.name.partition(":")[0]: v for v in tf.compat.v1.global_variables()}


def missing_from_xla(message: str) -> str:
    """Return what XLA says in an error that it lacks, without the numbers of this run; nothing where it lacks none."""
    found = re.search(r"Detected unsupported operations .* on (\w+): (\w+) \(", message)
    if found:
        return "{} has no {}".format(*found.groups())
    sentence = message.splitlines()[0] if message else ""
    return sentence if sentence.endswith("XLA implementation.") else ""


def keras_major() -> int:
    """Return 2 or 3: the Keras behind `tf.keras`, which does not tell its version everywhere; its package does.

    TensorFlow's own copy, which `tf.keras` is up to 2.5, is of version 2.
    """
    package = tf.keras.Model.__module__.partition(".")[0]
    return 2 if package == "tensorflow" else int(str(sys.modules[package].__version__).partition(".")[0])


ENGINES: Mapping[str, Any] = {"eager": EagerEngine, "graph": GraphEngine}
"""The engines by the words that `modes.json` has for them."""
