"""Alignment: what two releases call otherwise is compared with itself, and what has no counterpart is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from building import Stages, fill, plan_of, tensor, traced
from tfmatrix.compare.alignment import Aligned, Alignment, Layout, Names, Renamed, align
from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.tensors import Tensors
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.records import JITTER, OBSERVED, SEEDS, ExpectedTrial, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

from .test_judging import judged, verdicts

VARIABLES = {"dense/kernel": (2, 3), "dense/bias": (3,), "dense_1/kernel": (3, 2), "dense_1/bias": (2,)}
"""A model's variables and their shapes, as Keras 2 names them."""

IN_KERAS_3 = {name: f"sequential/{name}" for name in VARIABLES}


def aligned(a: Stages, b: Stages, *, lost: Sequence[str] = ()) -> Alignment:
    """Return the alignment of two traces, given by their stages; of some stages the tensors were not kept."""
    (first, tensors), (second, more) = traced(a), traced(b)
    found = {digest: (kept.dtype, kept.shape) for digest, kept in {**tensors, **more}.items()}
    gone = {print_.digest for print_ in (*first, *second) if f"{print_.tier} {print_.stage}" in lost}

    def layouts(digests: Any) -> Mapping[str, Layout]:
        return {digest: found[digest] for digest in digests if digest not in gone}

    names: list[Names] = [{(p.tier, p.stage): p.digest for p in trace} for trace in (first, second)]
    return align(names[0], names[1], layouts)


def trained(
    names: Mapping[str, str] | None = None, slots: Sequence[str] = ("m", "v"), step: float = 0.5, more: Any = ()
) -> dict[str, Any]:
    """Return the trace of one step of a script, its variables under other names."""
    called = {name: (names or {}).get(name, name) for name in VARIABLES}
    values = {name: np.arange(np.prod(shape)).reshape(shape) + at for at, (name, shape) in enumerate(VARIABLES.items())}
    stages: dict[str, Any] = {f"native init/{called[name]}": value for name, value in values.items()}
    stages["native loss@1/loss"] = [3.0]
    stages |= {f"native gradient@1/{called[name]}": value * step for name, value in values.items()}
    stages["native slots@1/iterations"] = tensor(1, "int64")
    for number, slot in enumerate(slots):
        stages |= {f"native slots@1/{called[name]}/{slot}": value + 10 + number for name, value in values.items()}
    for stage in ("weights@1", "saved@0", "loaded@0", "final"):
        stages |= {f"native {stage}/{called[name]}": value - step for name, value in values.items()}
    return {**stages, **dict(more)}


def test_a_renamed_model_is_identical(tmp_path: Path) -> None:
    """With other names for every variable each stage is compared with its own, and the report says which is which."""
    found = judged(tmp_path, trained(), trained(IN_KERAS_3))
    assert set(verdicts(found).values()) == {"identical"}
    renamed = tuple(Renamed("variable", name, other) for name, other in IN_KERAS_3.items())
    assert found.aligned == Aligned(0, renamed)
    assert found.trace == trace_digest(traced(trained())[0])


def test_a_change_of_a_renamed_model_is_told_by_the_baselines_names(tmp_path: Path) -> None:
    """What differs is judged as it would be under the same names, and the rest is its consequence."""
    found = judged(tmp_path, trained(), trained(IN_KERAS_3, step=0.75))
    same = judged(tmp_path, trained(), trained(step=0.75))
    assert found.stages == same.stages
    assert found.divergences[0].at.stage == "gradient@1/dense/kernel"


def test_the_same_names_are_aligned_by_name_in_any_order() -> None:
    """Where both have the same names their order says nothing."""
    turned = dict(reversed(trained().items()))
    assert aligned(trained(), turned) == Alignment({}, Aligned(4))


def test_equal_names_count_for_nothing_where_order_and_shape_agree() -> None:
    """Where a counter in the names started elsewhere, the n-th variable is the n-th, whatever another is called."""
    kernels = {f"native init/dense{end}/kernel": np.full((2, 2), at) for at, end in enumerate(("", "_1", "_2"))}
    shifted = {f"native init/dense{end}/kernel": np.full((2, 2), at) for at, end in enumerate(("_1", "_2", "_3"))}
    assert aligned(kernels, shifted).told.renamed == (
        Renamed("variable", "dense/kernel", "dense_1/kernel"),
        Renamed("variable", "dense_1/kernel", "dense_2/kernel"),
        Renamed("variable", "dense_2/kernel", "dense_3/kernel"),
    )


