"""The data behind every report: whole, in JSON, and under an id that stands for it."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from building import CANDIDATE, add, fill, ones, plan_of, tensor
from questions.changing import changed
from tfmatrix.compare import tensors
from tfmatrix.compare.results import CellComparison
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.plan import make_plan as plan_of_config
from tfmatrix.questions.matrix.summary import SCHEMA, Report
from tfmatrix.records import ExpectedTrial
from tfmatrix.report import document
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.records import as_number
from tfmatrix.report.writing import writing_whole
from tfmatrix.store.store import Store

from .stored import answer, make_plan, store_of

WORD = {"enum": [verdict.value for verdict in Verdict]}
TEXT = {"type": "string"}
COUNTS = {"type": "object", "propertyNames": WORD, "additionalProperties": {"type": "integer", "minimum": 1}}
JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "schema", "tfmatrix", "baseline", "settings", "candidates", "cells", "environments", "machine"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9a-f]{8}$"},
        "schema": {"const": SCHEMA},
        "tfmatrix": TEXT,
        "candidates": {"items": {"properties": {"environment": TEXT, "verdict": WORD, "counts": COUNTS}}},
        "cells": {
            "items": {
                "required": ["id", "environment", "launch", "mode", "model", "outcome", "reason", "verdict", "trace"],
                "properties": {"outcome": {"type": "string", "minLength": 1}, "verdict": {"enum": ["", *WORD["enum"]]}},
            }
        },
        "steps": {"items": {"required": ["from", "to", "verdict", "changed"]}},
    },
}


def report_of(store: Store, plan: Plan) -> Report:
    """Return the report of a store."""
    return summary.summarise(compare_all(plan, store))


def test_no_verdict_is_left_out_of_the_counts(tmp_path: Path) -> None:
    """A verdict that the matrix's own list lacks still counts, and is the candidate's where it is the worst."""
    assert Verdict.PARTIAL not in summary.VERDICTS
    cell, *_ = plan_of(tmp_path).cells
    compared = [CellComparison(cell, verdict, "") for verdict in (Verdict.IDENTICAL, Verdict.PARTIAL)]
    found = summary._candidate(cell.environment, compared)
    assert found.counts == {Verdict.PARTIAL: 1, Verdict.IDENTICAL: 1}
    assert found.verdict is Verdict.PARTIAL


def test_the_data_says_its_schema_and_what_wrote_it(report: Report) -> None:
    """The JSON has a schema with a number, the release that wrote it, and the fields that a reader relies on."""
    loaded = json.loads(to_text(report))
    jsonschema.validate(loaded, JSON_SCHEMA)
    assert (loaded["schema"], loaded["tfmatrix"]) == (SCHEMA, "0.0.0")


def test_a_first_change_is_where_its_kind_began(tmp_path: Path) -> None:
    """A first change names the first difference of its verdict in the run, though another is farther, or rounds."""
    eps = float(np.finfo(np.float32).eps)
    moves = {"rounds": (1, 0, 4, 4), "differs": (1, 1e5, 0, 1e6)}

    def moved(expected: ExpectedTrial) -> dict[str, Any]:
        own = moves[expected.cell.model.name] if expected.cell.environment.name == CANDIDATE else (0,) * 4
        stages = ("native forward@0/y", "native gradient@0/w", "native forward@1/y", "injected loss@0/y")
        return {stage: [1.0 + by * eps, 0.5] for stage, by in zip(stages, own, strict=True)}

    plan = plan_of(tmp_path, tuple(moves), versions=["2.15.1", CANDIDATE], baseline="2.15.1", modes=["tf2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, moved)
        (candidate,) = report_of(store, plan).candidates
    found = [(f.cell, f.verdict, f.finding and f.finding.stage) for f in candidate.first_changes]
    assert found == [
        (f"{CANDIDATE}/differs/tf2", Verdict.DIFFERENT, "gradient@0/w"),
        (f"{CANDIDATE}/rounds/tf2", Verdict.ROUNDING, "forward@0/y"),
    ]


def test_every_expected_cell_is_there_once(report: Report, matrix_folder: Path) -> None:
    """No cell of the plan is passed over, and each candidate's counts are of all its cells."""
    plan = make_plan(matrix_folder)
    assert Counter(cell.id for cell in report.cells) == Counter(cell.id for cell in plan.cells)
    assert [sum(candidate.counts.values()) for candidate in report.candidates] == [len(plan.models)] * 2


