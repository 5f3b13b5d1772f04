"""The report of an exchange: whole, the same twice, and safe whatever TensorFlow or a model says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from golden_files import assert_golden
from questions.changing import changed
from questions.matrix.test_page import faults
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange import summary
from tfmatrix.questions.exchange.answer import answer, problems
from tfmatrix.questions.exchange.page import page
from tfmatrix.questions.exchange.summary import VERDICTS, Pair, Report
from tfmatrix.report import terminal
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.markdown import to_markdown

from .exchanged import make_plan, store_of

NONE = "No format brings all weights from every release to the same and every later one."


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of the small exchange."""
    folder = tmp_path_factory.mktemp("exchange")
    plan = make_plan(folder)
    with pytest.MonkeyPatch.context() as patched, store_of(plan, folder / "store.sqlite") as store:
        patched.setattr(summary, "__version__", "0.0.0")
        return summary.summarise(plan, store)


def test_every_verdict_in_one_report(exchanged: Report) -> None:
    """An exchange in which every verdict comes up is rendered as the golden file has it, and nothing spoils it."""
    assert {pair.verdict for pair in exchanged.pairs} == set(VERDICTS)
    text = to_markdown(page(changed(exchanged, id="00000000")))
    assert_golden("exchange.md", text)
    assert list(faults(text)) == []


def test_the_same_store_gives_the_same_report(exchanged: Report, tmp_path: Path) -> None:
    """Two summaries of what is stored are the same text, and it is JSON."""
    plan = make_plan(tmp_path)
    with store_of(plan, tmp_path / "store.sqlite") as store:
        first, second = (to_text(summary.summarise(plan, store)) for _ in range(2))
    assert first == second
    assert json.loads(first)["schema"] == summary.SCHEMA


def test_another_launch_is_a_table_of_its_own(exchanged: Report) -> None:
    """Pairs of a launch that is not the default are told apart from the others by its name."""
    first = exchanged.pairs[0]
    report = changed(exchanged, pairs=(first, changed(first, launch="single")))
    text = to_markdown(page(report))
    assert f"### `{first.format}`, {first.mode}, {first.model}" in text
    assert f"### `{first.format}`, {first.mode} single, {first.model}" in text


def test_what_comes_back_everywhere_is_said_first(exchanged: Report) -> None:
    """A format that one release does not write, or of which one pair is lost, is none of these."""
    whole = [changed(one, verdict=Verdict.IDENTICAL) if one.format == "saver" else one for one in exchanged.pairs]
    writer = exchanged.releases[-1]

    def first(pairs: list[Pair]) -> str:
        return to_markdown(page(changed(exchanged, pairs=tuple(pairs)))).splitlines()[2]

    assert first(whole) == ("All weights come back, from every release to every later one, with `saver` (v1, graph).")
    lacking = [one for one in whole if (one.format, one.writer) != ("saver", writer)]
    at = next(number for number, one in enumerate(whole) if one.format == "saver")
    lost = [*whole[:at], changed(whole[at], verdict=Verdict.REFUSED), *whole[at + 1 :]]
    assert first(lacking) == first(lost) == NONE


def test_every_pair_of_the_data_is_in_a_table(exchanged: Report) -> None:
    """The tables have as many marks of each verdict as the data has pairs of it."""
    wanted = Counter(pair.verdict.mark for pair in exchanged.pairs)
    text = to_markdown(page(exchanged))
    tables = text[text.index("### ") : text.index("## What silently")]
    cells = [
        cell.strip().strip("`").rstrip("&")
        for line in tables.splitlines()
        if line.startswith("| 2.")
        for cell in line.split("|")[2:-1]
    ]
    assert Counter(cell for cell in cells if cell) == wanted


def test_a_message_has_no_folder_of_this_machine() -> None:
    """Folders from the root on are left out of a message, files and addresses of pages stay."""
    told = "From /home/me/venv/lib/tf/init_ops.py:94: see https://www.tensorflow.org/guide/x; artefact/model.h5"
    assert summary.without_folders(told) == (
        "From .../init_ops.py:94: see https://www.tensorflow.org/guide/x; artefact/model.h5"
    )


def test_problems_are_one_line_each(exchanged: Report) -> None:
    """Each distinct reason of a missing pair is told once, with its number of pairs and without control characters."""
    lines = problems(exchanged)
    assert len(lines) == len({pair.reason for pair in exchanged.pairs if pair.verdict is Verdict.MISSING})
    assert any(line.startswith("2.21.0 is unavailable: no wheel") for line in lines)
    assert all(line.isprintable() for line in lines)


def test_the_answer_counts_every_pair(exchanged: Report) -> None:
    """The terminal shows each verdict with its number of pairs, worst first, and all pairs together."""
    told = [line.split(maxsplit=1) for line in terminal.lines(answer(exchanged))]
    assert sum(int(count) for count, _ in told) == len(exchanged.pairs)
    assert [word for _, word in told] == [verdict.value for verdict in VERDICTS]


def test_an_exchange_is_read_as_it_was_written(exchanged: Report) -> None:
    """What is read from the JSON is the report that it was written from, under the same id."""
    read = of_shape(json.loads(to_text(exchanged)), Report)
    assert read == exchanged
    assert report_id(read) == exchanged.id
