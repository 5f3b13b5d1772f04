"""Every sample project, unchanged, in each release that matters: seen whole, with the same bits as without taps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tfmatrix.records import FAILED, OBSERVED, InstalledEnvironment

from .commands import Observed, make_project, observe_project
from .project import PATIENCE, ROOT, wide

pytestmark = pytest.mark.integration

PROJECTS = ROOT / "tests" / "projects"
TRUTH = json.loads((PROJECTS / "truth.json").read_text(encoding="utf-8"))
RELEASES = [*wide("2.9.3", "2.12.1"), "2.15.1", *wide("2.16.2"), "2.21.0"]
UNSEEN = "the batches were not seen, nor the order of rows"


class Whole(NamedTuple):
    """What a project's trace has, the same in every release: how many names, or which, of each kind of stage."""

    updates: int
    weights: int
    """Variables of the model, trained or not."""
    gradients: tuple[int, ...]
    """Of each update in turn, and then from the first again."""
    slots: tuple[int, ...]
    """The same; how often there is a learning rate and a count differs: of the variables' own slots alone."""
    batch: tuple[str, ...] = ("x", "y")
    rows: tuple[int, ...] = ()
    """Rows in the order of each pass that is seen, validation included where the script itself loops over it."""
    draws: int = 0
    """In each update."""
    drawn_before: int = 0
    """Initial values that the script draws itself; they stand in the first update."""
    history: int = 0
    evaluate: int = 0
    predict: int = 0
    saved: int = 0
    loaded: int = 0
    notes: tuple[str, ...] = ()
    looked: int = 1
    """After so many updates control comes back to Python, where weights and slots are looked at."""


WHOLE = {
    "custom_train_step": Whole(8, 8, (6,), (12,), rows=(256, 256), history=2),
    "dynamic_rnn": Whole(6, 4, (4,), (8,), ("Placeholder", "Placeholder_1", "Placeholder_2"), (384,)),
    "estimator": Whole(
        5, 7, (6,), (6,), ("0/PetalLength", "0/PetalWidth", "0/SepalLength", "0/SepalWidth", "1"), (300,), predict=15,
        saved=2, loaded=1,
    ),
    "fit_callbacks": Whole(6, 4, (4,), (8,), rows=(256,) * 3, draws=1, history=3, evaluate=1, predict=1),
    "gan": Whole(8, 12, (4, 6), (20,), ("x",), (256,), history=1, predict=1, looked=2),
    "gradient_tape_eager": Whole(6, 4, (4,), (4,), (), draws=1, drawn_before=2, notes=(UNSEEN,)),
    "gradient_tape_function": Whole(6, 4, (4,), (8,), ("0", "1"), (192, 64, 192, 64), draws=1, saved=1),
    "mixed_precision_mirrored": Whole(8, 4, (4,), (8,), rows=(256, 256), draws=1, history=2, evaluate=1),
    "nadam_schedule_clipping": Whole(8, 5, (5,), (10,), rows=(256, 256), history=2, predict=1),
    "notebook": Whole(8, 4, (4,), (8,), rows=(256, 256), draws=1, history=2, predict=1),
    "package_module": Whole(6, 6, (4,), (8,), rows=(192, 192), history=2, saved=1),
    "session_feed_dict": Whole(8, 4, (4,), (8,), ("rate", "x", "y"), (512,), draws=1, predict=1),
    "session_saver": Whole(
        8, 5, (4,), (4,), ("Placeholder", "Placeholder_1", "Placeholder_2"), (400,), saved=1, loaded=1
    ),
    "several_inputs_outputs": Whole(
        8, 7, (8,), (7,), ("x/category", "x/numbers", "y/price", "y/priority"), (256, 256), history=2, predict=1
    ),
    "subclassed": Whole(8, 16, (14,), (28,), rows=(256, 256), draws=2, history=2, evaluate=1, predict=1),
    "text_vectorization": Whole(6, 3, (4,), (6,), rows=(96, 96), draws=1, history=2, predict=1),
    "transfer_frozen": Whole(
        8, 10, (2, 2, 2, 2, 4, 4, 4, 4), (4, 4, 4, 4, 12, 12, 12, 12), rows=(192, 192), draws=1, history=1,
        saved=1, loaded=1,
    ),
    "vae": Whole(8, 12, (12,), (24,), ("x",), (256, 256), draws=1, history=2, predict=1),
    "validation_split": Whole(8, 4, (4,), (4,), rows=(160,) * 4, history=4, evaluate=1, saved=4, loaded=1),
    "weights_of_samples": Whole(
        8, 4, (4,), (4,), ("x", "y", "sample_weight"), (256, 256), history=1, evaluate=1
    ),
}  # fmt: skip
"""What is seen of each project."""


