"""The page on kernels that changed in models, and what the atlas says of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE, plan_of, tensor
from questions.atlas.world import Ran, reported
from tfmatrix.questions.atlas import Atlas
from tfmatrix.questions.explain.kernels import Coverage, Kernel, Kernels
from tfmatrix.questions.explain.steps import Step
from tfmatrix.questions.explain.streams import Attribute, Op
from tfmatrix.records import Cell
from tfmatrix.report.markdown import to_markdown
from truth.kernels import asked, page, rows


def kernel(kind: str, dtype: str = "float32") -> Kernel:
    """Return an op that has other bits."""
    types = (Attribute("T", f'"{dtype}"', usual=True, form="type"),)
    return Kernel(Op(0, kind, "forward", "layer", types, (), ()), (), ())


def step(*changed: Kernel) -> Step:
    """Return what is known of a step in which some kernels changed."""
    return Step(kernels=Kernels(changed, (), Coverage(9, 7)))


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    """Return an atlas in which `Foo` rounds otherwise, and `Same` does not."""
    (tmp_path / "atlas").mkdir()
    made = {
        version: Ran({"Foo[float32]/odd/0": tensor([value]), "Same[float32]/odd/0": tensor([1.0])})
        for version, value in ((BASELINE, 1.0), (CANDIDATE, 1.0000001))
    }
    return Atlas(reported(tmp_path / "atlas", made))


def cells(folder: Path, *models: str) -> list[Cell]:
    """Return the candidate's cells of some models."""
    plan = plan_of(folder, models, versions=[BASELINE, CANDIDATE], modes=["tf2"])
    return [cell for cell in plan.cells if cell.environment.name == CANDIDATE]


def test_each_kernel_is_laid_beside_its_row(tmp_path: Path, atlas: Atlas) -> None:
    """Or has a reason why there is none; a kernel of two cells is one."""
    one, other = cells(tmp_path, "mlp", "linear")
    found = [(one, step(kernel("Foo"), kernel("Same"))), (other, step(kernel("Foo"), kernel("Bar")))]
    told = {row.kernel: (row.linked, row.atlas, len(row.cells)) for row in rows(found, atlas, BASELINE)}
    assert told == {
        "Foo float32": (True, f"Foo float32, {BASELINE} to {CANDIDATE}, rounding", 2),
        "Same float32": (False, "the same, with other inputs", 1),
        "Bar float32": (False, "no row: no such op", 1),
    }


def test_the_page_names_what_has_no_row_first(tmp_path: Path, atlas: Atlas) -> None:
    """With the figures above it."""
    (one,) = cells(tmp_path, "mlp")
    shown = to_markdown(page([(one, step(kernel("Foo"), kernel("Bar")))], atlas, BASELINE, [BASELINE, CANDIDATE]))
    assert "2 kernels of a release, by their types, have other bits." in shown
    assert "1 of them have a row of the atlas that changed, 1 do not." in shown
    assert shown.index("## Without a row") < shown.index("`Bar float32`") < shown.index("## Kernels")
    without = to_markdown(page([(one, step(kernel("Foo")))], atlas, BASELINE, [BASELINE, CANDIDATE]))
    assert "Without a row" not in without


def test_what_a_release_does_not_have_is_no_cell(tmp_path: Path) -> None:
    """What is not known is counted, with its reason."""
    one, other, third = cells(tmp_path, "mlp", "linear", "convnet")
    found = [
        (one, step()),
        (other, Step(obstacle="unsupported: no such layer")),
        (third, Step(obstacle="failed: OOM")),
    ]
    (told,) = asked(found)
    assert (told.cells, told.obstacles, told.ops) == (2, ("failed: OOM",), 7)
