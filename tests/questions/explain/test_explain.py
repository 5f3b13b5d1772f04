"""Explanations: what is tried and when, whose a change is said to be, and what is said to undo it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE, MACHINE_OF_TESTS, add
from golden_files import assert_golden
from questions.changing import changed
from questions.explain.world import LEGACY, MODELS, OLD_NUMPY, plan_of, run, stages
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.gate import upgrade
from tfmatrix.gate.comparison import gather
from tfmatrix.gate.text import text
from tfmatrix.questions.explain import summary
from tfmatrix.questions.explain.answer import answer, problems
from tfmatrix.questions.explain.judge import Finding, after
from tfmatrix.questions.explain.page import page
from tfmatrix.questions.explain.plan import ExplainPlan
from tfmatrix.questions.explain.summary import Cell, Report, Tried
from tfmatrix.questions.matrix.answer import answer as matrix_answer
from tfmatrix.questions.matrix.report import write_report as write_matrix
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import machine_of
from tfmatrix.report.terminal import lines
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store


def report_of(folder: Path, *models: str, refused: str = "", only: str = "", **choices: str) -> Report:
    """Return the report of some models, once all that is wanted was observed."""
    plan = plan_of(folder, models or MODELS, only=only, **choices)
    with Store(folder / "store.sqlite") as store:
        run(plan, store, refused=refused)
        return EXPLAIN.write(plan, store)[0]


def cell_of(report: Report, model: str) -> Cell:
    """Return the cell of a model."""
    return next(cell for cell in report.cells if cell.model == model)


def tried(cell: Cell, *switches: str, both: bool = False) -> Tried | None:
    """Return what came of some switches, None where they were not tried."""
    return next((one for one in cell.tried if one.switches == switches and one.both is both), None)


def advised(cell: Cell) -> list[tuple[tuple[str, ...], bool] | None]:
    """Return the switches that are said to undo each finding, and whether on both sides."""
    found = (None if one.undone is None else cell.tried[one.undone] for one in cell.findings)
    return [(one.switches, one.both) if one else None for one in found]


@pytest.mark.parametrize(
    ("model", "package", "by", "undone"),
    [
        ("of_keras", "Keras", "proved", (("keras-2",), False)),
        ("of_numpy", "NumPy", "proved", (("numpy-kept",), False)),
        ("of_tensorflow", "TensorFlow", "proved", None),
        ("of_onednn", "TensorFlow", "proved", (("onednn-off",), True)),
        ("went", "Keras", "proved", (("keras-2",), False)),
    ],
)
def test_whose_a_change_is_and_what_undoes_it(
    tmp_path: Path, model: str, package: str, by: str, undone: tuple[tuple[str, ...], bool] | None
) -> None:
    """Each is said of the model that changes for that reason, and of its first difference."""
    cell = cell_of(report_of(tmp_path, model), model)
    first = cell.findings[0]
    assert (first.package, first.package_is) == (package, by)
    assert advised(cell)[0] == undone


def test_what_did_not_change_is_not_explained(tmp_path: Path) -> None:
    """Nothing is tried with it, and the terminal says so."""
    plan = plan_of(tmp_path, ("same",))
    with Store(tmp_path / "store.sqlite") as store:
        rounds = run(plan, store)
        report = EXPLAIN.write(plan, store)[0]
    assert {one.cell.environment.name for some in rounds for one in some} == {BASELINE, CANDIDATE}
    assert report.cells == ()
    assert "nothing to explain" in " ".join(lines(answer(report)))
    assert problems(report) == []


def test_single_ops_say_which_kernel_and_which_other_ops(tmp_path: Path) -> None:
    """A kernel with other bits of equal inputs, or another op in its place; with the layer and the part of the step."""
    report = report_of(tmp_path, "of_keras", "of_tensorflow")
    keras, tensorflow = (cell_of(report, model).ops for model in ("of_keras", "of_tensorflow"))
    assert keras is not None
    assert tensorflow is not None
    assert [(one.op, one.layer, one.phase, one.ops) for one in tensorflow.kernels] == [
        ("Sigmoid", "dense", "backward", 1)
    ]
    assert (tensorflow.recorded, tensorflow.replayed, tensorflow.streams) == (2, 2, ())
    assert [(one.gone, one.new, one.layer, one.phase) for one in keras.streams] == [
        ({"MatMul": 1}, {"Einsum": 1}, "dense", "backward")
    ]
    assert keras.kernels == ()


def test_what_a_mode_does_not_execute_one_by_one_has_no_single_ops(tmp_path: Path) -> None:
    """The reason is said, and nothing else of the explanation is missing for it."""
    plan = plan_of(tmp_path, ("of_keras",))
    with Store(tmp_path / "store.sqlite") as store:
        run(plan, store, without_ops="builds a graph")
        report = EXPLAIN.write(plan, store)[0]
    ops = cell_of(report, "of_keras").ops
    assert ops is not None
    assert (ops.obstacle, ops.recorded) == ("unsupported: builds a graph", 0)
    assert problems(report) == []


def test_what_undoes_most_of_a_release_leads(tmp_path: Path) -> None:
    """Of all its changes together, in the candidate alone before on both sides."""
    told = to_markdown(page(report_of(tmp_path, "of_keras", "of_numpy", "of_onednn")))
    found = [line for line in told.splitlines() if line.startswith("- undoes ")]
    assert found == [
        "- undoes 2 of 3 stages: keep `tf-keras 2.16.0 and numpy 1.26.4`",
        "- undoes 1 of 3 stages: install `tf-keras 2.16.0` and set `TF_USE_LEGACY_KERAS=1`",
        "- undoes 1 of 3 stages: keep `numpy 1.26.4`",
        "- undoes 1 of 3 stages if both releases have it: set `TF_ENABLE_ONEDNN_OPTS=0`",
    ]


def test_what_a_mode_cannot_run_in_either_release_is_no_cell_that_was_compared(tmp_path: Path) -> None:
    """It counts neither way, as in the matrix."""
    report = report_of(tmp_path, "of_keras", "never")
    assert report.candidates[0].cells == 1


def test_of_rounding_the_first_is_explained(tmp_path: Path) -> None:
    """The others are named, and explained where they are asked for by name."""
    report = report_of(tmp_path, "rounds_first", "rounds_second", "of_keras")
    assert {cell.model for cell in report.cells} == {"of_keras", "rounds_first"}
    assert report.candidates[0].left_out == ("rounds_second/tf2",)
    told = to_markdown(page(report))
    assert "1 more cell with rounding only, not explained: " in told
    assert "3 of 3 cells changed. Of these, 2 stand below, in " in told
    assert re.search(r"\| 2\.16\.2 \| 3 of 3 \|.*\| `#` 1, `\.` 2 \|", told)
    (tmp_path / "one").mkdir()
    alone = report_of(tmp_path / "one", "rounds_first", "rounds_second", only="rounds_second/tf2")
    assert [cell.model for cell in alone.cells] == ["rounds_second"]
    assert alone.candidates[0].left_out == ()


def test_what_op_determinism_hides_is_said(tmp_path: Path) -> None:
    """Of a model that has the bits of the baseline with it: what differs without, or that nothing repeats itself."""
    report = report_of(tmp_path, "hides", "wobbles", "same")
    assert report.cells == ()
    told = {one.model: (one.stages, one.unstable) for one in report.hidden}
    assert told == {"hides": (("native gradient@1/w",), ""), "wobbles": ((), CANDIDATE)}
    assert "does not repeat itself in 2.16.2" in to_markdown(page(report))
    assert report.unseen == ()


def test_what_differs_with_op_determinism_too_is_not_hidden(tmp_path: Path) -> None:
    """A stage that is explained already is no news."""
    assert report_of(tmp_path, "of_tensorflow").hidden == ()


def test_both_sides_are_tried_only_where_something_is_left(tmp_path: Path) -> None:
    """What one switch undoes in the candidate needs no more; a model that does not run has no other side."""
    report = report_of(tmp_path, "of_keras", "of_tensorflow", "went")
    assert not any(one.both for model in ("of_keras", "went") for one in cell_of(report, model).tried)
    assert tried(cell_of(report, "of_tensorflow"), "onednn-off", both=True)


def test_parts_are_tried_of_what_helps(tmp_path: Path) -> None:
    """A rewriter by itself is of interest only where all of them together undo something."""
    assert not any("remapping-off" in one.switches for one in cell_of(report_of(tmp_path), "of_tensorflow").tried)


def test_what_no_switch_undoes_alone_is_undone_by_as_few_as_do(tmp_path: Path) -> None:
    """All that help are tried at once, and then without one after the other."""
    cell = cell_of(report_of(tmp_path, "needs_both"), "needs_both")
    assert len(cell.findings) == 2
    assert advised(cell) == [(("keras-2",), False), (("eager-functions",), False)]
    helping = [one.switches for one in cell.tried if len(one.switches) == 1 and any(one.undoes)]
    assert helping == [("keras-2",), ("packages-kept",), ("eager-functions",)]
    together = tried(cell, "keras-2", "eager-functions")
    assert together is not None
    assert all(together.undoes)


def test_an_environment_that_is_refused_leaves_the_rest(tmp_path: Path) -> None:
    """What needs it is unavailable with the reason; that a kernel changed speaks for TensorFlow all the same."""
    cell = cell_of(report_of(tmp_path, "of_tensorflow", refused=f"{LEGACY}+numpy-1.26.4"), "of_tensorflow")
    refused = tried(cell, "packages-kept")
    assert refused is not None
    assert (refused.outcome, refused.message) == ("unavailable", "no such package")
    assert (cell.findings[0].package, cell.findings[0].package_is) == ("TensorFlow", "consistent")
    assert tried(cell, "numpy-kept") is not None
    (tmp_path / "other").mkdir()
    other = cell_of(report_of(tmp_path / "other", "of_onednn", refused=f"{LEGACY}+numpy-1.26.4"), "of_onednn")
    assert (other.findings[0].package, other.findings[0].package_is) == ("", "not explained")


def test_what_was_not_run_is_a_problem(tmp_path: Path) -> None:
    """A report of what is stored says what lacks, which makes its exit code 2."""
    plan = plan_of(tmp_path, ("of_keras",))
    with Store(tmp_path / "store.sqlite") as store:
        assert "of_keras/tf2 missing" in problems(EXPLAIN.write(plan, store)[0])[0]
        run(plan, store)
        keys = [one.key for one in plan.wanted(Known(store)) if one.cell.environment.name == LEGACY]
        store.connection.execute("DELETE FROM trials WHERE key = ?", keys)
        assert problems(EXPLAIN.write(plan, store)[0]) == [f"{CANDIDATE}/of_keras/tf2: keras-2 was not tried"]


def test_one_cell_is_explained_alone(tmp_path: Path) -> None:
    """The other cells are neither told nor tried; one that does not exist is told by the names that do."""
    report = report_of(tmp_path, only="of_numpy/tf2")
    assert {cell.model for cell in report.cells} == {"of_numpy"}
    assert report.candidates[0].verdict is Verdict.DIFFERENT
    with pytest.raises(UserError, match="there is no cell 'of_nothing/tf2'; there are needs_both/tf2, "):
        plan_of(tmp_path, only="of_nothing/tf2")


def test_a_baseline_alone_has_nothing_to_explain(tmp_path: Path) -> None:
    """Whoever names the baseline is told to name another version."""
    with pytest.raises(UserError, match=f"nothing to explain: {BASELINE} is the baseline"):
        plan_of(tmp_path, versions=[BASELINE])


def test_switches_are_for_the_releases_that_know_them(tmp_path: Path) -> None:
    """Keras 3 has no legacy optimizers, and an environment that is the same is not tried twice."""
    cell = cell_of(report_of(tmp_path, "of_tensorflow"), "of_tensorflow")
    names = {name for one in cell.tried for name in one.switches}
    assert {"legacy-optimizers", "stateful-generator", "keras-kept"}.isdisjoint(names)
    assert {"keras-2", "numpy-kept", "packages-kept", "determinism-off"} <= names


def test_an_older_release_does_not_get_what_the_newer_one_has(tmp_path: Path) -> None:
    """Its TensorFlow does not run with them; the reader is told to ask the other way round."""
    report = report_of(tmp_path, "of_keras", baseline=CANDIDATE)
    cell = cell_of(report, "of_keras")
    names = {name for one in cell.tried for name in one.switches}
    assert {"keras-2", "keras-kept", "numpy-kept", "packages-kept"}.isdisjoint(names)
    assert (cell.findings[0].package, cell.findings[0].package_is) == ("", "not explained")
    told = to_markdown(page(report))
    assert f"`tfmatrix explain {CANDIDATE} --baseline {BASELINE}`" in told
    assert "1 not explained. Nothing that was tried undoes one of these stages." in told
    assert re.search(r"\| 1 not explained +\| nothing that was tried +\|", told)
    assert not problems(report)


def test_the_newer_release_is_not_said_to_be_older(tmp_path: Path) -> None:
    """Where nothing tells whose a change is, and the candidate is the newer one, there is no other way round."""
    report = report_of(tmp_path, "of_onednn", refused=f"{LEGACY}+numpy-1.26.4")
    assert "not explained" in to_markdown(page(report))
    assert "the other way round" not in to_markdown(page(report))


def test_the_environments_of_remedies_are_those_with_kept_packages(tmp_path: Path) -> None:
    """Each has a lock before anything is run."""
    plan = plan_of(tmp_path)
    assert [one.name for one in plan.every_environment] == [
        BASELINE,
        CANDIDATE,
        LEGACY,
        OLD_NUMPY,
        f"{LEGACY}+numpy-1.26.4",
    ]


def test_the_report_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole report, as it was read and found good."""
    monkeypatch.setattr(summary, "__version__", "0.0.0")
    found = report_of(tmp_path)
    assert_golden("explain.md", to_markdown(page(changed(found, machine=machine_of(MACHINE_OF_TESTS), id="12345678"))))


