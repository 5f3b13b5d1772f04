"""Saved models in a matrix: their cells and trials, what these rest on, and what their tables get wrong."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, make_project
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.models.model_files import name_of
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.exchange.plan import make_exchange_plan
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import Start

TABLE = 'models.served.file = "saved/model.h5"\n'


def project(folder: Path, more: str = "", models: Any = (), table: str = TABLE, **choices: Any) -> Config:
    """Write a project with saved models, and a table that names one."""
    for name in ("saved/model.h5", "saved/in.npz", "saved/folder/saved_model.pb", "saved/folder/variables/v"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return make_project(folder, models, table + more, **choices)


def source(settings: Config) -> str:
    """Return the digest of what a saved model's trials rest on."""
    return known_models(settings)[-1].source


def test_the_trials_of_a_model_file(tmp_path: Path) -> None:
    """It is run in tf2; nothing is trained, so there is no trial without taps; jitter measures the noise floor."""
    plan = make_plan(project(tmp_path, modes=["tf2", "v1"], models=["mlp"]))
    found = {cell.id: Counter(one.role for one in trials) for cell, trials in plan.trials.items()}
    assert [name for name in found if "served" in name] == [f"{v}/served/tf2" for v in sorted([BASELINE, CANDIDATE])]
    of_baseline = found[f"{BASELINE}/served/tf2"]
    assert {role: of_baseline[role] for role in ("trial", "plain", "jitter", "equivalent")} == {
        "trial": plan.config.trials,
        "plain": 0,
        "jitter": plan.config.jitters,
        "equivalent": 1,
    }


def test_its_trials_rest_on_its_bytes_and_on_what_its_table_says(tmp_path: Path) -> None:
    """Not on its table's name or limits; a folder on each of its files, and a new one."""
    before = source(project(tmp_path))
    assert source(project(tmp_path, 'models.served.timeout = 5\nmodels.served.modes = ["tf2"]')) == before
    others = [
        'models.served.inputs = "saved/in.npz"',
        'models.served.objects = "own"',
        "models.served.trust = true",
        'models.served.files = ["saved/in.npz"]',
        'models.served.variables = { A = "1" }',
    ]
    assert len({before, *(source(project(tmp_path, more)) for more in others)}) == 1 + len(others)
    (tmp_path / "saved/model.h5").write_bytes(b"other bytes")
    os.utime(tmp_path / "saved/model.h5", ns=(1, 1))
    assert source(make_project(tmp_path, (), TABLE)) != before
    folder = 'models.served.file = "saved/folder"\n'
    first = source(project(tmp_path, table=folder))
    (tmp_path / "saved/folder/variables/new").write_bytes(b"")
    assert source(project(tmp_path, table=folder)) != first


def test_a_meta_graph_has_its_checkpoint_beside_it(tmp_path: Path) -> None:
    """By the same name; another one's is not its own."""
    settings = project(tmp_path, table='models.g.file = "saved/g.meta"\n'.replace("g.meta", "g.meta"))
    for name in ("g.meta", "g.index", "g.data-00000-of-00001", "g2.index", "checkpoint"):
        (tmp_path / "saved" / name).write_bytes(b"")
    (model,) = known_models(settings)
    assert [path for path, _ in model.parts] == ["saved/g.meta", "saved/g.data-00000-of-00001", "saved/g.index"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            'models.m.file = "saved/modle.h5"',
            "m reads saved/modle.h5, which is not there in .*did you mean mod",
        ),
        ('models.m.file = "saved/empty"', "the model m reads saved/empty, which is empty in"),
        (
            'models.m.file = "saved/model.h5"\nmodels.m.inputs = "in.npz"',
            "m reads in.npz, which is not there",
        ),
        ('models.m.file = "saved/model.h5"\nmodels.m.files = ["x"]', "the model m declares x, which is not there"),
        ('models.mlp.file = "saved/model.h5"', "both a reference model and a model of a table are called mlp"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, table: str, told: str) -> None:
    """In one sentence, before anything is run."""
    (tmp_path / "saved" / "empty").mkdir(parents=True)
    settings = project(tmp_path, models=["mlp"], table=table + "\n")
    with pytest.raises(UserError, match=told):
        make_plan(settings)


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """In one sentence."""
    settings = project(tmp_path)
    (tmp_path / "saved/model.h5").chmod(0)
    with pytest.raises(UserError, match=r"which cannot be read: Permission denied"):
        make_plan(settings)


def test_its_process_starts_with_its_variables(tmp_path: Path) -> None:
    """As a builder's does."""
    plan = make_plan(project(tmp_path, 'models.served.variables = { A = "1" }'))
    assert {one.start for trials in plan.trials.values() for one in trials} == {Start(variables=(("A", "1"),))}


def test_a_model_file_is_left_out_of_an_exchange(tmp_path: Path) -> None:
    """It is refused by name: what an exchange reads it has written."""
    with pytest.raises(UserError, match="the model served is not exchanged: it is defined by a table"):
        make_exchange_plan(project(tmp_path), (), ("served",))


@pytest.mark.parametrize(
    ("path", "name"), [("a/served.v2.keras", "served-v2"), ("a/folder", "folder"), ("a/é.h5", "file")]
)
def test_a_file_that_is_typed_is_called_after_its_path(path: str, name: str) -> None:
    """By what may be a cell's name."""
    assert name_of(path) == name
