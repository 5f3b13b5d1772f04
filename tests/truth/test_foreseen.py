"""What the atlas foretold of a model, laid beside what an explanation measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions import static
from tfmatrix.questions.explain import summary as explain
from tfmatrix.questions.static import summary
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.records import Distance, Machine
from truth.foreseen import Row, in_short, page, rows

MACHINE = Machine(
    cpu="",
    revision="",
    flags=(),
    architecture="",
    libc="",
    gpus=(),
    kernel="",
    cores=1,
    memory_gib=1,
    id="0" * 64,
)
NOTHING = Distance(
    fraction=0,
    comparable=True,
    note="",
    elements=1,
    differing=1,
    zero_sign_only=0,
    nan_payload_only=0,
    nan_mismatch=0,
    inf_mismatch=0,
    max_ulp=1,
    max_abs=1,
    scaled_error=1,
    sampled=False,
    dtype="float32",
)


def change(what: str, kind: str = "rounding", *, gradient: bool = False) -> static.Change:
    """Return something that the atlas says changed."""
    return static.Change(what=what, types="float32", gradient=gradient, kind=kind, steps=())


def foretold(**answers: Any) -> static.Report:
    """Return a static answer: by a model what changed that it uses, and what is not covered."""
    found = [
        static.Answer(
            model=name,
            mode="tf2",
            recorded="2.15.1",
            changes=tuple(one for one in some if isinstance(one, static.Change)),
            not_covered=tuple(
                static.NotCovered(what=one, types="", reason="a handle") for one in some if isinstance(one, str)
            ),
        )
        for name, some in answers.items()
    ]
    return static.Report(
        id="0" * 8,
        schema=1,
        tfmatrix="0",
        since="2.15.1",
        until="2.16.2",
        releases=("2.15.1", "2.16.2"),
        atlas=summary.Atlas(id="0" * 8, tfmatrix="0", machine=MACHINE, same_machine=True),
        answers=tuple(found),
        unanswered=(),
    )


def kernel(op: str, phase: str = "forward") -> explain.Kernel:
    """Return an op that has other bits of equal inputs."""
    return explain.Kernel(op=op, layer="", phase=phase, inputs=(), ops=1, distance=NOTHING)


def cell(
    model: str, *kernels: explain.Kernel, obstacle: str = "", streams: int = 0, package: str = "TensorFlow"
) -> explain.Cell:
    """Return a cell that changed, and the kernels that did."""
    other = explain.OtherOps(layer="", phase="forward", gone={}, new={}, reordered=(), rewired=(), settings=())
    return explain.Cell(
        environment="2.16.2",
        launch="default",
        mode="tf2",
        model=model,
        verdict=Verdict.ROUNDING,
        findings=(
            explain.Finding(
                tier="native",
                stage="gradient",
                at="",
                verdict=Verdict.ROUNDING,
                reason="",
                package=package,
                package_is="proved",
                undone=None,
            ),
        ),
        tried=(),
        ops=explain.Ops(
            obstacle=obstacle,
            recorded=1,
            replayed=1,
            reasons={},
            kernels=kernels,
            streams=(other,) * streams,
            fed=0,
        ),
    )


def measured(*cells: explain.Cell, unknown: Sequence[str] = (), left_out: Sequence[str] = ()) -> explain.Report:
    """Return an explanation of some cells that changed."""
    candidate = explain.Candidate(
        name="2.16.2", verdict=Verdict.ROUNDING, cells=1, unknown=tuple(unknown), left_out=tuple(left_out)
    )
    return explain.Report(
        id="1" * 8,
        schema=1,
        tfmatrix="0",
        baseline="2.15.1",
        only="",
        seed=42,
        verdicts=(),
        switches=(),
        environments=(),
        machine=MACHINE,
        candidates=(candidate,),
        cells=cells,
        hidden=(),
        unseen=(),
    )


def row(report: static.Report, found: explain.Report) -> Row:
    """Return the only row."""
    (one,) = rows(report, found)
    return one


def test_a_warning_comes_true_where_the_kernel_changed() -> None:
    """What changed without a warning is missed: with why, where the atlas does not cover it."""
    report = foretold(mlp=[change("MatMul"), change("Exp", "another meaning"), "ApplyAdam"])
    found = row(report, measured(cell("mlp", kernel("MatMul"), kernel("ApplyAdam"), kernel("Sum"), streams=2)))
    assert found == Row(
        cell="mlp/tf2",
        verdict="rounding",
        whose=("TensorFlow",),
        foreseen=("MatMul",),
        needless=("Exp",),
        missed=("ApplyAdam (a handle)", "Sum (the same in the atlas)"),
        composed=2,
    )


def test_a_gradient_comes_true_by_the_backward_pass() -> None:
    """Its kernels have other names than the op that is differentiated."""
    report = foretold(mlp=[change("Xent", gradient=True)])
    assert row(report, measured(cell("mlp", kernel("Mul", "backward")))).foreseen == ("Xent gradient",)
    assert row(report, measured(cell("mlp", kernel("Mul")))).needless == ("Xent gradient",)


def test_a_class_of_keras_comes_true_where_a_change_is_of_keras() -> None:
    """No op tells which class it is; an argument that came is no warning."""
    report = foretold(mlp=[change("keras.layers.GRU", "another meaning"), change("keras.layers.LSTM", "new argument")])
    assert row(report, measured(cell("mlp", streams=1, package="Keras"))).foreseen == ("keras.layers.GRU",)
    found = row(report, measured(cell("mlp", kernel("Mul"))))
    assert (found.foreseen, found.needless) == ((), ("keras.layers.GRU",))


def test_in_a_cell_that_is_identical_every_warning_is_needless() -> None:
    """And what came back by then is no warning."""
    found = row(foretold(mlp=[change("MatMul"), change("Exp", "")]), measured())
    assert (found.verdict, found.foreseen, found.needless) == ("identical", (), ("MatMul",))


def test_what_was_not_measured_counts_neither_way() -> None:
    """A cell that is not known, one that was left out, and one whose ops cannot be told apart."""
    report = foretold(**{name: [change("MatMul")] for name in ("missing", "left", "xla")})
    found = list(
        rows(report, measured(cell("xla", obstacle="XLA"), unknown=["missing/tf2 missing: no"], left_out=["left/tf2"]))
    )
    assert [(one.verdict, one.unknown) for one in found] == [
        ("not known", "not known"),
        ("not known", "not known"),
        ("rounding", "XLA"),
    ]
    assert not any(one.foreseen or one.needless or one.missed for one in found)
    assert next(in_short(found)) == "3 cells: 0 changed, 0 identical, 3 of which no op was measured."


def test_the_figures_are_of_all_cells() -> None:
    """They stand at the head of the page."""
    report = foretold(mlp=[change("MatMul"), change("Exp")], same=[change("MatMul")], silent=[])
    told = to_markdown(page(report, measured(cell("mlp", kernel("MatMul")), cell("silent", kernel("Sum"), streams=1))))
    assert "3 cells: 2 changed, 1 identical, 0 of which no op was measured." in told
    assert "warns of 3 ops and classes of cells: 1 came true, 2 did not, 1 of these in cells that are identical" in told
    assert "Of 2 that changed in a model, the atlas says nothing of 1." in told
    assert "1 cells changed without a true warning; 1 of them execute other ops." in told