def test_a_variable_more_is_of_one_side_and_the_rest_is_aligned(tmp_path: Path) -> None:
    """The state of a seed that Keras 3 adds has no counterpart: not comparable there, and all else is compared."""
    state = {
        "native init/seed_state": tensor([1, 2], "uint32"),
        "native weights@1/seed_state": tensor([1, 2], "uint32"),
    }
    found = judged(tmp_path, trained(), trained(IN_KERAS_3, more=state))
    assert {name: verdict for name, verdict in verdicts(found).items() if verdict != "identical"} == {
        "native init": "not comparable",
        "native weights": "not comparable",
    }
    assert [(s.first.stage, s.first.reason) for s in found.stages if s.first] == [
        ("init/seed_state", "only in the candidate"),
        ("weights@1/seed_state", "only in the candidate"),
    ]
    assert found.aligned.renamed == tuple(Renamed("variable", name, other) for name, other in IN_KERAS_3.items())


def test_what_order_and_shape_do_not_tell_is_aligned_with_nothing() -> None:
    """Of one shape two here and three there: nobody knows which is new, so none of them is mapped."""
    mine = {"native init/a": [1.0, 2.0], "native init/b": [2.0, 3.0], "native init/same": [[1.0]]}
    there = {f"native init/{name}": [1.0, 2.0] for name in "pqr"} | {"native init/same": [[1.0]]}
    assert aligned(mine, there) == Alignment({}, Aligned(1))
    assert aligned(there, mine) == Alignment({}, Aligned(1))


def test_another_dtype_is_another_layout() -> None:
    """A variable of another name and another dtype is not the same one."""
    assert aligned({"native init/a": [1.0]}, {"native init/b": tensor([1.0], "float64")}) == Alignment({}, Aligned(0))


def test_a_variable_of_which_nothing_is_kept_is_aligned_by_name_only() -> None:
    """Without a shape there is no alignment by shape."""
    mine, there = {"native init/a": [1.0], "native init/c": [[2.0]]}, {"native init/b": [1.0], "native init/c": [[3.0]]}
    assert aligned(mine, there, lost=["native init/a", "native init/b"]) == Alignment({}, Aligned(1))
    assert aligned(mine, there).told == Aligned(1, (Renamed("variable", "a", "b"),))


def test_slots_are_aligned_within_their_variable(tmp_path: Path) -> None:
    """Adam's slots have other names in Keras 3; they are the first and the second all the same, with their bits."""
    found = judged(tmp_path, trained(), trained(IN_KERAS_3, slots=("momentum", "velocity")))
    assert set(verdicts(found).values()) == {"identical"}
    assert [one for one in found.aligned.renamed if one.what == "slot"][:2] == [
        Renamed("slot", "dense/kernel/m", "sequential/dense/kernel/momentum"),
        Renamed("slot", "dense/kernel/v", "sequential/dense/kernel/velocity"),
    ]
    by_name = judged(tmp_path, trained(), trained(slots=("momentum", "velocity")))
    assert set(verdicts(by_name).values()) == {"identical"}
    assert (by_name.aligned.by_name, len(by_name.aligned.renamed)) == (4, 8)


def test_a_slot_more_is_of_one_side(tmp_path: Path) -> None:
    """Three slots against two of one shape cannot be told apart, and none of them is a pass."""
    found = judged(tmp_path, trained(), trained(slots=("momentum", "velocity", "maximum")))
    assert verdicts(found)["native slots"] == "not comparable"
    kept = judged(tmp_path, trained(), trained(slots=("m", "v", "maximum")))
    assert verdicts(kept)["native slots"] == "not comparable"
    assert {f.stage for s in kept.stages if (f := s.first)} == {"slots@1/dense/kernel/maximum"}


