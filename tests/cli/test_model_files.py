"""Saved models on the command line: read at once, reported, and told where one cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from building import CANDIDATE, install, make_project
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan

from .project import Tell

pytestmark = pytest.mark.timeout(60)


def made(folder: Path, more: str = "") -> None:
    """Make a project with a saved model, whose environments are made."""
    (folder / "saved").mkdir()
    for name in ("model.h5", "in.npz"):
        (folder / "saved" / name).write_bytes(b"")
    plan = make_plan(make_project(folder, ["mlp"], more))
    for environment in plan.environments:
        install(environment, plan.config)


def test_a_file_that_is_typed_is_read_at_once_and_alone(tmp_path: Path, tell: Tell) -> None:
    """Without a table, named after its path, and only once; the report says how it was asked for."""
    made(tmp_path)
    typed = ["--file", "saved/model.h5", "--inputs", "saved/in.npz"]
    first, second = (tell("run", "--versions", CANDIDATE, *typed) for _ in range(2))
    assert (first.code, second.code) == (cli.SAME, cli.SAME), first.err
    assert second.err.startswith("0 of ")
    report = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))
    assert {cell["id"] for cell in report["cells"]} == {"2.15.1/model/tf2", f"{CANDIDATE}/model/tf2"}
    assert report["settings"]["at_once"] == typed
    page = (tmp_path / "reports" / "matrix.md").read_text(encoding="utf-8")
    assert "--file saved/model.h5 --inputs saved/in.npz" in page


def test_a_file_of_a_table_is_read_beside_the_models(tmp_path: Path, tell: Tell) -> None:
    """In each environment, as every model is."""
    made(tmp_path, 'models.served.file = "saved/model.h5"')
    assert tell("run").code == cli.SAME
    assert f"{CANDIDATE}/served/tf2" in tell("cells").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--file", "saved/modle.h5"), "reads saved/modle.h5, which is not there in {}; did you mean model.h5?"),
        (("--file", "/x/model.h5"), "leads out of the project"),
        (("--file", "saved/model.h5", "--models", "mlp"), "do not go with --file"),
        (("--file", "saved/model.h5", "--steps", "3"), "do not go with --file"),
        (("--file", "saved/model.h5", "--", "python", "a.py"), "do not go with --file"),
        (("--file", "saved/model.h5", "--modes", "v1"), "a file, which is not run in v1"),
        (("--inputs", "saved/in.npz"), "--inputs and --objects are for --file"),
        (("--objects", "own"), "--inputs and --objects are for --file"),
        (("--file", "saved/model.h5", "--objects", "a/b.py"), "objects, which must be a module"),
        (("--file", "train.py"), "a script and no saved model; run it as a command, `tfmatrix run -- python train.py`"),
    ],
)
def test_what_cannot_be_read_at_once_is_one_sentence(
    tmp_path: Path, tell: Tell, arguments: tuple[str, ...], told: str
) -> None:
    """A mistake in what is typed ends with 2 and a sentence, and nothing is run."""
    made(tmp_path)
    said = tell("run", *arguments)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert told.format(tmp_path) in said.err
    assert "Traceback" not in said.err
