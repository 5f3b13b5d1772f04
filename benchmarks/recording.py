"""What recording costs: a small script and ResNet50, recorded beside plain, and what is kept of their bytes."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from statistics import median

from tfmatrix import config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import OBSERVED, PLAIN, TRIAL, Tensor
from tfmatrix.runner import making
from tfmatrix.runner.events import Event, Finished
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

ROOT = Path(__file__).parents[1]

BASE = """
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(7)
rng = np.random.RandomState(0)
"""
SCRIPTS = {
    "small": BASE
    + """
x, y = rng.rand(640, 784).astype("float32"), rng.randint(0, 10, 640)
layers = [tf.keras.layers.Dense(128, "relu"), tf.keras.layers.Dropout(0.2), tf.keras.layers.Dense(10)]
model = tf.keras.Sequential(layers)
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=2, verbose=0)
model.predict(x[:32], verbose=0)
""",
    "resnet": BASE
    + """
x, y = rng.rand(32, 64, 64, 3).astype("float32"), rng.randint(0, 10, 32)
model = tf.keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=10)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, batch_size=8, epochs=1, verbose=0)
""",
}
NAMES = {"small": "script of 100,000 parameters, 40 steps", "resnet": "script of ResNet50, 4 steps"}


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim; one trial at a time, in the baseline alone."""
    found: list[tuple[str, float, str, str]] = []
    for name, script in SCRIPTS.items():
        with tempfile.TemporaryDirectory() as folder:
            found += _rows_of(name, script, Path(folder))
    return found


def _rows_of(name: str, script: str, folder: Path) -> list[tuple[str, float, str, str]]:
    (folder / ".nox").symlink_to(ROOT / ".nox")
    (folder / f"{name}.py").write_text(script, encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        '[tool.tfmatrix]\nversions = ["2.15.1"]\nmodes = ["tf2"]\njobs = 1\njitters = 0\n'
        f'[tool.tfmatrix.models.{name}]\ncommand = ["python", "{name}.py"]\n',
        encoding="utf-8",
    )
    plan = make_plan(config.load(folder))
    for environment in plan.environments:
        if making.find(environment, plan.config) is None:
            making.Maker(plan.config).make(environment)
    ended: dict[str, list[Finished]] = {TRIAL: [], PLAIN: []}

    def watch(event: Event) -> None:
        if isinstance(event, Finished):
            assert event.trial.outcome == OBSERVED, event.trial.message
            ended[event.expected.role].append(event)

    with Store(plan.config.under_root(plan.config.store)) as store:
        rounds(plan, store, watch)
    recorded, plain = ended[TRIAL], ended[PLAIN]
    whole, kept = _bytes_of(recorded[0])
    seconds, memory = ([median(by(one) for one in ones) for ones in (recorded, plain)] for by in (_seconds, _peak))
    what = NAMES[name]
    return [
        (f"{what}: time, recorded against plain", seconds[0] / seconds[1], "x", "at most 1.3"),
        (f"{what}: peak memory, recorded against plain", memory[0] / memory[1], "x", ""),
        (f"{what}: bytes kept of a trial", kept / 1e6, "MB", "under 100"),
        (f"{what}: bytes kept, of all", kept / whole, "x", "at most 0.1"),
    ]


def _seconds(one: Finished) -> float:
    return one.trial.seconds


def _peak(one: Finished) -> float:
    return one.trial.peak_kib


def _bytes_of(one: Finished) -> tuple[int, int]:
    """Return how many bytes the distinct tensors of a trial have, and how many of these were kept."""
    tensors = one.tensors.values()
    widths = {held.dtype: to_array(Tensor(held.dtype, (0,), b"")).itemsize for held in tensors}
    all_ = sum(len(held.data) if held.whole else math.prod(held.shape) * widths[held.dtype] for held in tensors)
    return all_, sum(len(held.data) for held in tensors)


if __name__ == "__main__":
    for row in rows():
        print(*row)  # noqa: T201  # run by hand
