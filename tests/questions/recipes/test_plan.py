"""Planning: which process each trial comes from, and what makes a stored one stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from building import MACHINE_OF_TESTS, lock_of, make_project
from tfmatrix import keys
from tfmatrix.environments import catalogue
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import sibling
from tfmatrix.questions.recipes import scripts
from tfmatrix.questions.recipes.plan import PLACE, RecipesPlan, make_recipes_plan
from tfmatrix.questions.recipes.variations import CONTROL, VARIATIONS, together
from tfmatrix.records import Environment, Launch, Script, Start
from tfmatrix.runner.events import Launched
from tfmatrix.store.store import Store


def plan_of(folder: Path, **choices: Any) -> RecipesPlan:
    """Return a plan of a new project that has no reference model."""
    return make_recipes_plan(make_project(folder, (), **{"modes": ["tf2", "v1"], **choices}))


def test_a_plan_needs_no_reference_model_and_no_baseline(tmp_path: Path) -> None:
    """The versions that are named are tried, oldest first, and no other one."""
    plan = plan_of(tmp_path, versions=["2.16.2", "2.12.1"], baseline="2.15.1")
    assert [environment.name for environment in plan.environments] == ["2.12.1", "2.16.2"]


def test_all_versions_are_those_of_the_catalogue(tmp_path: Path) -> None:
    """With `all` every release is tried."""
    plan = plan_of(tmp_path, versions=["all"])
    assert [environment.name for environment in plan.environments] == list(catalogue.RELEASES)


def test_an_unknown_version_is_told(tmp_path: Path) -> None:
    """A version that does not exist is the user's to mend."""
    settings = make_project(tmp_path, ())
    with pytest.raises(UserError, match=r"no TensorFlow 9\.9\.9 is known"):
        make_recipes_plan(settings.overridden(versions="9.9.9"))


def test_a_mode_that_is_not_asked_for_has_no_cells(tmp_path: Path) -> None:
    """Only the recipes of the modes that are asked for are tried."""
    plan = plan_of(tmp_path, modes=["v1"])
    assert {cell.script.model.mode for cell in plan.cells} == {"v1"}


def test_trials_that_are_compared_come_from_processes_started_separately(tmp_path: Path) -> None:
    """The control, its repetition and every variation have processes of their own, shared by all recipes."""
    plan = plan_of(tmp_path)
    cell = plan.cells[0]
    compared = [(CONTROL, 1), (CONTROL, 2), (together("tf2"), 1), (together("tf2"), 2)]
    compared += [(v, 1) for v in plan.variations(cell) if not v.within and not v.further]
    starts = [plan.expected(cell, *one).start for one in compared]
    assert len({start.name for start in starts}) == len(starts)
    assert plan.expected(plan.cells[1], CONTROL, 1).start == starts[0]


def test_what_is_done_within_processes_shares_one_that_is_no_control(tmp_path: Path) -> None:
    """Variations within a process are compared with the control alone, so one process serves all of them."""
    plan = plan_of(tmp_path)
    cell = plan.cells[0]
    starts = {plan.expected(cell, v).start for v in plan.variations(cell) if v.within}
    assert len(starts) == 1
    assert starts.isdisjoint({plan.expected(cell, CONTROL, number).start for number in (1, 2)})


def test_a_control_stays_in_its_place(tmp_path: Path) -> None:
    """Working folder and home are the same in every process but those in which they vary."""
    plan = plan_of(tmp_path)
    cell = plan.cells[0]
    places = {name: plan.expected(cell, v).start for name, v in VARIATIONS.items() if "tf2" in v.modes}
    assert {name for name, start in places.items() if start.here != PLACE.here} == {"directory"}
    assert {name for name, start in places.items() if start.home != PLACE.home} == {"home"}


def test_every_trial_has_a_key_of_its_own(tmp_path: Path) -> None:
    """No two trials of a cell, of two cells or of two versions have one key."""
    plan = plan_of(tmp_path)
    tried = [
        plan.expected(cell, variation, number)
        for cell in plan.cells
        for number in (1, 2)
        for variation in (CONTROL, together(cell.script.model.mode), *plan.variations(cell))
    ]
    assert len({expected.key for expected in tried}) == len(tried)
    assert len({expected.id for expected in tried if isinstance(expected.work, Script)}) == len(tried)


