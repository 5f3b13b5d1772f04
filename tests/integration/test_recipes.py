"""Recipes on real releases: planted dependencies are caught, what was measured before comes out, advice holds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from questions.recipes.worlds import results_of
from tfmatrix import config
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.plan import RecipesPlan, make_recipes_plan
from tfmatrix.questions.recipes.recipes import RECIPES
from tfmatrix.questions.recipes.results import Results, core_models
from tfmatrix.questions.recipes.scripts import Recipe, RecipeModel, Script
from tfmatrix.questions.recipes.variations import CONTROL, HARMLESS, VARIATIONS, Variation, together
from tfmatrix.records import ExpectedTrial, Fingerprint, InstalledEnvironment, Trial
from tfmatrix.runner.events import Finished
from tfmatrix.runner.observing import observe
from tfmatrix.store.store import Store

from .project import ROOT, Project

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

PLANTED = Path(__file__).parent / "planted"
VERSION = "2.16.2"
"""Of the planted models: the first with a Keras 3 that Keras 2 can stand in for."""


def planted(name: str, mode: str, **options: object) -> Script:
    """Return a planted model behind a recipe that sets nothing."""
    model = RecipeModel(name, mode, "", str(PLANTED / f"{name}.py"), tuple(options.items()))
    return Script(Recipe("nothing", "", "import tensorflow as tf\n", (name,)), model)


@pytest.fixture(scope="module")
def made(made_environment: Callable[..., InstalledEnvironment]) -> None:
    """Have the environments made."""
    for version in (VERSION, f"{VERSION}+tf-keras-2.16.0", "2.9.3", "2.15.1"):
        made_environment(version)


@pytest.fixture
def plan(made: None, tmp_path: Path) -> RecipesPlan:
    """Return a plan of planted models alone, with a store of its own."""
    settings = config.load(ROOT).overridden(versions=[VERSION], store=tmp_path / "store.sqlite")
    scripts = (
        planted("process", "tf2"),
        planted("graph", "v1"),
        *(planted("unseeded", "tf2", what=what) for what in ("random", "numpy", "address", "set")),
    )
    return replace(make_recipes_plan(settings), scripts=scripts)


Ran = dict[str, tuple[Trial, tuple[Fingerprint, ...]]]


def run(plan: RecipesPlan, expected: list[ExpectedTrial]) -> Ran:
    """Run trials, and return what became of each by its name within its cell."""
    ran: Ran = {}
    for event in observe(expected, plan.config):
        if isinstance(event, Finished):
            ran[event.expected.name] = event.trial, event.trace
    return ran


def stages(trace: tuple[Fingerprint, ...]) -> dict[str, str]:
    """Return the digests of a trace by stage."""
    return {print_.stage: print_.digest for print_ in trace}


def changed(plan: RecipesPlan, number: int, variations: list[Variation]) -> dict[str, set[str]]:
    """Return the stages that each variation changes in a planted model, against the control's."""
    cell = plan.cells[number]
    expected = [plan.expected(cell, CONTROL, n) for n in (1, 2)] + [plan.expected(cell, v) for v in variations]
    ran = run(plan, expected)
    control = stages(ran["control-1"][1])
    assert control, ran["control-1"][0].message
    assert stages(ran["control-2"][1]) == control
    found = {}
    for variation in variations:
        trial, trace = ran[f"{variation.name}-1"]
        assert trial.outcome == "observed", trial.message
        found[variation.name] = {name for name, digest in stages(trace).items() if control[name] != digest}
    return found


def test_every_variation_of_a_process_is_seen_by_it_and_caught(plan: RecipesPlan) -> None:
    """A model that depends on what a variation changes has other bits there, and without the variation it has not."""
    variations = [*plan.variations(plan.cells[0])]
    found = changed(plan, 0, [*variations, together("tf2")])
    whole = found.pop("together")
    assert {name for name in found if name not in found[name]} == set()
    assert {v.name for v in variations if v.kind == HARMLESS} <= whole
    # What else a variation changes: it sets two variables, what it sets is a variable, or tf.keras is another module.
    beside = {
        "xla-isa": {"xla-on"},
        "one-processor": {"intra-op-threads", "inter-op-threads"},
        "keras-2": {"import-order"},
    }
    assert {name: found[name] - {name} - beside.get(name, set()) for name in found} == {name: set() for name in found}


def test_every_variation_of_a_session_is_caught(plan: RecipesPlan) -> None:
    """A graph that depends on what was done with sessions before has other bits at the stage that says so."""
    variations = [v for v in plan.variations(plan.cells[1]) if "session" in v.name or v.name == "other-work"]
    found = changed(plan, 1, [*variations, together("v1")])
    assert found.pop("together") == {v.name for v in variations}
    assert found == {v.name: {v.name} for v in variations}


def test_what_no_seed_reaches_differs_between_processes(plan: RecipesPlan) -> None:
    """A model that draws from Python's generator without a seed does not pass its control."""
    cell = plan.cells[2]
    ran = run(plan, [plan.expected(cell, CONTROL, n) for n in (1, 2)])
    assert stages(ran["control-1"][1]) != stages(ran["control-2"][1])


