"""Feeding: which ops are fed what they make in the baseline, and what it proves that everything has its bits then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, trial
from questions.explain import world
from questions.explain.recording import digest, given, op, recording
from questions.explain.world import LEGACY, plan_of, run
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.questions.explain.feeding import apart, first, further, is_whole
from tfmatrix.questions.explain.kernels import Coverage, Kernel, Kernels
from tfmatrix.questions.explain.page import page
from tfmatrix.questions.explain.streams import Recording
from tfmatrix.questions.explain.summary import Cell
from tfmatrix.records import ExpectedTrial, Feed, Trial
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.store import Store


def step(*made: str, kind: str = "Tanh", stage: str = "op", session: bool = True) -> Recording:
    """Return a step of ops, each of what the one before it made, by the names of what they make."""
    names = ["x", *made]
    sources: list[dict[str, Any]] = [{"source": "given"}]
    sources += [{"source": "op", "from": number} for number in range(len(made))]
    return recording(
        *(
            op(
                kind,
                inputs=[given(names[number], **sources[number])],
                outputs=[{"stage": f"{stage}/{number}", "digest": digest(name), "dtype": "float32", "shape": [2]}],
                session=session,
            )
            for number, name in enumerate(made)
        )
    )


def changed(base: Recording, *numbers: int) -> Kernels:
    """Return what replaying says where some kernels changed."""
    return Kernels(tuple(Kernel(base.ops[number], (), ()) for number in numbers), (), Coverage(3, 3))


BASE = step("a", "b", "c")


def test_what_is_given_the_same_and_makes_something_else_is_apart() -> None:
    """What comes behind it is given something else, and nobody knows of itself."""
    assert apart(BASE, step("a", "B", "C")) == (1,)
    assert apart(BASE, BASE) == ()


def test_what_replaying_names_is_fed_too() -> None:
    """A kernel behind another one that changed is not seen to be apart."""
    assert first(BASE, step("a", "B", "C"), changed(BASE, 2)) == (1, 2)


@pytest.mark.parametrize(
    ("base", "other"),
    [
        (BASE, step("a", "B", "C", kind="Sin")),
        (BASE, step("a", "B")),
        (step("a", "b", session=False), step("a", "B", session=False)),
        (step("a", "b", stage="op.variable"), step("a", "B", stage="op.variable")),
    ],
    ids=["other ops", "fewer ops", "executed eagerly", "a variable is moved"],
)
def test_nothing_is_fed_where_that_proves_nothing(base: Recording, other: Recording) -> None:
    """Of other ops nobody says which one it is, eagerly nothing can be fed, and a variable has no place to feed."""
    assert first(base, other, changed(base)) == ()


def test_more_is_fed_where_something_is_left() -> None:
    """Until everything has the bits, or no more can be fed."""
    assert further(BASE, step("a", "b", "C"), (1,)) == (1, 2)
    assert further(BASE, BASE, (1, 2)) == ()
    assert further(BASE, step("a", "B"), (1,)) == ()


def test_a_step_is_whole_where_every_op_has_the_bits_of_the_baseline() -> None:
    """Of the same ops."""
    assert is_whole(BASE, step("a", "b", "c"))
    assert not is_whole(BASE, step("a", "b", "C"))
    assert not is_whole(BASE, step("a", "b"))


def explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, came: Callable[[ExpectedTrial], Mapping[str, Any] | Trial]
) -> tuple[Cell, str, list[tuple[int, ...]]]:
    """Return what is said of a model whose steps a session runs, the page, and what was fed in turn."""
    usual = world.became
    monkeypatch.setattr(world, "became", lambda one: came(one) if isinstance(one.work, Feed) else usual(one))
    plan = plan_of(folder, ("in_session",))
    with Store(folder / "store.sqlite") as store:
        rounds = run(plan, store, refused=f"{LEGACY}+numpy-1.26.4")  # so that no package tells
        report = EXPLAIN.write(plan, store)[0]
    fed = [one for some in rounds for one in some if isinstance(one.work, Feed)]
    works = [one.work for one in fed if isinstance(one.work, Feed)]
    assert {one.cell.environment.name for one in fed} == {CANDIDATE}
    assert len({one.handed for one in works}) == len(works)
    return report.cells[0], to_markdown(page(report)), [one.fed for one in works]


def classes(cell: Cell) -> set[tuple[str, str]]:
    """Return whose its changes are, and how that is known."""
    return {(one.package, one.package_is) for one in cell.findings}


def test_what_is_whole_when_it_is_fed_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the kernel has a part in it, so it is TensorFlow's; the page says so."""
    cell, told, fed = explained(tmp_path, monkeypatch, lambda _: world.step("in_session", new=True))
    assert fed == [(1,)]
    assert cell.ops is not None
    assert cell.ops.fed == 1
    assert {one.tier for one in cell.findings} == {"native", "injected"}
    assert classes(cell) == {("TensorFlow", "proved")}
    assert "With the baseline's outputs in place of those of 1 operation, every operation\nof the step has" in told


def test_what_is_left_is_fed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial shows what differs still, of what it is given alike; where nothing more helps nothing is proved."""

    def came(expected: ExpectedTrial) -> Mapping[str, Any]:
        whole = isinstance(expected.work, Feed) and expected.work.fed == (0, 1)
        return world.step("in_session", new=True) if whole else _apart()

    cell, _, fed = explained(tmp_path, monkeypatch, came)
    assert fed == [(1,), (0, 1)]
    assert cell.ops is not None
    assert cell.ops.fed == 2


@pytest.mark.parametrize("failed", [True, False])
def test_what_is_not_whole_is_not_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: bool) -> None:
    """Nor is what was not run to its end; what is known otherwise stays as it is."""

    def came(expected: ExpectedTrial) -> Mapping[str, Any] | Trial:
        return trial(expected, "failed", kind="ValueError", message="no room") if failed else _apart()

    cell, told, fed = explained(tmp_path, monkeypatch, came)
    assert fed == ([(1,)] if failed else [(1,), (0, 1)])
    assert cell.ops is not None
    assert (cell.ops.fed, [one.op for one in cell.ops.kernels]) == (0, ["Sigmoid"])
    assert classes(cell) == {("TensorFlow", "consistent")}
    assert "nothing else has a part" not in told


def _apart() -> Mapping[str, Any]:
    """Return a step of which the first op makes something else than in the baseline, of the same."""
    told = dict(world.step("in_session", new=True))
    other = world.step("in_session", new=True, first=digest("something else"))
    return {**told, "ops described": other["ops described"]}
