"""The Markdown report: whole, the same twice, and safe whatever a model says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, fill, ones, plan_of, rest, trial
from golden_files import assert_golden
from questions.changing import changed, each, spoilt
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import make_plan as plan_of_config
from tfmatrix.questions.matrix.summary import Candidate, Cell, Finding, FirstChange, Report, Stage, summarise
from tfmatrix.records import ExpectedTrial
from tfmatrix.report.document import to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import Environment, Package
from tfmatrix.store.store import Store

from .stored import EVIL, make_plan, store_of


def rendered(report: Report) -> str:
    """Return the page of a report in Markdown."""
    return to_markdown(page(report))


_CODE = re.compile(r"`[^`]*`")
_CELL_END = re.compile(r"(?<!\\)\|")


def faults(text: str) -> Iterator[str]:
    """Yield the lines of a report that a stranger's text has spoilt: codes, markup, tables out of step."""
    width = 0
    for line in text.splitlines():
        outside = _CODE.sub("", line)
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", line) or "<script" in outside or "[31m" in line:
            yield line
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(_CELL_END.findall(line))
        if width not in {0, cells}:
            yield line
        width = cells


def test_every_verdict_in_one_report(report: Report) -> None:
    """A matrix in which every verdict comes up is rendered as the golden file has it."""
    text = rendered(report)
    assert_golden("matrix.md", text)
    assert list(faults(text)) == []


def test_a_matrix_of_which_nothing_was_run(matrix_folder: Path) -> None:
    """A store that holds nothing gives a report in which every cell is missing and no release passes."""
    plan = make_plan(matrix_folder)
    with Store(Path(":memory:")) as store:
        report = summarise(compare_all(plan, store))
    assert {cell.outcome for cell in report.cells} == {"missing"}
    machine = changed(report.machine, cpu="Test CPU", flags=(), cores=4, memory_gib=16.0, architecture="x86_64")
    machine = changed(machine, kernel="6.1.0", libc="glibc 2.36", gpus=())
    assert_golden("nothing.md", rendered(changed(report, id="00000000", machine=machine)))


def test_two_modes_and_two_launches(matrix_folder: Path) -> None:
    """Modes and launches each have their columns and tables, as the golden file has them."""
    config = make_plan(matrix_folder).config.overridden(
        modes="tf2,v1", models="same,rounds,redraws", launches={"one|thread": {"intra_op": 1}}
    )
    with store_of(plan := plan_of_config(config), matrix_folder / "store.sqlite") as store:
        text = rendered(summarise(compare_all(plan, store)))
    assert_golden("modes.md", text)
    assert list(faults(text)) == []


def test_one_store_gives_the_same_bytes_twice(matrix_folder: Path, report: Report) -> None:
    """A report that is written again from the same records is the same, byte for byte, in every format."""
    plan = make_plan(matrix_folder)
    with store_of(plan, matrix_folder / "store.sqlite"):
        pass
    texts = set()
    for _ in range(2):
        with Store(matrix_folder / "store.sqlite") as store:
            again = summarise(compare_all(plan_of_config(plan.config), store))
        texts.add((to_text(again), rendered(again)))
    assert len(texts) == 1
    assert texts == {(to_text(report), rendered(report))}


@pytest.mark.parametrize(
    "names", [{"reason", "verdict_reason"}, {"cpu", "kernel", "libc"}, {"python", "unavailable", "distribution"}]
)
def test_what_models_and_packages_say_is_shown_as_text(report: Report, names: set[str]) -> None:
    """Pipes, newlines, tags and terminal codes in messages, names and versions change nothing around them."""
    before, after = rendered(report), rendered(spoilt(report, names, EVIL))
    assert after != before
    assert list(faults(after)) == []
    assert len(after.splitlines()) <= len(before.splitlines())


def test_names_of_models_stages_and_packages_are_shown_as_text(report: Report) -> None:
    """A model, a stage and a package with markup in their names stand in the report as they are."""
    text = rendered(renamed(report, but="2.21.0/fails_everywhere/tf2"))
    assert list(faults(text)) == []


def test_a_name_does_not_leave_the_block_of_the_command(report: Report) -> None:
    """The command that reproduces a cell is one line of its block, whatever the model is called."""
    _, _, block = rendered(renamed(report, but="")).partition("```console\n")
    command, _, rest = block.partition("\n")
    assert command.startswith("$ tfmatrix run ")
    assert "\x1b" not in command
    assert rest.startswith("```\n")


def renamed(report: Report, but: str) -> Report:
    """Return a report in which models, stages and packages are called something evil, but not the model of one cell."""

    def finding(found: Finding | None) -> Finding | None:
        return found and changed(found, stage=found.stage + EVIL)

    def stage(found: Stage) -> Stage:
        return changed(found, first=finding, worst=finding)

    def cell(found: Cell) -> Cell:
        stages = found.stages and each(stage)(found.stages)
        return changed(found, model=found.model + EVIL * (found.id != but), stages=stages)

    def first_change(first: FirstChange) -> FirstChange:
        return changed(first, model=first.model + EVIL)

    def candidate(found: Candidate) -> Candidate:
        return changed(found, first_changes=each(first_change))

    def environment(found: Environment) -> Environment:
        evil, one = Package(EVIL, EVIL), Package(EVIL, "1")
        return changed(found, packages={"numpy": EVIL, "keras": EVIL}, moved=((evil, evil), (None, one), (one, None)))

    return changed(report, cells=each(cell), candidates=each(candidate), environments=each(environment))


def test_a_report_that_is_whole_mentions_nothing_incomplete(matrix_folder: Path) -> None:
    """Where every cell was observed there is no list of problems, and identical releases can be swapped."""
    config = make_plan(matrix_folder).config.overridden(models="same", versions="2.15.1,2.16.2")
    with store_of(plan := plan_of_config(config), matrix_folder / "store.sqlite") as store:
        text = rendered(summarise(compare_all(plan, store)))
    assert "Incomplete" not in text
    assert "Unstable" not in text
    assert "- The same bits in every model, `tf2`: 2.15.1 = 2.16.2\n" in text


def test_what_is_not_known_is_not_called_the_same(matrix_folder: Path) -> None:
    """Of what was not run, crashed or differs nobody is told that it can be swapped."""
    plan = make_plan(matrix_folder)
    with Store(Path(":memory:")) as store:
        assert "The same bits in every model" not in rendered(summarise(compare_all(plan, store)))
    with store_of(plan, matrix_folder / "store.sqlite") as store:
        for name in ("crashes", "differs"):
            config = plan.config.overridden(models=name, versions=f"2.15.1,{CANDIDATE}")
            text = rendered(summarise(compare_all(plan_of_config(config), store)))
            assert "The same bits in every model" not in text


def test_what_trials_read_outside_of_the_project_is_named(matrix_folder: Path) -> None:
    """Files elsewhere, and what could not be seen, are in the report by model, which is silent where there is none."""
    elsewhere = matrix_folder.parent / f"{matrix_folder.name}.csv"
    elsewhere.write_text("1", encoding="utf-8")
    config = make_plan(matrix_folder).config.overridden(models="same", versions="2.15.1,2.16.2")
    with store_of(plan := plan_of_config(config), matrix_folder / "store.sqlite") as store:
        assert summarise(compare_all(plan, store)).rested == ()
        rest(
            store, on=[elsewhere], root=matrix_folder, outside=(str(elsewhere),), notes=("one may not have been seen",)
        )
        report = summarise(compare_all(plan, store))
    told = ("same", (str(elsewhere),), ("one may not have been seen",))
    assert [(one.model, one.outside, one.notes) for one in report.rested] == [told]
    words = " ".join(rendered(report).split())  # a narrow table is padded, and a folder's name may be short
    assert f"| `same` | `{elsewhere}` | one may not have been seen |" in words


def test_what_exists_nowhere_for_one_reason_is_one_line(tmp_path: Path) -> None:
    """Two models that say so at other lines of their files are named together; a long reason is cut."""
    plan = plan_of(tmp_path, ("first", "second", "other"), modes=["tf2", "v1"])
    reasons = {"first": "needs a graph (line 3)", "second": "needs a graph (line 14)", "other": "x" * 1000}

    def became(expected: ExpectedTrial) -> Any:
        cell = expected.cell
        return trial(expected, "unsupported", message=reasons[cell.model.name]) if cell.mode == "v1" else ones()

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, became)
        told = rendered(summarise(compare_all(plan, store)))
    assert f"| `first/v1`, `second/v1` | needs a graph | 2.15.1 to {CANDIDATE} |\n" in told
    assert f"| `other/v1` | {'x' * 240}… | 2.15.1 to {CANDIDATE} |\n" in told
