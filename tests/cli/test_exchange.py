"""The exchange on the command line: everything is written, then read, and nothing twice."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, install, make_project
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan

from .project import Tell, made

pytestmark = pytest.mark.timeout(60)

KERAS = "def build(): pass\n"
OPTIONS = ("exchange", "--models", "net", "--formats", "h5,keras")


def project(folder: Path, model: str = "net") -> None:
    """Make a project with two releases and one Keras model."""
    made(folder, {model: KERAS})


def data(folder: Path) -> dict[str, Any]:
    """Return the JSON report."""
    loaded: dict[str, Any] = json.loads((folder / "reports" / "exchange.json").read_text(encoding="utf-8"))
    return loaded


def test_everything_is_written_and_read_once(tmp_path: Path, tell: Tell) -> None:
    """Two releases and two formats are four things to write and six to read; the next run does none of them again."""
    project(tmp_path)
    first, second = tell(*OPTIONS), tell(*OPTIONS)
    assert (first.code, second.code) == (cli.SAME, cli.SAME), first.err
    assert "4 of 4 trials to run, 0 stored already." in first.err
    assert "6 of 10 trials to run, 4 stored already." in first.err
    assert second.err == "0 of 10 trials to run, 10 stored already.\n"
    assert first.out == second.out
    assert {pair["verdict"] for pair in data(tmp_path)["pairs"]} == {"identical"}
    assert (tmp_path / "reports" / "exchange.md").is_file()


def test_both_ways_an_older_release_reads_what_a_newer_one_wrote(tmp_path: Path, tell: Tell) -> None:
    """Only what the usual exchange has not read is run besides, and the page says who reads."""
    project(tmp_path)
    tell(*OPTIONS)
    page = tmp_path / "reports" / "exchange.md"
    assert "The same release and each later one" in page.read_text(encoding="utf-8")
    said = tell(*OPTIONS, "--both-ways")
    assert said.code == cli.SAME
    assert "2 of 12 trials to run, 10 stored already." in said.err
    pairs = {(pair["writer"], pair["reader"]) for pair in data(tmp_path)["pairs"]}
    assert pairs == {(a, b) for a in ("2.15.1", CANDIDATE) for b in ("2.15.1", CANDIDATE)}
    text = page.read_text(encoding="utf-8")
    assert "The same release and each other one" in text
    assert "in every other one" in text


def test_fresh_writes_and_reads_everything_again(tmp_path: Path, tell: Tell) -> None:
    """With --fresh nothing that is stored counts."""
    project(tmp_path)
    tell(*OPTIONS)
    said = tell(*OPTIONS, "--fresh").err
    assert "4 of 4 trials to run, 0 stored already." in said
    assert "6 of 10 trials to run, 4 stored already." in said


@pytest.mark.parametrize("harm", ["altered", "gone"])
def test_what_no_longer_lies_there_as_it_was_written_is_written_again(tmp_path: Path, tell: Tell, harm: str) -> None:
    """One artefact that was altered or removed is written again, alone; the trials that read the same bytes stay."""
    project(tmp_path)
    tell(*OPTIONS)
    folder = min((tmp_path / ".tfmatrix" / "exchange").iterdir())
    if harm == "gone":
        shutil.rmtree(folder)
    else:
        (folder / "file").write_bytes(b"altered")
    said = tell(*OPTIONS)
    assert said.err.count("trials to run") == 1  # the fake writes the same bytes again: nothing is read anew
    # Which artefact comes first is chance: the older release's has two readers, the newer one's has one.
    assert re.search("1 of [89] trials to run", said.err)
    assert said.code == cli.SAME


@pytest.mark.parametrize("options", [["-q"], ["--json"]])
def test_an_exchange_can_be_silent(tmp_path: Path, tell: Tell, options: list[str]) -> None:
    """With -q nothing is said of an exchange that is complete, and with --json nothing but the report."""
    project(tmp_path)
    said = tell(*OPTIONS, *options)
    assert (said.code, said.err) == (cli.SAME, "")
    expected = "" if options == ["-q"] else (tmp_path / "reports" / "exchange.json").read_text(encoding="utf-8")
    assert said.out == expected


def test_an_environment_that_cannot_be_had_is_two_and_the_rest_is_there(tmp_path: Path, tell: Tell) -> None:
    """Pairs of a release that is unavailable are missing, with the reason, and the others are judged."""
    plan = make_plan(make_project(tmp_path, {"net": KERAS}))
    install(plan.baseline, plan.config)
    said = tell(*OPTIONS)
    assert said.code == cli.INCOMPLETE
    assert f"tfmatrix: {CANDIDATE} is unavailable: no unit test makes one" in said.err
    verdicts = {(p["writer"], p["reader"]): p["verdict"] for p in data(tmp_path)["pairs"]}
    assert verdicts["2.15.1", "2.15.1"] == "identical"
    assert verdicts["2.15.1", CANDIDATE] == verdicts[CANDIDATE, CANDIDATE] == "missing"


def test_a_broken_model_is_two_and_a_crash_is_a_finding(tmp_path: Path, tell: Tell) -> None:
    """A model that raises tells nothing of a format, so its pairs are missing and no refusals."""
    project(tmp_path, "fails")
    said = tell("exchange", "--models", "fails", "--formats", "h5")
    assert said.code == cli.INCOMPLETE
    assert {pair["verdict"] for pair in data(tmp_path)["pairs"]} == {"missing"}
    assert "the writer failed: a | b c (3 pairs)" in said.err


@pytest.mark.parametrize(
    ("options", "saying"),
    [
        (("--formats", "h6"), "there is no format 'h6'"),
        (("--models", "other"), "there is no model 'other'"),
        (("--versions", "2.99.0"), "no TensorFlow 2.99.0 is known"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, tell: Tell, options: tuple[str, ...], saying: str) -> None:
    """What does not exist is named, without a traceback, and nothing is run."""
    project(tmp_path)
    said = tell("exchange", "--models", "net", *options)
    assert said.code == cli.INCOMPLETE
    assert saying in said.err
    assert "Traceback" not in said.err


def test_what_an_edited_model_had_written_is_removed_with_its_trials(tmp_path: Path, tell: Tell) -> None:
    """Artefacts are kept while their trials are, and go with them."""
    project(tmp_path)
    tell(*OPTIONS)
    folder = tmp_path / ".tfmatrix" / "exchange"
    (folder / "rates").mkdir()
    assert "0 trials, 0 tensors and 0 artefacts removed." in tell("gc").out
    assert len(list(folder.iterdir())) == 5
    assert tell(*OPTIONS).err == "0 of 10 trials to run, 10 stored already.\n"
    (tmp_path / "reference_models" / "net.py").write_text(f"# edited\n{KERAS}", encoding="utf-8")
    assert "and 4 artefacts removed." in tell("gc").out
    assert [path.name for path in folder.iterdir()] == ["rates"], "a folder of the user's own"


def test_a_fresh_run_that_is_ended_loses_nothing(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until something is written anew, what it replaces lies there and is reported as before."""
    project(tmp_path)
    before = tell(*OPTIONS).out

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tfmatrix.runner.rounds.observe", interrupted)
        assert tell(*OPTIONS, "--fresh").code == cli.INCOMPLETE
    said = tell(*OPTIONS, "--stored")
    assert (said.code, said.out, said.err) == (cli.SAME, before, "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--models", "net,rows"), "the model rows has none of the chosen formats"),
        (("--models", "net", "--formats", "keras,saver"), "none of the chosen models has the format saver"),
        (("--models", "net", "--formats", ","), "',' lists no name"),
        (("--models", " "), "' ' lists no name"),
    ],
)
def test_what_was_named_and_has_nothing_to_exchange_is_told(
    tmp_path: Path, tell: Tell, options: tuple[str, ...], told: str
) -> None:
    """A model or format that was asked for by name is exchanged, or refused in a sentence."""
    made(tmp_path, {"net": KERAS, "rows": "def pipeline(rows, random): pass\n"})
    said = tell("exchange", *options)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith("tfmatrix: ")
    assert told in said.err
