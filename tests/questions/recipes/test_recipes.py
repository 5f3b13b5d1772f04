"""The recipes: each can be pasted, is tried on something, and is mended only by what is tried on the same."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from tfmatrix.questions.recipes.recipes import RECIPES, scripts
from tfmatrix.questions.recipes.scripts import CORE, MODELS, Recipe, RecipeModel, Script
from tfmatrix.tables import DEFAULT_MODES

ALL = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


@ALL
def test_a_recipe_is_python_that_imports_what_it_uses(recipe: Recipe) -> None:
    """Every name that a recipe's text reads is imported, defined or a parameter in it: it can be pasted as it is."""
    tree = ast.parse(recipe.code)
    known = {"range"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            known |= {node.name, *(argument.arg for argument in node.args.args)}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.add(node.id)
    assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} <= known


@ALL
def test_a_recipe_is_tried_on_models_of_one_mode_that_exist(recipe: Recipe) -> None:
    """A recipe names models that there are, all of one mode."""
    assert recipe.models
    assert len({MODELS[name].mode for name in recipe.models}) == 1


@ALL
def test_a_mend_is_tried_where_it_is_to_mend(recipe: Recipe) -> None:
    """Each mend is tried on a model of the recipe that it mends, and no recipe mends itself."""
    assert recipe.name not in recipe.mends
    assert all(set(recipe.models) & set(RECIPES[mend].models) for mend in recipe.mends)


def test_what_a_recipe_hands_over_is_taken() -> None:
    """Every function that a recipe defines is a parameter of its models' functions, or one that a session knows."""
    for script in scripts():
        given = {n.name for n in ast.parse(script.recipe.code).body if isinstance(n, ast.FunctionDef)}
        model = [n for n in ast.parse(script.model.source).body if isinstance(n, ast.FunctionDef)]
        taken = {a.arg for n in model if n.name in {"run", "build"} for a in n.args.args}
        assert given <= taken | {"after_building"}, script.name


def test_every_recipe_is_in_front_of_every_model_it_names() -> None:
    """The scripts are the recipes' models, each pair once."""
    pairs = [(script.recipe.name, script.model.name) for script in scripts()]
    assert sorted(pairs) == sorted((recipe.name, model) for recipe in RECIPES.values() for model in recipe.models)


def test_every_mode_has_models_that_advice_must_hold_for() -> None:
    """Every mode that is run by default has core models, of that mode."""
    found = {mode: {MODELS[name].mode for name in names} for mode, names in CORE.items()}
    assert found == {mode: {mode} for mode in DEFAULT_MODES}


@pytest.mark.parametrize(
    ("code", "length"),
    [("import os\n", 0), ("import os\nfrom os import path\npath\n", 1), ("def f():\n    return 1\n", 2)],
)
def test_length_counts_what_a_reader_has_to_take_in(code: str, length: int) -> None:
    """A recipe is as long as its statements, those within functions too and imports not."""
    assert Recipe("r", "", code, ()).length == length


def test_the_digest_covers_recipe_and_model() -> None:
    """Another text, another model or another option is another script; another claim is not."""
    script = Script(RECIPES["set-random-seed"], MODELS["keras-mlp"])
    others = [
        replace(script, recipe=replace(script.recipe, code=script.recipe.code.replace("42", "43"))),
        replace(script, model=MODELS["row-order"]),
        replace(script, model=replace(script.model, options=(("given_rows", True),))),
        replace(script, model=replace(script.model, mode="v1")),
    ]
    assert script.digest not in {other.digest for other in others}
    assert len({other.digest for other in others}) == len(others)
    assert replace(script, recipe=replace(script.recipe, claim="another")).digest == script.digest


def test_determinism_is_told_from_the_text() -> None:
    """A recipe is deterministic where its text switches op determinism on."""
    assert [r.name for r in RECIPES.values() if r.deterministic] == [n for n in RECIPES if n.endswith("determinism")]


def test_models_know_those_that_they_are_like() -> None:
    """A model that leaves a part to another one names one that exists and is of its mode."""
    like = [model for model in MODELS.values() if model.like]
    assert like
    assert all(isinstance(MODELS[m.like], RecipeModel) and MODELS[m.like].mode == m.mode for m in like)