def test_a_candidate_is_as_good_as_its_worst_cell(report: Report) -> None:
    """The verdict of a candidate, and of each mode, is the worst that any of its cells has."""
    severity: list[Verdict] = [verdict for verdict in Verdict if verdict is not Verdict.UNSUPPORTED]
    for candidate in report.candidates:
        assert candidate.verdict is min(set(candidate.counts) & set(severity), key=severity.index)
    rows = {row.environment: row.verdict for row in report.modes[0].environments}
    assert rows == {"2.15.1": "", **{c.environment: c.verdict.value for c in report.candidates}}


def test_each_verdict_is_where_it_was_planted(report: Report) -> None:
    """Each model of the candidate has the verdict that its trials were made for, and the copy of the baseline none."""
    found = {cell.model: cell.verdict for cell in report.cells if cell.environment == CANDIDATE}
    assert found == {
        "crashes": "failed",
        "differs": "different",
        "fails_everywhere": "failed",
        "is_gone": "gone",
        "is_new": "new",
        "is_nowhere": "unsupported",
        "loses_a_stage": "not comparable",
        "redraws": "redrawn",
        "rounds": "rounding",
        "same": "identical",
        "wobbles": "unstable",
    }
    copied = {cell.verdict for cell in report.cells if cell.environment == "2.21.0"}
    assert copied == {"identical", "failed", "unsupported"}


def test_identical_is_said_of_equal_traces_and_of_nothing_else(report: Report) -> None:
    """A cell is identical where, and only where, its trace has the baseline's digest and the same letter."""
    base = {cell.model: cell for cell in report.cells if cell.environment == "2.15.1"}
    for cell in report.cells:
        own = base[cell.model]
        same = bool(cell.trace) and cell.trace == own.trace
        assert (cell.judged is Verdict.IDENTICAL) == (same and cell is not own)
        assert (cell.letter == own.letter != "") == same


def test_no_candidate_passes_where_nothing_was_compared(matrix_folder: Path) -> None:
    """Of an empty store every candidate is missing, and no cell has a letter."""
    with Store(Path(":memory:")) as store:
        report = report_of(store, make_plan(matrix_folder))
    assert {candidate.verdict for candidate in report.candidates} == {Verdict.MISSING}
    assert {cell.judged for cell in report.cells} == {None, Verdict.MISSING}
    assert not [cell for cell in report.cells if cell.letter]


@pytest.mark.parametrize("role", ["trial", "witness", "jitter"])
def test_one_trial_that_is_missing_makes_its_cell_missing(matrix_folder: Path, role: str) -> None:
    """A cell of which any trial was not run, of whatever role, is missing and has no verdict but that."""
    plan = make_plan(matrix_folder)
    gone = next(e for trials in plan.trials.values() for e in reversed(trials) if e.role == role)
    with Store(Path(":memory:")) as store:
        fill(store, plan, lambda expected: None if expected == gone else ones())
        report = report_of(store, plan)
    (missing,) = [cell for cell in report.cells if cell.outcome == "missing"]
    assert missing.id == gone.cell.id
    compared = [cell.verdict for cell in report.cells if cell.model == missing.model and cell.verdict]
    assert "missing" in compared
    assert gone.cell.environment != plan.baseline or "identical" not in compared


def test_a_stale_cell_says_what_changed(matrix_folder: Path) -> None:
    """A model that was edited since the run is missing, and never shown with its old bits."""
    plan = make_plan(matrix_folder)
    with store_of(plan, Path(":memory:")) as store:
        (matrix_folder / "reference_models" / "same.py").write_text("# edited\n", encoding="utf-8")
        report = report_of(store, plan_of_config(plan.config))
    stale = [cell for cell in report.cells if cell.model == "same"]
    assert {(cell.outcome, cell.reason) for cell in stale} == {("missing", "stale: run before the model changed")}
    assert not [cell for cell in stale if cell.trace or cell.letter]


