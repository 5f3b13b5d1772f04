"""Readers: how a saved model of each format is read, called and looked into, in whatever release this is.

A reader loads the file when it is made. Then it tells its inputs and its weights; it predicts as the file's user would,
which nothing observes; it yields the inner values of one more call, in causal order, by names that come from the file;
and it is executed once more where each op of it is seen. `READERS` is the table of them.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np
import tensorflow as tf

from . import contents, graphs
from .engines import Threads, session_config
from .graphs import Arrays, numbered
from .inputs import Input
from .outcomes import BadModel, Unsupported
from .watch.structures import flat
from .watch.variables import innermost

Move = Callable[[str, np.ndarray], np.ndarray]
"""From a weight's name and value to the value that it gets."""

SIGNATURES = ("serving_default", "serve")
"""The signatures of a SavedModel that are called, the first that it has; else the one that it has."""


class Source(NamedTuple):
    """What a reader is given."""

    path: str
    threads: Threads
    objects: Mapping[str, Any]
    """Classes and functions of the user's by the names that a file may have for them."""
    trust: bool
    """Whether code in the file may be run."""


class KerasFile:
    """A whole model of Keras: ``.keras`` or ``.h5``."""

    def __init__(self, source: Source) -> None:
        """Load it as its user would, without compiling it."""
        load = tf.keras.models.load_model
        safe = {"safe_mode": not source.trust} if "safe_mode" in inspect.signature(load).parameters else {}
        self._model = load(source.path, custom_objects=dict(source.objects), compile=False, **safe)

    def inputs(self) -> List[Input]:
        """Return its inputs in the order in which it takes them; none where it does not tell them."""
        symbolic = getattr(self._model, "inputs", None) or []
        tables = [one for one, _ in _layers(self._model) if type(one).__name__ == "Embedding"]
        below = min([layer.input_dim for layer in tables], default=2)
        looked_up = {id(tensor) for layer in tables for tensor in _called_with(layer)}
        found = []
        for tensor in symbolic:
            dtype = tf.as_dtype(tensor.dtype)
            whole = not dtype.is_floating or id(tensor) in looked_up
            name = str(tensor.name).partition(":")[0]
            found.append(Input(name, _shape(tensor.shape), dtype.as_numpy_dtype, below if whole else 0))
        return found or self._built_for()

    def _built_for(self) -> List[Input]:
        """Return the input that a model of a class of its own was built for, where it says so."""
        told: Mapping[str, Any] = getattr(self._model, "get_build_config", lambda: None)() or {}
        shape = told.get("input_shape")
        if not isinstance(shape, (list, tuple)) or not all(one is None or isinstance(one, int) for one in shape):
            return []
        return [Input("input", (None, *shape[1:]), tf.as_dtype(self._model.compute_dtype).as_numpy_dtype)]

    def weights(self) -> Arrays:
        """Return what `get_weights` does, in its order."""
        values = self._model.get_weights()
        named = [str(getattr(v, "path", "") or innermost(v).name).partition(":")[0] for v in self._model.weights]
        if len(named) != len(values):
            named = ["weight_{}".format(number) for number in range(len(values))]
        return dict(zip(numbered(named), map(np.asarray, values)))

    def move_weights(self, move: Move) -> None:
        """Give it other weights."""
        self._model.set_weights([move(name, value) for name, value in self.weights().items()])

    def predict(self, arrays: Arrays) -> Arrays:
        """Return what `predict` does."""
        rows = max(len(array) for array in arrays.values())
        made = self._model.predict(self._packed(arrays), batch_size=max(1, rows), verbose=0)
        return _outputs(made)

    def inner(self, arrays: Arrays) -> Iterator[Tuple[str, Any]]:
        """Yield the output of each layer, as one after the other is called eagerly."""
        told: List[Tuple[str, Any]] = []
        for layer, name in _layers(self._model):
            layer.call = _told(layer.call, name, told)
        self.execute(arrays)
        found = [
            ("/".join(filter(None, (name, path))), np.asarray(value))
            for name, made in told
            for path, value in flat(made).items()
        ]
        yield from zip(numbered([name for name, _ in found]), (value for _, value in found))

    def execute(self, arrays: Arrays) -> None:
        """Call it once, eagerly."""
        self._model(tf.nest.map_structure(tf.constant, self._packed(arrays)), training=False)

    def save(self, path: str) -> None:
        """Write the whole model, in the format that the path's ending names."""
        self._model.save(path)

    def save_with_signature(self, path: str) -> None:
        """Write it as a SavedModel, which every release reads without Keras."""
        tf.saved_model.save(self._model, path)

    def _packed(self, arrays: Arrays) -> Any:
        """Return arrays as the model takes them."""
        values = list(arrays.values())
        for name in ("_inputs_struct", "_nested_inputs"):  # what Keras 3 and 2 call it
            structure = getattr(self._model, name, None)
            if structure is not None:
                return tf.nest.pack_sequence_as(structure, values)
        return values[0] if len(values) == 1 else values


