"""The report of the atlas: whole, the same twice, and true of what is not known."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from building import MACHINE_OF_TESTS, tensor, traced, trial
from golden_files import assert_golden
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.atlas import screen, summary
from tfmatrix.questions.atlas.answer import answer, problems
from tfmatrix.questions.atlas.page import page
from tfmatrix.questions.atlas.plan import batch_of
from tfmatrix.questions.atlas.report import write_report
from tfmatrix.questions.atlas.summary import Report, summarise
from tfmatrix.report import terminal
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.html import to_html
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.facts import MACHINE
from tfmatrix.store.store import Store

from .world import Ran, crash, exp, fill, plan_of

OLD = Ran(
    {
        "Exp[float32]/odd/0": tensor([1.0, 2.0]),
        "Exp[float32]/odd/gradient/x": tensor([1.0, 2.0]),
        "Exp[float64]/odd/0": tensor([1.0, 2.0], "float64"),
        "ArgMax[float32]/special/0": tensor([1, 2], "int64"),
        "Old[float32]/odd/0": tensor([1.0]),
        "Log[float32]/odd/0": tensor([1.0]),
        "Same[float32]/odd/0": tensor([1.0]),
        "keras.activations.gelu/value/0": tensor([1.0, 2.0]),
        "keras.layers.LSTM/forward/0": tensor([1.0, 2.0]),
        "keras.layers.LSTM/training/0": tensor([1.0, 2.0]),
        "keras.layers.LSTM/training/gradient/0": tensor([1.0, 2.0]),
        "keras.layers.Dropout/training/0": tensor([0.0, 2.0]),
        "keras.layers.Dropout/training/again/0": tensor([2.0, 0.0]),
        "keras.layers.Crop/forward/0": tensor([1.0]),
    },
    raised={"Erf[bfloat16]/odd": "NotFoundError: no kernel", "Never[float32]/odd": "NotFoundError: no kernel"},
    left_out={"Assert": "stateful", "Variable": "a handle", "keras.callbacks.History": "is of use in training alone"},
    says={
        "keras.layers.Crop/arguments": {"height": "required"},
        "keras.layers.Dropout/arguments": {"rate": "required", "seed": "None"},
        "keras.layers.LSTM/arguments": {"units": "required", "alpha": "0.3"},
        "keras.layers.LSTM/config": {"units": "5", "time_major": "false"},
        "keras.callbacks.History/arguments": {},
    },
)
NEW = Ran(
    {
        "Exp[float32]/odd/0": tensor([1.0, 2.0000002]),
        "Exp[float32]/odd/gradient/x": tensor([1.0, 3.0]),
        "Exp[float64]/odd/0": tensor([1.0, 2.0], "float64"),
        "ArgMax[float32]/special/0": tensor([1, 3], "int64"),
        "Erf[bfloat16]/odd/0": tensor([1.0]),
        "New[float32]/odd/0": tensor([1.0]),
        "Same[float32]/odd/0": tensor([1.0]),
        "keras.activations.gelu/value/0": tensor([1.0, 2.0000002]),
        "keras.layers.LSTM/forward/0": tensor([1.0, 2.0]),
        "keras.layers.LSTM/training/0": tensor([1.0, 3.0]),
        "keras.layers.LSTM/training/gradient/0": tensor([1.0, 3.0]),
        "keras.layers.Dropout/training/0": tensor([2.0, 2.0]),
        "keras.layers.Dropout/training/again/0": tensor([2.0, 0.0]),
        "keras.layers.Mix/forward/0": tensor([1.0]),
    },
    raised={"Never[float32]/odd": "NotFoundError: no kernel"},
    ended={"Log[float32]/odd": "ends the process by SIGABRT"},
    left_out={"Assert": "stateful", "Variable": "a handle", "keras.callbacks.History": "is of use in training alone"},
    says={
        "keras.layers.Mix/arguments": {"alpha": "0.2"},
        "keras.layers.Dropout/arguments": {"rate": "required", "seed": "7"},
        "keras.layers.LSTM/arguments": {"units": "required", "negative_slope": "0.3"},
        "keras.layers.LSTM/config": {"units": "5", "seed": "null"},
        "keras.callbacks.History/arguments": {},
    },
)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return the report of two releases that were run and one that was not."""
    monkeypatch.setattr(summary, "__version__", "0.0.0")
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.12.1": OLD, "2.15.1": NEW})
        store.note(MACHINE, machine_id(this_machine()), asdict(MACHINE_OF_TESTS))
        return summarise(plan, store)


def test_a_report_is_as_it_was_read_and_found_good(report: Report) -> None:
    """The whole page, and what a terminal shows."""
    assert_golden("atlas.md", to_markdown(page(report)))
    assert_golden("atlas.txt", "\n".join([*terminal.lines(answer(report)), *problems(report)]) + "\n")


def test_a_report_can_be_read_again(report: Report) -> None:
    """Its JSON makes the same report, under the same id."""
    again = of_shape(json.loads(to_text(report)), Report)
    assert again == report
    assert report_id(again) == report.id


