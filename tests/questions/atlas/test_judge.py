"""What a difference of one op on equal inputs is: rounding, another meaning, or something that cannot be measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from building import tensor
from tfmatrix.compare.distance import measure
from tfmatrix.questions.atlas.judge import MOST_SCALED, MOST_ULP, is_rounding

from .world import Ran, exp, reported

ONE = np.float32(1.0)
NAN, INF = float("nan"), float("inf")


def moved(ulps: int) -> float:
    """Return 1 moved by so many ULPs."""
    return float(np.array([ONE.view(np.int32) + ulps], np.int32).view(np.float32)[0])


def kinds(folder: Path, before: Ran, after: Ran) -> list[str]:
    """Return how each row of the second release lies to that of the first."""
    report = reported(folder, {"2.15.1": before, "2.16.2": after})
    return [step.kind for row in report.rows for step in row.steps]


@pytest.mark.parametrize(
    ("value", "kind"), [(moved(1), "rounding"), (moved(MOST_ULP), "rounding"), (moved(MOST_ULP + 1), "another meaning")]
)
def test_up_to_so_many_ulps_it_is_rounding(tmp_path: Path, value: float, kind: str) -> None:
    """Beyond that it is another meaning."""
    assert kinds(tmp_path, exp(1.0, 0.5), exp(value, 0.5)) == [kind]


def test_what_cancels_is_told_by_the_largest_element(tmp_path: Path) -> None:
    """A small element may lie many of its own ULPs off, where that is little beside the largest one."""
    off = float(np.finfo(np.float32).eps) * MOST_SCALED
    assert kinds(tmp_path, exp(1.0, 0.0), exp(1.0, off)) == ["rounding"]
    assert not is_rounding(measure(np.array([1.0, 0.0], "float32"), np.array([1.0, 2 * off], "float32")))


@pytest.mark.parametrize(("a", "b"), [(NAN, 1.0), (1.0, NAN), (INF, 3e38), (-INF, INF)])
def test_a_nan_or_an_infinity_in_one_of_the_two_is_another_meaning(tmp_path: Path, a: float, b: float) -> None:
    """However few elements these are."""
    assert kinds(tmp_path, exp(a, 0.5), exp(b, 0.5)) == ["another meaning"]


def test_the_sign_of_a_zero_is_rounding(tmp_path: Path) -> None:
    """It is another bit, and the same number."""
    assert kinds(tmp_path, exp(0.0, 0.5), exp(-0.0, 0.5)) == ["rounding"]


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_whole_numbers_have_no_rounding(tmp_path: Path, dtype: str) -> None:
    """One that is another is another meaning."""
    assert kinds(tmp_path, exp(1, 0, dtype=dtype), exp(1, 1, dtype=dtype)) == ["another meaning"]


def test_another_shape_or_type_is_another_meaning(tmp_path: Path) -> None:
    """The report says which."""
    report = reported(tmp_path, {"2.15.1": exp(1.0), "2.16.2": Ran({"Exp[float32]/odd/0": tensor([1.0, 1.0])})})
    (step,) = report.rows[0].steps
    assert (step.kind, step.note) == ("another meaning", "shape (1,) became (2,)")


def test_what_raises_in_one_of_the_two_says_so(tmp_path: Path) -> None:
    """With what it raises."""
    raising = Ran(raised={"Exp[float32]/odd": "NotFoundError: no kernel"})
    report = reported(tmp_path, {"2.12.1": raising, "2.15.1": exp(1.0), "2.16.2": raising})
    (row,) = report.rows
    assert row.letters == ("!", "A", "!")
    assert [(one.after, one.kind, one.note) for one in row.steps] == [
        ("2.15.1", "runs", "NotFoundError: no kernel"),
        ("2.16.2", "raises", "NotFoundError: no kernel"),
    ]


def test_what_ends_the_process_is_named(tmp_path: Path) -> None:
    """As a step, and in a list of its own."""
    ending = Ran(ended={"Exp[float32]/odd": "ends the process by SIGABRT"})
    report = reported(tmp_path, {"2.15.1": exp(1.0), "2.16.2": ending})
    assert report.rows[0].letters == ("A", "x")
    assert report.rows[0].steps[0].kind == "ends the process"
    assert [(one.row, one.how, one.environments) for one in report.ended] == [
        ("Exp[float32]/odd", "ends the process by SIGABRT", ("2.16.2",))
    ]


def test_an_op_that_a_release_lacks_is_new_or_gone(tmp_path: Path) -> None:
    """It has no letter there."""
    report = reported(tmp_path, {"2.12.1": Ran(), "2.15.1": exp(1.0), "2.16.2": Ran(left_out={"Foo": "stateful"})})
    # Of a release of which no op is known there is nothing to lay beside.
    assert report.releases == ("2.15.1", "2.16.2")
    assert [(row.letters, [step.kind for step in row.steps]) for row in report.rows] == [(("A", "-"), ["gone"])]


def test_a_gradient_of_what_raises_is_neither_new_nor_gone(tmp_path: Path) -> None:
    """The row raises, and that is told."""
    alone, raises = exp(1.0), Ran(raised={"Exp[float32]/odd": "LookupError: no"})
    gradient = Ran({**alone.made, "Exp[float32]/odd/gradient/x": tensor([1.0])})
    report = reported(tmp_path, {"2.12.1": gradient, "2.15.1": raises, "2.16.2": alone})
    assert [(row.gradient, [step.kind for step in row.steps]) for row in report.rows] == [
        (False, ["raises", "runs"]),
        (True, ["raises"]),
    ]


def test_what_is_other_in_another_process_is_compared_with_nothing(tmp_path: Path) -> None:
    """It is named, and no distance is taken."""
    report = reported(tmp_path, {"2.15.1": exp(1.0), "2.16.2": (exp(1.0), exp(2.0))})
    assert report.coverage[1].unstable == ("Exp[float32]/odd",)
    assert report.rows[0].letters == ("A", "~")
    assert [step.kind for step in report.rows[0].steps] == ["unstable"]


def test_what_does_not_repeat_itself_in_one_release_changes_in_no_other(tmp_path: Path) -> None:
    """It came to the same twice by chance there: an op that reads beyond its input does."""
    report = reported(tmp_path, {"2.12.1": (exp(1.0), exp(2.0)), "2.15.1": exp(1.0), "2.16.2": exp(3.0)})
    assert report.rows[0].letters == ("~", "A", "B")
    assert [step.kind for step in report.rows[0].steps] == ["unstable", "unstable"]


def test_what_was_given_something_else_is_not_judged(tmp_path: Path) -> None:
    """A difference of it would be one of the inputs."""
    other = Ran(exp(2.0).made, given="other")
    assert kinds(tmp_path, exp(1.0), other) == ["other input"]


def test_a_gradient_is_a_row_of_its_own(tmp_path: Path) -> None:
    """It may change where what the op makes does not."""
    before, after = (Ran({**exp(1.0).made, "Exp[float32]/odd/gradient/x": tensor([v])}) for v in (1.0, 2.0))
    report = reported(tmp_path, {"2.15.1": before, "2.16.2": after})
    assert [(row.gradient, row.letters) for row in report.rows] == [(False, ("A", "A")), (True, ("A", "B"))]


def with_gradients(small: float, large: float = 0.5, name: str = "keras.layers.Attention/training") -> Ran:
    """Return a trial of a row with two gradients."""
    gradients = {f"{name}/gradient/bias": tensor([small]), f"{name}/gradient/kernel": tensor([large])}
    return Ran({f"{name}/0": tensor([1.0]), **gradients})


@pytest.mark.parametrize("small", [9e-8, -3e-8, 0.0])
def test_a_gradient_that_is_nothing_but_rounding_has_no_meaning_to_change(tmp_path: Path, small: float) -> None:
    """It is far from what it was by its own size, and nothing by the largest gradient of its loss."""
    assert kinds(tmp_path, with_gradients(5e-8), with_gradients(small)) == ["rounding"]


@pytest.mark.parametrize(("was", "now"), [(5e-8, 1e-5), (1e-5, 5e-8), (1e-5, 3e-5)])
def test_a_gradient_that_is_more_than_that_in_one_release_is_measured(tmp_path: Path, was: float, now: float) -> None:
    """By its own size, since a small gradient may have a meaning."""
    assert kinds(tmp_path, with_gradients(was), with_gradients(now)) == ["another meaning"]


def test_one_gradient_of_no_size_hides_none_beside_it(tmp_path: Path) -> None:
    """The other one is measured."""
    assert kinds(tmp_path, with_gradients(5e-8), with_gradients(9e-8, 0.4)) == ["another meaning"]


def test_gradients_of_one_op_have_no_loss_in_common(tmp_path: Path) -> None:
    """Each has the size that what it is fed gives it."""
    op = "Exp[float32]/odd"
    assert kinds(tmp_path, with_gradients(5e-8, name=op), with_gradients(9e-8, name=op)) == ["another meaning"]


def test_a_gradient_raises_where_its_output_does(tmp_path: Path) -> None:
    """It is not gone."""
    before = Ran({**exp(1.0).made, "Exp[float32]/odd/gradient/x": tensor([1.0])})
    assert kinds(tmp_path, before, Ran(raised={"Exp[float32]/odd": "NotFoundError: no kernel"})) == ["raises", "raises"]


def test_what_is_left_out_in_one_of_the_two_is_not_gone(tmp_path: Path) -> None:
    """It is there, and nothing was run of it."""
    report = reported(tmp_path, {"2.15.1": exp(1.0), "2.16.2": Ran(left_out={"Exp": "stateful"})})
    assert [(row.letters, row.steps) for row in report.rows] == [(("A", "-"), ())]


def test_an_argument_may_have_another_default_come_or_go(tmp_path: Path) -> None:
    """Each is a step of its own, and one that is the same is none."""
    before = Ran(says={"keras.layers.X/arguments": {"units": "required", "alpha": "0.3", "momentum": "0.99"}})
    after = Ran(says={"keras.layers.X/arguments": {"units": "required", "momentum": "0.9", "slope": "0.3"}})
    report = reported(tmp_path, {"2.15.1": before, "2.16.2": after})
    (row,) = report.rows
    assert (row.op, row.types, row.case, row.letters) == ("keras.layers.X", "", "arguments", ("A", "B"))
    assert [(step.kind, step.what, step.was, step.now) for step in row.steps] == [
        ("argument gone", "alpha", "0.3", ""),
        ("another default", "momentum", "0.99", "0.9"),
        ("new argument", "slope", "", "0.3"),
    ]


def test_a_piece_of_python_comes_to_something_else(tmp_path: Path) -> None:
    """What it comes to is said in words; one that was added later is new, and that is all."""
    was, now = ({"behaviour.numpy.sum/says": {"np.uint8(200) + 100": told}} for told in ("int64 300", "uint8 44"))
    report = reported(
        tmp_path, {"2.15.1": Ran(says=was), "2.16.2": Ran(says=now | {"behaviour.numpy.new/says": {"1": "int64 1"}})}
    )
    rows = {row.op: row for row in report.rows}
    assert [one.kind for one in rows["behaviour.numpy.new"].steps] == ["new"]
    row = rows["behaviour.numpy.sum"]
    assert row.letters == ("A", "B")
    assert [(one.kind, one.what, one.was, one.now) for one in row.steps] == [
        ("another behaviour", "np.uint8(200) + 100", "int64 300", "uint8 44")
    ]
    assert {(one.of, one.ops, one.covered, one.rows) for one in report.coverage} == {
        ("behaviour", 1, 1, 1),
        ("behaviour", 2, 2, 2),
    }


def test_what_has_no_arguments_is_there(tmp_path: Path) -> None:
    """It has a letter, and is new where it was not there."""
    some = Ran(says={"keras.layers.X/arguments": {}})
    report = reported(tmp_path, {"2.12.1": exp(1.0), "2.15.1": some, "2.16.2": some})
    assert [(row.letters, [step.kind for step in row.steps]) for row in report.rows[1:]] == [(("-", "A", "A"), ["new"])]


def test_another_configuration_is_said_by_its_entries(tmp_path: Path) -> None:
    """Whether an entry is another, new or gone."""
    before, after = (Ran(says={"keras.layers.X/config": config}) for config in ({"a": "1", "b": "2"}, {"a": "3"}))
    report = reported(tmp_path, {"2.15.1": before, "2.16.2": after})
    assert [(step.kind, step.what, step.was, step.now) for step in report.rows[0].steps] == [
        ("another config", "a", "1", "3"),
        ("another config", "b", "2", ""),
    ]


def drawing(seed: int, size: int = 4000, scale: float = 1.0, case: str = "draws") -> Ran:
    """Return a trial in which something was drawn from two seeds."""
    stream = np.random.RandomState(seed)
    this, other = (tensor((stream.standard_normal(size) * scale).astype("float32")) for _ in range(2))
    row = f"keras.initializers.HeNormal/{case}"
    return Ran({f"{row}/0": this, f"{row}/again/0": other})


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (drawing(2), "redrawn"),
        (drawing(2, scale=2.0), "another meaning"),
        (drawing(2, size=5), "another meaning"),
        (exp(1.0), "gone"),
    ],
)
def test_other_draws_are_redrawn_by_a_test_alone(tmp_path: Path, after: Ran, kind: str) -> None:
    """Another distribution, and another shape, have another meaning."""
    assert kinds(tmp_path, drawing(1), after)[-1] == kind


@pytest.mark.parametrize(("size", "case"), [(5, "draws"), (4000, "training")])
def test_where_no_test_tells_they_are_other_random_numbers(tmp_path: Path, size: int, case: str) -> None:
    """Few numbers tell nothing, and those that a layer makes of its draws are not drawn each by itself."""
    assert kinds(tmp_path, drawing(1, size, case=case), drawing(2, size, case=case)) == ["other random numbers"]


def test_what_is_drawn_in_one_of_the_two_alone_is_measured(tmp_path: Path) -> None:
    """It is another meaning, if it lies beyond rounding."""
    fixed = {stage: of for stage, of in drawing(2).made.items() if "/again/" not in stage}
    assert kinds(tmp_path, drawing(1), Ran(fixed)) == ["another meaning"]


def test_letters_tell_which_releases_agree(tmp_path: Path) -> None:
    """One that comes back has its letter again."""
    report = reported(tmp_path, {"2.12.1": exp(1.0), "2.15.1": exp(2.0), "2.16.2": exp(1.0)})
    assert report.rows[0].letters == ("A", "B", "A")
