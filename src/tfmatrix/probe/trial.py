"""One trial: enter the mode, load the model, run its stages, and return what was recorded.

For tests only, a request may carry ``plant``: the path of a Python file, and ``fault``: a name in that file's table
``PLANTS``, whose function is called with the model and the setting once the variant is chosen and before anything runs.
So a test can hide a difference and see whether it is found. Where ``plant`` is absent or empty nothing happens.
"""

from __future__ import annotations

import gc
import random
from types import ModuleType
from typing import Any, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from .context import Setting
from .exchange import observe_exchange
from .importing import find_beside
from .kinds import KINDS, Kind, code
from .loading import choose_variant, kind_of, load
from .model_files import take
from .named import load_named
from .outcomes import Unsupported
from .reads import Reads
from .recorder import Recorder, record_draws
from .ways import try_way

SEED_DRAWS = 1024
"""Numbers that are recorded of what a generator would draw next: enough for a two-sample test to tell by."""


def observe(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Run the trial that a request describes in this process, and return its recorder."""
    gc.freeze()  # what is there by now stays: collecting it again and again costs more than the trial
    setting = Setting(request, scratch)
    model, kind = _model_of(request, scratch, reads)
    if request.get("plant"):
        load(request["plant"]).PLANTS[request["fault"]](model, setting)
    if request["purpose"] == "seeds":
        with setting.engine.compiling():
            _record_seeds(kind, model, setting, request["seeds"])
    elif request["purpose"] == "effects":
        if not kind.effects:
            raise Unsupported("this model has no layers whose effect could be seen")
        code(kind.effects)(model, setting, request["layers"])
    elif request["purpose"] == "ops":
        if not kind.ops:
            raise Unsupported("this model has no step of training that could be recorded op by op")
        code(kind.ops)(model, setting)
    elif request["purpose"] in ("rewrite", "reread"):
        with setting.engine.compiling():
            try_way(model, setting, request.get("way", ""))
    elif request["purpose"] in ("write", "read"):
        with setting.engine.compiling():
            observe_exchange(kind, model, setting, request)
    else:
        record_seed(setting.recorder, setting.tier)
        with setting.engine.compiling():
            code(kind.observe)(model, setting)
        if not setting.recorder.tiers <= set(kind.tiers):
            raise RuntimeError("a {} model recorded a tier that its kind does not have".format(kind.name))
    return setting.recorder


def _model_of(request: Mapping[str, Any], scratch: str, reads: Reads) -> Tuple[ModuleType, Kind]:
    """Return the model that a request names, and its kind."""
    if request.get("builder"):
        return load_named(request, scratch, reads), KINDS["keras"]
    if request.get("file"):
        return take(request, scratch, reads), KINDS["file"]
    find_beside(request["path"])
    model = load(request["path"], request.get("source", ""))
    choose_variant(model, request["variant"])
    return model, kind_of(model)


def record_seed(recorder: Recorder, tier: str) -> None:
    """Record what the generators would draw next, without drawing: from copies of their states."""
    python = random.Random()
    python.setstate(random.getstate())
    recorder.record(tier, "seed/python", np.array([python.random() for _ in range(SEED_DRAWS)]))
    numpy = np.random.RandomState()
    numpy.set_state(np.random.get_state())
    recorder.record(tier, "seed/numpy", numpy.random_sample(SEED_DRAWS))
    if tf.executing_eagerly():
        from tensorflow.python.eager.context import global_seed  # no public name tells it

        seed = global_seed()
    else:
        seed = tf.compat.v1.get_default_graph().seed
    recorder.record(tier, "seed/tensorflow", np.array(seed, np.int64))


def _record_seeds(kind: Kind, model: ModuleType, setting: Setting, seeds: Sequence[int]) -> None:
    """Record what a model draws before its first update under other seeds."""
    if not kind.drawn:
        raise Unsupported("what a {} model draws is not seen".format(kind.name))
    record_draws(setting.recorder, code(kind.drawn)(model, setting, seeds), len(seeds))
