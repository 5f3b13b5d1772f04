"""The first screen of a matrix: its sentences, and data in which nothing stands twice."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from building import CANDIDATE
from questions.changing import changed
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import curves, screen, summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.report import report_of
from tfmatrix.questions.matrix.screen import NONE, WORDS, headlines
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.report.html import to_html

from .marked import BASELINE, a_report
from .stored import EVIL, MODELS, THIRD, make_plan, store_of

COMMITTED = Path(__file__).parents[3] / "reports" / "matrix.json"

MOST_BYTES = 2_000_000
"""Of the page of 14 releases and 60 cells in each."""


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ("=", "Yes: the same bits (1 of 1 cell)."),
        ("==o", "Yes: the same bits (2 of 2 cells)."),
        (".=", "Yes: rounding only (1 of 2 cells)."),
        ("-=", "Not yet: a model is gone (1 of 2 cells)."),
        ("##x+", "Not yet: another meaning (2 of 4 cells)."),
        ("?!=", "Not known: not everything was run (1 of 3 cells)."),
        ("o", "Not known: not everything was run."),
    ],
)
def test_a_sentence_says_whether_to_upgrade(report: Report, marks: str, told: str) -> None:
    """In the words of every other format, with how many cells say so."""
    sentences = headlines(a_report(report, {BASELINE: "=" * len(marks), "2.16.2": marks}))
    assert sentences == {"2.16.2": f"2.15.1 to 2.16.2? {told}"}


def test_each_candidate_has_its_sentence(report: Report) -> None:
    """The last of them is the one that a page begins with."""
    sentences = headlines(report)
    assert list(sentences) == [CANDIDATE, THIRD]
    assert screen.screen(report).headline == sentences[THIRD]
    none = changed(report, candidates=())
    assert screen.screen(none).headline == "Nothing is compared with 2.15.1."


def cell_of(data: dict[str, Any], model: str, release: str) -> list[Any]:
    """Return a cell as the script reads it."""
    at = [name for name, *_ in data["releases"]].index(release)
    (row,) = (places for name, _, _, places in data["rows"] if name == model)
    found: list[Any] = data["cells"][row[at]]
    return found


def test_the_data_has_every_cell_with_its_verdict(report: Report) -> None:
    """Whatever the verdict; the baseline's own cells are the baseline, or what became of them."""
    data = screen.data(report)
    assert [model for model, *_ in data["rows"]] == list(MODELS)
    for cell in report.cells:
        verdict, letter, outcome, trials, trace, *_ = cell_of(data, cell.model, cell.environment)
        own = {"observed": "baseline", "unsupported": "unsupported", "failed": "failed"}
        assert WORDS[verdict] == (cell.verdict or own[cell.outcome])
        assert (data["texts"][letter], data["texts"][outcome], trials) == (cell.letter, cell.outcome, cell.trials)
        assert (trace == NONE) == (cell.trace == "")
        if trace != NONE:
            assert base64.b64decode(data["digests"][trace] + "=").hex() == cell.trace


def test_a_chain_is_that_of_the_report(report: Report) -> None:
    """Each stage with its verdict, the first change of the tier, and the first of the tier's verdict."""
    data = screen.data(report)
    (cell,) = (cell for cell in report.cells if cell.id == f"{CANDIDATE}/differs/tf2")
    *_, tiers, curve, _, _ = cell_of(data, "differs", CANDIDATE)
    told = [
        (data["texts"][tier], data["texts"][stage], WORDS[verdict], names, differing)
        for tier, strip, *_ in tiers
        for stage, verdict, names, differing in data["strips"][strip]
    ]
    assert told == [(s.tier, s.stage, s.verdict, s.names, s.differing) for s in cell.stages or ()]
    assert cell.divergences
    for (_, _, first, before, _, worst), divergence in zip(tiers, cell.divergences, strict=True):
        stage, verdict, reason, share, *_, baseline, _ = data["findings"][first]
        assert data["texts"][stage] == divergence.at.stage
        assert WORDS[verdict] == divergence.at.verdict.value
        assert data["texts"][reason] == divergence.at.reason
        assert data["texts"][share] == "1 of 4"
        assert base64.b64decode(data["digests"][baseline] + "=").hex() == divergence.at.baseline
        assert data["texts"][before] == divergence.before
        assert worst == NONE
    assert data["curves"][curve] == (((1, *data["curves"][curve][0][1:]),))


def test_what_comes_first_and_what_weighs_most_are_both_told(report: Report) -> None:
    """Where a tier parts by rounding and differs later, the later one is named too."""
    (cell,) = (cell for cell in report.cells if cell.id == f"{CANDIDATE}/differs/tf2")
    assert cell.divergences
    earlier = changed(cell.divergences[0], at=lambda at: changed(at, stage="init/w", verdict=Verdict.ROUNDING))
    data = screen.data(changed(report, candidates=(), cells=(changed(cell, divergences=(earlier,)),)))
    (found,) = data["cells"]
    (_, _, first, _, _, worst), *_ = found[6]
    assert data["texts"][data["findings"][first][0]] == "init/w"
    assert data["texts"][data["findings"][worst][0]] == "gradient@1/w"


def test_nothing_stands_twice(report: Report) -> None:
    """Of each list every entry is there once; cells with the same bits share one."""
    data = json.loads(screen.screen(report).data)
    for name in ("texts", "digests", "findings", "strips", "curves", "cells"):
        entries = [json.dumps(entry) for entry in data[name]]
        assert len(entries) == len(set(entries)), name
    assert len(data["cells"]) < len(report.cells)


def test_what_a_model_said_is_one_line_of_text(report: Report) -> None:
    """No control character and nothing that turns the order of reading is in the data."""
    evil = changed(report, cells=tuple(changed(cell, model=cell.model + EVIL) for cell in report.cells))
    told = json.loads(screen.screen(evil).data)
    assert all("\x1b" not in text and "\n" not in text for text in told["texts"])
    assert all("\x1b" not in row[0] and "\n" not in row[0] for row in told["rows"])


def test_a_page_in_html_is_the_same_twice(matrix_folder: Path) -> None:
    """From one store; and the report's id covers it."""
    plan = make_plan(matrix_folder)
    with store_of(plan, matrix_folder / "store.sqlite") as store:
        first, again = (report_of(compare_all(plan, store)) for _ in range(2))
    assert first == again
    assert "matrix.html" in first.files


def test_the_page_of_a_real_matrix_is_small() -> None:
    """With every release and model, tables and pictures; and its data takes less than a quarter of it."""
    found = msgspec.json.decode(COMMITTED.read_bytes(), type=summary.Report)
    first = screen.screen(found)
    pictures = {f"{curves.FOLDER}/{name}": text for name, text in curves.pictures(found.cells).items()}
    whole = to_html([first, *page(found)], pictures).encode("utf-8")
    assert len(whole) < MOST_BYTES
    assert len(first.data.encode("utf-8")) < MOST_BYTES / 4
