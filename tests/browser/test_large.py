"""A matrix of 200 releases and 500 models in a browser: rows are made when they are looked at."""

from __future__ import annotations

from playwright.sync_api import expect

from questions.changing import changed
from tfmatrix.questions.matrix.screen import screen
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.report.html import to_html

from .conftest import Open

RELEASES, MODELS = 200, 500

MOST_BYTES = 5_000_000
"""Of the page: a hundred thousand cells are what they have in common, and a place each."""


def large(report: Report) -> Report:
    """Return a report of as many cells, each like one of a small report."""
    names = [f"2.{number // 10}.{number % 10}" for number in range(RELEASES)]
    like = {
        name: [cell for cell in report.cells if cell.environment == name and cell.mode == "tf2"]
        for name in ("2.15.1", "2.16.2", "2.21.0")
    }
    environments = {one.name: one for one in report.environments}
    candidates = {one.environment: one for one in report.candidates}
    sources = {name: ("2.15.1" if not at else "2.16.2" if at % 2 else "2.21.0") for at, name in enumerate(names)}
    cells = [
        changed(
            like[source][number % len(like[source])], id=f"{name}/{number}", environment=name, model=f"model_{number}"
        )
        for name, source in sources.items()
        for number in range(MODELS)
    ]
    return changed(
        report,
        baseline=names[0],
        cells=tuple(cells),
        environments=tuple(changed(environments[source], name=name) for name, source in sources.items()),
        candidates=tuple(changed(candidates[sources[name]], environment=name, first_changes=()) for name in names[1:]),
    )


def test_a_hundred_thousand_cells_open(show: Open, report: Report) -> None:
    """The first rows are there at once, the last ones by the keyboard, and any cell is opened."""
    text = to_html([screen(large(report))], {})
    assert len(text) < MOST_BYTES
    shown = show(text)
    page = shown.page
    expect(page.locator("#shown")).to_have_text(f"{MODELS} of {MODELS} rows")
    made = page.locator("#map tbody tr").count()
    assert 0 < made < MODELS
    page.locator("#map").evaluate("map => { map.scrollTop = map.scrollHeight }")
    expect(page.locator("#map tbody tr")).not_to_have_count(made)
    page.locator("#find").fill("model_499")
    expect(page.locator("#map tbody tr")).to_have_count(1)
    page.locator("#map tbody button").last.click()
    expect(page.locator("#panel h2")).to_have_text("model_499/tf2")
    assert shown.complaints == []
