"""The atlas on the command line: what it prints, and how it ends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from questions.atlas.world import Ran, exp, fill, plan_of
from questions.static import world as static
from tfmatrix import cli
from tfmatrix.questions.atlas import known
from tfmatrix.report.document import to_text
from tfmatrix.store.store import Store

from .project import Tell

VERSIONS = ["2.15.1", "2.16.2"]


def ran(folder: Path) -> None:
    """Make a project in which two releases were run."""
    plan = plan_of(folder, VERSIONS)
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": exp(1.0), "2.16.2": exp(2.0)})


def test_what_is_stored_is_told_and_written(tmp_path: Path, tell: Tell) -> None:
    """How many ops changed at each boundary; the code is that of an answer."""
    ran(tmp_path)
    said = tell("atlas", "--stored")
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out.splitlines()[0].split() == [*["2.15.1", "to", "2.16.2", "ops", "1", "another", "meaning"]]
    assert said.out.splitlines()[-1].endswith(": reports/atlas.md")
    data = json.loads((tmp_path / "reports" / "atlas.json").read_text(encoding="utf-8"))
    assert [row["letters"] for row in data["rows"]] == [["A", "B"]]


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said, and that is no answer."""
    plan_of(tmp_path, VERSIONS)
    said = tell("atlas", "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err == "".join(f"tfmatrix: {name}: 50 of its 50 trials not run\n" for name in VERSIONS)


def test_some_names_alone_are_told(tmp_path: Path, tell: Tell) -> None:
    """Those that are like a pattern, and of a pattern that nothing is like a sentence says so."""
    plan = plan_of(tmp_path, VERSIONS)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        made = {**exp(1.0).made, "Log[float32]/odd/0": exp(1.0).made["Exp[float32]/odd/0"]}
        fill(plan, store, {"2.15.1": Ran(made), "2.16.2": exp(2.0)})
    said = tell("atlas", "--stored", "--ops", "E*")
    assert said.code == cli.SAME
    written = tmp_path / "reports" / "atlas.json"
    data = json.loads(written.read_text(encoding="utf-8"))
    assert ([row["op"] for row in data["rows"]], data["settings"]["names"]) == (["Exp"], "E*")
    assert "--ops 'E*'" in (tmp_path / "reports" / "atlas.md").read_text(encoding="utf-8")
    said = tell("atlas", "--stored", "--ops", "matmul")
    assert said.code == cli.INCOMPLETE
    assert said.err.startswith("tfmatrix: no op and no name of Keras in 2.15.1, 2.16.2 matches 'matmul'; ")
    assert json.loads(written.read_text(encoding="utf-8")) == data


def test_wrong_usage_is_two_and_a_sentence(tmp_path: Path, tell: Tell) -> None:
    """A release that is not known, and one release alone."""
    plan_of(tmp_path, VERSIONS)
    for arguments in (["--versions", "2.7.0"], ["--versions", "2.15.1"], ["--stored", "--fresh"]):
        said = tell("atlas", *arguments)
        assert said.code == cli.INCOMPLETE
        assert said.err.startswith("tfmatrix: ")
        assert said.err.count("\n") == 1


def brought(folder: Path, monkeypatch: pytest.MonkeyPatch, **last: float) -> None:
    """Have tfmatrix bring an atlas, and make a project in which somebody recorded what a model uses."""
    atlas = static.atlas_of(folder, **last)
    monkeypatch.setattr(known, "SHIPPED", folder / "atlas.json.gz")
    known.SHIPPED.write_bytes(gzip.compress(to_text(atlas.report).encode("utf-8")))
    plan = static.plan_of(folder, atlas, "mlp", "other")
    (folder / ".tfmatrix").mkdir()
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        static.record(plan, store, {"mlp": [static.full()]}, at=1)


ASKED = ["atlas", static.UNTIL, "--since", static.SINCE, "--model", "mlp"]


def test_what_a_model_uses_and_changed_is_one(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a line for each change, and whose word it is; no environment is made, since the recording is there."""
    brought(tmp_path, monkeypatch, full=1.0000001)
    said = tell(*ASKED)
    assert said.code == cli.CHANGED
    assert said.out.splitlines()[0].split() == [
        *("mlp/tf2", "rounding", "MatMul", "float32", "2.15.1", "to", "2.16.2", "odd"),
        *("1", "ULP,", "1", "ULPs", "of", "the", "largest"),
    ]
    assert said.out.splitlines()[-1].endswith(": reports/static.md")
    assert "on another machine class" in said.out
    assert not (tmp_path / ".nox").exists()
    data = json.loads((tmp_path / "reports" / "static.json").read_text(encoding="utf-8"))
    assert (data["since"], data["until"], len(data["answers"])) == (static.SINCE, static.UNTIL, 1)


def test_what_did_not_change_is_zero(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline is what a model leaves where nothing else is said."""
    brought(tmp_path, monkeypatch)
    assert tell(*ASKED).code == cli.SAME
    said = tell("atlas", static.UNTIL, "--model", "mlp")
    assert said.code == cli.SAME
    assert said.out.startswith("nothing changed that the atlas covers: mlp/tf2")


def test_a_model_that_nobody_recorded_is_two(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is known of others."""
    brought(tmp_path, monkeypatch, full=2.0)
    said = tell("atlas", static.UNTIL, "--since", static.SINCE, "--model", "mlp,other")
    assert said.code == cli.INCOMPLETE
    assert said.err.splitlines()[-1].startswith("tfmatrix: the ops of other/tf2 are not recorded yet; `tfmatrix run ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--model", "mlp"], "name the release that the model is to run in"),
        ([static.UNTIL, "--model", "mlp", "--versions", "2.15.1"], "--versions does not go with it"),
        ([static.UNTIL], "are for --model"),
        (["--since", static.SINCE], "are for --model"),
        (["--modes", "v1"], "are for --model"),
        (["2.7.0", "--model", "mlp"], "has no 2.7.0"),
        ([static.UNTIL, "--model", "none"], "there is no model 'none'"),
        ([static.UNTIL, "--model", " , "], "must be a string that is not empty"),
    ],
)
def test_wrong_usage_of_a_models_answer_is_two_and_a_sentence(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    """Releases and models that are not known, and options of the other question."""
    brought(tmp_path, monkeypatch)
    said = tell("atlas", *arguments)
    assert said.code == cli.INCOMPLETE
    assert said.err.startswith("tfmatrix: ")
    assert told in said.err
    assert said.err.count("\n") == 1