def test_a_slot_belongs_to_the_longest_variable_that_its_name_begins_with() -> None:
    """A variable whose name begins another's does not take that one's slots."""
    mine = {"native init/a": [1.0], "native init/a/b": [[1.0]], "native slots@0/a/b/m": [[2.0]]}
    there = {"native init/x": [1.0], "native init/y": [[1.0]], "native slots@0/y/n": [[2.0]]}
    assert aligned(mine, there).own == {
        "init/a": "init/x", "init/a/b": "init/y", "slots@0/a/b/m": "slots@0/y/n",
    }  # fmt: skip


def test_no_name_takes_the_place_of_another(tmp_path: Path) -> None:
    """A stage whose name is a mapped one's is compared with nothing under a name of its own, and is not lost."""
    mine = {"native init/a": [1.0], "native weights@0/a": [2.0]}
    there = {"native init/b": [1.0], "native weights@0/a": [9.0], "native weights@0/b": [2.0]}
    found = judged(tmp_path, mine, there)
    assert verdicts(found) == {"native init": "identical", "native weights": "not comparable"}
    assert [s.first.stage for s in found.stages if s.first] == ["weights@0/a of the candidate"]


def test_draws_of_a_step_are_aligned_by_order_and_shape(tmp_path: Path) -> None:
    """The op that draws a mask has other names in other releases, and the numbers are held against each other."""
    random = np.random.RandomState(0)
    mine = {f"native draw@{step}/dropout/RandomUniform": random.random_sample(256) for step in range(2)}
    there = {name.replace("RandomUniform", "StatelessRandomUniformV2"): values for name, values in mine.items()}
    found = judged(tmp_path, mine, there)
    assert verdicts(found) == {"native draw": "identical"}
    assert found.aligned.renamed == (Renamed("draw", "dropout/RandomUniform", "dropout/StatelessRandomUniformV2"),)
    other = {name: random.random_sample(256) for name in there}
    assert verdicts(judged(tmp_path, mine, other)) == {"native draw": "redrawn"}
    fewer = dict(list(there.items())[:1])
    assert verdicts(judged(tmp_path, mine, fewer)) == {"native draw": "not comparable"}


def test_draws_outside_of_a_step_have_their_own_names(tmp_path: Path) -> None:
    """What a model of random streams calls its draws is its own choice, and the same in every release."""
    assert verdicts(judged(tmp_path, {"native draw/a": [1.0]}, {"native draw/b": [1.0]})) == {
        "native draw": "not comparable"
    }


@pytest.mark.parametrize(
    ("mine", "there"), [("acc", "accuracy"), ("val_acc", "val_accuracy"), ("lr", "learning_rate"), ("accuracy", "acc")]
)
def test_a_metric_under_keras_other_name_is_the_same_one(tmp_path: Path, mine: str, there: str) -> None:
    """Whatever its bits are: what Keras is known to call otherwise is compared."""
    before = {"native history@0/loss": [1.0], f"native history@0/{mine}": [0.5], "native final/w": [1.0]}
    after = {"native history@0/loss": [1.0], f"native history@0/{there}": [0.75], "native final/w": [1.0]}
    found = judged(tmp_path, before, after)
    assert verdicts(found) == {"native history": "different", "native final": "identical"}
    assert (found.aligned.renamed, found.one_sided) == ((Renamed("report", mine, there),), ())


def test_a_metric_with_the_same_bits_is_the_same_one(tmp_path: Path) -> None:
    """What is the same at every step, and the same as nothing else, is one metric under two names."""
    before = {f"native loss@{k}/{name}": [k + len(name)] for k in range(3) for name in ("loss", "accuracy")}
    after = {name.replace("accuracy", "compile_metrics"): values for name, values in before.items()}
    found = judged(tmp_path, before, after)
    assert verdicts(found) == {"native loss": "identical"}
    assert (found.aligned.renamed, found.one_sided) == ((Renamed("report", "accuracy", "compile_metrics"),), ())
    constant = [{f"native loss@{k}/{name}": [1.0] for k in range(3) for name in (n, "loss")} for n in "ab"]
    assert len(judged(tmp_path, constant[0], constant[1]).one_sided) == 2
    once = {**after, "native loss@2/compile_metrics": [9.0]}
    found = judged(tmp_path, before, once)
    assert [(one.stage, one.side) for one in found.one_sided] == [
        ("loss/accuracy", "baseline"), ("loss/compile_metrics", "candidate"),
    ]  # fmt: skip


