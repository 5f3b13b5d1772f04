"""What a trial is asked to do: the request, read once, with the engine and the recorder that serve it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Dict, Mapping, Sequence

import numpy as np
import tensorflow as tf

from .canonical import jittered
from .loading import rows_of
from .modes import MODES, enter, make_engine, seed_generators
from .recorder import NATIVE, START, Recorder


class Setting:
    """One request: its mode entered, its generators seeded, and a place to write."""

    def __init__(self, request: Mapping[str, Any], scratch: str) -> None:
        self.mode = MODES[request["mode"]]
        self.seed: int = request["seed"]
        self.jitter: int = request["jitter"]
        self.tapped: bool = request["purpose"] != "plain"
        """Whether what happens within a step is seen; a plain trial shows that seeing it changes nothing."""
        self.handed: str = request.get("handed", "")
        """The file of what the trial is handed of the baseline's, whose start it begins from; empty: its own."""
        self.off: Sequence[str] = request.get("off", ())
        """The layers that are called with ``training=False``, by the paths of their draws."""
        self.tier = START if self.handed else NATIVE
        self.threads = (request["intra_op"], request["inter_op"])
        self.scratch = scratch
        self.recorder = Recorder(request.get("keep", ()))
        self.engine = enter(self.mode, self.threads)
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

    def jittered_settings(self, settings: Mapping[str, Any]) -> Dict[str, Any]:
        """Return an optimizer's settings, its numbers moved by one float32 ULP where this trial is jittered.

        Releases round a learning rate and a bias correction at other places; that is rounding as much as any.
        """
        moved = dict(settings)
        for name, value in settings.items():
            if self.jitter and value and isinstance(value, (float, np.floating)):  # 0 means that it is off
                moved[name] = float(jittered(np.float32(value), "optimizer/" + name, self.jitter))
        return moved

    def jittered(self, stage: str, arrays: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Return the arrays, moved by one ULP where this trial is jittered."""
        return {n: jittered(a, "{}/{}".format(stage, n), self.jitter) for n, a in arrays.items()}
