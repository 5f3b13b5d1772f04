"""Every other report as a page in a browser, and the matrix that is committed: real names, real sizes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import expect

from questions.exchange.exchanged import make_plan, store_of
from questions.recipes.worlds import facts, inhabit, project, results_of
from tfmatrix.questions.exchange import page as exchange
from tfmatrix.questions.exchange import summary
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.questions.recipes import page as recipes
from tfmatrix.questions.recipes.summary import summarise
from tfmatrix.report.html import to_html
from tfmatrix.store.store import Store

from .conftest import Open, Opened, rendered
from .test_matrix import SIZES, overflow

COMMITTED = Path(__file__).parents[2] / "reports" / "matrix.json"


def require_shown(shown: Opened) -> None:
    """Demand that a page is within its window, also unfolded, that it fetched nothing, and that nothing complains."""
    expect(shown.page.locator("h1")).to_have_count(1)
    assert overflow(shown.page) == 0
    shown.page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    assert overflow(shown.page) == 0
    assert (shown.requests, shown.complaints) == ([], [])


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_an_exchange_is_shown(show: Open, tmp_path: Path, size: tuple[int, int]) -> None:
    """Whatever its tables hold."""
    plan = make_plan(tmp_path)
    with store_of(plan, tmp_path / "store.sqlite") as store:
        text = to_html(exchange.page(summary.summarise(plan, store)), {})
    require_shown(show(text, *size))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_recipes_are_shown(show: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    """With the text of each to paste."""
    inhabit(monkeypatch, facts)
    with Store(tmp_path / "store.sqlite") as store:
        text = to_html(recipes.page(summarise(results_of(project(tmp_path), store))), {})
    require_shown(show(text, *size))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_real_matrix_is_shown(show: Open, size: tuple[int, int]) -> None:
    """Of fourteen releases and all reference models."""
    require_shown(show(rendered(msgspec.json.decode(COMMITTED.read_bytes(), type=Report)), *size))
