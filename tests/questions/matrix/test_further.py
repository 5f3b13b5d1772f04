"""Further trials: other seeds where initial weights differ, and bytes where those lack of what differs first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import BASELINE, CANDIDATE, add, fill, missing_from, ones, plan_of, trial
from tfmatrix.compare.redraw import MOST_OF_STEPS, seeds_for
from tfmatrix.compare.results import CellComparison
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.further import SEEDS_OF_AN_ENSEMBLE
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import MOST_SEEDS, ExpectedTrial, Seeds, Tensor, Train
from tfmatrix.store.store import Store
from tfmatrix.tables import PROBE

NOISE = np.random.RandomState(0).standard_normal(3000).astype(np.float32)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two releases and one model, each cell with two trials, and the baseline's jittered once."""
    return plan_of(tmp_path)


def without_seeds(became: Callable[[ExpectedTrial], Any]) -> Callable[[ExpectedTrial], Any]:
    """Return an answer of all trials but those of other seeds."""
    return lambda expected: None if expected.role == "seeds" else became(expected)


def by_release(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> Callable[[ExpectedTrial], Any]:
    """Return an answer of each release."""
    return without_seeds(lambda one: baseline if one.cell.environment.name == BASELINE else candidate)


def bare(tensor: Any) -> Tensor:
    """Return a tensor of which no bytes are kept; another array gives another one."""
    array = np.asarray(tensor, np.float32)
    return Tensor("float32", array.shape, b"", whole=False)


def names(trials: list[ExpectedTrial]) -> list[str]:
    """Return the names of some trials, sorted."""
    return sorted(f"{one.cell.environment.name} {one.name}" for one in trials)


def compared(plan: Plan, store: Store) -> CellComparison:
    """Return the one comparison."""
    (found,) = compare_all(plan, store).cells
    return found


def test_no_other_seeds_are_wanted_where_initial_weights_are_the_same(tmp_path: Path, plan: Plan) -> None:
    """A cell without them is whole, whatever else differs, and they are not missed."""
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(ones(), ones(gradient=[2.5] * 4)))
        assert missing_from(store, plan) == []
        assert {state.outcome for state in states(plan, store).values()} == {"observed"}


def test_other_seeds_are_wanted_on_both_sides_where_initial_weights_differ(tmp_path: Path, plan: Plan) -> None:
    """Both cells are missing without them, and whole with as many as the test of the smallest tensor needs."""
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(ones(init=NOISE[:512]), ones(init=NOISE[512:1024])))
        missing = missing_from(store, plan)
        assert names(missing) == [f"{BASELINE} seeds-1", f"{CANDIDATE} seeds-1"]
        assert {one.work for one in missing} == {Seeds(32)}
        assert {state.outcome for state in states(plan, store).values()} == {"missing"}
        for at, one in enumerate(missing):
            drawn = np.random.RandomState(at).standard_normal((2, 512))
            add(store, one, {"seeds init/w": drawn})
        assert missing_from(store, plan) == []
        found = compared(plan, store)
    assert found.verdict is Verdict.REDRAWN
    assert found.first is not None
    assert "2 draws and 1024 numbers a side" in found.first.reason


def test_more_seeds_than_are_needed_are_enough(tmp_path: Path, plan: Plan) -> None:
    """Where a trial of more seeds is known, no other is wanted."""
    other = by_release(ones(init=NOISE[:512]), ones(init=NOISE[512:1024]))
    with Store(tmp_path / "s") as store:
        fill(
            store,
            plan,
            lambda one: {"seeds init/w": NOISE[:1024].reshape(2, 512)} if one.role == "seeds" else other(one),
        )
        assert missing_from(store, plan) == []
        assert {state.outcome for state in states(plan, store).values()} == {"observed"}


def test_the_release_before_counts_too(tmp_path: Path) -> None:
    """Where two candidates differ from each other, both have other seeds, and the baseline where it is one of them."""
    plan = plan_of(tmp_path, versions=[BASELINE, CANDIDATE, "2.21.0"])
    inits = {BASELINE: NOISE[:512], CANDIDATE: NOISE[:512], "2.21.0": NOISE[512:1024]}
    with Store(tmp_path / "s") as store:
        fill(store, plan, without_seeds(lambda one: ones(init=inits[one.cell.environment.name])))
        assert names(missing_from(store, plan)) == [f"{version} seeds-1" for version in inits]