def _told(call: Any, name: str, told: List[Tuple[str, Any]]) -> Any:
    @functools.wraps(call)
    def observed(*arguments: Any, **named: Any) -> Any:
        made = call(*arguments, **named)
        told.append((name, made))
        return made

    return observed


def _layers(model: Any, path: str = "") -> Iterator[Tuple[Any, str]]:
    """Yield the layers of a model and their names, those of a model within it in its place."""
    for layer in model.layers:
        name = path + layer.name
        if isinstance(layer, tf.keras.Model):
            yield from _layers(layer, name + "/")
        elif not isinstance(layer, tf.keras.layers.InputLayer):
            yield layer, name


def _called_with(layer: Any) -> List[Any]:
    """Return the symbolic tensors that a layer is called with; none where it is called with no one thing."""
    try:
        return list(tf.nest.flatten(layer.input))
    except (AttributeError, ValueError):
        return []


def _shape(shape: Any) -> Optional[Tuple[Optional[int], ...]]:
    known = tf.TensorShape(shape)
    return None if known.rank is None else tuple(known.as_list())


def _outputs(made: Any) -> Arrays:
    """Return outputs by their names, or by their places where they have none."""
    return {name or "0": np.asarray(value) for name, value in flat(made).items()}


class SavedModel:
    """A SavedModel, of Keras or not, by the signature that serves it: what every release has."""

    def __init__(self, source: Source) -> None:
        """Load it without Keras."""
        self._threads = source.threads
        self._loaded = tf.saved_model.load(source.path)
        signatures = getattr(self._loaded, "signatures", {})
        names = [name for name in SIGNATURES if name in signatures] or list(signatures)
        if not names:
            raise BadModel("{} has no signature, so nobody can call it".format(os.path.basename(source.path)))
        self.endpoint = names[0]
        """The name of the signature that is called."""
        self._function = signatures[self.endpoint]
        self._frozen: Any = None
        self._predicted: Arrays = {}

    def inputs(self) -> List[Input]:
        """Return the inputs of the signature, by their names."""
        given = self._function.structured_input_signature[1]
        below = self._bounds()
        return [
            Input(name, _shape(one.shape), one.dtype.as_numpy_dtype, below.get(name, 0 if one.dtype.is_floating else 2))
            for name, one in sorted(given.items())
        ]

    def _bounds(self) -> Dict[str, int]:
        """Return what inputs that are looked up are below; nothing where the graph can't be unfolded."""
        try:
            return graphs.bounds(self._constant().graph, {t.op.name: name for name, t in self._ends()[0].items()})
        except (ValueError, tf.errors.OpError):
            return {}

    def weights(self) -> Arrays:
        """Return the variables that the signature uses."""
        return {name: np.array(v) for name, v in self._variables().items()}

    def _variables(self) -> Mapping[str, Any]:
        variables = list(self._function.variables)
        return dict(zip(numbered([v.name.partition(":")[0] for v in variables]), variables))

    def move_weights(self, move: Move) -> None:
        """Give it other weights."""
        for name, variable in self._variables().items():
            variable.assign(move(name, np.array(variable)))
        self._frozen = None

    def predict(self, arrays: Arrays) -> Arrays:
        """Call the signature."""
        self._predicted = _outputs(self._function(**{name: tf.constant(array) for name, array in arrays.items()}))
        return self._predicted

    def inner(self, arrays: Arrays) -> Iterator[Tuple[str, Any]]:
        """Yield every tensor of the signature's graph, its functions unfolded and its variables constants."""
        inputs, outputs = self._ends()
        told = dict(zip((tensor.name for tensor in outputs), self._predicted.values()))
        with graphs.session(self._constant().graph, self._threads) as session:
            yield from graphs.inner(session, {inputs[name].name: array for name, array in arrays.items()}, told)

    def execute(self, arrays: Arrays) -> None:
        """Run the signature's graph once in a session, its functions unfolded and its variables constants."""
        inputs, outputs = self._ends()
        with graphs.session(self._constant().graph, self._threads) as session:
            fed = {inputs[name].name: array for name, array in arrays.items()}
            with contextlib.suppress(tf.errors.OpError):  # of what needs a table, which is no constant
                session.run([tensor.name for tensor in outputs], fed)

    def _constant(self) -> Any:
        if self._frozen is None:
            from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

            self._frozen = convert_variables_to_constants_v2(self._function, lower_control_flow=False)
        return self._frozen

    def _ends(self) -> Tuple[Dict[str, Any], List[Any]]:
        """Return the placeholders by the names of the inputs, and the outputs."""
        frozen = self._constant()
        tensors = [tensor for tensor in frozen.inputs if tensor.dtype.as_datatype_enum not in graphs.NO_VALUES]
        return dict(zip(sorted(self._function.structured_input_signature[1]), tensors)), list(frozen.outputs)