@pytest.mark.parametrize("side", ["baseline", "candidate"])
@pytest.mark.parametrize("stage", ["loss@1", "history@0", "evaluate@0"])
def test_a_report_of_one_side_is_said_beside_the_verdict(tmp_path: Path, stage: str, side: str) -> None:
    """A metric that one release does not report hides no other finding: the verdict is what all the rest gives."""
    more = {f"native {stage}/loss": [3.0], "native final/w": [1.0]}
    less = {f"native {stage}/loss": [3.0], "native final/w": [1.0 + 2**-23]}
    metric = {f"native {stage}/out_loss": [2.0]}
    found = judged(
        tmp_path,
        {**more, **(metric if side == "baseline" else {})},
        {**less, **(metric if side == "candidate" else {})},
    )
    kind = stage.partition("@")[0]
    assert verdicts(found) == {f"native {kind}": "identical", "native final": "rounding"}
    assert [(one.stage, one.side) for one in found.one_sided] == [(f"{kind}/out_loss", side)]
    (reports,) = [s for s in found.stages if s.kind == kind]
    assert (reports.names, reports.differing) == (1, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"evaluate@0/loss": [1.0]}, {"evaluate@0/auc": [2.0]}, id="nothing in common"),
        pytest.param({"evaluate@0/loss": [1.0]}, {}, id="nothing at all"),
        pytest.param(
            {"evaluate@0/loss": [1.0], "evaluate@1/loss": [1.0], "evaluate@1/auc": [2.0]},
            {"evaluate@0/loss": [1.0]},
            id="a step less",
        ),
        pytest.param({"loss@0": [1.0], "loss@1": [1.0]}, {"loss@0": [1.0]}, id="a loss without a name"),
        pytest.param({"predict@0/x": [1.0], "predict@0/y": [1.0]}, {"predict@0/x": [1.0]}, id="no report"),
    ],
)
def test_where_nothing_was_compared_a_report_of_one_side_is_no_pass(
    tmp_path: Path, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Without a number that both report, or at a step that one side lacks, what is missing is not comparable."""
    sides = [{f"native {name}": values for name, values in side.items()} for side in (before, after)]
    for a, b in (sides, sides[::-1]):
        assert "not comparable" in verdicts(judged(tmp_path, a, b)).values()


def test_the_noise_floor_is_that_of_the_baselines_own_names(tmp_path: Path) -> None:
    """Between two releases that name variables otherwise than the one that was jittered, its floor still counts."""
    moved = {"2.15.1": 0, "2.16.2": 2, "2.21.0": 42}
    plan = plan_of(tmp_path, versions=list(moved), baseline="2.15.1", modes=["tf2"], jitters=1)

    def answer(expected: ExpectedTrial) -> dict[str, Any]:
        environment = expected.cell.environment.name
        eps = 10 if expected.role == JITTER else moved[environment]
        names = {} if environment == "2.15.1" else IN_KERAS_3
        if expected.role == SEEDS:
            return {f"seeds init/{names.get('dense/bias', 'dense/bias')}": np.ones((3, 3))}
        values = trained(names)
        last = f"native final/{names.get('dense/bias', 'dense/bias')}"
        return {**values, last: np.array([1 + eps * 2**-23, 1, 1], np.float32)}

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answer)
        comparison = compare_all(plan, store)
    assert [found.verdict.value for step in comparison.steps for found in step.cells] == ["rounding", "rounding"]
    (_, last) = comparison.steps
    assert last.cells[0].first is not None
    assert last.cells[0].first.floor == 10


def test_a_redraw_of_a_renamed_variable_is_tested_by_its_own_seeds(tmp_path: Path) -> None:
    """The draws under other seeds are found by the name that each side gives the variable."""
    random = np.random.RandomState(0)
    with Store(tmp_path / "store.sqlite") as store:

        def put(stages: Stages) -> str:
            trace, tensors = traced(stages)
            digest = trace_digest(trace)
            store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
            return digest

        a, b = (
            Traces(put({f"native init/{name}": draws[0]}), (), put({f"seeds init/{name}": draws[1:]}))
            for name, draws in (("w", random.standard_normal((8, 64))), ("m/w", random.standard_normal((8, 64))))
        )
        found = Judge(Tensors(store), a, b).judge()
        assert verdicts(found) == {"native init": "redrawn"}
        blind = Judge(Tensors(store), a, replace(b, seeds=a.seeds)).judge()
    assert verdicts(blind) == {"native init": "not comparable"}


def test_releases_that_name_the_same_bits_otherwise_have_one_letter(tmp_path: Path) -> None:
    """A letter stands for bits, and not for what they are called."""
    plan = plan_of(tmp_path, versions=["2.15.1", "2.16.2", "2.21.0"], baseline="2.15.1", modes=["tf2"])
    names = {"2.15.1": {}, "2.16.2": IN_KERAS_3, "2.21.0": {name: f"m/{name}" for name in VARIABLES}}
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda expected: trained(names[expected.cell.environment.name]))
        comparison = compare_all(plan, store)
    assert {found.verdict.value for found in comparison.cells} == {"identical"}
    assert set(comparison.letters.values()) == set(comparison.whole_letters.values()) == {"A"}


SHAPES = st.lists(st.sampled_from([(), (2,), (3,), (2, 2)]), min_size=1, max_size=6)
WORDS = st.lists(st.text("ab/", min_size=1, max_size=4), min_size=6, max_size=6, unique=True)


def script(shapes: Sequence[tuple[int, ...]], names: Sequence[str], slots: Sequence[str]) -> dict[str, Any]:
    """Return the trace of a script with so many variables."""
    stages: dict[str, Any] = {}
    values = [np.full(shape, float(at)) for at, shape in enumerate(shapes)]
    for stage in ("init", "gradient@1", "weights@1", "final"):
        stages |= {f"native {stage}/{name}": value for name, value in zip(names, values, strict=False)}
    for slot in slots:
        stages |= {f"native slots@1/{name}/:{slot}": value for name, value in zip(names, values, strict=False)}
    return stages


@given(SHAPES, WORDS, WORDS)
@settings(derandomize=True, max_examples=150)
def test_a_trace_is_aligned_with_itself_and_with_itself_renamed(
    shapes: list[tuple[int, ...]], names: list[str], others: list[str]
) -> None:
    """Against itself nothing is renamed, and under any other names each stage is the one that it was."""
    assume({*names[: len(shapes)]} != {*others[: len(shapes)]})  # the same names are the same, in whatever order
    mine, there = script(shapes, names, "mv"), script(shapes, others, "pq")
    assert aligned(mine, mine) == Alignment({}, Aligned(len(shapes)))
    found = aligned(mine, there)
    here = {own: name for name, own in found.own.items()}
    assert [here.get(name, name) for name in (key.partition(" ")[2] for key in there)] == [
        key.partition(" ")[2] for key in mine
    ]


@given(SHAPES, SHAPES, WORDS, WORDS, st.sampled_from(["mv", "m", "mq"]))
@settings(derandomize=True, max_examples=300)
def test_alignment_is_symmetric_and_loses_nothing(
    shapes: list[tuple[int, ...]], more: list[tuple[int, ...]], names: list[str], others: list[str], slots: str
) -> None:
    """Whatever two traces are: who is aligned with whom does not depend on who asks, and no two become one."""
    mine, there = script(shapes, names, "mv"), script(more, others, slots)
    forth, back = aligned(mine, there), aligned(there, mine)
    assert {(one.what, one.baseline, one.candidate) for one in forth.told.renamed} == {
        (one.what, one.candidate, one.baseline) for one in back.told.renamed
    }
    assert forth.told.by_name == back.told.by_name
    names_there: Names = {(print_.tier, print_.stage): print_.digest for print_ in traced(there)[0]}
    renamed = forth.named(names_there)
    assert len(renamed) == len(names_there)
    assert list(renamed.values()) == list(names_there.values())


def test_what_is_only_loaded_is_aligned_by_order_too() -> None:
    """A file that is read in two releases has no initial values: what is loaded of it stands for them."""
    a, b = (
        {f"native loaded/{called[name]}": np.zeros(shape) for name, shape in VARIABLES.items()}
        for called in ({name: name for name in VARIABLES}, IN_KERAS_3)
    )
    found = aligned(a, b)
    assert found.own == {f"loaded/{name}": f"loaded/{own}" for name, own in IN_KERAS_3.items()}
    assert [one.what for one in found.told.renamed] == ["variable"] * len(VARIABLES)
