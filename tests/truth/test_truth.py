"""How rows are measured, judged, answered and counted; and that the things and the judgements agree."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments import catalogue

from . import judged
from .judged import Judged, covers, judgement
from .measuring import Change, change, read
from .report import KINDS, report
from .rows import NOT_ASKED, Row, rows
from .verdicts import Answer, answers

THINGS = Path(__file__).with_name("things")
F = np.float32


def row(answer: Verdict, truth: Verdict = Verdict.IDENTICAL, stages: tuple[str, ...] = ()) -> Row:
    """Return a row of one truth and one answer."""
    changed = Change("weights/0", 1, 2.0, ()) if truth is not Verdict.IDENTICAL else None
    reason = Judged(("2.16.2",), ("mlp",), truth, "Keras 3 does so", ("shuffle",)) if changed else None
    return Row("mlp", "2.15.1", "2.16.2", changed, reason, Answer(answer, stages))


def test_equal_bits_are_no_change() -> None:
    """Two results with the same bits have not changed."""
    assert change({"a": np.ones(3, F)}, {"a": np.ones(3, F)}) is None


@pytest.mark.parametrize(
    ("b", "error"),
    [
        (np.array([1.0, 2.0 + 2**-22], F), 1.0),
        (np.array([1.0, np.nan], F), None),
        (np.array([1.0, 2.0]), None),
        (np.array([1.0], F), None),
    ],
)
def test_the_size_of_a_change_is_relative_to_the_largest_element(b: Any, error: float | None) -> None:
    """The scaled error is in eps of the largest element; other shapes, types and NaN have none."""
    found = change({"a": np.array([1.0, 2.0], F)}, {"a": b})
    assert found is not None
    assert found.error == error


def test_an_array_of_one_side_only_is_a_change() -> None:
    """What one release returns and the other does not is named."""
    found = change({"a": np.ones(1, F), "b": np.ones(1, F)}, {"a": np.ones(1, F)})
    assert found == Change("b", 1, None, ("b",))


def test_minus_zero_is_another_bit() -> None:
    """Bits are compared, not values."""
    found = change({"a": np.zeros(1, F)}, {"a": -np.zeros(1, F)})
    assert found is not None
    assert found.error == 0.0


def test_what_a_release_does_not_have_has_no_result(tmp_path: Path) -> None:
    """A thing without a file of results has none; one with a file has its arrays."""
    np.savez(tmp_path / "mlp.npz", a=np.ones(2, F))
    assert read(tmp_path, "lstm") is None
    assert set(read(tmp_path, "mlp") or ()) == {"a"}


def test_a_boundary_needs_both_releases(tmp_path: Path) -> None:
    """A row is of two releases that have the thing."""
    for name in ("2.8.4", "2.9.3", "2.10.1", "2.11.1"):
        (tmp_path / name).mkdir()
    for name, value in (("2.9.3", 1.0), ("2.10.1", 2.0)):
        np.savez(tmp_path / name / "mlp.npz", a=np.array([value], F))
    results = {name: tmp_path / name for name in ("2.8.4", "2.9.3", "2.10.1", "2.11.1")}
    answered = {("mlp", "2.9.3", "2.10.1"): Answer(Verdict.IDENTICAL)}
    (found,) = rows(results, ["mlp"], [], answered)
    assert (found.boundary, found.truth, found.right) == ("2.9.3 to 2.10.1", None, False)


def test_the_last_judgement_that_covers_a_row_counts() -> None:
    """Names may be patterns, in which brackets are brackets; a judgement beneath equal results is of equal results."""
    one = Judged(("2.16.2",), ("layers[*]",), Verdict.ROUNDING, "summed otherwise")
    two = Judged(("2.16.2",), ("layers[dropout]",), Verdict.REDRAWN, "another stream", ("draw",))
    beneath = Judged(("2.16.2",), ("ops[gelu]",), Verdict.ROUNDING, "other inputs differ", beneath=True)
    every = [one, two, beneath]
    assert judgement(every, "layers[dense]", "2.16.2", changed=True) is one
    assert judgement(every, "layers[dropout]", "2.16.2", changed=True) is two
    assert judgement(every, "layers[dropout]", "2.17.1", changed=True) is None
    assert judgement(every, "ops[gelu]", "2.16.2", changed=True) is None
    assert judgement(every, "ops[gelu]", "2.16.2", changed=False) is beneath


@pytest.mark.parametrize(
    "table",
    [
        {"verdict": "identical", "reason": "why"},
        {"verdict": "redrawn", "reason": "why"},
        {"verdict": "rounding", "reason": ""},
    ],
)
def test_a_judgement_says_what_changed_and_why(tmp_path: Path, table: dict[str, str]) -> None:
    """A judgement without a reason, of nothing, or of a redraw that is nowhere, is refused."""
    lines = [f'{key} = "{value}"' for key, value in table.items()]
    path = tmp_path / "judged.toml"
    path.write_text("\n".join(["[[judged]]", 'at = ["2.16.2"]', 'things = ["mlp"]', *lines]), encoding="utf-8")
    with pytest.raises(ValueError, match="a change has a verdict"):
        judged.load(path)


def test_an_answer_is_the_worst_that_a_step_says(tmp_path: Path) -> None:
    """Of a cell's changes the worst verdict counts, with every stage that has it; no change is identical."""
    (tmp_path / "reports").mkdir()
    changed = [
        {"verdict": "rounding", "tier": "native", "stage": "loss", "cells": ["mlp/tf2"]},
        {"verdict": "redrawn", "tier": "native", "stage": "init", "cells": ["mlp/tf2", "lstm/tf2"]},
        {"verdict": "redrawn", "tier": "native", "stage": "draw", "cells": ["mlp/tf2"]},
    ]
    report = {"steps": [{"from": "2.15.1", "to": "2.16.2", "changed": changed}]}
    (tmp_path / "reports" / "matrix.json").write_text(json.dumps(report), encoding="utf-8")
    assert answers(tmp_path, ["mlp", "gru"]) == {
        ("mlp", "2.15.1", "2.16.2"): Answer(Verdict.REDRAWN, ("native init", "native draw")),
        ("gru", "2.15.1", "2.16.2"): Answer(Verdict.IDENTICAL),
    }