class _InSession:
    """A graph that is run in a session: its inputs are its placeholders, its outputs what nothing uses."""

    def __init__(self, graph: Any, session: Any) -> None:
        self._graph, self._session = graph, session
        self._predicted: Arrays = {}
        placeholders = (op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder")
        used = (t for t in placeholders if t.consumers() and t.dtype.as_datatype_enum not in graphs.NO_VALUES)
        self._fed = {tensor.op.name: tensor for tensor in used}
        if not self._fed:
            raise BadModel("the graph has no placeholder, so nothing can be fed to it")

    def inputs(self) -> List[Input]:
        """Return the placeholders."""
        below = graphs.bounds(self._graph, {name: name for name in self._fed})
        return [
            Input(name, _shape(t.shape), t.dtype.as_numpy_dtype, below.get(name, 0 if t.dtype.is_floating else 2))
            for name, t in self._fed.items()
        ]

    def predict(self, arrays: Arrays) -> Arrays:
        """Run the outputs."""
        ends = graphs.ends(self._graph, list(self._fed.values()))
        if not ends:
            raise BadModel("the graph computes nothing of what is fed to it")
        fetched = {name: graphs.tensor_of(self._graph, name) for name in ends}
        made = dict(self._session.run(fetched, self._by_tensor(arrays)))
        self._predicted = {fetched[name].name: value for name, value in made.items()}
        return made

    def inner(self, arrays: Arrays) -> Iterator[Tuple[str, Any]]:
        """Yield every tensor that can be fetched."""
        yield from graphs.inner(self._session, self._by_tensor(arrays), self._predicted)

    def execute(self, arrays: Arrays) -> None:
        """Run the outputs once."""
        self.predict(arrays)

    def _by_tensor(self, arrays: Arrays) -> Dict[str, np.ndarray]:
        return {self._fed[name].name: array for name, array in arrays.items()}


class FrozenGraph:
    """A frozen graph, ``.pb``: a `GraphDef` whose variables are constants."""

    def __init__(self, source: Source) -> None:
        """Parse it, and see that this release knows its ops."""
        self._threads = source.threads
        self._definition = tf.compat.v1.GraphDef()
        with open(source.path, "rb") as file:
            content = file.read()
        try:
            self._definition.ParseFromString(content)
        except Exception as error:  # the class that raises it is another with each protobuf
            name = os.path.basename(source.path)
            raise BadModel("{} is cut off, or no graph: {}".format(name, " ".join(str(error).split()))) from None
        self._running: Optional[_InSession] = None
        self._run()

    def _run(self) -> _InSession:
        if self._running is None:
            graph = tf.Graph()
            with graph.as_default():
                tf.import_graph_def(self._definition, name="")
            self._running = _InSession(graph, tf.compat.v1.Session(graph=graph, config=session_config(self._threads)))
        return self._running

    def inputs(self) -> List[Input]:
        """Return the placeholders."""
        return self._run().inputs()

    def weights(self) -> Arrays:
        """Return the constants."""
        return {n.name: tf.make_ndarray(n.attr["value"].tensor) for n in self._definition.node if n.op == "Const"}

    def move_weights(self, move: Move) -> None:
        """Give it other constants."""
        for node in self._definition.node:
            if node.op == "Const":
                value = tf.make_ndarray(node.attr["value"].tensor)
                moved = move(node.name, value)
                if moved is not value:
                    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(moved, value.dtype, value.shape))
        self._running = None

    def predict(self, arrays: Arrays) -> Arrays:
        """Run the outputs."""
        return self._run().predict(arrays)

    def inner(self, arrays: Arrays) -> Iterator[Tuple[str, Any]]:
        """Yield every tensor that can be fetched."""
        return self._run().inner(arrays)

    def execute(self, arrays: Arrays) -> None:
        """Run the outputs once."""
        self._run().execute(arrays)