@pytest.fixture(scope="module", params=TRUTH)
def name(request: pytest.FixtureRequest) -> str:
    """Return a project's name."""
    found: str = request.param
    return found


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Return a release."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def cell(
    name: str,
    release: str,
    tmp_path_factory: pytest.TempPathFactory,
    made_environment: Callable[..., InstalledEnvironment],
) -> Observed:
    """Return the cell of a project in a release; both of its trials are run at once."""
    made_environment(release)
    table = {name: {"command": TRUTH[name]["command"], "timeout": PATIENCE}}
    folder = make_project(tmp_path_factory.mktemp("projects") / name, PROJECTS / name, table)
    before = contents(folder)
    (found,) = observe_project(folder, [release]).values()
    assert contents(folder) == before, "a trial wrote into the project"
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of a project's own files."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def test_a_project_is_observed_or_fails_as_its_release_has_it(name: str, release: str, cell: Observed) -> None:
    """Where it runs plainly it is observed, and the taps change no bit; elsewhere it has the release's own error."""
    state, truth = cell.state, TRUTH[name]["releases"][release]
    if truth == "runs":
        assert not [s for s, array in cell.plain_arrays.items() if not same(array, cell.arrays.get(s))], state.reason
        assert state.outcome == OBSERVED, state.reason
        return
    assert state.outcome == FAILED
    assert state.evidence is not None
    assert state.evidence.kind == truth["type"]
    script = TRUTH[name]["command"][1]
    assert f"{script}, {state.evidence.where}: {truth['type']}: {truth['message']}"[:80] in state.evidence.message


def same(a: NDArray[Any], b: NDArray[Any] | None) -> bool:
    """Return whether two arrays have the same bits."""
    return b is not None and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_everything_that_a_project_does_is_seen(name: str, release: str, cell: Observed) -> None:
    """Each update has its batch, draws, gradients, slots and weights; what comes now and then is there as often."""
    if TRUTH[name]["releases"][release] != "runs":
        pytest.skip("it does not run there")
    whole = whole_of(name, cell)
    steps = range(whole.updates)
    looked = [step for step in steps if (step + 1) % whole.looked == 0]
    stages = cell.by_step
    assert list(stages["gradient"]) == list(steps)
    assert [len(names) for names in cell.names("gradient")] == [
        whole.gradients[step % len(whole.gradients)] for step in steps
    ]
    assert list(stages["weights"]) == list(stages["slots"]) == looked
    assert {len(names) for names in (*cell.names("weights"), *cell.names("init"))} == {whole.weights}
    assert set(map(frozenset, cell.names("weights"))) == {frozenset(stages["weights"][looked[0]])}
    assert [len(own_slots(names, cell)) for names in cell.names("slots")] == [
        whole.slots[step % len(whole.slots)] for step in looked
    ]
    first = [step - whole.looked + 1 for step in looked]
    batches = {step: {part.partition(".")[0] for part in names} for step, names in stages.get("batch", {}).items()}
    assert {step: names for step, names in batches.items() if step in first} == (
        dict.fromkeys(first, frozenset(whole.batch)) if whole.batch else {}
    )
    assert [len(order) for order in of_kind(cell, "shuffle")] == list(whole.rows)
    assert len(stages["data"] if whole.rows else ()) == len(whole.rows)
    if name != "gan":  # whose halves draw each its own
        drawn = [whole.draws + whole.drawn_before, *[whole.draws] * (whole.updates - 1)]
        assert [len(stages.get("draw", {}).get(step, ())) for step in steps] == drawn
    assert {kind: len(stages.get(kind, {})) for kind in ("history", "evaluate", "predict", "saved", "loaded")} == {
        "history": whole.history,
        "evaluate": whole.evaluate,
        "predict": whole.predict,
        "saved": whole.saved,
        "loaded": whole.loaded,
    }
    if name != "gradient_tape_function":  # whose step returns nothing
        assert set(stages["loss"]) >= set(first)
    assert set(cell.state.notes) == set(whole.notes)
    assert {"seed", "final"} <= set(stages)