@pytest.mark.parametrize(
    ("initial", "drawn", "total", "files", "runs"),
    [
        ([1], [], 1, 256, 64),
        ([100, 4], [], 104, 128, 64),
        ([10], [], 10, 64, 64),
        ([100], [], 100, 32, 8),
        ([8192], [], 8192, 16, 2),
        ([2**14], [], 2**14, 8, 2),
        ([2**14], [], 25_000_000, 2, 2),
        ([2**14], [], 12_000_000, 4, 2),
        ([], [256], 0, 32, 16),
        ([], [0], 0, 32, 32),
        ([1000], [0, 256], 1000, 32, 32),
    ],
)
def test_how_many_seeds_a_draw_needs(initial: list[int], drawn: list[int], total: int, files: int, runs: int) -> None:
    """As few as make the numbers that are wanted, a power of two; fewer of many elements, and of what takes a run."""
    assert seeds_for(initial, drawn, total, one_run_each=False) == files <= MOST_SEEDS
    assert seeds_for(initial, drawn, total, one_run_each=True) == runs


@pytest.mark.parametrize(("source", "seeds"), [("def build():\n    pass\n", MOST_OF_STEPS), ("# draws\n", MOST_SEEDS)])
def test_no_more_seeds_are_wanted_than_those_under_which_a_step_is_drawn(
    tmp_path: Path, source: str, seeds: int
) -> None:
    """Of a Keras model, of which further ones draw initial values alone, and take a network each."""
    plan = plan_of(tmp_path, {"one": source})
    sides = ({**ones(), "native draw@0/d/uniform": NOISE[at : at + 1]} for at in (0, 1))
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(*sides))
        asked = [one.work for one in missing_from(store, plan) if one.role == "seeds"]
        assert asked == [Seeds(seeds)] * 2


def test_the_host_knows_under_how_many_seeds_the_probe_draws_a_step() -> None:
    """The two numbers are one."""
    source = (PROBE / "first_draws.py").read_text(encoding="utf-8")
    assert re.search(rf"^MOST_OF_STEPS = {MOST_OF_STEPS}$", source, re.MULTILINE)


def test_other_seeds_are_wanted_for_masks_and_orders_too(tmp_path: Path, plan: Plan) -> None:
    """Whatever is drawn and feeds a training, but not what another seed alone changes."""
    for stage, wanted in (("draw@0/d/uniform", 2), ("shuffle@0", 2), ("dropout@0/d", 2), ("seed/numpy", 0)):
        with Store(tmp_path / stage.replace("/", "-")) as store:
            sides = ({**ones(), f"native {stage}": NOISE[at : at + 1000]} for at in (0, 1000))
            fill(store, plan, by_release(*sides))
            assert [one.role for one in missing_from(store, plan)] == ["seeds"] * wanted


@pytest.fixture
def lacking() -> Callable[[ExpectedTrial], Any]:
    """Return an answer in which the gradient of a step in between differs first, and its bytes were not kept."""

    def became(one: ExpectedTrial) -> Any:
        other = one.role == "jitter" or one.cell.environment.name == CANDIDATE
        whole, moved = ([1.0, 2.0], [1.0, np.nextafter(np.float32(2), np.float32(3))])
        return {
            "native init/w": [1.0] * 40,
            "native gradient@0/w": whole,
            "native gradient@1/w": moved if other else whole,
            "native gradient@2/w": moved if other else whole,
            "native weights@2/w": moved if other else whole,
        }

    return without_seeds(became)


def let_go(store: Store, *values: Any) -> None:
    """Have a store no bytes of some tensors, as of steps in between."""
    for value in values:
        data = np.asarray(value, np.float32).tobytes()
        store.connection.execute("UPDATE tensors SET whole = 0, data = x'' WHERE data = ?", (data,))


def test_a_script_is_run_to_the_end_of_a_pass_where_an_order_differs(tmp_path: Path) -> None:
    """Each seed takes a run of its own, which ends at the first update where initial weights alone differ."""
    table = '[tool.tfmatrix.models.train]\ncommand = ["python", "train.py"]\nmodes = ["tf2"]\n'
    (tmp_path / "train.py").write_text("import tensorflow\n", encoding="utf-8")
    plan = plan_of(tmp_path, (), table)
    order = {"native shuffle@0/order": NOISE[:100]}, {"native shuffle@0/order": NOISE[100:200]}
    init = ones(init=NOISE[:32]), ones(init=NOISE[32:64])
    for number, (sides, wanted) in enumerate(((init, Seeds(16)), (order, Seeds(32, passes=True)))):
        with Store(tmp_path / f"store-{number}") as store:
            fill(store, plan, by_release(*sides))
            works = {one.work for one in missing_from(store, plan) if one.role == "seeds"}
            assert works == {wanted}