def test_an_op_is_covered_where_some_row_made_something(report: Report) -> None:
    """All others have a reason, and each is counted once."""
    keras, _, first, second = report.coverage
    assert (keras.of, keras.ops, keras.covered, keras.rows, keras.gradients) == ("keras", 5, 4, 6, 1)
    assert keras.reasons == {"is of use in training alone": 1}
    assert (first.ops, first.covered, first.rows, first.gradients) == (9, 5, 7, 1)
    assert first.reasons == {"stateful": 1, "a handle": 1, "no kernel for a CPU": 2}
    assert second.ops == second.covered + sum(second.reasons.values())
    assert {one.op for one in report.not_covered} == {
        "Assert",
        "Erf",
        "Log",
        "Never",
        "Variable",
        "keras.callbacks.History",
    }


def test_a_batch_that_failed_or_was_not_run_is_incomplete(tmp_path: Path) -> None:
    """It is said, and counts as nothing."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.12.1": OLD, "2.15.1": NEW})
        crash(plan, store, "2.16.2")
        told = problems(summarise(plan, store))
    assert told == [
        "2.16.2/keras/tf2 batch-00-1 crashed: took more than its limit",
        "2.16.2: 49 of its 50 trials not run",
    ]


def test_the_same_store_gives_the_same_files(tmp_path: Path) -> None:
    """Byte for byte, in every format."""
    plan = plan_of(tmp_path)
    written = []
    for _ in range(2):
        with Store(tmp_path / "store.sqlite") as store:
            fill(plan, store, {"2.12.1": OLD, "2.15.1": NEW})
            write_report(plan, store)
        written.append([(tmp_path / "reports" / f"atlas.{ending}").read_bytes() for ending in ("json", "md", "html")])
    assert written[0] == written[1]


def test_what_an_op_says_is_text_in_every_format(tmp_path: Path) -> None:
    """No message of TensorFlow's is markup."""
    evil = Ran(raised={"Exp[float32]/odd": "ValueError: <script>alert(1)</script> | `x`\n# y"})
    plan = plan_of(tmp_path, ["2.15.1", "2.16.2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": exp(1.0), "2.16.2": evil})
        found = summarise(plan, store)
    assert "<script>alert" not in to_html(page(found), {})
    assert "\n# y" not in to_markdown(page(found))


def test_of_what_was_not_run_nothing_is_said(tmp_path: Path) -> None:
    """It is neither gone nor new: its letter is another one."""
    plan = plan_of(tmp_path, ["2.15.1", "2.16.2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": exp(1.0)})
        for environment in plan.environments[1:]:
            for batch, trials in plan.trials(environment):
                if batch != batch_of("Exp"):
                    for expected in trials:
                        trace, tensors = traced(Ran(left_out={"Foo": "stateful"} if batch[1] == 0 else {}).stages())
                        store.add(trial(expected, trace=trace), trace, tensors)
        found = summarise(plan, store)
    assert [(row.letters, row.steps) for row in found.rows] == [(("A", "?"), ())]
    assert problems(found) == ["2.16.2: 2 of its 50 trials not run"]


def test_the_first_screen_has_every_row_that_changed(report: Report) -> None:
    """With its family, its letters, and of each release the kind of its step."""
    found = screen.data(report)
    assert {name for _, name, *_ in found["rows"]} == {row.op for row in report.rows if row.steps}
    lines = [
        (found["families"][family], name, type_, what, letters, [found["kinds"][at] if at >= 0 else "" for at in kinds])
        for family, name, type_, what, letters, kinds in found["rows"]
    ]
    assert ("keras.layers", "keras.layers.LSTM", "", "training gradient", "A B", ["", "another meaning"]) in lines
    assert ("ops", "Exp", "float32", "odd", "A B", ["", "rounding"]) in lines
    told = "2.12.1 to 2.15.1: another meaning of 1 class or function of Keras, 2 ops."
    assert screen.headline(report) == told


def test_what_a_reader_looks_at_first_comes_first(report: Report) -> None:
    """Rows with another meaning stand above those that round, whatever their names."""
    found = screen.data(report)
    worst = [min(at for at in kinds if at >= 0) for *_, kinds in found["rows"]]
    assert worst == sorted(worst)
    assert len(set(worst)) > 1


def test_what_a_release_says_is_no_markup_of_the_first_screen(tmp_path: Path) -> None:
    """A name or a default cannot end the data's element."""
    evil = "</script><script>alert(1)</script>"
    before, after = (Ran(says={"keras.layers.X/arguments": {evil: told}}) for told in ("1", evil))
    plan = plan_of(tmp_path, ["2.15.1", "2.16.2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": before, "2.16.2": after})
        assert "<script>alert" not in to_html(page(summarise(plan, store)), {})


def test_the_page_says_what_a_piece_of_python_came_to(tmp_path: Path) -> None:
    """A reader sees the piece, what it was and what it is; it counts as another meaning in the first table."""
    was, now = ({"behaviour.numpy.sum/says": {"np.uint8(200) + 100": told}} for told in ("int64 300", "uint8 44"))
    plan = plan_of(tmp_path, ["2.15.1", "2.16.2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": Ran(says=was), "2.16.2": Ran(says=now)})
        told = to_markdown(page(summarise(plan, store)))
    assert "| 2.15.1 to 2.16.2 | behaviour | 1 | 0 | 0 | 0 | 0 | 0 | 0 |" in told
    assert "### Behaviour: 1 piece of Python" in told
    assert "| `np.uint8(200) + 100` | `int64 300` | `uint8 44` |" in told
