"""From the baseline's start: what is handed over leads to the same bits, whatever the seed is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.compare.stages import is_handed, parse
from tfmatrix.compare.start import Handed
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.starts import write
from tfmatrix.records import ExpectedTrial, FromStart, InstalledEnvironment
from tfmatrix.runner.events import Finished
from tfmatrix.runner.rounds import observe_one
from tfmatrix.store.store import Store

from .project import Project, wide

pytestmark = pytest.mark.integration

BUILDER = '''
"""net: masks and noise, rows in another order in each epoch, and rows that are held back."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}
LOSS = "binary_crossentropy"
EPOCHS = 2
BATCH = 16
FIT = {"validation_split": 0.25, "class_weight": {0: 1.0, 1: 3.0}}


def data():
    rng = np.random.RandomState(0)
    return {"x": rng.random_sample((80, 5)).astype("float32"), "y": rng.randint(0, 2, 80).astype("float32")}


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential([
        tf.keras.Input((5,)), layers.Dense(8, name="a"), layers.BatchNormalization(name="n"),
        layers.Dropout(0.4, name="d"), layers.GaussianNoise(0.1, name="g"),
        layers.Dense(1, activation="sigmoid", name="b"),
    ])
'''

DATA = """
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
x, y = rng.random_sample((64, 5)).astype("float32"), rng.random_sample((64, 1)).astype("float32")
batches = [(x[at : at + 16], y[at : at + 16]) for at in range(0, 64, 16)]
layers = tf.keras.layers
"""

NET = DATA + "net = tf.keras.Sequential([layers.Dense(8), layers.Dropout(0.4), layers.Dense(1)])\n"

PIPE = "pipe = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(24).prefetch(1)\n"

STEP = """
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x + tf.random.normal(x.shape), training=True) - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
"""

COMMANDS = {
    "fits": NET + 'net.compile("adam", "mse")\nnet.fit(x, y, epochs=2, batch_size=16, verbose=0)\n',
    "loops": NET + "optimizer = tf.keras.optimizers.Adam(0.01)\n\n\nfor x, y in batches:" + STEP,
    "steps": NET
    + "optimizer = tf.keras.optimizers.Adam(0.01)\n\n\n@tf.function\ndef step(x, y):"
    + STEP
    + "\n\nfor x, y in batches:\n    step(tf.constant(x), tf.constant(y))\n",
    "session": DATA
    + """
tf1 = tf.compat.v1
tf1.disable_eager_execution()
rows, targets = tf1.placeholder(tf.float32, (None, 5)), tf1.placeholder(tf.float32, (None, 1))
weights = tf1.get_variable("weights", (5, 1))
loss = tf.reduce_mean((tf1.nn.dropout(rows, rate=0.3) @ weights - targets) ** 2)
train = tf1.train.AdamOptimizer(0.01).minimize(loss)
with tf1.Session() as session:
    session.run(tf1.global_variables_initializer())
    for x, y in batches:
        session.run([train, loss], {rows: x, targets: y})
""",
}

PIPES = {
    "pipe_fits": NET + PIPE + 'net.compile("adam", "mse")\nnet.fit(pipe, epochs=2, verbose=0)\n',
    "pipe_loops": NET
    + PIPE
    + "optimizer = tf.keras.optimizers.Adam(0.01)\n\n\nfor epoch in range(2):\n  for x, y in pipe:"
    + STEP,
    "pipe_session": COMMANDS["session"]
    .replace("tf1.disable_eager_execution()\n", "tf1.disable_eager_execution()\n" + PIPE)
    .replace(
        "rows, targets = tf1.placeholder(tf.float32, (None, 5)), tf1.placeholder(tf.float32, (None, 1))",
        "rows, targets = tf1.data.make_one_shot_iterator(pipe).get_next()",
    )
    .replace("for x, y in batches", "for _ in range(3)")
    .replace(", {rows: x, targets: y}", ""),
}
"""Scripts that read their rows in an order that a pipeline draws."""


@pytest.mark.parametrize("version", [*wide("2.9.3", "2.15.1"), "2.16.2"])
def test_a_run_that_is_handed_a_start_has_its_bits(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment], version: str
) -> None:
    """Handed its own start a trial has its own bits; under another seed every stage but the seeds has them too."""
    made_environment(version)
    project = Project(tmp_path / "project", [version], [])
    (project.models / "net.py").write_text(BUILDER, encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        for name, source in {**COMMANDS, **PIPES}.items():
            (project.folder / f"{name}.py").write_text(source, encoding="utf-8")
            table.write(f'[tool.tfmatrix.models.{name}]\ncommand = ["python", "{name}.py"]\n')
    settings = config.load(project.folder).overridden(modes=["tf2"], baseline=version)
    with Store(tmp_path / "store.sqlite") as store:
        for trials in make_plan(settings).trials.values():
            first = observe_one(trials[0], settings)
            assert first.trace, first.trial
            store.add(first.trial, first.trace, first.tensors)
            begun = replace(trials[0], work=FromStart("", handed=str(handed_by(first, tmp_path, store))))
            assert differing(begun, first, settings) == []
            assert {parse(name).kind for name in differing(replace(begun, seed=7), first, settings)} == {"seed"}


def handed_by(first: Finished, folder: Path, store: Store) -> Path:
    """Return a file of what a trial began from and drew."""
    pipe = first.trial.id.split("/")[1] in PIPES  # the rows of all others are known from arrays
    stages = [(parse(one.stage), one) for one in first.trace if one.tier == "native"]
    handed = [Handed(one.stage, one.digest) for at, one in stages if is_handed(at) or (pipe and at.kind == "batch")]
    assert {"init", "draw"} <= {parse(one.stage).kind for one in handed}
    (folder / "handed").mkdir(exist_ok=True)
    return write(handed, folder / "handed", store)


def differing(expected: ExpectedTrial, first: Finished, settings: config.Config) -> list[str]:
    """Return the stages of a trial from a start that have other bits than the first trial's native ones."""
    found = observe_one(expected, settings)
    assert found.trial.notes == first.trial.notes, found.trial
    there = {one.stage: one.digest for one in found.trace if one.tier == "start"}
    native = {one.stage: one.digest for one in first.trace if one.tier == "native"}
    assert len(there) == len(found.trace), found.trial
    return [name for name in {**native, **there} if native.get(name) != there.get(name)]
