"""Recipes as a whole, in worlds without TensorFlow: rounds, what is stored, stand-ins, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from building import remove_stale
from questions.recipes.worlds import facts, inhabit, project, results_of
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.questions.recipes import live, recipes
from tfmatrix.questions.recipes.known import known
from tfmatrix.questions.recipes.report import write_report
from tfmatrix.questions.recipes.results import Found, Results
from tfmatrix.records import PROBE_DIED, ExpectedTrial
from tfmatrix.report.document import to_text
from tfmatrix.runner.events import Event, Refused
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """Yield an empty store."""
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


def cell(results: Results, id_: str) -> Found:
    """Return what was found of a cell."""
    return next(found for found in results.found if found.cell.id == id_)


def test_a_run_of_recipes_says_what_holds_where(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual snippet reproduces in the old release alone, the mended one everywhere, and the mend is named."""
    inhabit(monkeypatch, facts)
    plan = project(tmp_path)
    results = results_of(plan, store)
    assert results.unanswered() == []
    assert cell(results, "2.9.3/numpy-tensorflow-seeds[keras-mlp]").answer.verdict is Verdict.IDENTICAL
    broken = cell(results, "2.15.1/numpy-tensorflow-seeds[keras-mlp]")
    assert broken.answer.verdict is Verdict.UNSTABLE
    assert results.mend(broken) == "all-seeds"
    failed = cell(results, "2.15.1/v1-snippet-as-written[v1-linear]")
    assert failed.answer.verdict is Verdict.FAILED
    assert results.mend(failed) == "v1-fresh-graph-seed"
    twice = cell(results, "2.15.1/v1-graph-seed[v1-mlp]").answer
    assert ([effect.variation for effect in twice.blame], twice.cleared) == (["run-twice"], True)


