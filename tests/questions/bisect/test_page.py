"""The report of a bisect: whole, the same twice, and safe whatever a model says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from building import MACHINE_OF_TESTS
from golden_files import assert_golden
from questions.bisect.world import CELL, RELEASES, World, changing, stages
from questions.changing import changed, spoilt
from questions.matrix.stored import EVIL
from questions.matrix.test_page import faults
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.bisect import summary
from tfmatrix.questions.bisect.answer import answer, problems
from tfmatrix.questions.bisect.page import page
from tfmatrix.questions.bisect.report import write_report
from tfmatrix.questions.bisect.summary import Report, summarise
from tfmatrix.report import terminal
from tfmatrix.report.blocks import Listing
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.facts import MACHINE
from tfmatrix.store.store import Store

BETWEEN = "2.12.1..2.21.0"

MOVED = {"2.16.2": {"keras": "3.12.4", "numpy": "2.0.2", "optree": "0.13.0"}, "2.15.1": {"ml-dtypes": "0.3.1"}}


def report_of(folder: Path, gives: Mapping[str, Any], *cells: str, between: str = BETWEEN, **choices: Any) -> Report:
    """Return the report of a line, once all that is wanted was observed."""
    folder.mkdir(exist_ok=True)
    world = World(folder, gives, packages=MOVED)
    plan = world.plan(between, *cells, **choices)
    with pytest.MonkeyPatch.context() as patched, Store(folder / "store.sqlite") as store:
        patched.setattr(summary, "__version__", "0.0.0")
        world.run(plan, store)
        store.note(MACHINE, machine_id(this_machine()), asdict(MACHINE_OF_TESTS))
        return summarise(plan, store)


@pytest.fixture(scope="module")
def bisected(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of three questions: one is not monotone, one has equal ends, in one a build is in the way."""
    given: dict[str, Any] = dict.fromkeys(RELEASES, stages(1.0))
    given |= dict.fromkeys(RELEASES[8:], stages(2.0)) | {"2.21.0": stages(3.0), "2.14.1": stages(2.0)}
    given |= {"2.19.1": "crashed", "2.20.0": "refused"}
    return report_of(tmp_path_factory.mktemp("bisected"), given, CELL, f"{CELL}/init", f"{CELL}/injected/gradient")


def test_a_report_is_as_it_was_read_and_found_good(bisected: Report) -> None:
    """The golden file has letters, boundaries, what moved, and what is not known."""
    text = to_markdown(page(changed(bisected, id="00000000")))
    assert_golden("bisect.md", text)
    assert list(faults(text)) == []


def test_a_report_by_verdicts_has_marks(tmp_path: Path) -> None:
    """Each letter has the mark of its verdict against the first build, and the page says what it means."""
    given = changing("2.16.2", names=RELEASES) | dict.fromkeys(["2.13.1", "2.14.1"], 1.0 + 2.0**-23)
    report = report_of(tmp_path / "verdicts", given, by_verdict=True)
    text = to_markdown(page(report))
    assert list(faults(text)) == []
    assert "| **A** `=` |" in text
    assert "**B** `#`" in text
    assert re.search(r"\| `#` +\| different +\| beyond rounding", text)
    assert {one.verdict for one in report.cells[0].results} >= {Verdict.IDENTICAL, Verdict.DIFFERENT}


def test_what_moved_besides_is_named(tmp_path: Path) -> None:
    """All of it on the page, the first few in the terminal; TensorFlow itself is what it is about."""
    report = report_of(tmp_path / "moved", changing("2.16.2"))
    (boundary,) = report.cells[0].boundaries
    assert (boundary.before, boundary.after) == ("2.15.1", "2.16.2")
    told = "keras 3.9.0 to 3.12.4, numpy 1.26.4 to 2.0.2, ml-dtypes 0.3.1 gone, optree 0.13.0 new"
    assert f"- moved besides: {told}\n" in to_markdown(page(report))
    first = "keras 3.9.0 to 3.12.4, numpy 1.26.4 to 2.0.2, ml-dtypes 0.3.1 gone, 1 more"
    assert any(line.endswith(f"moved besides: {first}") for line in terminal.lines(answer(report)))


