"""The atlas in a browser: every row that changed is there, and filters narrow them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from questions.atlas.world import Ran, exp, reported
from tfmatrix.questions.atlas.page import page
from tfmatrix.report.html import to_html

from .conftest import Open
from .test_matrix import SIZES
from .test_pages import require_shown


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_filters_leave_the_rows_that_fit(show: Open, tmp_path: Path, size: tuple[int, int]) -> None:
    """By family, type, kind and a part of the name; a row has its letters."""
    says = {"keras.layers.LSTM/arguments": {"units": "required"}}
    before = Ran({**exp(1.0).made, **exp(1.0, dtype="float64").made}, says=says)
    after = Ran({**exp(2.0).made, **exp(1.0000000001, dtype="float64").made}, says={"keras.layers.LSTM/arguments": {}})
    shown = show(to_html(page(reported(tmp_path, {"2.15.1": before, "2.16.2": after})), {}), *size)
    rows = shown.page.locator("#rows tbody tr")
    expect(rows).to_have_count(3)
    shown.page.select_option("#family", "keras.layers")
    expect(rows).to_have_text(["keras.layers.LSTMargumentsABargument gone"])
    shown.page.select_option("#family", "ops")
    shown.page.select_option("#type", "float64")
    expect(rows).to_have_text(["Expfloat64oddABanother meaning"])
    shown.page.select_option("#type", "")
    shown.page.select_option("#family", "")
    shown.page.fill("#find", "lstm")
    expect(rows).to_have_count(1)
    shown.page.select_option("#kind", "another meaning")
    expect(rows).to_have_count(0)
    require_shown(shown)
