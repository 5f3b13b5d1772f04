"""What a result rests on, from the command's point of view: an edit of any of it has it run again, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import SEEDS, Seeds
from tfmatrix.runner.rounds import observe_one

from .project import Project

pytestmark = pytest.mark.integration

MODEL = '''
"""rests: draws what a package, a file that Python reads and one that TensorFlow reads say."""

import os
import sys

import tensorflow as tf

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "ours"))

import package  # noqa: E402


def draws():
    with open(os.path.join(ROOT, "row.txt")) as row, open(ELSEWHERE) as other:
        rows = [float(row.read()), float(other.read())]
    scale = tf.strings.to_number(tf.io.read_file(os.path.join(ROOT, "scale.txt")))
    return {"x": tf.constant(rows) * scale * package.SCALE}
'''


def test_an_edit_of_anything_that_a_model_read_has_it_run_again(tmp_path: Path) -> None:
    """A package on sys.path, a data file, one that TensorFlow reads, and one outside of the project are noticed."""
    project = Project(tmp_path / "project", ["2.15.1"], [])
    elsewhere = tmp_path / "elsewhere.txt"
    edits = {
        project.folder / "ours" / "package" / "below.py": ("SCALE = 1.0\n", "SCALE = 2.0\n"),
        project.folder / "row.txt": ("1", "2"),
        project.folder / "scale.txt": ("1", "2"),
        elsewhere: ("1", "2"),
    }
    for path, (before, _) in edits.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before, encoding="utf-8")
    (project.folder / "ours" / "package" / "__init__.py").write_text("from .below import SCALE\n", encoding="utf-8")
    model = MODEL.replace("ELSEWHERE", repr(str(elsewhere)))
    (project.models / "rests.py").write_text(model, encoding="utf-8")
    options = ("--modes", "tf2", "--trials", "1")
    project.run("run", *options)
    (rested,) = project.data["rested"]
    assert rested == {"model": "rests", "outside": [str(elsewhere)], "notes": []}
    assert str(elsewhere) in project.report
    traces = {cell["trace"] for cell in project.data["cells"]}
    for path, (before, after) in edits.items():
        shown = str(path.relative_to(project.folder)) if path.is_relative_to(project.folder) else str(path)
        path.write_text(after, encoding="utf-8")
        assert f"stale: run before the file {shown} changed" in project.run("cells", *options).stdout
        path.write_text(before, encoding="utf-8")
        assert "observed" in project.run("cells", *options).stdout
    for path, (_, after) in edits.items():
        path.write_text(after, encoding="utf-8")
    again = project.run("run", *options)
    assert ", 0 stored already." in again.stderr, again.stderr
    assert not traces & {cell["trace"] for cell in project.data["cells"]}
    moved = project.folder.rename(tmp_path / "moved")
    project.folder = moved
    assert "observed" in project.run("cells", *options).stdout


SCRIPT = """
import tensorflow as tf

with open("row.txt") as row:
    scale = float(row.read())
tf.keras.utils.set_random_seed(7)
kernel = tf.Variable(tf.random.normal([8, 64]) * scale)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(kernel))
optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
"""


def test_draws_under_other_seeds_rest_on_what_a_script_reads(tmp_path: Path) -> None:
    """Each seed finds the working folder as it was, which is no reading of all that lies in it."""
    project = Project(tmp_path / "project", ["2.15.1"], [])
    (project.folder / "row.txt").write_text("1", encoding="utf-8")
    (project.folder / "unread.txt").write_text("1", encoding="utf-8")
    (project.folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write('modes = ["tf2"]\n[tool.tfmatrix.models.train]\ncommand = ["python", "train.py"]\n')
    plan = make_plan(config.load(project.folder))
    (cell,) = plan.cells
    expected = plan.expect(cell, Seeds(2), role=SEEDS, number=1)
    seen = observe_one(expected, plan.config).trial
    assert seen.outcome == "observed", seen.message
    assert {name for name, _ in seen.read} == {"row.txt", "train.py"}
