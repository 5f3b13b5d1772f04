"""Names that no release has, beside a good model: a mistake that is told, and never a pass."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from probe.adopted import names
from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

BASELINE, CANDIDATE = "2.15.1", "2.16.2"
LINEAR = ROOT / "reference_models" / "linear.py"

KERAS = '''"""A network, an optimizer and a loss."""

import tensorflow as tf

OPTIMIZER = {"name": "{optimizer}", "learning_rate": 0.001}
LOSS = "{loss}"
EPOCHS = 1
BATCH = 32


def data(rng):
    x = rng.random_sample((100, 10)).astype("float32")
    return {"x": x, "y": rng.permutation(100).astype("float32")[:, None]}


def build():
    print("building")
    return tf.keras.Sequential([tf.keras.Input((10,)), tf.keras.layers.Dense(1, name="output")])
'''

LOSS = "did you mean 'mean_squared_error'?"

LISTING = """
import tensorflow as tf

print(*(name for name in dir(tf.keras.optimizers) if isinstance(getattr(tf.keras.optimizers, name), type)))
"""

Ran = tuple[Project, CompletedProcess[str]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Ran:
    """Return a project with a good model and a few with a slip in a name, and what running it said."""
    for version in (BASELINE, CANDIDATE):
        made_environment(version)
    project = Project(tmp_path_factory.mktemp("misspelt") / "project", (BASELINE, CANDIDATE), [LINEAR])
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("trials = 1\njitters = 1\n")
    linear = LINEAR.read_text(encoding="utf-8")
    for name, text in (
        ("misspelt_optimizer", keras("adam", "mean_squared_error")),
        ("misspelt_loss", keras("Adam", "mean_squared_error_")),
        ("misspelt_everywhere", linear.replace('"name": "SGD"', '"name": "Sdg"')),
        ("misspelt_setting", linear.replace('"name": "SGD"', '"name": "SGD", "momentun": 0.5')),
    ):
        (project.models / f"{name}.py").write_text(text, encoding="utf-8")
    return project, project.run("run")


def keras(optimizer: str, loss: str) -> str:
    """Return a model file with these names."""
    return KERAS.replace("{optimizer}", optimizer).replace("{loss}", loss)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("misspelt_optimizer/tf2", "line 5: tf.keras.optimizers has no 'adam'; did you mean 'Adam'?"),
        ("misspelt_loss/tf2", f"line 6: tf.keras.losses has no 'mean_squared_error_'; {LOSS}"),
        ("misspelt_everywhere/tf2", "line 5: tf.keras.optimizers has no 'Sdg'; did you mean 'SGD'?"),
        ("misspelt_everywhere/v1", "line 5: tf.keras.optimizers has no 'Sdg'; did you mean 'SGD'?"),
        ("misspelt_setting/v1", "line 5: tf.keras.optimizers.SGD has no 'momentun'; did you mean 'momentum'?"),
    ],
)
def test_a_name_that_no_release_has_is_a_mistake(ran: Ran, cell: str, told: str) -> None:
    """A slip in the name of an optimizer, a loss or a setting fails in each release, with line and nearest name."""
    project, _ = ran
    for version in (BASELINE, CANDIDATE):
        found = project.cell(f"{version}/{cell}")
        assert found["outcome"] == "failed"
        assert told in found["reason"]


def test_the_terminal_says_each_slip_once_with_what_the_model_wrote(ran: Ran) -> None:
    """The run ends with 2, and a line for each slip has the releases and the last lines of the model's output."""
    _, said = ran
    assert said.returncode == 2
    lines = said.stderr.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("tfmatrix: misspelt_loss failed: "))
    assert "did you mean 'mean_squared_error'? (" in lines[at]
    assert lines[at].endswith(" (3 cells in 2.15.1, 2.16.2)")
    assert lines[at + 1] == "tfmatrix:   | building"


def test_beside_a_good_model_a_slip_does_not_pass(ran: Ran) -> None:
    """The gate says incomplete where a model that failed in both releases stands beside a good one."""
    project, _ = ran
    said = project.run("check", CANDIDATE, "--baseline", BASELINE)
    assert said.returncode == 2, said.stdout
    assert f"incomplete, failed: {CANDIDATE}/misspelt_optimizer/tf2" in said.stdout
    assert "did you mean 'Adam'?" in said.stdout
    assert "2 pass" in said.stdout  # the good one, in either mode


def test_the_names_of_a_release_are_known(made_environment: Callable[..., InstalledEnvironment]) -> None:
    """What a release has in `tf.keras.optimizers` is in the probe's list of names."""
    for version in (BASELINE, CANDIDATE):
        listed = subprocess.run(
            [made_environment(version).interpreter, "-c", LISTING], capture_output=True, text=True, check=True
        )
        has = set(listed.stdout.split())
        assert has
        assert has <= {*names.OPTIMIZERS, "Optimizer"}