class MetaGraph(_InSession):
    """A graph of version 1 with its checkpoint, by its ``.meta``."""

    def __init__(self, source: Source) -> None:
        """Import the graph and restore its variables."""
        graph = tf.Graph()
        session = tf.compat.v1.Session(graph=graph, config=session_config(source.threads))
        with graph.as_default():
            saver = tf.compat.v1.train.import_meta_graph(source.path, clear_devices=True)
            if saver is None:
                raise BadModel(
                    "{} has no saver, so nothing says what is restored".format(os.path.basename(source.path))
                )
            saver.restore(session, source.path[: -len(".meta")])
            self._variables = {v.name.partition(":")[0]: v for v in tf.compat.v1.global_variables()}
        super().__init__(graph, session)

    def weights(self) -> Arrays:
        """Return the variables."""
        with self._graph.as_default():
            return dict(self._session.run(self._variables))

    def move_weights(self, move: Move) -> None:
        """Give it other weights."""
        with self._graph.as_default():
            for name, value in self.weights().items():
                self._variables[name].load(move(name, value), self._session)


class TFLite:
    """A model of TensorFlow Lite."""

    def __init__(self, source: Source) -> None:
        """Load it as its user would, and once more with every tensor kept."""
        make = functools.partial(tf.lite.Interpreter, model_path=source.path, num_threads=source.threads[0])
        plain = {"experimental_op_resolver_type": tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
        rewritten = not tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer")
        self._usual = make(**({} if rewritten else plain))
        self._kept = make(experimental_preserve_all_tensors=True, **plain)

    def inputs(self) -> List[Input]:
        """Return its inputs."""
        found = []
        for one in self._usual.get_input_details():
            shape = tuple(None if size < 0 else int(size) for size in one.get("shape_signature", one["shape"]))
            whole = not np.issubdtype(one["dtype"], np.floating)
            found.append(Input(one["name"].partition(":")[0], shape, one["dtype"], 2 if whole else 0))
        return found

    def weights(self) -> Arrays:
        """Return the constants, each before it is first used."""
        self._kept.allocate_tensors()
        return dict(self._constants())

    def _constants(self) -> Iterator[Tuple[str, np.ndarray]]:
        names, operations = self._names(), self._kept._get_ops_details()
        made: Set[int] = {index for one in operations for index in one["outputs"]}
        made |= {one["index"] for one in self._kept.get_input_details()}
        used = dict.fromkeys(int(i) for one in operations for i in one["inputs"] if i >= 0 and i not in made)
        for index in used:
            yield names[index], self._kept.get_tensor(index)

    def move_weights(self, move: Move) -> None:
        """Leave the weights as they are: they lie in the file's own memory."""

    def predict(self, arrays: Arrays) -> Arrays:
        """Invoke it."""
        self._invoke(self._usual, arrays)
        found = {one["name"].partition(":")[0]: one["index"] for one in self._usual.get_output_details()}
        return {name: self._usual.get_tensor(index) for name, index in found.items()}

    def inner(self, arrays: Arrays) -> Iterator[Tuple[str, Any]]:
        """Yield the outputs of each op, without a delegate."""
        self._invoke(self._kept, arrays)
        names = self._names()
        for one in self._kept._get_ops_details():
            for index in one["outputs"]:
                yield names[int(index)], np.array(self._kept.get_tensor(int(index)))

    def execute(self, arrays: Arrays) -> None:
        """Raise Unsupported: no op of it is one of TensorFlow's."""
        del arrays
        raise Unsupported("TensorFlow Lite has ops of its own, which are not recorded")

    def _names(self) -> Dict[int, str]:
        details = sorted(self._kept.get_tensor_details(), key=lambda one: int(one["index"]))
        names = numbered([one["name"] for one in details])
        return dict(zip((int(one["index"]) for one in details), names))

    @staticmethod
    def _invoke(interpreter: Any, arrays: Arrays) -> None:
        details = interpreter.get_input_details()
        for one, array in zip(details, arrays.values()):
            interpreter.resize_tensor_input(one["index"], array.shape)
        interpreter.allocate_tensors()
        for one, array in zip(details, arrays.values()):
            interpreter.set_tensor(one["index"], array)
        interpreter.invoke()


READERS: Mapping[str, Callable[[Source], Any]] = {
    contents.KERAS: KerasFile,
    contents.H5: KerasFile,
    contents.SAVED_MODEL: SavedModel,
    contents.GRAPH: FrozenGraph,
    contents.META_GRAPH: MetaGraph,
    contents.TFLITE: TFLite,
}
"""What reads a file, by its format."""

DESCRIBED: Sequence[str] = (contents.KERAS, contents.H5)
"""The formats that have a description of the model, which may hold code."""
