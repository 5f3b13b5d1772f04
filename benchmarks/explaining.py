"""What explaining costs: one small cell, and a step of two models recorded and replayed operation by operation."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tfmatrix import config
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.questions.explain.kernels import digest, handed
from tfmatrix.questions.explain.plan import make_explain_plan
from tfmatrix.questions.explain.streams import recorded
from tfmatrix.questions.matrix import make_plan
from tfmatrix.records import OBSERVED, Ops, Replay, Work
from tfmatrix.runner import making
from tfmatrix.runner.events import Event, Finished
from tfmatrix.runner.observing import observe
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

ROOT = Path(__file__).parents[1]
BASELINE, CANDIDATE = "2.15.1", "2.16.2"

MOBILE_NET = """
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
LOSS = "sparse_categorical_crossentropy"
EPOCHS = 1
BATCH = 8


def data(rng):
    return {"x": rng.random_sample((8, 96, 96, 3)).astype("float32"), "y": rng.randint(0, 10, 8)}


def build():
    return tf.keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), classes=10)
"""


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim; an environment that is missing is made first."""
    with tempfile.TemporaryDirectory() as folder:
        found = _of_a_cell(Path(folder))
    for name, source in (("embedding", _reference("embedding")), ("MobileNetV2", MOBILE_NET)):
        with tempfile.TemporaryDirectory() as folder:
            found += _of_a_step(Path(folder), name, source)
    return found


def _reference(name: str) -> str:
    return (ROOT / "reference_models" / f"{name}.py").read_text(encoding="utf-8")


def _project(folder: Path, **models: str) -> config.Config:
    (folder / "reference_models").mkdir()
    for name, source in models.items():
        (folder / "reference_models" / f"{name}.py").write_text(source, encoding="utf-8")
    (folder / ".nox").symlink_to(ROOT / ".nox")
    (folder / "pyproject.toml").write_text(
        f'[tool.tfmatrix]\nversions = ["{BASELINE}", "{CANDIDATE}"]\nbaseline = "{BASELINE}"\nmodes = ["tf2"]\n'
        "timeout = 600\n",
        encoding="utf-8",
    )
    return config.load(folder)


def _of_a_cell(folder: Path) -> list[tuple[str, float, str, str]]:
    """Explain one cell whose matrix is stored, in environments that are made."""
    plan = make_explain_plan(_project(folder, embedding=_reference("embedding")))
    for environment in plan.every_environment:
        if making.find(environment, plan.config) is None:
            making.Maker(plan.config).make(environment)
    count = 0

    def watch(event: Event) -> None:
        nonlocal count
        count += isinstance(event, Finished)

    with Store(plan.config.under_root(plan.config.store)) as store:
        rounds(plan.matrix, store, watch)
        count, begun = 0, time.monotonic()
        rounds(plan, store, watch)
        seconds = time.monotonic() - begun
        begun = time.monotonic()
        EXPLAIN.write(plan, store)
        written = time.monotonic() - begun
    return [
        (f"one small cell explained, {count} trials, imports included", seconds, "s", "60"),
        ("its report", written, "s", ""),
    ]


def _of_a_step(folder: Path, name: str, source: str) -> list[tuple[str, float, str, str]]:
    """Record a step of a model in the baseline, and replay it in the candidate."""
    plan = make_plan(_project(folder, model=source))
    cells = {cell.environment.name: cell for cell in plan.cells}

    def run(version: str, work: Work) -> Finished:
        expected = replace(plan.trials[cells[version]][0], work=work)
        (done,) = (event for event in observe([expected], plan.config) if isinstance(event, Finished))
        assert done.trial.outcome == OBSERVED, done.trial.message
        return done

    record = run(BASELINE, Ops())
    step = recorded(record.trace, record.tensors.__getitem__)
    assert step
    path = folder / "step"
    path.write_bytes(handed(step, record.tensors.__getitem__))
    replay = run(CANDIDATE, Replay(digest(step), str(path)))
    what, kept = f"{name}, {len(step.ops)} operations", path.stat().st_size
    return [
        (f"{what}: recorded", record.trial.seconds, "s", ""),
        (f"{what}: recorded, each", record.trial.seconds / len(step.ops) * 1e3, "ms", ""),
        (f"{what}: replayed", replay.trial.seconds, "s", ""),
        (f"{what}: replayed, each", replay.trial.seconds / len(step.ops) * 1e3, "ms", ""),
        (f"{what}: bytes handed over", kept / 1e6, "MB", "under 512"),
        (f"{what}: peak memory, recorded", record.trial.peak_kib / 2**20, "GiB", ""),
    ]


if __name__ == "__main__":
    for row in rows():
        print(*row)  # noqa: T201  # run by hand
