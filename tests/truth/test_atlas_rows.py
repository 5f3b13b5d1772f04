"""Checking the atlas by plain scripts: a row is right where they say the same, and a wrong one is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from .atlas_rows import EACH, Checked, Row, chosen, outcome, page, rows_of

ONE = np.float32(1.0)
EPS = float(np.finfo(np.float32).eps)


def bits(*values: float, dtype: str = "float32") -> tuple[str, tuple[int, ...], bytes]:
    """Return an array as a plain script writes it down."""
    array = np.array(values, dtype)
    return dtype, array.shape, array.tobytes()


def row(kind: str = "", far: float | None = None, *, name: str = "Exp[float32]/odd", gradient: bool = False) -> Row:
    """Return a row of which the atlas says one thing."""
    said = ({"kind": kind, "after": "2.16.2", **({} if far is None else {"scaled_error": far})},) if kind else ()
    return Row("2.15.1", "2.16.2", name, gradient, said)


def checked(of: Row, before: Any, after: Any) -> Checked:
    """Return what the plain scripts find of a row, given what two releases make of it."""
    return Checked(of, *outcome(of, {of.name: before}, {of.name: after}))


SAME, NEAR, FAR = {"0": bits(1.0, 0.5)}, {"0": bits(1.0 + EPS, 0.5)}, {"0": bits(1.5, 0.5)}


@pytest.mark.parametrize(
    ("said", "before", "after", "right"),
    [
        (row(), SAME, SAME, True),
        (row(), SAME, NEAR, False),
        (row("rounding", 1.0), SAME, NEAR, True),
        (row("rounding", 1.1), SAME, NEAR, False),
        (row("rounding", 1.0), SAME, SAME, False),
        (row("rounding", 1.0), SAME, FAR, False),
        (row("another meaning", 0.5 / EPS), SAME, FAR, True),
        (row("another meaning"), SAME, {"0": bits(1.0, 0.5, dtype="float64")}, True),
        (row("another meaning"), SAME, {"0": bits(float("nan"), 0.5)}, True),
        (row("rounding"), SAME, {"0": bits(float("nan"), 0.5)}, False),
        (row("another meaning"), {"0": bits(1, dtype="int32")}, {"0": bits(2, dtype="int32")}, True),
        (row("raises"), SAME, "ValueError: no", True),
        (row("runs"), "ValueError: no", SAME, True),
        (row("raises"), "ValueError: no", SAME, False),
        (row("raises"), SAME, SAME, False),
        (row(), "ValueError: no", "ValueError: another text", True),
        (row("new"), None, SAME, True),
        (row("gone"), SAME, None, True),
        (row("new"), SAME, SAME, False),
        (row("redrawn"), SAME, FAR, True),
        (row("redrawn"), SAME, SAME, False),
    ],
)
def test_a_row_is_right_where_the_plain_scripts_find_the_same(said: Row, before: Any, after: Any, right: bool) -> None:
    """Whether it changed, how, and how far."""
    assert checked(said, before, after).is_right is right


def test_what_is_said_of_an_output_is_not_held_against_a_gradient() -> None:
    """The two are rows of their own."""
    made = [{"0": bits(1.0), "gradient/x": bits(value)} for value in (1.0, 2.0)]
    assert checked(row(), *made).is_right
    assert not checked(row(gradient=True), *made).is_right
    assert checked(row("another meaning", 1 / EPS, gradient=True), *made).is_right


def test_a_gradient_of_keras_that_is_only_rounding_is_no_other_meaning() -> None:
    """By the largest gradient of its loss."""
    name = "keras.layers.Attention/training"
    of = row("rounding", name=name, gradient=True)
    before, after = ({f"{name}/gradient": {"0": bits(0.5), "1": bits(small)}} for small in (5e-8, -8e-8))
    assert Checked(of, *outcome(of, before, after)).is_right


@pytest.mark.parametrize(("what", "right"), [("seed", True), ("rate", False)])
def test_arguments_are_compared_by_their_names_and_defaults(what: str, right: bool) -> None:
    """What came, went or has another default is what the atlas names."""
    said = ({"kind": "new argument", "after": "2.16.2", "what": what},)
    of = Row("2.15.1", "2.16.2", "keras.layers.Dropout/arguments", False, said)
    assert checked(of, {"rate": ""}, {"rate": "", "seed": "None"}).is_right is right


def report(letters: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return an atlas of two releases."""
    rows = [
        {
            "op": op,
            "types": "",
            "case": "odd",
            "letters": list(both),
            "steps": [] if both[0] == both[1] else [{"after": "2.16.2", "kind": "rounding"}],
        }
        for op, both in letters.items()
    ]
    return {"id": "0" * 64, "releases": ["2.15.1", "2.16.2"], "rows": rows}


def test_as_many_rows_that_changed_as_not_are_looked_at() -> None:
    """The same ones each time; of Keras only those that the plain script has."""
    ops: dict[str, tuple[str, str]] = {f"Op{n}": ("A", "B" if n % 2 else "A") for n in range(100)}
    rows = list(rows_of(report({**ops, "keras.layers.Dense": ("A", "A"), "keras.layers.Other": ("A", "A")})))
    found = list(chosen(rows, {"keras.layers.Dense/odd"}))
    assert found == list(chosen(rows, {"keras.layers.Dense/odd"}))
    assert [one.name for one in found if one.is_of_keras] == ["keras.layers.Dense/odd"]
    assert sum(bool(one.said) for one in found) == EACH // 2
    assert len(found) == EACH + 1


@pytest.mark.parametrize("letters", [("?", "A"), ("~", "~"), ("x", "A"), ("-", "-"), ("!", "!")])
def test_what_the_atlas_compares_with_nothing_is_not_looked_at(letters: tuple[str, str]) -> None:
    """It says nothing that could be wrong."""
    assert list(rows_of(report({"Exp": letters}))) == []


def test_a_wrong_row_stands_in_the_report() -> None:
    """With what either of the two says."""
    found = [checked(row(), SAME, NEAR), checked(row(), SAME, SAME)]
    text = repr(page(report({}), found))
    assert "Wrong" in text
    assert "1 are right" in text
    assert "rounding, 1 eps" in text
    assert "Wrong" not in repr(page(report({}), found[1:]))