def gate_of(plan: ExplainPlan, store: Store) -> str:
    """Return the gate's answer for the candidate."""
    return " ".join(text(upgrade.answer(gather(plan.matrix, store), plan.matrix.candidates[0], date(2026, 1, 1), None)))


def test_the_gate_says_why_what_fails_changed(tmp_path: Path) -> None:
    """Behind each reason stands whose it is and what undoes it, once everything was tried and that was told."""
    plan = plan_of(tmp_path, ("of_keras", "of_tensorflow"))
    with Store(tmp_path / "store.sqlite") as store:
        rounds = run(plan, store)
        assert "(proved)" not in gate_of(plan, store)
        store.connection.execute("DELETE FROM trials WHERE key = ?", [rounds[-1][0].key])
        EXPLAIN.write(plan, store)
        told = gate_of(plan, store)
        assert ("Keras (proved)" in told, "TensorFlow (proved)" in told).count(True) == 1
        run(plan, store)
        EXPLAIN.write(plan, store)
        told = gate_of(plan, store)
        assert "Keras (proved), undone by install tf-keras 2.16.0 and set TF_USE_LEGACY_KERAS=1" in told
        assert "times the noise floor; TensorFlow (proved)" in told


def test_the_matrix_tells_what_was_found_out(tmp_path: Path) -> None:
    """Its first screen says whose the changes are, its rows what undoes them, and the terminal the same."""
    plan = plan_of(tmp_path, ("of_keras", "of_tensorflow", "same", "went"))
    with Store(tmp_path / "store.sqlite") as store:
        run(plan, store)
        before = write_matrix(plan.matrix, store)[0]
        EXPLAIN.write(plan, store)
        report, path = write_matrix(plan.matrix, store)
    page_of_matrix = path.read_text(encoding="utf-8")
    assert before.id != report.id
    assert not any(cell.explained for cell in before.cells)
    first = next(line for line in page_of_matrix.splitlines() if line.startswith(f"| **{CANDIDATE}**"))
    assert "2 Keras, 1 TensorFlow" in first
    row = next(line for line in page_of_matrix.splitlines() if line.startswith("| `of_keras/tf2`") and "`#`" in line)
    assert "Keras (proved), undone by install tf-keras 2.16.0 and set TF\\_USE\\_LEGACY\\_KERAS=1" in row
    assert "whose: 2 Keras, 1 TensorFlow" in " ".join(lines(matrix_answer(report)))
    html = path.with_suffix(".html").read_text(encoding="utf-8")
    assert "Keras (proved), undone by install tf-keras 2.16.0 and set TF_USE_LEGACY_KERAS=1" in html