@pytest.mark.parametrize("changed", ["lock", "recipe", "model", "variation", "probe", "machine", "GPUs", "threads"])
def test_a_key_covers_everything_that_may_change_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """Another lock, recipe, model, variation, probe, machine, GPU or launch is another key; else it is the same."""
    plan = plan_of(tmp_path)
    cell, variation = plan.cells[0], VARIATIONS["hash-seed"]
    before = plan.expected(cell, variation).key
    assert plan_again(plan).expected(cell, variation).key == before
    if changed == "lock":
        lock_of(tmp_path, cell.environment).write_text("# another\n", encoding="utf-8")
    elif changed == "recipe":
        script = replace(cell.script, recipe=replace(cell.script.recipe, code="import tensorflow\n"))
        cell = replace(cell, script=script)
    elif changed == "model":
        for path in scripts.MODELS_FOLDER.glob("*.py"):
            (tmp_path / path.name).write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        monkeypatch.setattr(scripts, "MODELS_FOLDER", tmp_path)
        cell = replace(cell, script=replace(cell.script, model=replace(cell.script.model)))
    elif changed == "variation":
        variation = replace(variation, start=replace(variation.start, variables=(("PYTHONHASHSEED", "1"),)))
    elif changed == "probe":
        monkeypatch.setattr(keys, "probe_source", lambda: "another")
    elif changed == "GPUs":
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    elif changed == "threads":
        plan = replace(plan, config=replace(plan.config, launches=(Launch(intra_op=8),)))
    else:
        plan = replace(plan, config=replace(plan.config, machine=MACHINE_OF_TESTS))
    assert plan_again(plan).expected(cell, variation).key != before


def test_a_trial_starts_with_the_projects_own_default_launch(tmp_path: Path) -> None:
    """What the project sets for every launch holds for recipes too, and what was seen of processes is told apart."""
    plan = plan_of(tmp_path, versions=["2.15.1"])
    launch = Launch(intra_op=8, variables=(("TF_ENABLE_ONEDNN_OPTS", "0"),))
    other = plan_again(replace(plan, config=replace(plan.config, launches=(launch, Launch("x")))))
    assert other.expected(other.cells[0], CONTROL).cell.launch == launch
    saw = Launched(plan.environments[0], 1.0, True, Start(name="control-1"), {"hash": 1})
    with Store(tmp_path / "store.sqlite") as store:
        plan.note(saw, store)
        assert plan.saw(store, plan.environments[0], "control-1") == {"hash": 1}
        assert other.saw(store, plan.environments[0], "control-1") == {}


def plan_again(plan: RecipesPlan) -> RecipesPlan:
    """Return the same plan, with nothing remembered."""
    return RecipesPlan(plan.config, plan.environments, plan.scripts)


def test_a_variation_that_needs_another_environment_has_it_where_a_lock_is_there(tmp_path: Path) -> None:
    """Keras 2 is tried in the environment that has `tf-keras` too, from 2.16 on; before, it is the default."""
    plan = plan_of(tmp_path, versions=["2.15.1", "2.16.2"])
    old, new = plan.environments
    keras_2 = VARIATIONS["keras-2"]
    assert sibling(old, keras_2.further, plan.config) is None
    beside = sibling(new, keras_2.further, plan.config)
    assert beside
    assert beside.name.startswith("2.16.2+tf-keras-2.16.")
    assert sibling(beside, keras_2.further, plan.config) is None
    cells = {cell.environment: cell for cell in plan.cells if cell.script.model.mode == "tf2"}
    assert keras_2 not in list(plan.variations(cells[old]))
    assert plan.expected(cells[new], keras_2).cell.environment == beside
    assert plan.expected(cells[new], VARIATIONS["onednn-off"]).cell.environment == new


def test_every_release_with_keras_3_has_one_with_keras_2(tmp_path: Path) -> None:
    """The locks that come with tfmatrix have `tf-keras` for every release from 2.16 on."""
    plan = plan_of(tmp_path, versions=["all"])
    with_keras_2: list[Environment] = [e for e in plan.environments if sibling(e, "tf-keras", plan.config)]
    assert [e.name for e in with_keras_2] == [name for name in catalogue.RELEASES if int(name.split(".")[1]) >= 16]


def test_a_seed_is_in_every_text_that_sets_one(tmp_path: Path) -> None:
    """Under another seed each recipe that sets one sets that, has trials of its own, and is advised with it."""
    before, after = (make_recipes_plan(plan_of(tmp_path, seed=seed).config) for seed in (42, 4711))
    for one, other in zip(before.scripts, after.scripts, strict=True):
        assert "42" not in other.recipe.code
        assert (one.digest == other.digest) == ("42" not in one.recipe.code)
        assert other.recipe.code.count("4711") == one.recipe.code.count("42")


def test_only_the_models_that_are_named_are_tried(tmp_path: Path) -> None:
    """Recipes are tried on the models of their own that are named, and a name that none has is the user's to mend."""
    config = plan_of(tmp_path).config
    chosen = make_recipes_plan(config, ["v1-mlp", "keras-mlp"])
    assert {script.model.name for script in chosen.scripts} == {"keras-mlp", "v1-mlp"}
    with pytest.raises(UserError, match=r"no model 'mlp' of recipes; there are keras-mlp, "):
        make_recipes_plan(config, ["mlp"])
