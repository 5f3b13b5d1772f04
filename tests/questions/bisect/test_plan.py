"""Bisects of a small world: which builds are run, what counts already, and what is skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from building import fill, remove_stale
from questions.bisect.world import CELL, RELEASES, SEVENTH, World, became, changing, offer, stages
from tfmatrix.environments import locks, offered
from tfmatrix.environments.offered import Uploaded
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.questions.bisect.answer import answer, problems
from tfmatrix.questions.bisect.phrases import command
from tfmatrix.questions.bisect.plan import BisectPlan, Choices, make_bisect_plan
from tfmatrix.questions.bisect.summary import Cell, Report, summarise
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import Package
from tfmatrix.report import terminal
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

BETWEEN = f"{RELEASES[0]}..{RELEASES[-1]}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no lock be made, and no index be asked, that a test does not offer."""

    def make(*_: Any) -> Path:
        raise Unavailable("no index is asked in a test.")

    monkeypatch.setattr(locks, "make_lock", make)


def found(plan: BisectPlan, store: Store) -> Report:
    """Return the report of what is stored."""
    return summarise(plan, store)


def letters(cell: Cell) -> str:
    """Return the letters of the builds that have one."""
    return "".join(one.letter for one in cell.results)


def boundaries(cell: Cell) -> list[tuple[str, str]]:
    """Return the builds of each boundary."""
    return [(one.before, one.after) for one in cell.boundaries]


def test_a_change_is_found_between_two_releases(tmp_path: Path, store: Store) -> None:
    """Both ends are run, and then the middle of what is left: six of fourteen builds."""
    world = World(tmp_path, changing(SEVENTH))
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    report = found(plan, store)
    (cell,) = report.cells
    assert boundaries(cell) == [("2.13.1", SEVENTH)]
    assert world.rounds[0] == [RELEASES[0], RELEASES[-1]]
    assert len(world.tried) == 6
    assert letters(cell) == "AAAABB"
    assert (cell.returning, problems(report)) == ((), [])
    assert cell.boundaries[0].stages == ("native gradient@1/w", "native weights", "injected gradient")


def test_every_interval_whose_ends_differ_is_split(tmp_path: Path, store: Store) -> None:
    """Two changes are found in the same rounds."""
    given = dict.fromkeys(RELEASES, 1.0) | {"2.12.1": 2.0, "2.21.0": 3.0}
    world = World(tmp_path, given)
    plan = world.plan("2.12.1..2.21.0")
    world.run(plan, store)
    (cell,) = found(plan, store).cells
    assert boundaries(cell) == [("2.12.1", "2.13.1"), ("2.20.0", "2.21.0")]
    assert max(map(len, world.rounds)) == 2
    assert cell.returning == ()


def test_equal_ends_end_it_unless_every_build_is_run(tmp_path: Path, store: Store) -> None:
    """What changes and comes back is found by a scan alone, which runs what is left."""
    world = World(tmp_path, dict.fromkeys(RELEASES, 1.0) | {"2.16.2": 2.0})
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    (cell,) = found(plan, store).cells
    assert (world.tried, boundaries(cell)) == ([RELEASES[0], RELEASES[-1]], [])
    plan = world.plan(BETWEEN, scan=True)
    world.run(plan, store)
    report = found(plan, store)
    (cell,) = report.cells
    assert sorted(world.tried) == sorted(RELEASES)
    assert len(world.tried) == len(RELEASES)
    assert boundaries(cell) == [("2.15.1", "2.16.2"), ("2.16.2", "2.17.1")]
    assert (cell.returning, problems(report)) == (("A",), [])


def test_what_is_stored_counts(tmp_path: Path, store: Store) -> None:
    """A second run runs nothing."""
    world = World(tmp_path, changing(SEVENTH))
    world.run(world.plan(BETWEEN), store)
    before = len(world.trials)
    world.run(world.plan(BETWEEN), store)
    assert len(world.trials) == before


def test_what_the_matrix_ran_counts(tmp_path: Path, store: Store) -> None:
    """Its trials have the keys of a bisect's: nothing is run, and every release has a letter."""
    world = World(tmp_path, changing(SEVENTH, "2.19.1"), settings={"versions": list(RELEASES), "baseline": "2.15.1"})
    fill(store, make_plan(world.config), lambda one: became(one, world.gives[one.cell.environment.name]))
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    (cell,) = found(plan, store).cells
    assert (world.trials, letters(cell)) == ([], "AAAAAABBBBBCCC")
    assert boundaries(cell) == [("2.13.1", SEVENTH), ("2.18.1", "2.19.1")]


