"""What a trial is asked to do: the request, read once, with the engine and the recorder that serve it."""

from __future__ import annotations

import contextlib
from types import ModuleType
from typing import Any, Dict, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from . import casts
from .canonical import jittered
from .loading import rows_of
from .modes import MODES, enter, forgo_rewriting, make_engine, seed_generators
from .optimizers import Settle, settler
from .outcomes import want_of
from .recorder import NATIVE, START, Recorder
from .switches import throw


class Setting:
    """One request: its mode entered, its generators seeded, and a place to write."""

    def __init__(self, request: Mapping[str, Any], scratch: str) -> None:
        self.mode = MODES[request["mode"]]
        self.seed: int = request["seed"]
        self.jitter: int = request["jitter"]
        self.equivalent: bool = request.get("equivalent", False)
        """Whether it is an equivalent execution: no graph is rewritten, and functions' injected tier is float64's."""
        self.tapped: bool = request["purpose"] != "plain"
        """Whether what happens within a step is seen; a plain trial shows that seeing it changes nothing."""
        self.handed: str = request.get("handed", "")
        """The file of what the trial is handed of the baseline's, whose start it begins from; empty: its own."""
        self.feeding: str = request.get("feeding", "")
        """The file of what another trial recorded of single ops; empty: none is fed."""
        self.fed: Sequence[int] = request.get("fed", ())
        """The numbers of the ops that are fed what they made there."""
        self.off: Sequence[str] = request.get("off", ())
        """The layers that are called with ``training=False``, by the paths of their draws."""
        self.tier = START if self.handed else NATIVE
        self.settle: Settle = settler(self.jitter, self.equivalent)
        self.threads = (request["intra_op"], request["inter_op"])
        self.scratch = scratch
        self.recorder = Recorder(request.get("keep", ()))
        if self.equivalent:
            forgo_rewriting()
        throw(request.get("settings", ()))
        self.engine = enter(self.mode, self.threads)
        if self.jitter:
            casts.watch(self.jitter)
        seed_generators(self.seed)

    def restart(self, seed: int) -> None:
        """Start over under another seed: a graph keeps its seed and its names until it is dropped."""
        self.engine.close()
        tf.keras.backend.clear_session()  # drops the default graph too
        self.engine = make_engine(self.mode, self.threads)
        seed_generators(seed)

    def rows(self, model: ModuleType) -> Dict[str, np.ndarray]:
        """Draw, record and return the model's data."""
        rows = rows_of(model, model.data(np.random.RandomState(self.seed)))
        self.recorder.record_all(NATIVE, "data", rows)
        return rows

    @contextlib.contextmanager
    def injecting(self) -> Iterator[None]:
        """Run the injected tier of functions: an equivalent execution's in float64, or none where a model can't be."""
        if not self.equivalent:
            yield
            return
        self.recorder.narrows = True
        try:
            yield
        except Exception as error:
            if want_of(error):
                raise
            # A constant of float32 in a model's own code is enough, and no fault.
            note = "rounding is not measured in float64, which this model can't be: {}".format(type(error).__name__)
            self.recorder.notes[note] = None
        finally:
            self.recorder.narrows = False

    def jittered(self, stage: str, arrays: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Return the arrays, moved by one ULP where this trial is jittered."""
        return {n: jittered(a, "{}/{}".format(stage, n), self.jitter) for n, a in arrays.items()}