def test_the_shortest_recipe_that_holds_for_everything_is_advised(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Advice is the shortest recipe that makes all of some models reproduce; for fewer models a shorter one may do."""
    inhabit(monkeypatch, facts)
    plan = project(tmp_path)
    results = results_of(plan, store)
    newest = plan.environments[-1]

    def advised(*models: str) -> str:
        recipe = results.advice(newest, models)
        return recipe.name if recipe else ""

    assert advised("keras-mlp", "parallel-map") == "set-random-seed-determinism"
    assert advised("keras-mlp") == "set-random-seed"
    assert advised("v1-linear", "v1-mlp") == "v1-fresh-graph-seed"
    assert advised("keras-mlp", "v1-mlp") == ""


def test_a_second_run_runs_nothing(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored is not run again, and says the same."""
    asked: list[str] = []
    inhabit(monkeypatch, facts, asked=asked)
    plan = project(tmp_path)
    first = results_of(plan, store)
    assert asked
    assert len(set(asked)) == len(asked)
    asked.clear()
    assert results_of(plan, store) == first == known(plan, store)
    assert asked == []


def test_what_breaks_in_the_control_costs_two_trials(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recipe that another process breaks is run twice; nothing is varied for it."""
    asked: list[str] = []
    inhabit(monkeypatch, facts, asked=asked)
    results_of(project(tmp_path), store)
    named = [id_.partition(" ")[2] for id_ in asked if id_.startswith("2.15.1/none[")]
    assert named == ["control-1", "control-2"]


def test_never_promised_variations_are_tried_once_for_recipes_of_the_same_bits(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several recipes that gave the same bits with the same op determinism the shortest one stands for all."""
    asked: list[str] = []
    inhabit(monkeypatch, facts, asked=asked)
    results = results_of(project(tmp_path), store)
    tried = {id_.partition(" ")[0] for id_ in asked if id_.endswith("xla-on-1") and id_.startswith("2.15.1")}
    assert "2.15.1/set-random-seed[keras-mlp]/tf2" in tried
    assert "2.15.1/all-seeds[keras-mlp]/tf2" not in tried
    assert "2.15.1/set-random-seed-determinism[keras-mlp]/tf2" in tried
    assert not [name for name in tried if "given-rows" in name]
    long, short = (cell(results, f"2.15.1/{name}[keras-mlp]") for name in ("all-seeds", "set-random-seed"))
    assert long.stand_in == short.stand_in == "set-random-seed"
    assert [e.outcome for e in long.never_promised if e.variation == "xla-on"] == ["differs"]
    assert [e.variation for e in long.never_promised if e.outcome != "same"] == ["xla-on"]


def test_an_environment_that_cannot_be_had_is_named_and_the_others_go_on(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused environment is unanswered with its reason, is asked for once, and costs the others nothing."""
    inhabit(monkeypatch, facts, refused=["2.9.3"])
    events: list[Event] = []
    plan = project(tmp_path)
    rounds(plan, store, events.append)
    results = known(plan, store)
    assert results.unanswered() == ["2.9.3 is unavailable: there is no wheel."]
    assert cell(results, "2.15.1/set-random-seed[keras-mlp]").never_promised
    assert len([event for event in events if isinstance(event, Refused)]) == 1


def test_an_environment_that_only_a_variation_needs_is_named_where_it_cannot_be_had(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the environment of Keras 2 everything else is known, and what is not is told with the reason."""
    beside = "2.16.2+tf-keras-2.16.0"
    inhabit(monkeypatch, facts, refused=[beside])
    results = results_of(project(tmp_path, ["2.16.2"]), store)
    assert results.unanswered() == [
        f"{beside} is unavailable: there is no wheel.",
        "2.16.2: not tried everywhere: keras-2",
    ]
    assert cell(results, "2.16.2/set-random-seed[keras-mlp]").answer.verdict is Verdict.IDENTICAL


def test_a_fresh_run_runs_everything_again(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh run runs every trial of the one before it again, once, and no others."""
    asked: list[str] = []
    inhabit(monkeypatch, facts, asked=asked)
    plan = project(tmp_path, ["2.15.1"])
    results_of(plan, store)
    before = sorted(asked)
    asked.clear()
    rounds(plan, store, lambda _: None, fresh=True)
    assert sorted(asked) == before


def test_what_ends_for_the_machines_sake_is_unknown_and_tried_once_a_run(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that could not be started says nothing of a recipe, is no endless loop, and is tried by the next run."""
    plan, asked = project(tmp_path, ["2.15.1"]), list[str]()
    inhabit(monkeypatch, lambda expected: PROBE_DIED if expected.number == 2 else facts(expected), asked=asked)
    results = results_of(plan, store)
    assert {found.answer.verdict for found in results.found} <= {Verdict.MISSING, Verdict.FAILED}
    assert any("not tried as often as meant" in line for line in results.unanswered())
    assert len(set(asked)) == len(asked)
    asked.clear()
    inhabit(monkeypatch, facts, asked=asked)
    assert results_of(plan, store).unanswered() == []
    assert asked


def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored before an interrupt is not run again."""
    asked: list[str] = []

    def world(expected: ExpectedTrial) -> Any:
        if len(asked) == 50:
            raise KeyboardInterrupt
        return facts(expected)

    inhabit(monkeypatch, world, asked=asked)
    plan = project(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        results_of(plan, store)
    assert known(plan, store).unanswered()
    before = asked[:-1]
    asked[:] = [""] * 51
    results_of(plan, store)
    assert not set(before) & set(asked)
    assert known(plan, store).unanswered() == []


def test_what_a_process_did_not_see_is_told(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variation that the machine does not allow is named with its environments, and no other one."""
    inhabit(monkeypatch, facts)
    results = results_of(project(tmp_path), store)
    assert results.unseen == {"addresses": ("2.9.3", "2.15.1")}


def test_the_figures_count_trials_and_processes(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report rests on as many trials as were run, in as many processes."""
    asked: list[str] = []
    inhabit(monkeypatch, facts, asked=asked)
    results = results_of(project(tmp_path, ["2.15.1"]), store)
    assert results.trials == len(asked)
    assert 10 < results.processes < 20


def test_the_report_is_written(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files are written from one set of data, the same from the same store."""
    inhabit(monkeypatch, facts)
    plan = project(tmp_path)
    results_of(plan, store)
    data, path = write_report(plan, store)
    first = path.read_bytes()
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == json.loads(to_text(data))
    write_report(plan, store)
    assert path.read_bytes() == first


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that cannot be written is the user's to mend."""
    inhabit(monkeypatch, facts)
    plan = project(tmp_path)
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match="the report cannot be written into"):
        write_report(plan, store)


def test_gc_keeps_recipes_until_its_recipe_changes(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials of a recipe are kept while recipe, model and probe are as they were, and removed once one was edited."""
    inhabit(monkeypatch, facts)
    plan = project(tmp_path, ["2.15.1"])
    before = results_of(plan, store)
    assert remove_stale(store, plan)[0] == 0
    left = [script for script in recipes.scripts() if script.recipe.name != "none"]
    monkeypatch.setattr(live, "scripts", lambda seed: left)
    assert remove_stale(store, plan)[0] == 2
    after = known(plan, store)
    unknown = {found.cell.script.name for found in after.found if found.answer.verdict is Verdict.MISSING}
    assert unknown == {"none[keras-mlp]"}
    assert len(before.found) == len(after.found)