@pytest.mark.parametrize(
    ("between", "at", "told"),
    [
        ("2.12.1..2.21.0", "2.16.2", "2.16"),
        ("2.13.1..2.16.2", "2.16.2", "2.14, 2.15, 2.16"),
        ("2.16.1..2.16.2", "2.16.2", "2.16.2"),
        ("2.16.0rc0..2.16.0rc1", "2.16.0rc1", "2.16"),
    ],
)
def test_the_notes_are_those_of_the_releases_in_between(tmp_path: Path, between: str, at: str, told: str) -> None:
    """By name and version: each minor release that begins within the boundary, else the patch."""
    given = changing(at, names=["2.16.0rc0", "2.16.0rc1", "2.16.1", *RELEASES])
    given |= dict.fromkeys(["2.14.1", "2.15.1"] if "2.14" in told else [], "crashed")
    report = report_of(tmp_path / "notes", given, between=between)
    assert f"see the release notes of TensorFlow {told}\n" in to_markdown(page(report))


def test_equal_ends_offer_a_scan(tmp_path: Path) -> None:
    """On the page and in the terminal; where every build was run it says that."""
    given = dict.fromkeys(RELEASES, 1.0)
    report = report_of(tmp_path / "equal", given)
    told = "2.12.1 and 2.21.0 have the same results. {} runs every build, and finds what changed"
    assert told.format("`--scan`") in to_markdown(page(report))
    assert any(line.startswith(told.format("--scan")) for line in terminal.lines(answer(report)))
    scanned = report_of(tmp_path / "scanned", given, scan=True)
    assert "Nothing changed: every build has the same results." in list(terminal.lines(answer(scanned)))


def test_the_terminal_shows_letters_and_boundaries(bisected: Report) -> None:
    """A line for each boundary, and the command that comes next."""
    lines = list(terminal.lines(answer(bisected)))
    assert lines[0].startswith("mlp/tf2: 2.12.1 A, ")
    assert "- changed between 2.13.1 and 2.14.1; first change: native gradient@1/w" in lines
    assert lines[-1] == "next: tfmatrix bisect 2.13.1..2.14.1 --cell mlp/tf2 --patches"


def test_what_comes_next_behind_patches_is_an_explanation(tmp_path: Path) -> None:
    """Of the boundary's builds, and the whole cell."""
    report = report_of(tmp_path / "next", changing("2.16.2"), f"{CELL}/gradient")
    settings = changed(report.settings, patches=True)
    explain = "next: tfmatrix explain 2.16.2 --baseline 2.15.1 --cell mlp/tf2"
    assert list(terminal.lines(answer(changed(report, settings=settings))))[-1] == explain
    finer = tuple(changed(one, kind="patch") if one.name == "2.15.1" else one for one in report.builds)
    assert list(terminal.lines(answer(changed(report, builds=finer))))[-1] == explain


def test_the_command_asks_the_same_again(tmp_path: Path) -> None:
    """With every choice."""
    report = report_of(tmp_path / "again", changing("2.16.2"), scan=True, by_verdict=True)
    text = to_markdown(page(report))
    assert f"$ tfmatrix bisect {BETWEEN} --cell mlp/tf2 --scan --until different --trials 2 --seed 42" in text


def test_one_store_has_one_report(tmp_path: Path) -> None:
    """Two are the same files, byte for byte; what is read from the JSON is the report that it was written from."""
    world = World(tmp_path, changing("2.16.2"))
    plan = world.plan(BETWEEN)
    with Store(tmp_path / "store.sqlite") as store:
        world.run(plan, store)
        report, path = write_report(plan, store)
        first = {one.name: one.read_bytes() for one in path.parent.iterdir()}
        write_report(world.plan(BETWEEN), store)
    assert first == {one.name: one.read_bytes() for one in path.parent.iterdir()}
    assert set(first) == {"bisect.json", "bisect.md", "bisect.html"}
    read = of_shape(json.loads(first["bisect.json"]), Report)
    assert read == report
    assert report_id(read) == report.id


def test_nothing_that_a_model_says_spoils_a_page(bisected: Report) -> None:
    """Reasons and names are shown as text."""
    document = page(spoilt(bisected, {"reason", "model", "unavailable"}, EVIL))
    text = to_markdown([block for block in document if not isinstance(block, Listing)])  # there all of it is text
    assert list(faults(text)) == []
    assert all(line.isprintable() for line in problems(spoilt(bisected, {"reason"}, EVIL)))


def test_the_json_is_text_that_is_read_again(bisected: Report) -> None:
    """It has the schema's version."""
    assert json.loads(to_text(bisected))["schema"] == summary.SCHEMA
