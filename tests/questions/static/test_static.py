"""The static answer: what changed of what a model uses, what is not covered, and what nobody recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from building import missing_from
from golden_files import assert_golden
from questions.explain.recording import recording
from tfmatrix.errors import UserError
from tfmatrix.questions.atlas import Atlas
from tfmatrix.questions.atlas import summary as atlas_summary
from tfmatrix.questions.static import judge, live, summary
from tfmatrix.questions.static.answer import answer, is_changed, problems
from tfmatrix.questions.static.page import page
from tfmatrix.questions.static.report import write_report
from tfmatrix.questions.static.summary import Report, summarise
from tfmatrix.records import Trial
from tfmatrix.report import terminal
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.store import Store

from .world import BETWEEN, SINCE, UNTIL, answered, atlas_of, full, half, make, plan_of, record

UNSUPPORTED = Trial("", "unsupported", "", (), None, message="XLA compiles all of them")
FAILED = Trial("", "failed", "", (), None, message="no such layer")


def kinds(report: Report) -> list[tuple[str, str, str]]:
    """Return each change: what, its types and how."""
    return [(one.name, one.types, one.kind) for one in report.answers[0].changes]


def test_what_a_model_uses_and_changed_is_told(tmp_path: Path) -> None:
    """Of other ops nothing is said, whatever became of them."""
    report = answered(tmp_path, full(), full("Same"), full=1.0000001, exp=2.0)
    assert kinds(report) == [("MatMul", "float32", "rounding")]
    (step,) = report.answers[0].changes[0].steps
    assert (step.before, step.after, step.cases, step.max_ulp) == (BETWEEN, UNTIL, ("odd",), 1)
    assert is_changed(report)
    assert problems(report) == []


def test_a_change_of_another_type_is_none(tmp_path: Path) -> None:
    """An op that changed in float16 does not concern a model of float32."""
    report = answered(tmp_path, full(), half=2.0)
    assert kinds(report) == []
    assert not is_changed(report)
    (tmp_path / "other").mkdir()
    assert kinds(answered(tmp_path / "other", half(), half=2.0)) == [("MatMul", "float16", "another meaning")]


def test_a_gradient_counts_where_the_model_takes_one(tmp_path: Path) -> None:
    """A model that only predicts does not."""
    assert kinds(answered(tmp_path, half(), gradient=2.0)) == []
    (tmp_path / "trains").mkdir()
    report = answered(tmp_path / "trains", half(), full("Same", "backward", of=0), gradient=2.0)
    assert kinds(report) == [("MatMul gradient", "float16", "another meaning")]


def test_special_values_alone_are_told_apart(tmp_path: Path) -> None:
    """They come behind all others, and the answer says that nothing else is meant."""
    report = answered(tmp_path, full("Exp"), full(), special=2.0, full=1.0000001)
    assert [one.is_special for one in report.answers[0].changed] == [False, True]
    assert "special values alone" in " ".join(terminal.lines(answer(report)))


def test_what_came_back_is_no_change(tmp_path: Path) -> None:
    """It is told as something on the way: a reader may stop there."""
    atlas = atlas_of(tmp_path)
    rows = [
        row
        if row.op != "Exp"
        else atlas_summary.Row(
            op="Exp",
            types="float32",
            case="odd",
            letters=("A", "B", "A"),
            steps=tuple(atlas_summary.Step(after=one, kind="rounding", max_ulp=1) for one in (BETWEEN, UNTIL)),
        )
        for row in atlas.report.rows
    ]
    there = Atlas(replace(atlas.report, rows=tuple(rows)))
    plan = plan_of(tmp_path, there, "mlp")
    with Store(tmp_path / "store.sqlite") as store:
        record(plan, store, {"mlp": [full("Exp")]})
        report = summarise(plan, store)
    assert kinds(report) == [("Exp", "float32", "")]
    assert not is_changed(report)
    assert problems(report) == []
    assert "Changed on the way, and came back: 1" in to_markdown(page(report))


def test_what_is_not_covered_is_never_a_pass(tmp_path: Path) -> None:
    """With its reason, and how much of the whole it is; where nothing else changed, nothing is known."""
    report = answered(tmp_path, full(), full("Foo"), full("Bar"), half(), full("Exp"))
    assert [(one.what, one.types, one.reason) for one in report.answers[0].not_covered] == [
        ("Bar", "float32", "no such op"),
        ("Foo", "float32", "stateful"),
    ]
    assert problems(report) == ["mlp/tf2: not in the atlas: 2 of 4 ops: Bar, Foo"]
    (tmp_path / "changed").mkdir()
    report = answered(tmp_path / "changed", full(), full("Foo"), full=2.0)
    assert problems(report) == []
    assert "mlp/tf2: not in the atlas: 1 of 2 ops" in "\n".join(terminal.lines(answer(report)))


def test_an_op_with_a_type_that_was_not_tried_is_not_covered(tmp_path: Path) -> None:
    """That it was run with another one says nothing."""
    report = answered(tmp_path, {**full("Exp"), "attributes": {"T": ["type", "float64", False]}})
    assert [(one.what, one.reason) for one in report.answers[0].not_covered] == [("Exp", "not with these types")]


def test_a_gradient_alone_covers_no_op(tmp_path: Path) -> None:
    """Of an op that is another each time nothing is known, though its gradient repeats itself."""
    atlas = atlas_of(tmp_path)
    letters = {False: ("~", "~", "~"), True: ("A", "A", "A")}
    rows = tuple(
        replace(row, letters=letters[row.gradient]) if (row.op, row.types) == ("MatMul", "float16") else row
        for row in atlas.report.rows
    )
    (use,) = judge.uses(recording(half()))
    found = judge.gaps([use], [], Atlas(replace(atlas.report, rows=rows)), SINCE, UNTIL)
    assert [(one.what, one.reason) for one in found] == [("MatMul", "gives other bits each time in 2.12.1")]


def test_another_meaning_comes_first(tmp_path: Path) -> None:
    """Behind it rounding, whatever the names are."""
    report = answered(tmp_path, full(), full("Same"), full=1.0000001, same=2.0)
    assert [one.what for one in report.answers[0].changed] == ["Same", "MatMul"]


def test_an_op_that_rounds_nothing_needs_no_row(tmp_path: Path) -> None:
    """Whatever moves, chooses or counts elements makes no other number."""
    report = answered(tmp_path, full(), full("ReadVariableOp"), full("NoOp"))
    assert (report.answers[0].not_covered, problems(report)) == ((), [])


def test_a_class_is_told_by_its_rows(tmp_path: Path) -> None:
    """It changed where any of them did; one of which there is no row is not covered."""
    report = answered(tmp_path, full(), classes=["keras.layers.Dense", "keras.layers.Other"], dense=2.0)
    assert kinds(report) == [("keras.layers.Dense", "", "another meaning")]
    assert [(one.what, one.reason) for one in report.answers[0].not_covered] == [
        ("keras.layers.Other", "no such class")
    ]


def test_arguments_alone_cover_no_class(tmp_path: Path) -> None:
    """They tell nothing of what it computes."""
    report = answered(tmp_path, full(), classes=["keras.layers.Worded"], dense=1.0)
    assert [(one.what, one.reason) for one in report.answers[0].not_covered] == [
        ("keras.layers.Worded", "takes a model")
    ]


def test_what_xla_compiles_says_nothing_of_a_model(tmp_path: Path) -> None:
    """Nothing is recorded of a model that XLA compiles, so a change there alone is none of a recorded one."""
    assert kinds(answered(tmp_path, full("Exp"), compiled=2.0)) == []


def test_an_atlas_without_classes_says_so(tmp_path: Path) -> None:
    """Of none is anything known."""
    report = answered(tmp_path, full(), classes=["keras.layers.Dense"])
    assert problems(report) == ["mlp/tf2: not in the atlas: 1 of 1 op and 1 Keras class: keras.layers.Dense"]
    assert report.answers[0].not_covered[0].reason == "the atlas has no class of Keras"


@pytest.mark.parametrize(
    ("phases", "classes", "covered"),
    [
        (["forward"], ["keras.layers.Dense"], True),
        (["forward", "optimizer"], ["keras.layers.Dense"], False),  # of what the optimizer does nothing is known
        (["forward"], ["keras.layers.Dense", "keras.layers.Other"], False),  # either may call it
        (["forward"], [], False),
        (["backward"], ["keras.layers.Dense"], False),
    ],
)
def test_the_classes_that_call_it_cover_what_moves_a_variable(
    tmp_path: Path, phases: list[str], classes: list[str], covered: bool
) -> None:
    """An op with a handle cannot be run alone."""
    ops = [full("ApplyAdam", phase) for phase in phases]
    report = answered(tmp_path, full(), *ops, classes=classes, dense=1.0)
    assert ("ApplyAdam" not in {one.what for one in report.answers[0].not_covered}) is covered


def test_what_nobody_recorded_is_not_known(tmp_path: Path) -> None:
    """The sentence names the run that makes what can record it; where that is made, the answer is one run away."""
    plan = plan_of(tmp_path, atlas_of(tmp_path), "mlp", "linear")
    with Store(tmp_path / "store.sqlite") as store:
        assert missing_from(store, plan) == []
        assert problems(summarise(plan, store)) == [
            "the ops of linear/tf2, mlp/tf2 are not recorded yet; `tfmatrix run --versions 2.12.1 --baseline 2.12.1 "
            "--models linear,mlp` makes an environment that can record them; then ask again"
        ]
        make(plan, BETWEEN)
        plan = plan_of(tmp_path, plan.atlas, "mlp", "linear")
        assert [one.id for one in missing_from(store, plan)] == ["2.15.1/linear/tf2 ops", "2.15.1/mlp/tf2 ops"]
        assert problems(summarise(plan, store))[0].endswith("; ask without --stored")


def test_a_recording_of_another_release_will_do(tmp_path: Path) -> None:
    """Nothing is run again for it, though the release that is left is made; the report names it."""
    plan = plan_of(tmp_path, atlas_of(tmp_path, full=2.0), "mlp")
    make(plan, SINCE)
    with Store(tmp_path / "store.sqlite") as store:
        record(plan, store, {"mlp": [full()]}, at=1)
        assert missing_from(store, plan) == []
        (found,) = summarise(plan, store).answers
    assert (found.recorded, [one.what for one in found.changed]) == (BETWEEN, ["MatMul"])


def test_a_model_that_cannot_be_recorded_says_why(tmp_path: Path) -> None:
    """One that does not exist in a mode is no problem beside others that do."""
    plan = plan_of(tmp_path, atlas_of(tmp_path), "broken", "mlp", "xla")
    with Store(tmp_path / "store.sqlite") as store:
        record(plan, store, {"mlp": [full()], "xla": UNSUPPORTED})
        record(plan, store, {"broken": FAILED}, at=1)
        report = summarise(plan, store)
    assert problems(report) == ["broken/tf2 cannot be recorded: failed in 2.15.1: no such layer"]
    assert [one.obstacle for one in report.answers] == [
        "failed in 2.15.1: no such layer",
        "",
        "unsupported in 2.12.1: XLA compiles all of them",
    ]
    (tmp_path / "alone").mkdir()
    plan = plan_of(tmp_path / "alone", atlas_of(tmp_path), "xla")
    with Store(tmp_path / "alone" / "store.sqlite") as store:
        record(plan, store, {"xla": UNSUPPORTED})
        assert len(problems(summarise(plan, store))) == 1


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2.8.4", UNTIL, "the atlas that tfmatrix brings has no 2.8.4; it has 2.12.1, 2.15.1, 2.16.2."),
        (UNTIL, BETWEEN, "2.15.1 does not come after 2.16.2; --since names the release that the model leaves."),
        (UNTIL, UNTIL, "2.16.2 does not come after 2.16.2; --since names the release that the model leaves."),
    ],
)
def test_releases_that_are_no_way_are_a_sentence(tmp_path: Path, since: str, until: str, told: str) -> None:
    """What the atlas does not have, and a way back."""
    with pytest.raises(UserError, match=told):
        plan_of(tmp_path, atlas_of(tmp_path), "mlp", since=since, until=until)


def test_a_report_is_as_it_was_read_and_found_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole page, and what a terminal shows; its JSON makes the same report."""
    for module in (summary, atlas_summary):
        monkeypatch.setattr(module, "__version__", "0.0.0")
    last = {"full": 1.0000001, "half": 2.0, "gradient": 1.001, "special": 3.0}
    ops = [half(), full(), full("Exp"), full("Foo"), full("Same", "backward", of=0)]
    report = answered(tmp_path, *ops, classes=["keras.layers.Dense"], **last)
    # Ids are of this machine: the locks of a test cover it.
    report = replace(report, id="0" * 8, atlas=replace(report.atlas, id="0" * 8))
    assert_golden("static.md", to_markdown(page(report)))
    assert_golden("static.txt", "\n".join([*terminal.lines(answer(report)), *problems(report)]) + "\n")
    assert of_shape(json.loads(to_text(report)), Report) == report


def test_the_same_store_gives_the_same_files(tmp_path: Path) -> None:
    """Byte for byte, under the id of what it holds."""
    plan = plan_of(tmp_path, atlas_of(tmp_path, full=2.0), "mlp")
    written = []
    with Store(tmp_path / "store.sqlite") as store:
        record(plan, store, {"mlp": [full()]})
        for _ in range(2):
            report, _path = write_report(plan, store)
            written.append([(tmp_path / "reports" / f"static.{end}").read_bytes() for end in ("json", "md", "html")])
    assert written[0] == written[1]
    assert report_id(report) == report.id


def test_a_recording_stays_while_its_model_is_as_it_is(tmp_path: Path) -> None:
    """What is stored of other work is not this question's."""
    plan = plan_of(tmp_path, atlas_of(tmp_path), "mlp")
    with Store(tmp_path / "store.sqlite") as store:
        is_live = live.is_live(plan.config, store)
    ((_, trials),) = plan.asked
    covers = dict(trials[0].covers)
    assert is_live(covers)
    assert not is_live({**covers, "work": "train"})
    assert not is_live({**covers, "model": "another"})
