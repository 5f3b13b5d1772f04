"""A Chromium with its network off, and the pages of a small matrix."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from questions.changing import changed, each
from questions.matrix.stored import make_plan, store_of
from tfmatrix.questions.matrix import curves
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page as page_of
from tfmatrix.questions.matrix.screen import screen
from tfmatrix.questions.matrix.summary import (
    Candidate,
    Cell,
    Divergence,
    Finding,
    FirstChange,
    Report,
    Stage,
    summarise,
)
from tfmatrix.report.html import to_html

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

EVIL = f"<script>hacked = 1</script><img src=x onerror='hacked = 1'>|\x1b[31m\u202e`'\"&lt;{'x' * 300}"
"""What a model may be called, to spoil a page."""


@dataclass
class Opened:
    """A page in the browser, and what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """What it asked for besides itself."""
    complaints: list[str] = field(default_factory=list)
    """What its console says, errors and all."""


PATIENCE = 30_000
"""Milliseconds that a busy machine may take for anything; an idle one takes a few."""

expect.set_options(timeout=PATIENCE)

Open = Callable[..., Opened]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return a Chromium; skip where this machine has none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser is on PATH: none of {', '.join(BROWSERS)}")
    with sync_playwright() as driver:
        # Chromium's own sandbox refuses to start under root, as CI runs.
        made = driver.chromium.launch(executable_path=found, chromium_sandbox=os.geteuid() != 0)
        yield made
        made.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a text as a file, in a window of some size."""
    contexts: list[BrowserContext] = []

    def opened(text: str, width: int = 1440, height: int = 900, **choices: Any) -> Opened:
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **choices)
        contexts.append(context)
        shown = Opened(context.new_page())
        shown.page.set_default_timeout(PATIENCE)
        asked = shown.requests
        shown.page.on("request", lambda one: None if one.url == path.as_uri() else asked.append(one.url))
        shown.page.on("console", lambda one: shown.complaints.append(one.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.goto(path.as_uri())
        return shown

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of the small matrix in which every verdict comes up, in two modes."""
    folder = tmp_path_factory.mktemp("matrix")
    plan = make_plan(folder, modes=["tf2", "v1"])
    with store_of(plan, folder / "store.sqlite") as store:
        return summarise(compare_all(plan, store))


def rendered(report: Report) -> str:
    """Return the HTML of a report."""
    pictures = {f"{curves.FOLDER}/{name}": text for name, text in curves.pictures(report.cells).items()}
    return to_html([screen(report), *page_of(report)], pictures)


def hostile(report: Report) -> Report:
    """Return a report in which every model, stage and reason has something evil in it."""

    def finding(found: Finding | None) -> Finding | None:
        return found and changed(found, stage=found.stage + EVIL, reason=found.reason + EVIL)

    def stage(found: Stage) -> Stage:
        return changed(found, stage=found.stage + EVIL, first=finding, worst=finding)

    def divergence(found: Divergence) -> Divergence:
        return changed(found, at=finding, after=finding)

    def cell(found: Cell) -> Cell:
        return changed(
            found,
            model=found.model + EVIL,
            reason=found.reason + EVIL,
            stages=found.stages and each(stage)(found.stages),
            divergences=found.divergences and each(divergence)(found.divergences),
        )

    def first_change(found: FirstChange) -> FirstChange:
        return changed(found, model=found.model + EVIL, finding=finding)

    def candidate(found: Candidate) -> Candidate:
        return changed(found, first_changes=each(first_change))

    return changed(report, cells=each(cell), candidates=each(candidate))


@pytest.fixture(scope="session")
def html(report: Report) -> str:
    """Return the HTML of the small matrix."""
    return rendered(report)
