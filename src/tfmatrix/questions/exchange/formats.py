"""The formats of the probe's table, as a reader knows them; a test holds the two tables to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfmatrix.tables import MODES


@dataclass(frozen=True)
class Format:
    """One format, and how it is written and read."""

    name: str
    kind: str
    """Of the models that have it: ``keras`` or ``functional``."""
    engines: tuple[str, ...]
    """Words for the engines, of whose modes it is."""
    holds: Literal["weights", "model"]
    """``weights``, or ``model``: then the reader does not build it."""
    written: str
    read: str

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that have it."""
        return tuple(mode.name for mode in MODES.values() if mode.engine in self.engines)


_BOTH, _EAGER, _GRAPH = ("eager", "graph"), ("eager",), ("graph",)

FORMATS = (
    Format("weights.h5", "keras", _BOTH, "weights", "save_weights('w.weights.h5')", "load_weights"),
    Format("h5-weights", "keras", _BOTH, "weights", "save_weights('w.h5')", "load_weights"),
    Format("tf-weights", "keras", _BOTH, "weights", "save_weights('w')", "load_weights"),
    Format("tf-weights-alone", "keras", _BOTH, "weights", "save_weights('w')", "load_weights before compile"),
    Format(
        "model-checkpoint",
        "keras",
        _BOTH,
        "weights",
        "train.Checkpoint(model=network).write",
        "restore before compile, nothing asserted",
    ),
    Format(
        "checkpoint",
        "keras",
        _BOTH,
        "weights",
        "train.Checkpoint(model=network, optimizer=optimizer).write",
        "restore, nothing asserted",
    ),
    Format("keras", "keras", _BOTH, "model", "model.save('m.keras')", "keras.models.load_model"),
    Format("h5", "keras", _BOTH, "model", "model.save('m.h5')", "keras.models.load_model"),
    Format("saved-model", "keras", _BOTH, "model", "model.save('folder')", "keras.models.load_model"),
    Format(
        "tf-saved-model",
        "keras",
        _EAGER,
        "model",
        "tf.saved_model.save(model)",
        "tf.saved_model.load, default signature",
    ),
    Format("export", "keras", _EAGER, "model", "model.export('folder')", "tf.saved_model.load, default signature"),
    Format(
        "variables-checkpoint",
        "functional",
        _EAGER,
        "weights",
        "train.Checkpoint(variables=variables, optimizer=optimizer).write",
        "restore, nothing asserted",
    ),
    Format(
        "module-saved-model",
        "functional",
        _EAGER,
        "model",
        "tf.saved_model.save(tf.Module)",
        "tf.saved_model.load, its function",
    ),
    Format(
        "saver", "functional", _GRAPH, "weights", "compat.v1.train.Saver().save", "Saver().restore into the same graph"
    ),
    Format(
        "meta-graph",
        "functional",
        _GRAPH,
        "model",
        "Saver().save with its meta graph",
        "import_meta_graph, then restore",
    ),
    Format(
        "v1-saved-model",
        "functional",
        _GRAPH,
        "model",
        "compat.v1.saved_model.simple_save",
        "saved_model.load(session)",
    ),
)
"""Weights first, then whole models: Keras's, then those of functions of tensors."""
