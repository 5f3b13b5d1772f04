"""TensorFlow's own checkpoints: what variables held as they were saved, and hold once they are loaded."""

from __future__ import annotations

import importlib
from typing import Any, Dict, Iterable

import tensorflow as tf

from .patching import around
from .variables import innermost, read
from .watcher import Watcher

SAVES, LOADS = ("save", "write", "_write"), ("restore", "read")
"""What a checkpoint has to save and to load; some call others of them."""


def install(watcher: Watcher) -> None:
    """Put the wrappers around `tf.train.Checkpoint` and `tf.compat.v1.train.Saver`."""
    calls = _Calls(watcher)
    for name in SAVES:
        around(tf.train.Checkpoint, name, calls.save)
    for name in LOADS:
        around(tf.train.Checkpoint, name, calls.load)
    around(tf.compat.v1.train.Saver, "save", calls.save_session)
    around(tf.compat.v1.train.Saver, "restore", calls.load_session)


class _Calls:
    """The wrappers, for one watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def save(self, original: Any, checkpoint: Any, *arguments: Any, **named: Any) -> Any:
        """See what is saved."""
        with self._watcher.exchanging("saved", lambda: self._held_by(checkpoint)):
            return original(checkpoint, *arguments, **named)

    def load(self, original: Any, checkpoint: Any, *arguments: Any, **named: Any) -> Any:
        """See what was loaded; variables that are not made by then are loaded as they are made."""
        with self._watcher.exchanging("loaded", lambda: self._held_by(checkpoint)):
            return original(checkpoint, *arguments, **named)

    def save_session(self, original: Any, saver: Any, session: Any, *arguments: Any, **named: Any) -> Any:
        """See what is saved of a session's variables."""
        with self._watcher.exchanging("saved", lambda: self._held_in(session, saver)):
            return original(saver, session, *arguments, **named)

    def load_session(self, original: Any, saver: Any, session: Any, *arguments: Any, **named: Any) -> Any:
        """See what was loaded into a session's variables."""
        with self._watcher.exchanging("loaded", lambda: self._held_in(session, saver)):
            return original(saver, session, *arguments, **named)

    def _held_by(self, checkpoint: Any) -> Dict[str, Any]:
        """Return the values of the model's variables that a checkpoint reaches."""
        if not tf.executing_eagerly():
            return {}
        reached = {id(innermost(one)) for one in _reached(checkpoint)}
        of_model = self._watcher.variables.of_model()
        return read({name: variable for name, variable in of_model.items() if id(variable) in reached})

    def _held_in(self, session: Any, saver: Any) -> Dict[str, Any]:
        """Return the values that a session has of the model's variables that a saver saves."""
        if session is None or not hasattr(session, "graph"):  # eagerly a saver takes none
            return {}
        saved = {id(one) for one in tf.nest.flatten(saver._var_list)}
        of_graph = self._watcher.variables.of_graph(session.graph)
        found = {name: variable for name, variable in of_graph.items() if id(variable) in saved}
        values: Dict[str, Any] = self._watcher.sessions.read(session, found)
        return values


def _reached(root: Any) -> Iterable[Any]:
    """Return all that a checkpoint's root leads to."""
    if hasattr(tf.train, "TrackableView"):
        found: Iterable[Any] = tf.train.TrackableView(root).descendants()
        return found
    views = importlib.import_module("tensorflow.python.training.tracking.graph_view")  # up to 2.9
    return list(views.ObjectGraphView(root).list_objects())
