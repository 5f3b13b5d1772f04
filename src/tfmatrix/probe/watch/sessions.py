"""Sessions: what a graph is fed, what is fetched of it, and the updates that a run makes.

A run makes an update where it runs the operation that an optimizer's `apply_gradients` returned. What was tapped in
the graph, its gradients too, is fetched together with what the user fetches; variables are read by a run of their own.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List, NamedTuple, Set, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.client import session as session_module
from tensorflow.python.ops import control_flow_util

from .. import unseen
from .patching import around
from .structures import flat, is_tensor
from .taps import to_array, waiting
from .variables import innermost, rate_name

HIDDEN = {
    kind: "{} within a loop or a branch of a graph was not seen".format(what)
    for kind, what in (
        ("gradient", "a gradient that is made"),
        ("draw", "what is drawn"),
        ("batch", "a batch that is taken"),
        ("recorded", "what is recorded"),
    )
}
"""What is said of a kind of stage that no run can fetch."""


class Update(NamedTuple):
    """One call of an optimizer's `apply_gradients` in a graph."""

    name: str
    """Of the operation that makes the update."""
    gradients: Dict[str, Any]


class Sessions:
    """The sessions of one trial."""

    def __init__(self, watcher: Any) -> None:
        self._watcher = watcher
        self._looking = False
        self._called = False
        """Whether what runs is a function that Keras made of a graph: it fetches the loss first, then its metrics."""
        self.begin()

    def begin(self) -> None:
        """Know nothing of what was there before."""
        self._open: List[Any] = []
        self._updates: Dict[int, List[Update]] = {}
        """The updates of each graph, by its id; the graphs are kept by what is fetched of them."""
        self._needs: Dict[Tuple[int, Tuple[str, ...]], Set[str]] = {}
        self.count = 0

    @property
    def _log(self) -> Any:
        return self._watcher.log

    def install(self) -> None:
        """Put the wrappers around sessions."""
        around(session_module.BaseSession, "run", self._run)
        around(session_module.BaseSession, "close", self._close)
        around(session_module.BaseSession, "_make_callable_from_options", self._make_callable)

    def note_update(self, operation: Any, gradients: Dict[str, Any]) -> None:
        """Take in an operation of the default graph that makes an update."""
        found = self._updates.setdefault(id(tf.compat.v1.get_default_graph()), [])
        found.append(Update(operation.name, gradients))

    def finish(self) -> None:
        """Look at the sessions that are still open."""
        for session in list(self._open):
            self._last_look(session)

    def _run(self, original: Any, session: Any, fetches: Any, feed_dict: Any = None, *rest: Any, **named: Any) -> Any:
        if self._looking or self._watcher.is_exchanging:  # what a saver runs is no prediction
            return original(session, fetches, feed_dict, *rest, **named)
        needed = self._needed(session.graph, fetches)
        updates = [one for one in self._updates.get(id(session.graph), []) if one.name in needed]
        if updates and all(session is not one for one in self._open):
            self._open.append(session)
        if updates and self._watcher.tapped and not self._log.begun:
            if self._watcher.handed:
                with self.looking():
                    self._watcher.handed.assign_in(session, self._watcher.variables.of_graph(session.graph))
            self._watcher.initial = self.read(session, self._watcher.variables.of_graph(session.graph))
        more = self._more(session.graph, needed, updates) if self._watcher.tapped else []
        tensors = [tensors for _, tensors in more]
        result, extra = original(session, [fetches, tensors], feed_dict, *rest, **named)
        self._see(session, feed_dict, result, [(kind, values) for (kind, _), values in zip(more, extra)], len(updates))
        return result

    def _make_callable(self, original: Any, session: Any, options: Any) -> Any:
        """Return a function, of those that Keras makes of a graph, that goes through `run`."""
        graph = session.graph
        if self._looking:
            return original(session, options)
        # Of a dataset Keras has the next element take the places of its inputs: here it is taken, and then fed.
        connected = [
            (graph.get_tensor_by_name(one.from_tensor), graph.get_tensor_by_name(one.to_tensor))
            for one in options.tensor_connection
        ]
        feeds = [graph.get_tensor_by_name(name) for name in options.feed]
        fetches = [graph.get_tensor_by_name(name) for name in options.fetch]
        targets = [graph.get_operation_by_name(name) for name in options.target]

        def call(*values: Any, run_metadata: Any = None) -> Any:
            fed = dict(zip(feeds, values))
            if connected:
                with self.looking():
                    taken = session.run([tensor for tensor, _ in connected], fed)
                fed.update(zip([place for _, place in connected], taken))
            self._called = True
            try:
                return session.run([fetches, targets], fed, None, run_metadata)[0]
            finally:
                self._called = False

        return call

    def _see(self, session: Any, feed: Any, result: Any, extra: List[Any], updates: int) -> None:
        """Write down what a run was fed, gave and changed."""
        returned = flat(result[0], ("loss",)) if self._called else flat(_asked(result))
        fetched = {path or "result": to_array(value) for path, value in returned.items()}
        if not updates:
            for kind, values in extra:
                if kind == "draw" and self._log.begun:  # before that variables are initialised
                    self._log.seen(kind, values)
            if fetched and not self._watcher.calling:  # what Keras makes of it is seen where it returns it
                self._log.numbered("predict", fetched)
            return
        if self._watcher.tapped:
            fed = {
                _name(tensor): _fed(tensor, value) for tensor, value in (feed or {}).items() if not _is_ragged(value)
            }
            if fed:
                self._log.seen("batch", fed)
            for kind, values in sorted(extra, key=lambda pair: pair[0] == "gradient"):
                self._log.seen(kind, values)
        for path, value in fetched.items():
            kind = "loss" if np.ndim(value) == 0 and not isinstance(value, (bytes, str)) else "forward"
            self._log.write("{}@{}".format(kind, self._log.step), {path: value})
        self._watcher.count_from_here()
        self.count += updates
        variables = self._watcher.variables
        self._watcher.updated(
            lambda: self.read(session, variables.of_graph(session.graph)),
            lambda: self._slots(session),
        )

    def _slots(self, session: Any) -> Dict[str, Any]:
        """Return the optimizers' variables and the learning rates that are variables."""
        optimizers = self._watcher.optimizers
        found = self.read(session, self._watcher.variables.slots(optimizers))
        rates = {number: getattr(one, "learning_rate", None) for number, one in enumerate(optimizers, 1)}
        told = {number: rate for number, rate in rates.items() if self._watcher.tells_rate}
        known = {rate_name(number): innermost(r) for number, r in told.items() if isinstance(r, tf.Variable)}
        return {**{name: value for name, value in found.items() if np.any(value)}, **self.read(session, known)}

    def _needed(self, graph: Any, fetches: Any) -> Set[str]:
        """Return the names of all operations that a run of some fetches runs."""
        handler = session_module._FetchHandler(graph, fetches, {})
        first = [tensor.op for tensor in handler.fetches()] + list(handler.targets())
        key = (id(graph), tuple(sorted({op.name for op in first})))
        if key not in self._needs:
            found, left = {op.name for op in first}, first
            while left:
                op = left.pop()
                for before in [*(tensor.op for tensor in op.inputs), *op.control_inputs]:
                    if before.name not in found:
                        found.add(before.name)
                        left.append(before)
            self._needs[key] = found
        return self._needs[key]

    def _more(self, graph: Any, needed: Set[str], updates: List[Update]) -> List[Tuple[str, Dict[str, Any]]]:
        """Return what is to be fetched besides: what was tapped and is run, and the gradients of the updates."""
        found = [*waiting(graph), *(("gradient", update.gradients) for update in updates)]
        more = []
        for kind, tensors in found:
            run = {name: t for name, t in tensors.items() if is_tensor(t) and t.graph is graph and t.op.name in needed}
            chosen = {name: tensor for name, tensor in run.items() if _can_be_fetched(graph, tensor)}
            if len(chosen) < len(run):
                (self._log.hide if kind == "gradient" else self._log.note)(HIDDEN[kind])
            if chosen:
                more.append((kind, chosen))
        return more

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Run sessions without seeing what they do: it is done to look at a training, or to set its state."""
        before, self._looking = self._looking, True
        try:
            with unseen.running():
                yield
        finally:
            self._looking = before

    def read(self, session: Any, variables: Dict[str, Any]) -> Dict[str, Any]:
        """Return the present values of the variables that have one."""
        with self.looking():
            found = _values(session, variables)
            if len(found) < len(variables):  # one of them at least is not initialised
                found = {}
                for name, variable in variables.items():
                    found.update(_values(session, {name: variable}))
            return found

    def _close(self, original: Any, session: Any) -> Any:
        self._last_look(session)
        return original(session)

    def _last_look(self, session: Any) -> None:
        """Write down what the variables hold before a session in which there were updates is gone."""
        if any(session is one for one in self._open):
            self._open = [one for one in self._open if one is not session]
            self._log.write("final", self.read(session, self._watcher.variables.of_graph(session.graph)))


def _values(session: Any, variables: Dict[str, Any]) -> Dict[str, Any]:
    """Return the values of variables, nothing where one of them has none."""
    try:
        return {name: np.array(value) for name, value in session.run(dict(variables)).items()}
    except tf.errors.FailedPreconditionError:
        return {}


def _can_be_fetched(graph: Any, tensor: Any) -> bool:
    """Tell whether a tensor is neither within a loop nor within a branch, of which nobody knows whether it is taken."""
    return control_flow_util.GetOutputContext(tensor.op) is None and bool(graph.is_fetchable(tensor))


def _asked(result: Any) -> Any:
    """Return what was fetched without what the hooks of a monitored session fetch besides, by the clock some of it."""
    if isinstance(result, dict) and "caller" in result:
        others = [key for key in result if key != "caller"]
        if all(isinstance(key, tf.compat.v1.train.SessionRunHook) for key in others):
            return result["caller"]
    return result


def _name(tensor: Any) -> str:
    return str(getattr(tensor, "name", tensor)).partition(":")[0]


def _fed(tensor: Any, value: Any) -> Any:
    """Return what a session makes of a value that it is fed: a number has the type of its placeholder."""
    dtype = getattr(tensor, "dtype", None)
    return np.asarray(value, dtype.base_dtype.as_numpy_dtype if isinstance(dtype, tf.DType) else None)


def _is_ragged(value: Any) -> bool:
    return isinstance(value, tuple)