def test_what_was_found_out_of_other_bits_is_not_told(tmp_path: Path) -> None:
    """It is of the two traces that were looked at, judged as they were; what has an older form is no explanation."""
    plan = plan_of(tmp_path, ("of_keras",))
    with Store(tmp_path / "store.sqlite") as store:
        run(plan, store)
        EXPLAIN.write(plan, store)
        assert "Keras (proved)" in gate_of(plan, store)
        ((key, value),) = store.connection.execute("SELECT key, value FROM facts WHERE kind = 'explained'").fetchall()
        store.note("explained", key, [["native", "gradient"]])
        assert "(proved)" not in gate_of(plan, store)
        store.note("explained", key, json.loads(value.replace("different", "rounding")))
        assert "(proved)" not in gate_of(plan, store)
        store.note("explained", key, json.loads(value))
        assert "Keras (proved)" in gate_of(plan, store)
        for expected in plan.matrix.wanted(Known(store)):
            if expected.cell.environment.name == CANDIDATE:
                store.connection.execute("DELETE FROM trials WHERE key = ?", [expected.key])
                add(store, expected, {**stages(), "native gradient@1/w": [8] * 4})
        assert "times the noise floor" in gate_of(plan, store)
        assert "(proved)" not in gate_of(plan, store)


def test_of_a_tier_that_is_not_judged_nothing_is_undone() -> None:
    """Where layers draw otherwise no injected step is judged: that is no sign that what differed there is gone."""
    findings = [Finding("native", "init", Verdict.REDRAWN), Finding("injected", "update", Verdict.DIFFERENT)]
    judged = {("native", "init"): Verdict.REDRAWN}
    assert after(findings, judged) == (Verdict.REDRAWN, None)
    assert after(findings, {**judged, ("injected", "loss"): Verdict.IDENTICAL}) == (Verdict.REDRAWN, Verdict.IDENTICAL)
