"""Builders of tables in a matrix: their cells and trials, what these rest on, and what their tables get wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, make_project
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.exchange.plan import make_exchange_plan
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial, Start

TABLE = """
models.mnist.model = "mnist.model:build"
models.mnist.data = "mnist.rows:sample"
"""


def project(folder: Path, more: str = "", models: Any = (), **choices: Any) -> Config:
    """Write a project with a folder of data, and a table that names two functions."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "rows.csv").write_text("1\n", encoding="utf-8")
    return make_project(folder, models, TABLE + more, **choices)


def covers(settings: Config) -> dict[str, str]:
    """Return what a builder's first trial covers."""
    return dict(next(iter(make_plan(settings).trials.values()))[0].covers)


def trials_of(plan: Plan, model: str = "mnist") -> dict[str, list[ExpectedTrial]]:
    """Return the trials of each of a model's cells, by the cell's name."""
    return {cell.id: list(trials) for cell, trials in plan.trials.items() if cell.model.name == model}


def test_a_builder_is_run_in_every_mode_or_in_its_own(tmp_path: Path) -> None:
    """As a file, v1 included; a table may name fewer."""
    choices: dict[str, Any] = {"modes": ["tf2", "v1"], "versions": [BASELINE]}
    assert list(trials_of(make_plan(project(tmp_path, **choices)))) == ["2.15.1/mnist/tf2", "2.15.1/mnist/v1"]
    fewer = project(tmp_path, 'models.mnist.modes = ["v1"]', **choices)
    assert list(trials_of(make_plan(fewer))) == ["2.15.1/mnist/v1"]
    with pytest.raises(UserError, match="the model mnist is not run in tf2; add a mode to modes in"):
        make_plan(fewer.overridden(modes="tf2"))


def test_the_trials_of_a_builder(tmp_path: Path) -> None:
    """Those of a file that builds a Keras model: with a plain one, and a witness."""
    plan = make_plan(project(tmp_path))
    for cell, trials in plan.trials.items():
        jitters = {"jitter": 1, "equivalent": 1} if cell.environment.name == BASELINE else {}
        roles = Counter(expected.role for expected in trials)
        assert roles == {"trial": 2, "witness": 1, "plain": 1, "seeds": 1, **jitters}
        assert {expected.start for expected in trials} == {Start()}
        assert not cell.model.command


def test_variables_are_set_when_the_process_starts(tmp_path: Path) -> None:
    """TensorFlow reads some as it is imported, which the trials of a builder do not do themselves."""
    plan = make_plan(project(tmp_path, 'models.mnist.variables = { TF_ENABLE_ONEDNN_OPTS = "0" }', ["mlp"]))
    start = Start(variables=(("TF_ENABLE_ONEDNN_OPTS", "0"),))
    assert {one.start for trials in trials_of(plan).values() for one in trials} == {start}
    assert {one.start for trials in trials_of(plan, "mlp").values() for one in trials} == {Start()}


def test_a_witness_is_a_model_of_the_mode(tmp_path: Path) -> None:
    """In a mode that a builder is not run in, a fresh process repeats another model, in every environment."""
    more = "".join(f'models.m{n} = {{ model = "a:b", data = "a:c", modes = ["tf2"] }}\n' for n in range(9))
    plan = make_plan(project(tmp_path, more, ["mlp"], modes=["tf2", "v1"]))
    witnessed = Counter(
        (cell.environment.name, cell.mode)
        for cell, trials in plan.trials.items()
        for expected in trials
        if expected.role == "witness"
    )
    assert witnessed == dict.fromkeys([(e, m) for e in (BASELINE, CANDIDATE) for m in ("tf2", "v1")], 1)


OTHER: dict[str, str] = {
    "model": 'models.mnist = { model = "mnist.model:other", data = "mnist.rows:sample" }',
    "data": 'models.mnist = { model = "mnist.model:build", data = "mnist.rows:other" }',
    "epochs": TABLE + "models.mnist.epochs = 3",
    "batch": TABLE + "models.mnist.batch = 3",
    "optimizer": TABLE + 'models.mnist.optimizer = { name = "SGD", learning_rate = 0.1, nesterov = true }',
    "loss": TABLE + 'models.mnist.loss = "mse"',
    "variables": TABLE + 'models.mnist.variables = { A = "1" }',
    "files": TABLE + 'models.mnist.files = ["data"]',
}


@pytest.mark.parametrize("more", OTHER.values(), ids=OTHER)
def test_what_a_table_says_that_may_change_bits_changes_the_key(tmp_path: Path, more: str) -> None:
    """Functions, constants, variables and files are what a result rests on, as a file's source is."""
    before = covers(project(tmp_path))
    after = covers(make_project(tmp_path, (), more))
    assert {name for name in before if before[name] != after[name]} == {"model"}


def test_what_cannot_change_bits_changes_no_key(tmp_path: Path) -> None:
    """Limits of time and modes do not, nor a new file; what a module holds its trial notes."""
    before = covers(project(tmp_path))
    (tmp_path / "new.py").write_text("", encoding="utf-8")
    assert covers(project(tmp_path, 'models.mnist.timeout = 9\nmodels.mnist.modes = ["tf2"]')) == before


def test_what_is_declared_must_be_there(tmp_path: Path) -> None:
    """A file that a table names and that is not there is the user's error, before anything is run."""
    with pytest.raises(
        UserError, match=r"^the model mnist declares date/, which is not there in .*; did you mean data"
    ):
        make_plan(project(tmp_path, 'models.mnist.files = ["date/"]'))


def test_a_name_that_a_reference_model_has_is_refused(tmp_path: Path) -> None:
    """A builder and a model file of one name would be one cell."""
    with pytest.raises(UserError, match="both a reference model and a model of a table are called mnist; give the mod"):
        known_models(project(tmp_path, models=["mnist"]))


def test_a_builder_is_left_out_of_an_exchange(tmp_path: Path) -> None:
    """It is refused by name, and where there is nothing else."""
    settings = project(tmp_path)
    with pytest.raises(UserError, match="the model mnist is not exchanged: it is defined by a table; choose"):
        make_exchange_plan(settings, (), ("mnist",))
    with pytest.raises(UserError, match="the model mnist is not exchanged"):
        make_exchange_plan(settings)
