"""Layers whose draws two releases make otherwise, in a real pair of releases: judged by what they do.

What each does was told by plain scripts, which stand in `docs/decisions/0022-the-effect-of-a-layer.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.compare.alignment import Names
from tfmatrix.compare.effect import Sample, judge
from tfmatrix.compare.layers import Layer
from tfmatrix.compare.tensors import Tensors
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import EFFECTS, Effects, InstalledEnvironment
from tfmatrix.runner.rounds import observe_one
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.opening import open_store

from .project import Project

pytestmark = pytest.mark.integration

BASELINE, CANDIDATE = "2.15.1", "2.16.2"
LAYERS = Path(__file__).with_name("effects")

TRUTH = {
    # Newer: one flip for both ways; one contrast for each image and not for a batch, and never less of it.
    "images": {"both_ways": "different", "one_way": "redrawn", "contrast": "different"},
    # Older: masks of each time step, unless unrolled; newer: of all of them.
    "sequences": {
        "lstm": "different",
        "lstm_unrolled": "redrawn",
        "planted": "different",  # a rate of 0.6 in newer releases
        "gru": "different",
        "both/forward_gru": "redrawn",
        "both/backward_gru": "redrawn",
    },
    "vectors": {"no_noise": "redrawn", "moved": "redrawn", "moved_more": "different", "masked": "different"},
    "crops": {"crop": "redrawn"},
}
"""By model, and layer: what its draws are in the candidate. Those of all other layers line up."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project in which all of these layers were run."""
    for version in (BASELINE, CANDIDATE):
        made_environment(version)
    files = [LAYERS / f"{name}.py" for name in TRUTH if name != "crops"]
    made = Project(tmp_path_factory.mktemp("effects"), [BASELINE, CANDIDATE], files)
    (made.folder / "crops.py").write_text((LAYERS / "crops.py").read_text(encoding="utf-8"), encoding="utf-8")
    with (made.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write('modes = ["tf2"]\ntrials = 1\njitters = 1\n')
        table.write('[tool.tfmatrix.models.crops]\ncommand = ["python", "crops.py"]\n')
    done = made.run("matrix")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.wide
@pytest.mark.parametrize("model", TRUTH)
def test_layers_that_draw_otherwise_are_judged_by_what_they_do(project: Project, model: str) -> None:
    """Each as a plain script says, whether redrawn or of another meaning."""
    plan = make_plan(config.load(project.folder))
    with open_store(plan.config) as store:
        tensors = Tensors(store)
        traces: list[tuple[str, Names]] = []
        for cell in (one for one in plan.cells if one.model.name == model):
            first, effects = store.trial(plan.trials[cell][0].key), store.last_called(f"{cell.id} {EFFECTS}")
            assert first is not None
            assert effects is not None
            assert effects.notes == ()
            traces.append((first.trace or "", tensors.names(effects.trace or "")))
        (a, mine), (b, other) = traces
        assert set(tensors.unlike(a, b).values()) == {Layer(name, name) for name in TRUTH[model]}
        found = {
            layer: tensors.effect(
                (mine[EFFECTS, f"effect/{layer}"], mine[EFFECTS, f"off/{layer}"]),
                (other[EFFECTS, f"effect/{layer}"], other[EFFECTS, f"off/{layer}"]),
            )
            for layer in TRUTH[model]
        }
    assert {layer: one.verdict.value for layer, one in found.items()} == TRUTH[model], found


@pytest.mark.wide
@pytest.mark.parametrize("model", TRUTH)
def test_what_comes_behind_such_layers_is_judged_with_them_off(project: Project, model: str) -> None:
    """The start and the injected tier are judged to their ends, and neither is another meaning."""
    (cell,) = (one for one in project.data["cells"] if one["model"] == model and one["environment"] == CANDIDATE)
    verdicts = {(one["tier"], one["stage"]): one["verdict"] for one in cell["stages"] if one["tier"] != "native"}
    if model == "crops":  # in the newer release it crops nothing where it is off, so that the next layer raises
        assert verdicts == {}
        assert (cell.get("off"), cell["unreached"]) == (None, "draw@0/crop/uniform")
        assert cell["verdict"] == "redrawn"
        return
    assert sorted(cell["off"]) == sorted(TRUTH[model])
    assert cell.get("unreached") is None
    assert {("start", "gradient"), ("start", "weights"), ("injected", "gradient")} <= set(verdicts)
    assert set(verdicts.values()) <= {"identical", "rounding"}, verdicts
    assert cell["verdict"] == "different"


def test_masks_of_states_are_of_each_step_or_of_all(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """Older releases draw another one in each step of the loop, newer ones one for all."""
    layers = ("gru", "lstm", "simple")
    found: dict[str, list[Sample]] = {name: [] for name in layers}
    project = Project(tmp_path / "project", [BASELINE, CANDIDATE], [LAYERS / "recurrent.py"])
    plan = make_plan(config.load(project.folder).overridden(modes=["tf2"]))
    for cell in plan.cells:
        made_environment(cell.environment.name)
        done = observe_one(plan.expect(cell, Effects(layers), role=EFFECTS, number=0), plan.config)
        stages = {one.stage: to_array(done.tensors[one.digest]) for one in done.trace}
        assert done.trial.notes == (), done.trial
        for name in layers:
            found[name].append(Sample(stages[f"effect/{name}"], stages[f"off/{name}"]))
    assert {name: judge(*sides).verdict.value for name, sides in found.items()} == dict.fromkeys(layers, "different")
