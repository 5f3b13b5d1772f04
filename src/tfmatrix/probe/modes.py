"""The modes: how a model is executed. A mode is a row of `modes.json`, which the host reads too."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Dict, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python import tf2  # no public name tells whether version 2's behaviour is on

from . import op_seeds
from .engines import ENGINES, Threads
from .outcomes import Unsupported


class Mode(NamedTuple):
    """One way to execute a model: the columns of its row."""

    name: str
    summary: str
    """What the mode is, in one line."""
    default: bool
    """Whether it is run where no modes are chosen."""
    v2_behavior: bool
    """Whether TensorFlow behaves as version 2."""
    op_determinism: bool
    engine: str
    """A word of `ENGINES`: what runs the programs."""
    engine_options: Dict[str, Any]
    """What the engine is made with, besides the thread counts."""
    optimizers: str
    """A word of `optimizers.MAKERS`: where a model of functions has its optimizer from."""
    keras_optimizers: str
    """The same for what Keras trains."""
    keras_compile: Dict[str, Any]
    """Arguments of Keras's `compile`, besides optimizer and loss."""
    keras_weights: str
    """The file's name that Keras is given to save weights: it chooses the format by the name's end."""


MODES = {
    name: Mode(name, **row)
    for name, row in json.loads(Path(__file__).with_name("modes.json").read_text(encoding="utf-8")).items()
}
"""Every mode by its name; what is run by default comes first."""


def enter(mode: Mode, threads: Threads) -> Any:
    """Set the process up for a mode, make sure that it got what it asked for, and return an engine."""
    kind = ENGINES[mode.engine]
    kind.set_up(threads)
    set_up(mode)
    if tf.executing_eagerly() != kind.eager:
        raise RuntimeError("{} mode is of an engine that executes otherwise than this process".format(mode.name))
    return make_engine(mode, threads)


def set_up(mode: Mode) -> None:
    """Give the process the behaviour and the determinism of a mode.

    Raises Unsupported where a release has one of them not yet, and RuntimeError where the process does not get it.
    """
    if mode.v2_behavior and not tf2.enabled():
        raise Unsupported("this release is of TensorFlow 1, and does not behave as version 2 by itself")
    set_behavior(mode)
    op_seeds.leave_own_out()
    if mode.op_determinism:
        if not hasattr(tf.config.experimental, "enable_op_determinism"):
            raise Unsupported("this release has no tf.config.experimental.enable_op_determinism, which came with 2.8")
        tf.config.experimental.enable_op_determinism()
        # No public name tells whether it is on; this one exists in every release from 2.8 on.
        from tensorflow.python.framework.config import is_op_determinism_enabled

        if not is_op_determinism_enabled():
            raise RuntimeError("{} mode asked for op determinism and did not get it".format(mode.name))


def set_behavior(mode: Mode) -> None:
    """Switch TF2 behaviour off where a mode is without it."""
    if not mode.v2_behavior:
        tf.compat.v1.disable_v2_behavior()


def make_engine(mode: Mode, threads: Threads) -> Any:
    """Return an engine of a mode's in a process that is set up."""
    return ENGINES[mode.engine](threads, **mode.engine_options)


def forgo_rewriting() -> None:
    """Have no graph rewritten before it runs: fused and folded ops are another way to compute the same."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def seed_generators(seed: int) -> None:
    """Seed Python's, NumPy's and TensorFlow's generators: the eager context's, or the default graph's in a graph."""
    random.seed(seed)
    np.random.seed(seed)
    tf.compat.v1.set_random_seed(seed)


def seed_graphs(seed: int) -> None:
    """Seed TensorFlow's generator: the eager context's, and that of every graph that is made from now on."""
    from tensorflow.python.framework.ops import Graph

    original = Graph.__init__

    def make(graph: Any, *arguments: Any, **named: Any) -> None:
        original(graph, *arguments, **named)
        if type(graph) is Graph:  # a function's graph takes its seed from where it is made
            graph.seed = seed

    Graph.__init__ = make
    tf.compat.v1.set_random_seed(seed)
