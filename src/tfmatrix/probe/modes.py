"""The modes: how a model is executed. A mode is a row of `MODES` and an engine that runs programs its way.

A *program* is a function of named groups of tensors that returns the tensors to observe and the operations to run
after them. The engine makes it run as users of that mode do: as a `tf.function`, or in a graph through a `Session`.
"""

from __future__ import annotations

import random
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

Arrays = Mapping[str, np.ndarray]
Program = Callable[..., Tuple[Dict[str, Any], List[Any]]]
Gradients = Tuple[Dict[str, Any], Dict[str, Any]]


class Tf2Engine:
    """TF2 behaviour: eager variables, and every program a `tf.function`."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}

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

    def compile(self, program: Program) -> Callable[..., Dict[str, np.ndarray]]:
        """Return a function of named groups of arrays that runs the program and returns arrays."""
        # Without AutoGraph, which v1 mode does not have: a model runs in both.
        function = tf.function(lambda groups: program(**groups)[0], autograph=False)

        def run(**groups: Arrays) -> Dict[str, np.ndarray]:
            fed = {g: {name: tf.constant(a) for name, a in arrays.items()} for g, arrays in groups.items()}
            return _arrays(function(fed))

        return run

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
    """TF1 behaviour: one default graph, placeholders, and a `Session`."""

    def __init__(self, threads: Tuple[int, int], session: Any = None) -> None:
        self.variables: dict[str, Any] = {}
        self.session = session or tf.compat.v1.Session(config=session_config(threads))
        # Variables that are there already belong to the session's owner, who has initialised them.
        self._initialised = {v.name for v in tf.compat.v1.global_variables()}

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

    def compile(self, program: Program) -> Callable[..., Dict[str, np.ndarray]]:
        """Return a function of named groups of arrays that runs the program and returns arrays.

        The graph is built at the first call with arrays of given shapes, and kept.
        """
        built: dict[Any, Any] = {}

        def run(**groups: Arrays) -> Dict[str, np.ndarray]:
            key = tuple((g, n, a.shape, a.dtype.str) for g, arrays in groups.items() for n, a in arrays.items())
            if key not in built:
                inputs = {
                    g: {n: tf.compat.v1.placeholder(a.dtype, a.shape) for n, a in arrays.items()}
                    for g, arrays in groups.items()
                }
                built[key] = (inputs, program(**inputs))
                self.prepare()
            inputs, fetches = built[key]
            feed = {inputs[g][n]: a for g, arrays in groups.items() for n, a in arrays.items()}
            return _arrays(self.session.run(fetches, feed)[0])

        return run

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


def session_config(threads: Tuple[int, int]) -> Any:
    """Return the `ConfigProto` with the launch's thread counts: intra-op, inter-op."""
    return tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads[0], inter_op_parallelism_threads=threads[1])


def seed_generators(seed: int) -> None:
    """Seed Python's, NumPy's and TensorFlow's generators: the eager context's in tf2, the default graph's in v1."""
    random.seed(seed)
    np.random.seed(seed)
    tf.compat.v1.set_random_seed(seed)


def enter_tf2(threads: Tuple[int, int]) -> Tf2Engine:
    """Set the thread counts and switch op determinism on, and make sure that it is on."""
    tf.config.threading.set_intra_op_parallelism_threads(threads[0])
    tf.config.threading.set_inter_op_parallelism_threads(threads[1])
    tf.config.experimental.enable_op_determinism()
    # No public name tells whether it is on; this one exists in every release from 2.8 on.
    from tensorflow.python.framework.config import is_op_determinism_enabled

    if not is_op_determinism_enabled() or not tf.executing_eagerly():
        raise RuntimeError("tf2 mode asked for op determinism and eager execution and did not get both")
    return Tf2Engine()


def enter_v1(threads: Tuple[int, int]) -> GraphEngine:
    """Switch TF2 behaviour off and open a session on the default graph."""
    tf.compat.v1.disable_v2_behavior()
    if tf.executing_eagerly():
        raise RuntimeError("v1 mode asked for graph execution and did not get it")
    return GraphEngine(threads)


class Mode(NamedTuple):
    """One way to execute a model."""

    summary: str
    enter: Callable[[Tuple[int, int]], Any]
    """Set the process up, given the intra-op and inter-op thread counts, and return an engine."""
    engine: Callable[[Tuple[int, int]], Any]
    """Return another engine in a process that is set up, given the same counts."""


MODES = {
    "tf2": Mode(
        "TF2 behaviour, all generators seeded, op determinism on, programs as tf.function",
        enter_tf2,
        lambda _: Tf2Engine(),  # the threads are set for the process
    ),
    "v1": Mode(
        "tf.compat.v1 graph in a Session, v2 behaviour off, graph seed set",
        enter_v1,
        GraphEngine,
    ),
}