def test_another_word_for_the_same_is_right() -> None:
    """A verdict that the judgement lets pass as well is right; a boundary without an answer is not."""
    one = row(Verdict.NOT_COMPARABLE, Verdict.DIFFERENT, ("native shuffle",))
    assert one.judged
    assert not one.right
    assert one._replace(judged=one.judged._replace(also=(Verdict.NOT_COMPARABLE,))).right
    assert not one._replace(answer=NOT_ASKED).right


@pytest.mark.parametrize(
    ("one", "right", "kind"),
    [
        (row(Verdict.IDENTICAL), True, ""),
        (row(Verdict.ROUNDING), False, KINDS[6]),
        (row(Verdict.IDENTICAL, Verdict.ROUNDING), False, KINDS[0]),
        (row(Verdict.REDRAWN, Verdict.DIFFERENT), False, KINDS[1]),
        (row(Verdict.ROUNDING, Verdict.DIFFERENT), False, KINDS[2]),
        (row(Verdict.DIFFERENT, Verdict.DIFFERENT, ("native shuffle",)), True, ""),
        (row(Verdict.DIFFERENT, Verdict.DIFFERENT, ("native loss",)), False, KINDS[7]),
        (row(Verdict.DIFFERENT, Verdict.REDRAWN), False, KINDS[4]),
        (row(Verdict.FAILED, Verdict.REDRAWN), False, KINDS[8]),
    ],
)
def test_a_row_is_right_in_verdict_and_place(one: Row, right: bool, kind: str) -> None:
    """A wrong row is counted by what is wrong with it."""
    assert one.right is right
    page = "\n".join(report([one, row(Verdict.IDENTICAL)], []))
    assert f"**{0 if right else 1} rows are wrong**" in page
    assert not kind or re.search(rf"\| {re.escape(kind)} *\| 1 ", page)


def named() -> Iterator[str]:
    """Yield the names of all things."""
    for path in THINGS.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign([ast.Name("VARIANTS")], ast.Dict(keys)):
                    yield from (f"{path.stem}[{ast.literal_eval(key)}]" for key in keys if key)
    yield from (path.stem for path in (THINGS / "scripts").glob("*.py"))


def test_every_judgement_is_of_things_and_releases_that_there_are() -> None:
    """A judgement names releases of the catalogue, and each of its names or patterns is of some thing."""
    things = tuple(named())
    for one in judged.load():
        assert set(one.at) <= set(catalogue.RELEASES[1:])
        for name in one.things:
            assert any(covers(one._replace(things=(name,)), thing, one.at[0]) for thing in things), name


def test_every_change_that_was_measured_is_judged() -> None:
    """No change is left to nobody's judgement, and no judgement is of what did not change.

    Of a rounding it may be: the kernels of another processor have it.
    """
    measured = json.loads(judged.MEASURED.read_text(encoding="utf-8"))
    changed = [(thing, release) for release, things in measured.items() for thing in things]
    every = judged.load()
    assert [one for one in changed if judgement(every, *one, changed=True) is None] == []
    used = {judgement(every, *one, changed=True) for one in changed}
    unused = [one for one in every if one not in used and not one.beneath]
    assert [one for one in unused if one.verdict is not Verdict.ROUNDING] == []