@pytest.mark.parametrize("number", [3, 4], ids=["numpy", "address"])
def test_what_forked_siblings_share_differs_between_processes(plan: RecipesPlan, number: int) -> None:
    """Trials forked from one process agree on what it drew at its start; the control, from two, does not."""
    cell = plan.cells[number]
    first, second = (plan.expected(cell, CONTROL, n) for n in (1, 2))
    sibling = replace(first, number=3, key="sibling")
    ran = run(plan, [first, second, sibling])
    one, other, forked = (stages(ran[f"control-{n}"][1]) for n in (1, 2, 3))
    assert one == forked
    assert one != other


def test_the_order_of_a_set_is_blamed_on_the_hash_seed(plan: RecipesPlan) -> None:
    """A model that depends on the order of a set passes its control, and the one variation to blame is found."""
    with Store(plan.config.store) as store:
        found = results_of(replace(plan, scripts=plan.scripts[5:]), store).found[0]
    assert found.answer.verdict is Verdict.UNSTABLE
    assert [(effect.variation, effect.stage) for effect in found.answer.blame] == [("hash-seed", "draw/set")]


@pytest.fixture(scope="module")
def tried(made: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Results]]:
    """Yield a project, and what was found of the usual snippets and their mends, in an old and a newer release."""
    project = Project(tmp_path_factory.mktemp("project"), ["2.9.3", "2.15.1"], [])
    settings = config.load(project.folder)
    left_out = {"none", "tensorflow-seed", "layer-seeds", "layer-seeds-own-order", "v1-single-thread", "v1-op-seeds"}
    with Store(settings.under_root(settings.store)) as store, pytest.MonkeyPatch.context() as patched:
        patched.setattr(judge, "never_promised", lambda cell: ())  # not what is tested, and most of the time
        plan = make_recipes_plan(settings)
        plan = replace(plan, scripts=tuple(s for s in plan.scripts if s.recipe.name not in left_out))
        yield project, results_of(plan, store)


@pytest.mark.parametrize(
    ("recipe", "model", "old", "new"),
    [
        ("numpy-tensorflow-seeds", "keras-mlp", "identical", "init/hidden/kernel"),
        ("numpy-tensorflow-determinism", "keras-mlp", "identical", "init/hidden/kernel"),
        ("all-seeds", "keras-mlp", "identical", "identical"),
        ("set-random-seed", "keras-mlp", "identical", "identical"),
        ("set-random-seed", "parallel-map", "batch@0/rows", "batch@0/rows"),
        ("set-random-seed-determinism", "parallel-map", "identical", "identical"),
        ("v1-snippet-as-written", "v1-linear", "failed", "failed"),
        ("v1-graph-seed", "v1-linear", "init/kernel", "init/kernel"),
        ("v1-fresh-graph-seed", "v1-linear", "identical", "identical"),
    ],
)
def test_what_was_measured_by_hand_comes_out_by_itself(
    tried: tuple[Project, Results], recipe: str, model: str, old: str, new: str
) -> None:
    """The usual snippets reproduce up to 2.9 and not later, the second fails, and the mended ones reproduce."""
    _, results = tried
    for one, wanted in zip(results.environments, (old, new), strict=True):
        answer = results.by_name[one.environment, recipe, model].answer
        told = (answer.blame[0] if answer.blame else answer.first) if answer.verdict is Verdict.UNSTABLE else None
        assert (told.stage if told else answer.verdict.value) == wanted
        if wanted == "failed":
            assert answer.first
            assert "AttributeError" in answer.first.message
            assert "set_seed" in answer.first.message


TRAIN: dict[str, str] = {
    "tf2": """
import hashlib, numpy as np
model = tf.keras.Sequential([tf.keras.Input(shape=(10,)), tf.keras.layers.Dense(10, "relu"), tf.keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.random.rand(100, 10), np.random.rand(100, 1), epochs=2, verbose=0)
print(hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest())
""",
    "v1": """
import hashlib
kernel = tf.Variable(tf.random_normal([10, 1]))
step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.square(kernel)))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(step)
    print(hashlib.sha256(session.run(kernel).tobytes()).hexdigest())
""",
}
"""What somebody would write behind a recipe that was pasted; the last line that it prints is the digest of weights."""


@pytest.mark.parametrize("mode", ["tf2", "v1"])
def test_what_is_advised_reproduces_when_it_is_run(
    tried: tuple[Project, Results], made_environment: Callable[..., InstalledEnvironment], mode: str, tmp_path: Path
) -> None:
    """The printed recipe in front of a model gives the same weights twice, under two hash seeds; without it, others."""
    project, results = tried
    said = project.run("advise", "--version", "2.15.1", "--mode", mode)
    assert said.returncode == 0, said.stderr
    advised = results.advice(results.environments[-1].environment, core_models(mode))
    assert advised
    assert advised.code in said.stdout
    interpreter = made_environment("2.15.1").interpreter

    def weights(code: str, seed: str) -> str:
        script = tmp_path / f"{seed}.py"
        script.write_text(code + TRAIN[mode], encoding="utf-8")
        variables: Any = {"PYTHONHASHSEED": seed, "TF_CPP_MIN_LOG_LEVEL": "3"}
        ran = subprocess.run([interpreter, str(script)], env=variables, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.split()[-1]

    assert weights(said.stdout, "1") == weights(said.stdout, "2")
    bare = RECIPES["none" if mode == "tf2" else "v1-none"].code
    assert weights(bare, "1") != weights(bare, "2")


def test_every_variation_is_known(plan: RecipesPlan) -> None:
    """The planted models stand for every variation that there is."""
    assert {v.name for cell in plan.cells for v in plan.variations(cell)} == set(VARIATIONS)