def whole_of(name: str, cell: Observed) -> Whole:
    """Return what is seen of a project; how long EarlyStopping lets one go on is for its release's initial weights."""
    whole = WHOLE[name]
    if name != "validation_split":
        return whole
    epochs = len(cell.by_step["history"])
    assert 2 <= epochs <= whole.history
    losses = [float(cell.arrays[f"history@{epoch}/val_loss"]) for epoch in range(epochs)]
    better = [epoch for epoch in range(epochs) if losses[epoch] < min(losses[:epoch], default=np.inf)]
    return whole._replace(updates=2 * epochs, rows=(160,) * epochs, history=epochs, saved=len(better))


def own_slots(names: tuple[str, ...], cell: Observed) -> list[str]:
    """Return those of an optimizer's variables that belong to a variable of the model."""
    weights = cell.names("init")[0]
    return [slot for slot in names if any(f"/{slot}".rpartition("/")[0].endswith(f"/{name}") for name in weights)]


def of_kind(cell: Observed, kind: str) -> list[NDArray[Any]]:
    """Return the arrays of a kind of stage."""
    return [array for stage, array in cell.arrays.items() if stage.startswith(f"{kind}@")]


def test_what_a_plain_trial_sees_is_weights_history_and_predictions(name: str, release: str, cell: Observed) -> None:
    """So there is something that taps might have changed: the weights at the end, and all that the script reports."""
    if TRUTH[name]["releases"][release] != "runs":
        pytest.skip("it does not run there")
    kinds = {stage.partition("@")[0].partition("/")[0] for stage in cell.plain_arrays}
    reported = {"history", "evaluate", "predict", "saved", "loaded", "final"} & set(cell.by_step)
    assert reported <= kinds <= {*reported, "seed", "loss", "forward"}


def test_weights_move_and_begin_where_the_script_began(name: str, release: str, cell: Observed) -> None:
    """What is written down of the weights are their values then, and not those of another moment."""
    if TRUTH[name]["releases"][release] != "runs":
        pytest.skip("it does not run there")
    whole = whole_of(name, cell)
    (initial,) = cell.names("init")
    last = whole.updates - 1
    trained = set(cell.by_step["gradient"][last])
    moved = [part for part in initial if part in trained]
    assert moved
    for part in moved:
        assert not np.array_equal(cell.arrays[f"init/{part}"], cell.arrays[f"weights@{last}/{part}"]), part


def test_a_generator_and_its_critic_have_an_optimizer_each(name: str, release: str, cell: Observed) -> None:
    """The slots of both are told apart, and each of the two halves of a step has its own draws and gradients."""
    if name != "gan":
        pytest.skip("of the other projects each has one")
    slots = cell.names("slots")[0]
    assert any(slot.startswith("optimizer.2/") for slot in slots)
    critic, generator = (set(cell.by_step["gradient"][step]) for step in (0, 1))
    assert not critic & generator
    draws = cell.by_step["draw"]
    assert [len(draws[step]) for step in range(4)] == [3, 1, 3, 1]