def test_a_run_that_was_ended_goes_on(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is stored is run again, whenever it stopped."""
    world = World(tmp_path, changing(SEVENTH))
    plan = world.plan(BETWEEN)

    class Ended(Exception):
        """The end of a run."""

    real, left = world.observe, 5

    def observe(*arguments: Any) -> None:
        nonlocal left
        if not left:
            raise Ended
        left -= 1
        real(*arguments)

    monkeypatch.setattr(world, "observe", observe)
    with pytest.raises(Ended):
        world.run(plan, store)
    where = f"{CELL}: not narrowed down between {RELEASES[0]} and {RELEASES[-1]}"
    assert problems(found(plan, store)) == [f"{where}: 12 builds not run"]
    monkeypatch.setattr(world, "observe", real)
    world.run(world.plan(BETWEEN), store)
    assert len(world.trials) == len(set(world.trials)) == 12
    assert boundaries(found(plan, store).cells[0]) == [("2.13.1", SEVENTH)]


def test_fresh_runs_everything_again(tmp_path: Path, store: Store) -> None:
    """What is stored of other builds is not taken for a letter."""
    world = World(tmp_path, changing(SEVENTH))
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    first = list(world.trials)
    world.trials.clear()
    world.run(world.plan(BETWEEN), store, fresh=True)
    assert world.trials == first


@pytest.mark.parametrize("fate", ["refused", "crashed", "timed-out", "unstable"])
def test_a_build_that_gives_no_result_is_skipped_by_name(tmp_path: Path, store: Store, fate: str) -> None:
    """The search steps aside; the boundary is an interval with that build in it, which is not the whole answer."""
    world = World(tmp_path, changing(SEVENTH) | {SEVENTH: fate, "2.13.1": fate})
    plan, skipped = world.plan(BETWEEN), ("2.13.1", SEVENTH)
    world.run(plan, store)
    report = found(plan, store)
    (cell,) = report.cells
    assert boundaries(cell) == [("2.12.1", "2.15.1")]
    assert cell.boundaries[0].skipped == skipped
    word = "unavailable" if fate == "refused" else fate
    assert all(cell.of(name).outcome == word for name in skipped)
    assert [line.partition(": ")[0] for line in problems(report)] == [CELL] * len(skipped)
    assert all(name in line and word in line for name, line in zip(skipped, problems(report), strict=True))


def test_a_build_that_cannot_be_locked_is_skipped(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trials are not asked for, and the reason is that of whoever locks."""
    offer(monkeypatch, tensorflow_cpu=dict.fromkeys(["2.14.0rc1", "2.14.0"], ("3.10",)))
    world = World(tmp_path, {"2.13.1": 1.0, "2.14.0rc1": "unlocked", "2.14.0": 2.0, "2.14.1": 2.0})
    plan = world.plan("2.13.1..2.14.1", patches=True)
    world.run(plan, store)
    assert world.tried == ["2.13.1", "2.14.1", "2.14.0"]
    report = found(plan, store)
    assert boundaries(report.cells[0]) == [("2.13.1", "2.14.0")]
    where = f"{CELL}: not narrowed down between 2.13.1 and 2.14.0"
    assert problems(report) == [f"{where}: 2.14.0rc1 unavailable: no index is asked in a test."]


def test_a_skipped_build_that_is_not_in_the_way_is_no_problem(tmp_path: Path, store: Store) -> None:
    """The builds beside it gave what was needed; a scan asked for it, and lacks it."""
    world = World(tmp_path, changing("2.20.0") | {"2.14.1": "crashed"})
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    report = found(plan, store)
    assert boundaries(report.cells[0]) == [("2.19.1", "2.20.0")]
    assert "2.14.1" in world.tried
    assert problems(report) == []
    plan = world.plan(BETWEEN, scan=True)
    world.run(plan, store)
    assert problems(found(plan, store)) == [f"2.14.1/{CELL} crashed: ValueError: it crashed here"]


@pytest.mark.parametrize("fate", ["refused", "crashed", "unstable"])
@pytest.mark.parametrize("end", [0, -1])
def test_without_an_end_there_is_no_search(tmp_path: Path, store: Store, fate: str, end: int) -> None:
    """It is refused by name, and nothing else is run."""
    world = World(tmp_path, changing(SEVENTH) | {RELEASES[end]: fate})
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    report = found(plan, store)
    assert world.tried == [RELEASES[0], RELEASES[-1]]
    (told,) = problems(report)
    word = "unavailable" if fate == "refused" else fate
    assert told.startswith(f"begin or end with another build: {RELEASES[end]}/{CELL} {word}: ")
    assert report.cells[0].boundaries == ()


@pytest.mark.parametrize("by_verdict", [False, True])
def test_what_was_refused_is_tried_again_by_the_next_run(tmp_path: Path, store: Store, *, by_verdict: bool) -> None:
    """The network may be back; until then the report names it."""
    world = World(tmp_path, changing(SEVENTH) | {SEVENTH: "refused", RELEASES[-1]: "refused"})
    plan = world.plan(BETWEEN, by_verdict=by_verdict)
    world.run(plan, store)
    assert len(problems(found(plan, store))) == 1
    world.gives = changing(SEVENTH)
    plan = world.plan(BETWEEN, by_verdict=by_verdict)
    world.run(plan, store)
    report = found(plan, store)
    assert (boundaries(report.cells[0]), problems(report)) == ([("2.13.1", SEVENTH)], [])


@pytest.mark.parametrize("fate", ["failed", "unsupported"])
def test_since_when_a_model_fails_is_a_boundary(tmp_path: Path, store: Store, fate: str) -> None:
    """To fail, or not to exist, is a result."""
    names = RELEASES[RELEASES.index(SEVENTH) :]
    world = World(tmp_path, changing() | dict.fromkeys(names, fate))
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    report = found(plan, store)
    (cell,) = report.cells
    assert boundaries(cell) == [("2.13.1", SEVENTH)]
    assert cell.boundaries[0].stages == ()
    assert problems(report) == []


@pytest.mark.parametrize("last", ["failed", "unsupported"])
def test_where_neither_end_is_observed_nothing_was_compared(tmp_path: Path, store: Store, last: str) -> None:
    """A model that fails in both may have changed or not, whatever it says."""
    world = World(tmp_path, dict.fromkeys(RELEASES, "failed") | {RELEASES[-1]: last})
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    assert world.tried == [RELEASES[0], RELEASES[-1]]
    told = f"{CELL}: nothing was compared: failed in {RELEASES[0]}, {last} in {RELEASES[-1]}: "
    (problem,) = problems(found(plan, store))
    assert problem.startswith(told)
    assert problem.endswith(f"it {last} here")


def test_a_stage_has_letters_of_its_own(tmp_path: Path, store: Store) -> None:
    """Two cells and stages share the trials of each build; a pattern may name a tier, a step or a variable."""
    given: dict[str, Any] = dict.fromkeys(RELEASES[:4], stages(1.0))
    given |= dict.fromkeys(RELEASES[4:9], stages(2.0)) | dict.fromkeys(RELEASES[9:], stages(2.0, init=5.0))
    world = World(tmp_path, given)
    cells = [f"{CELL}/{stage}" for stage in ("gradient", "init", "injected/gradient", "gradient@1/w")]
    plan = world.plan(BETWEEN, *cells)
    world.run(plan, store)
    report = found(plan, store)
    assert problems(report) == []
    at = {cell.stage: boundaries(cell) for cell in report.cells}
    first, second = [(RELEASES[3], RELEASES[4])], [(RELEASES[8], RELEASES[9])]
    assert at == {"gradient": first, "init": second, "injected/gradient": first, "gradient@1/w": first}
    assert len(world.trials) == len(set(world.trials))


def test_other_names_and_another_order_are_no_change(tmp_path: Path, store: Store) -> None:
    """A variable that goes by another name is the same one, and so are its stages, whatever comes first."""
    named = {name.replace("/w", "/kernel"): values for name, values in stages(1.0).items()}
    world = World(tmp_path, {**changing(), "2.20.0": named, RELEASES[-1]: dict(reversed(stages(1.0).items()))})
    plan = world.plan("2.19.1..2.20.0")
    world.run(plan, store)
    assert letters(found(plan, store).cells[0]) == "AA"
    plan = world.plan("2.19.1..2.21.0", scan=True)
    world.run(plan, store)
    assert letters(found(plan, store).cells[0]) == "AAA"


def test_a_stage_that_an_end_has_not_is_refused(tmp_path: Path, store: Store) -> None:
    """It is none of the build's, so that nothing can be said of it."""
    given = changing() | {RELEASES[-1]: {"native init/w": [1.0]}}
    world = World(tmp_path, given)
    plan = world.plan(BETWEEN, f"{CELL}/gradient")
    world.run(plan, store)
    (told,) = problems(found(plan, store))
    assert told.startswith(f"begin or end with another build: {RELEASES[-1]}/{CELL}/gradient no such stage: ")


def test_patches_and_candidates_are_looked_at_inside_a_boundary(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nowhere else; then the nightly builds, those with a wheel for the environment's Python."""
    names = ["2.15.1", "2.16.0.dev20240101", "2.16.0.dev20240102", "2.16.0rc0", "2.16.1", "2.16.2", "2.17.0", "2.17.1"]
    asked = offer(
        monkeypatch,
        tensorflow_cpu=dict.fromkeys(["2.15.1", "2.16.0rc0", "2.16.1", "2.16.2", "2.17.0", "1.0.0"], ("3.10",))
        | {"2.16.0rc1": ("3.12",), "2.16.0.post1": ("",)},
        tf_nightly_cpu=dict.fromkeys(names[1:3], ("",)),
    )
    world = World(tmp_path, changing("2.16.0.dev20240102", names=names))
    plan = world.plan("2.15.1..2.17.1", patches=True)
    world.run(plan, store)
    assert asked == ["tensorflow-cpu"]
    report = found(plan, store)
    assert [(one.name, one.kind) for one in report.builds] == [
        ("2.15.1", "release"), ("2.16.0rc0", "candidate"), ("2.16.1", "patch"), ("2.16.2", "release"),
        ("2.17.0", "patch"), ("2.17.1", "release"),
    ]  # fmt: skip
    assert boundaries(report.cells[0]) == [("2.15.1", "2.16.0rc0")]
    assert world.tried == ["2.15.1", "2.17.1", "2.16.2", "2.16.0rc0"]
    plan = world.plan("2.15.1..2.17.1", patches=True, nightlies=True)
    world.run(plan, store)
    (cell,) = found(plan, store).cells
    assert boundaries(cell) == [("2.16.0.dev20240101", "2.16.0.dev20240102")]


def test_a_report_asks_no_index(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builds are those of the last run, so that one store has one report."""
    asked = offer(monkeypatch, tensorflow_cpu={"2.15.0": ("3.10",)})
    world = World(tmp_path, changing(names=["2.14.1", "2.15.0", "2.15.1"]))
    plan = world.plan("2.14.1..2.15.1", patches=True)
    world.run(plan, store)
    first = found(plan, store)
    assert found(world.plan("2.14.1..2.15.1", patches=True), store) == first
    assert asked == ["tensorflow-cpu"]
    assert [one.name for one in first.builds] == ["2.14.1", "2.15.0", "2.15.1"]
    assert [one.kind for one in found(world.plan("2.15.0..2.15.1"), store).builds] == ["patch", "release"]


def test_another_axis_holds_tensorflow(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line has the package's releases between what both locks have; pre-releases are none."""
    offer(monkeypatch, keras=dict.fromkeys(["3.3.3", "3.4.0", "3.4.1", "3.5.0rc1", "3.5.0", "3.9.0", "3.10.0"], ("",)))
    keras = [f"2.17.1+keras-{version}" for version in ("3.3.3", "3.4.0", "3.4.1", "3.5.0")]
    world = World(
        tmp_path,
        changing(keras[2], names=[*keras, "2.17.1", "2.16.2"]),
        packages={"2.16.2": {"keras": "3.3.3"}, "2.17.1": {"keras": "3.9.0"}},
    )
    plan = world.plan("2.16.2..2.17.1", axis="keras")
    world.run(plan, store)
    report = found(plan, store)
    assert [one.name for one in report.builds] == [*keras, "2.17.1"]
    assert boundaries(report.cells[0]) == [(keras[1], keras[2])]
    assert (report.held, report.axis) == ("2.17.1", "keras")
    assert report.cells[0].boundaries[0].moved == (), "the axis itself is what it is about"
    assert {one.kind for one in report.builds} == {"release"}


def test_nightly_builds_of_keras_are_looked_at_inside_a_boundary(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras has them go on under the number of what is out: they come after a release that was out before them."""
    days = ["3.6.0.dev2024100203", "3.6.0.dev2024101503", "3.6.0.dev2024101603", "3.7.0.dev2024102503"]
    asked = offer(
        monkeypatch,
        keras={
            "3.5.0": Uploaded(("",), "2024-08-12T18:00:00+00:00"),
            "3.6.0": Uploaded(("",), "2024-10-03T21:00:00+00:00"),
            "3.7.0": Uploaded(("",), "2024-11-26T19:00:00+00:00"),
        },
        keras_nightly={one: Uploaded(("",), f"{one[9:13]}-{one[13:15]}-{one[15:17]}T03:00:00+00:00") for one in days},
    )
    line = ["3.5.0", days[0], "3.6.0", *days[1:], "3.7.0"]
    names = [f"2.17.1+keras-{version}" for version in line]
    world = World(tmp_path, changing(names[5], names=names))
    plan = world.plan(f"{names[0]}..{names[-1]}", axis="keras", nightlies=True)
    world.run(plan, store)
    report = found(plan, store)
    assert asked == ["keras", "keras-nightly"]
    assert [one.name for one in report.builds] == names
    assert [one.kind for one in report.builds if one.kind != "release"] == ["nightly"] * 4
    assert boundaries(report.cells[0]) == [(names[4], names[5])]
    assert names[1] not in world.tried, "it is outside the boundary between two releases"
    assert {one.name: one.packages["keras"] for one in report.environments} == {
        one: one.partition("keras-")[2] for one in world.tried
    }
    again = world.plan(f"{names[2]}..{names[3]}", axis="keras", nightlies=True)
    world.run(again, store)
    assert [one.name for one in found(again, store).builds] == names[2:4], "a build may end a line"


def test_a_nightly_keras_that_comes_with_tensorflow_has_moved(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another version of Keras, and not one package that is gone and one that is new."""
    day, keras = "2.21.0.dev20251118", "3.16.0.dev2026102704"
    offer(monkeypatch, tf_nightly_cpu={day: ("",)})
    world = World(tmp_path, changing(day, names=["2.20.0", day, "2.21.0"]), packages={day: {"keras": keras}})
    plan = world.plan("2.20.0..2.21.0", nightlies=True)
    world.run(plan, store)
    (boundary,) = found(plan, store).cells[0].boundaries
    moved = [[(one.name, one.version) for one in pair if one] for pair in boundary.moved]
    assert (boundary.after, moved) == (day, [[("keras", "3.9.0"), ("keras", keras)]])


def test_without_the_times_of_uploads_versions_are_ordered_by_their_numbers(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index need not tell them."""
    offer(monkeypatch, keras={"3.6.0": ("",)}, keras_nightly={"3.6.0.dev2024101603": ("",)})
    names = [f"2.17.1+keras-{version}" for version in ("3.5.0", "3.6.0.dev2024101603", "3.6.0", "3.7.0")]
    world = World(tmp_path, changing(names=names))
    plan = world.plan(f"{names[0]}..{names[-1]}", axis="keras", nightlies=True, scan=True)
    world.run(plan, store)
    assert [one.name for one in found(plan, store).builds] == names


def test_what_was_noted_in_another_form_is_none(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of an older store has the ends of its line, until the index is asked again."""
    offer(monkeypatch, tensorflow_cpu={"2.15.0": ("3.10",)})
    world = World(tmp_path, changing(names=["2.14.1", "2.15.0", "2.15.1"]))
    store.note("offered", "tensorflow-cpu", {"2.15.0": ["3.10"]})
    plan = world.plan("2.14.1..2.15.1", patches=True)
    assert [one.name for one in found(plan, store).builds] == ["2.14.1", "2.15.1"]
    world.run(plan, store)
    assert [one.name for one in found(plan, store).builds] == ["2.14.1", "2.15.0", "2.15.1"]


def test_the_keras_of_a_nightly_build_of_tensorflow_is_bisected_too(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock has Keras under another name."""
    offer(monkeypatch, keras=dict.fromkeys(["3.12.0"], ("",)))
    day = "2.21.0.dev20251118"
    world = World(
        tmp_path,
        changing(names=[f"2.21.0+keras-{one}" for one in ("3.9.0", "3.12.0")] + ["2.21.0", day]),
        packages={"2.21.0": {"keras": "3.12.1"}},
    )
    lock = next((tmp_path / "locks").glob("tf-nightly-cpu-*"))
    lock.write_text(lock.read_text(encoding="utf-8").replace("keras==3.9.0", "keras-nightly==3.16.0.dev2026102704"))
    plan = world.plan(f"{day}..2.21.0", axis="keras")
    assert plan.axis.first.name == "2.21.0+keras-3.16.0.dev2026102704"


def test_a_package_may_move_down(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line goes from what the first environment has to what the last one has."""
    offer(monkeypatch, numpy=dict.fromkeys(["1.26.4", "2.0.0", "2.0.1", "2.0.2", "2.1.0"], ("3.10",)))
    names = [f"2.17.1+numpy-{version}" for version in ("2.0.2", "2.0.1", "2.0.0")] + ["2.17.1"]
    packages = {"2.16.2": {"numpy": "2.0.2"}, "2.17.1": {"numpy": "1.26.4"}}
    world = World(tmp_path, changing("2.17.1", names=[*names, "2.16.2"]), packages=packages)
    plan = world.plan("2.16.2..2.17.1", axis="numpy")
    world.run(plan, store)
    report = found(plan, store)
    assert [one.name for one in report.builds] == names
    assert boundaries(report.cells[0]) == [(names[2], names[3])]


OLD = {"numpy": "1.26.4", "h5py": "3.10.0", "protobuf": "4.25.3", "wrapt": "1.14.1", "keras": "3.9.0"}
NEW = {"numpy": "2.0.2", "h5py": "3.11.0", "protobuf": "5.29.6", "wrapt": "1.17.0", "keras": "3.9.0"}


def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives: Sequence[Any], *, fixed: str = "protobuf") -> World:
    """Return a world in which all but one of four packages move, one build after the other."""
    held = ["+numpy-1.26.4", "+h5py-3.10.0", "+wrapt-1.14.1"]
    names = ["2.17.1" + "".join(held[moved:]) for moved in range(4)]
    world = World(tmp_path, dict(zip(names, gives, strict=True)) | {"2.16.2": 1.0}, packages={"2.16.2": OLD})
    for moved, name in enumerate(names):
        kept = dict(one.rsplit("-", 1) for one in "".join(held[moved:]).split("+")[1:])
        world.packages = {**world.packages, name: NEW | kept}
        world.write_lock(name)

    def holdable(environment: Any, packages: Sequence[Package]) -> tuple[Package, ...]:
        assert (environment.name, {one.name for one in packages}) == ("2.17.1", {*OLD} - {"keras"})
        return tuple(one for one in packages if one.name != fixed)

    monkeypatch.setattr(locks, "holdable", holdable)
    return world


def test_which_of_all_packages_makes_the_change(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other is moved, so each boundary is of one package; what cannot be held is told."""
    world = moving(tmp_path, monkeypatch, [1.0, 1.0, 2.0, 2.0])
    plan = world.plan("2.16.2..2.17.1", axis="packages")
    world.run(plan, store)
    report = found(plan, store)
    assert [one.name for one in report.builds] == ["none moved", "1 moved", "2 moved", "all moved"]
    assert report.builds[0].environment == "2.17.1+numpy-1.26.4+h5py-3.10.0+wrapt-1.14.1"
    assert boundaries(report.cells[0]) == [("1 moved", "2 moved")]
    assert [(one.name, one.version) for one in report.fixed] == [("protobuf", "4.25.3")]
    told = "\n".join(terminal.lines(answer(report)))
    assert "no build has protobuf 4.25.3: they do not fit the other packages" in told.lower()
    assert "next: tfmatrix explain 2.17.1+wrapt-1.14.1 --baseline 2.17.1+h5py-3.10.0+wrapt-1.14.1" in told
    assert "2.17.1+numpy-1.26.4+h5py-3.10.0+wrapt-1.14.1..2.17.1 --cell mlp/tf2 --axis packages" in command(report)


def test_what_can_be_held_is_asked_of_the_index_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report is made of what is stored, and is the same once the index offers something else."""
    world = moving(tmp_path, monkeypatch, [1.0] * 4)
    world.plan("2.16.2..2.17.1", axis="packages")
    monkeypatch.setattr(locks, "holdable", None)
    again = world.plan("2.16.2..2.17.1", axis="packages")
    assert [one.name for one in again.axis.fixed] == ["protobuf"]


def test_where_no_package_can_be_moved_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then TensorFlow and its packages are one thing; so they are where none moved."""
    world = moving(tmp_path, monkeypatch, [1.0] * 4)
    monkeypatch.setattr(locks, "holdable", lambda *_: ())
    with pytest.raises(UserError, match=r"no package can be moved alone: 2\.17\.1 fits none of numpy 1\.26\.4"):
        world.plan("2.16.2..2.17.1", axis="packages")
    world.packages = {"2.16.2": NEW, "2.17.1": NEW}
    world.write_lock("2.16.2")
    world.write_lock("2.17.1")
    with pytest.raises(UserError, match=r"2\.16\.2 and 2\.17\.1 have the same packages besides TensorFlow"):
        world.plan("2.16.2..2.17.1", axis="packages")


def test_builds_of_one_tensorflow_are_named_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed is the first and the last build."""
    offer(monkeypatch, keras={"3.4.1": ("",)})
    world = World(tmp_path, dict.fromkeys(["2.17.1+keras-3.4.0", "2.17.1+keras-3.5.0"], 1.0))
    plan = world.plan("2.17.1+keras-3.4.0..2.17.1+keras-3.5.0", axis="keras")
    assert [one.name for one in plan.every_environment] == ["2.17.1+keras-3.4.0", "2.17.1+keras-3.5.0"]


def test_until_another_meaning_rounding_is_no_change(tmp_path: Path, store: Store) -> None:
    """The first build is jittered; what is within its noise floor means the same."""
    names = RELEASES[RELEASES.index("2.12.1") :]
    given = dict.fromkeys(names, 1.0) | dict.fromkeys(names[2:5], 1.0 + 2.0**-23) | dict.fromkeys(names[5:], 7.0)
    world = World(tmp_path, given)
    by_bits = world.plan("2.12.1..2.21.0")
    world.run(by_bits, store)
    plan = world.plan("2.12.1..2.21.0", by_verdict=True)
    world.run(plan, store)
    report = found(plan, store)
    (cell,) = report.cells
    assert problems(report) == []
    assert boundaries(cell) == [(names[4], names[5])]
    assert {one.build: one.verdict and one.verdict.value for one in cell.results}[names[4]] == "rounding"
    assert cell.boundaries[0].stages[0] == "native gradient@1/w"
    assert {one.partition(" ")[2] for one in world.trials} > {"jitter-1", "trial-1"}
    again = len(world.trials)
    world.run(world.plan("2.12.1..2.21.0", by_verdict=True), store)
    assert len(world.trials) == again


@pytest.mark.parametrize("fate", ["refused", "crashed", "unstable"])
def test_until_another_meaning_a_build_is_skipped_too(tmp_path: Path, store: Store, fate: str) -> None:
    """By the same outcomes, and by name."""
    world = World(tmp_path, changing(SEVENTH) | {SEVENTH: fate})
    plan = world.plan(BETWEEN, by_verdict=True)
    world.run(plan, store)
    report = found(plan, store)
    assert boundaries(report.cells[0]) == [("2.13.1", "2.15.1")]
    assert len(problems(report)) == 1


@pytest.mark.parametrize("fate", ["refused", "crashed", "failed"])
def test_until_another_meaning_the_first_build_must_be_observed(tmp_path: Path, store: Store, fate: str) -> None:
    """There is nothing to compare with without it."""
    world = World(tmp_path, changing() | {RELEASES[0]: fate})
    plan = world.plan(BETWEEN, by_verdict=True)
    world.run(plan, store)
    report = found(plan, store)
    assert world.tried[:1] == [RELEASES[0]]
    assert len(world.tried) <= 2
    assert problems(report)
    assert report.cells[0].boundaries == ()


def test_what_a_bisect_rests_on_is_kept(tmp_path: Path, store: Store) -> None:
    """Nothing that is stored of it is stale; once the model's file is another, all of it is."""
    world = World(tmp_path, changing(SEVENTH))
    plan = world.plan(BETWEEN)
    world.run(plan, store)
    assert remove_stale(store, plan)[0] == 0
    (tmp_path / "reference_models" / "mlp.py").write_text("# edited\n", encoding="utf-8")
    assert remove_stale(store, plan)[0] == len(world.trials)


def test_what_is_stale_is_told(tmp_path: Path, store: Store) -> None:
    """A report of what is stored names what is missing, and why."""
    world = World(tmp_path, changing(SEVENTH))
    world.run(world.plan(BETWEEN), store)
    (tmp_path / "reference_models" / "mlp.py").write_text("# edited\n", encoding="utf-8")
    told = problems(found(world.plan(BETWEEN), store))
    assert told == [
        f"{name}/{CELL} missing: stale: run before the model changed" for name in RELEASES[:: len(RELEASES) - 1]
    ]


def test_variants_of_a_model_are_asked_about_together(tmp_path: Path) -> None:
    """And a cell that is named twice once."""
    variants = 'VARIANTS = {"a": {}, "b": {}}\n'
    world = World(tmp_path, {}, models={"net": variants, "mlp": ""})  # type: ignore[arg-type]
    plan = world.plan(BETWEEN, "net/tf2/gradient", CELL, CELL)
    assert [one.name for one in plan.asked] == ["net[a]/tf2/gradient", "net[b]/tf2/gradient", CELL]


def test_a_launch_is_part_of_a_cell(tmp_path: Path) -> None:
    """It stands behind the mode, before the stage."""
    world = World(tmp_path, {})
    world.config = make_launches(world)
    plan = world.plan(BETWEEN, "mlp/tf2/one/gradient", "mlp/tf2/one", CELL)
    assert [(one.launch.name, one.stage) for one in plan.asked] == [("one", "gradient"), ("one", ""), ("default", "")]
    assert [one.name for one in plan.asked] == ["mlp/tf2/one/gradient", "mlp/tf2/one", CELL]


def test_a_cell_that_lacks_a_gpu_holds_up_no_other(tmp_path: Path, store: Store) -> None:
    """Nothing of it is run, and the other one is searched to its end."""
    world = World(tmp_path, changing(SEVENTH))
    machine = replace(world.config.machine, gpus=())
    world.config = replace(world.config.overridden(launches={"on-gpu": {"device": "gpu"}}), machine=machine)
    plan = world.plan(BETWEEN, "mlp/tf2/on-gpu", CELL)
    world.run(plan, store)
    lacking, other = found(plan, store).cells
    assert lacking.boundaries == ()
    assert [(one.before, one.after) for one in other.boundaries] == [("2.13.1", SEVENTH)]
    assert not [one for one in world.trials if "on-gpu" in one]
    assert any("no GPU on this machine" in line for line in problems(found(plan, store)))


def make_launches(world: World) -> Any:
    """Return the configuration with one more launch."""
    return world.config.overridden(launches={"one": {"intra_op": 1}})


@pytest.mark.parametrize(
    ("between", "options", "told"),
    [
        ("2.15.1", {}, "'2.15.1' is not between two builds; write the first and the last: 2.12.1..2.16.2."),
        ("2.15.1..", {}, "is not between two builds"),
        ("2.16.2..2.15.1", {}, "2.16.2 is newer than 2.15.1; write 2.15.1..2.16.2."),
        ("2.15.1..2.15", {}, "2.15.1..2.15 is one build; name two that differ."),
        ("2.15.1..2.99.0", {}, "no TensorFlow 2.99.0 is known"),
        ("2.15.1..later", {}, "'later' is no TensorFlow version"),
        ("2.15.1...2.16.2", {}, "'.2.16.2' is no TensorFlow version"),
        ("2.16.2..2.16.2+keras-3.5.0", {}, "have the same TensorFlow; bisect keras with --axis keras."),
        ("2.16.2..2.17.1+keras-3.5.0", {}, "differ in more than TensorFlow"),
        ("2.15.1..2.16.2", {"axis": "jax"}, "2.15.1 has no jax; choose another axis."),
        ("2.15.1..2.16.2", {"axis": "tf-nightly"}, "tf-nightly is TensorFlow, which is bisected without --axis."),
        ("2.16.2..2.17.1", {"axis": "keras"}, "both have keras 3.9.0, so there is nothing to bisect."),
        ("2.15.1..2.16.2", {"axis": "tf-keras"}, "2.15.1 has no tf-keras; choose another axis"),
        ("2.14.1..2.16.2", {"axis": "keras"}, "2.14.1 has Keras 2.14.0 and 2.16.2 has Keras 3.9.0"),
        (
            "2.16.2+keras-3.5.0..2.16.2+keras-3.4.0",
            {"axis": "keras"},
            "write 2.16.2+keras-3.4.0..2.16.2+keras-3.5.0.",
        ),
        ("2.15.1..2.16.2", {"axis": "numpy", "patches": True}, "--patches is about TensorFlow's own builds"),
        ("2.15.1..2.16.2", {"axis": "numpy", "nightlies": True}, "tfmatrix knows no nightly builds of numpy; leave"),
        ("2.15.1..2.16.2", {"cell": "other/tf2"}, "there is no model 'other'; there are mlp."),
        ("2.15.1..2.16.2", {"cell": "mlp/tf3"}, "tf3"),
        ("2.15.1..2.16.2", {"cell": "mlp"}, "'mlp' is no cell; one is named after model and mode: mlp/tf2."),
        ("2.15.1..2.16.2", {"cell": "mlp/tf2/backward"}, "there is no stage 'backward'; there are seed, data"),
        (
            "2.15.1..2.16.2",
            {"cell": "mlp/tf2/gradient", "by_verdict": True},
            "--until different judges a whole cell; leave 'gradient' out of mlp/tf2/gradient.",
        ),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, between: str, options: dict[str, Any], told: str) -> None:
    """Each says what is wrong, and what to write."""
    world = World(
        tmp_path,
        dict.fromkeys(["2.14.1", "2.15.1", "2.16.2", "2.17.1", "2.16.2+keras-3.5.0", "2.16.2+keras-3.4.0",
                       "2.17.1+keras-3.5.0"], 1.0),
        packages={"2.14.1": {"keras": "2.14.0"}},
    )  # fmt: skip
    cell = options.pop("cell", CELL)
    with pytest.raises(UserError) as raised:
        world.plan(between, cell, **options)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_a_lock_the_version_of_a_package_is_not_known(tmp_path: Path) -> None:
    """The sentence has the command that makes the lock."""
    world = World(tmp_path, {"2.15.1": 1.0})
    with pytest.raises(UserError, match=r"has no lock file .*`tfmatrix lock 2\.15\.0 "):
        world.plan("2.15.0..2.15.1", axis="keras")


def test_where_the_index_does_not_answer_it_is_said(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is run."""

    def offline(*_: Any) -> Any:
        raise Unavailable("the package index cannot be asked for tensorflow-cpu: it cannot be reached.")

    monkeypatch.setattr(offered, "versions_of", offline)
    world = World(tmp_path, changing(SEVENTH))
    with pytest.raises(Unavailable, match="cannot be reached"):
        world.run(world.plan(BETWEEN, patches=True), store)
    assert world.tried == []


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_no_more_environments_are_made_at_once_than_are_kept(tmp_path: Path, store: Store, keep: int) -> None:
    """Also where more intervals could be split at once; what is found is the same."""
    given = changing("2.10.1", "2.14.1", "2.19.1")
    world = World(tmp_path, given)
    plan = world.plan(BETWEEN, keep=keep)
    world.run(plan, store)
    assert max(map(len, world.rounds)) == max(1, keep)
    assert len(found(plan, store).cells[0].boundaries) == 3


def test_why_is_asked_once_the_search_is_over_and_at_the_boundaries_alone(tmp_path: Path, store: Store) -> None:
    """What explains a change is run of the two builds that it lies between; of no other is more wanted than before."""
    world = World(tmp_path, changing(SEVENTH))
    world.run(world.plan(BETWEEN), store)
    searched = len(world.trials)
    known = Known(store)
    plan = world.plan(BETWEEN, explain=True)
    more = known.missing(plan.wanted(known))
    assert {one.cell.environment.name for one in more} == {"2.13.1", SEVENTH}
    assert {one.cell.model.name for one in more} == {"mlp"}
    assert len(world.trials) == searched
    report = summarise(plan, store)
    assert report.settings.explain
    (told,) = problems(report)
    assert told.startswith(f"not explained between 2.13.1 and {SEVENTH}: {SEVENTH}/{CELL} missing")
    assert "--explain" in command(report)


def test_why_nothing_is_asked_while_the_search_goes_on(tmp_path: Path, store: Store) -> None:
    """The first round is that of the search."""
    world = World(tmp_path, changing(SEVENTH))
    plan = world.plan(BETWEEN, explain=True)
    known = Known(store)
    missing = known.missing(plan.wanted(known))
    assert {one.cell.environment.name for one in missing} == {RELEASES[0], RELEASES[-1]}
    assert {one.role for one in missing} == {"trial"}


def test_a_check_alone_has_no_why(tmp_path: Path) -> None:
    """An exit status has no stages whose change could be explained."""
    world = World(tmp_path, changing(SEVENTH))
    (tmp_path / "check.py").touch()
    with pytest.raises(UserError, match="a check has none; name a cell too"):
        make_bisect_plan(world.config, BETWEEN, (), choices=Choices(explain=True), checks=("python check.py",))