def test_bytes_that_lack_of_the_first_difference_are_asked_for(tmp_path: Path, plan: Plan, lacking: Any) -> None:
    """Each trial that lacks them is repeated with the stage's name; until then no verdict is given, and then it is."""
    moved = [1.0, np.nextafter(np.float32(2), np.float32(3))]
    with Store(tmp_path / "s") as store:
        fill(store, plan, lacking)
        assert missing_from(store, plan) == []
        let_go(store, moved, [1.0, 2.0])
        missing = missing_from(store, plan)
        assert names(missing) == [f"{BASELINE} kept-1", f"{BASELINE} kept-2", f"{CANDIDATE} kept-1"]
        assert {one.name: one.work for one in missing} == {
            "kept-1": Train(0, ("native gradient@1",)),
            "kept-2": Train(1, ("native gradient@1",)),
        }
        assert {state.outcome for state in states(plan, store).values()} == {"missing"}
        for one in missing:
            as_before = next(e for e in plan.trials[one.cell] if e.role == ("jitter" if one.number == 2 else "trial"))
            add(store, one, lacking(as_before))
        assert missing_from(store, plan) == []
        assert compared(plan, store).verdict is Verdict.ROUNDING


def test_a_repeated_trial_with_other_bits_makes_its_cell_unstable(tmp_path: Path, plan: Plan, lacking: Any) -> None:
    """What was repeated to keep more has to be what it repeats."""
    moved = [1.0, np.nextafter(np.float32(2), np.float32(3))]
    with Store(tmp_path / "s") as store:
        fill(store, plan, lacking)
        let_go(store, moved)
        for one in missing_from(store, plan):
            store.connection.execute("UPDATE tensors SET whole = 0, data = x'' WHERE data = ?", (b"",))
            add(store, one, ones())
        outcomes = {cell.environment.name: state.reason for cell, state in states(plan, store).items()}
    assert "trial-1 and kept-1 first differ at" in outcomes[CANDIDATE]


def ending(loss: float, data: float = 1.0) -> dict[str, Any]:
    """Return the stages of a training on some data whose last loss is this."""
    return {"native data/x": [data], **ones(), "native loss@1": [loss]}


@pytest.mark.parametrize(("loss", "wanted"), [(2.0, 0), (2.001, 0), (2.1, SEEDS_OF_AN_ENSEMBLE)])
def test_where_a_training_comes_to_something_else_the_baseline_is_trained_under_other_seeds(
    tmp_path: Path, plan: Plan, loss: float, wanted: int
) -> None:
    """Only the baseline, only where the last loss moves by more than a thousandth, and no verdict waits for it."""
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(ending(2.0), ending(loss)))
        asked: list[ExpectedTrial] = []
        while missing := missing_from(store, plan):
            assert {state.outcome for state in states(plan, store).values()} == {"observed"}
            for one in missing:
                became = (
                    trial(one, "failed", kind="E", message="m") if len(asked) == 2 else ending(2.0 + len(asked) / 10)
                )
                add(store, one, became)
                asked.append(one)
        found = compare_all(plan, store)
    assert {one.cell.environment.name for one in asked} <= {BASELINE}
    assert [one.name for one in asked] == [f"ensemble-{n}" for n in range(1, wanted + 1)]
    assert [one.seed - plan.config.seed for one in asked] == [*range(1, wanted + 1)]
    (base,) = (cell for cell in plan.cells if cell.environment.name == BASELINE)
    spread = {one.stage: one for one in found.spreads.get(base, ())}
    assert bool(spread) == bool(wanted)
    if wanted:
        assert spread["loss@1"].seeds == wanted - 1
        assert [spread["loss@1"].least, spread["loss@1"].most] == pytest.approx([2.0, 2.9])


def test_a_model_that_draws_its_data_says_nothing_of_other_seeds(tmp_path: Path, plan: Plan) -> None:
    """Under another seed it is trained on other data, which is no effect of the seed: one trial shows that."""
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(ending(2.0), ending(9.0)))
        (first,) = missing_from(store, plan)
        add(store, first, ending(5.0, data=2.0))
        assert missing_from(store, plan) == []
        found = compare_all(plan, store)
    assert {cell.environment.name: spread for cell, spread in found.spreads.items()} == {BASELINE: ()}


def test_a_command_is_not_run_under_other_seeds(tmp_path: Path) -> None:
    """Each would be a whole run of the user's script, which may seed itself."""
    table = '[tool.tfmatrix.models.train]\ncommand = ["python", "train.py"]\nmodes = ["tf2"]\n'
    (tmp_path / "train.py").write_text("import tensorflow\n", encoding="utf-8")
    plan = plan_of(tmp_path, (), table)
    with Store(tmp_path / "s") as store:
        fill(store, plan, by_release(ending(2.0), ending(9.0)))
        assert "ensemble" not in {one.role for one in missing_from(store, plan)}