def test_the_order_in_which_trials_came_in_does_not_show(report: Report, matrix_folder: Path) -> None:
    """Trials that were stored in another order give the same report."""
    plan = make_plan(matrix_folder)
    expected = [e for trials in plan.trials.values() for e in trials]
    random.Random(3).shuffle(expected)
    with Store(Path(":memory:")) as store:
        fill(store, plan, lambda _: None)
        for one in expected:
            became = answer(one)
            assert became is not None
            add(store, one, became)
        assert to_text(report_of(store, plan)) == to_text(report)


def test_how_much_is_held_does_not_show(report: Report, matrix_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison that lets go of everything that it measured before the next model says the same."""
    for limit in ("AT_ONCE", "RECENT"):
        monkeypatch.setattr(tensors, limit, 1)
    plan = make_plan(matrix_folder)
    with store_of(plan, Path(":memory:")) as store:
        assert to_text(report_of(store, plan)) == to_text(report)
        assert len(list(store.distances())) > 1
        assert to_text(report_of(store, plan)) == to_text(report)


def with_reason(report: Report, reason: str) -> Report:
    """Return a report in which the first cell has another reason."""
    first, *others = report.cells
    return changed(report, cells=(changed(first, reason=reason), *others))


def test_a_report_is_written_as_its_text(report: Report, tmp_path: Path) -> None:
    """The file has the report's text under its id, whatever characters and line ends the report has."""
    for text in ("größer", "a\nb,\n  c", "\N{GRINNING FACE}\x7f\x80", "\\u00e9"):
        content = with_reason(report, text)
        with writing_whole(tmp_path / "matrix.json") as file:
            written = document.write(content, file)
        assert (tmp_path / "matrix.json").read_text(encoding="utf-8") == to_text(written)
        assert written == changed(content, id=report_id(content))


def test_an_id_is_taken_of_plain_json(report: Report) -> None:
    """Anybody can work an id out: it is of the text that Python's json module makes of the rest."""
    for text in ("größer, \N{GRINNING FACE}\n\x7f\x80", "\x7f", "\x00\t", "plain"):
        content = with_reason(report, text)
        data = json.loads(to_text(content))
        del data["id"]
        assert report_id(content) == hashlib.sha256(json.dumps(data).encode("ascii")).hexdigest()[:8]


def test_the_id_stands_for_everything_else(report: Report) -> None:
    """A report's id is that of its content without the id, and another content has another."""
    assert report.id == report_id(report)
    assert report.id != report_id(with_reason(report, report.cells[0].reason + " "))


@pytest.mark.parametrize(
    ("value", "text"), [(float("inf"), '"inf"'), (float("-inf"), '"-inf"'), (float("nan"), '"nan"')]
)
def test_what_json_has_no_number_for_is_a_word(value: float, text: str) -> None:
    """Infinities and NaN are words, so that every reader can read the file."""
    assert json.dumps(as_number(value)) == text
    assert [as_number(number) for number in (None, 1.5, 2**64)] == [None, 1.5, 2**64]


def test_a_distance_beyond_every_number_is_a_word(tmp_path: Path) -> None:
    """Where float64 overflows and where a baseline is all zeros, the report is written all the same."""
    plan = plan_of(tmp_path, versions=["2.15.1", CANDIDATE])
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda expected: {
            "native predict/far": tensor([1e308 if expected.cell.environment == plan.baseline else -1e308], "float64"),
            "injected weights@0/zero": tensor([float(expected.cell.environment != plan.baseline)]),
        })  # fmt: skip
        report = report_of(store, plan)
    assert of_shape(json.loads(to_text(report), parse_constant=pytest.fail), Report) == report
    stages = [stage for cell in report.cells for stage in cell.stages or ()]
    found = {stage.stage: stage.worst.distance for stage in stages if stage.worst and stage.worst.distance}
    assert found["predict"].max_abs == found["weights"].scaled_error == "inf"
