"""Run a recipe's text in front of a model's, from the bare mode: nothing is seeded or set that the text does not set.

A request's ``script`` has: ``recipe`` (text), ``model`` (text), ``options`` (arguments of the model's function) and
``doings`` (names of what is done in the process besides: `DOINGS`, and what `_run_graph` knows). The model's text
defines ``run``, or in a graph ``build`` and ``train``; the recipe's names go to the parameters of the same name.
"""

from __future__ import annotations

import gc
import inspect
import os
import random
from typing import Any, Callable, Dict, List, Mapping

import numpy as np
import tensorflow as tf

from .modes import MODES, set_behavior
from .process_start import asked
from .recorder import NATIVE, Recorder

Names = Dict[str, Any]


def observe_script(request: Mapping[str, Any]) -> Recorder:
    """Run the script that a request has, and return what its model observed."""
    gc.freeze()  # what is there by now stays: collecting it again and again costs more than the trial
    script = request["script"]
    if asked().get("here"):
        os.chdir(asked()["here"])
    set_behavior(MODES[request["mode"]])
    for doing in script["doings"]:
        if doing in DOINGS:
            DOINGS[doing]()
    if "run-twice" in script["doings"]:
        _run(request, Recorder())
    recorder = Recorder()
    _run(request, recorder)
    return recorder


def _run(request: Mapping[str, Any], recorder: Recorder) -> None:
    script = request["script"]
    recipe: Names = {"__name__": "recipe"}
    exec(compile(script["recipe"], request["path"], "exec", dont_inherit=True), recipe)  # noqa: S102  # the recipe
    model: Names = {"__name__": "model"}
    exec(compile(script["model"], "model.py", "exec", dont_inherit=True), model)  # noqa: S102  # what it is tried on

    def observe(stage: str, value: Any) -> None:
        recorder.record(NATIVE, stage, value)

    given = {**recipe, **dict(script["options"])}
    if "run" in model:
        model["run"](observe, **_taken(model["run"], given))
    else:
        _run_graph(model, given, observe, script["doings"])


def _taken(function: Callable[..., Any], given: Names) -> Names:
    """Return what a function takes by the names of its parameters, of all that is given."""
    return {name: given[name] for name in inspect.signature(function).parameters if name in given}


def _run_graph(model: Names, given: Names, observe: Callable[[str, Any], None], doings: List[str]) -> None:
    """Build the graph and train it in a session; what was done with the graph before is what the doings name."""
    graph = model["build"](**_taken(model["build"], given))
    given.get("after_building", _nothing)()
    config = given.get("config")
    if "recreated-session" in doings:
        with tf.compat.v1.Session(config=config) as closed:
            model["train"](closed, graph, _nothing)
    if "second-session" in doings:
        model["train"](tf.compat.v1.Session(config=config), graph, _nothing)
    with tf.compat.v1.Session(config=config) as session:
        if "used-session" in doings:
            session.run([tf.compat.v1.random_normal([8]), tf.compat.v1.random_uniform([8], seed=3)])
        model["train"](session, graph, observe)


def _nothing(*arguments: Any) -> None:
    del arguments


def _work() -> None:
    """Draw from every generator, create operations, and make a model and throw it away."""
    random.random()
    np.random.rand(3)
    drawn = tf.random.normal([4, 4]) @ tf.random.uniform([4, 4])
    if tf.executing_eagerly():
        model = tf.keras.Sequential([tf.keras.Input(shape=(4,)), tf.keras.layers.Dense(2)])
        model(np.ones([3, 4], np.float32))
    else:
        with tf.compat.v1.Session() as session:
            session.run(drawn)


def _load() -> None:
    """Start as many processes that never rest as there are processors; whoever keeps the trial ends them.

    They are nicer than the trial, which would otherwise take three times as long, and still compete with its threads.
    """
    for _ in os.sched_getaffinity(0):
        if os.fork() == 0:
            os.nice(5)
            while True:
                pass


DOINGS: Mapping[str, Callable[[], None]] = {"load": _load, "other-work": _work}
"""What is done before a recipe."""
