"""`tfmatrix open`: the report in a browser, or one sentence."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest

from building import make_project
from tfmatrix import cli

from .project import Tell


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of what a browser was given; nothing is opened."""
    given: list[str] = []

    def take(url: str) -> bool:
        given.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", take)
    return given


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a page of a name at some second."""
    make_project(tmp_path)

    def page(name: str, second: int, folder: str = "reports") -> Path:
        path = tmp_path / folder / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text("<!doctype html>", encoding="utf-8")
        os.utime(path, (second, second))
        return path

    return page


def test_the_report_written_last_is_opened(tell: Tell, opened: list[str], write: Callable[..., Path]) -> None:
    """Whichever question it is of; its path is told."""
    write("matrix", 1)
    newest = write("exchange", 3)
    write("recipes", 2)
    assert tell("open") == (cli.SAME, "reports/exchange.html\n", "")
    assert opened == [newest.as_uri()]


def test_a_report_is_opened_by_its_name(tell: Tell, opened: list[str], write: Callable[..., Path]) -> None:
    """Also where another is newer, and in another folder."""
    older, beside = write("matrix", 1), write("matrix", 5, "build")
    write("explain", 2)
    assert tell("open", "matrix").code == cli.SAME
    assert tell("open", "--reports", "build").code == cli.SAME
    assert opened == [older.as_uri(), beside.as_uri()]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ([], "there is no report in {}; `tfmatrix run` writes it."),
        (["explain"], "there is no explain.html in {}; `tfmatrix explain` writes it."),
        (
            ["selftest"],
            "there is no report 'selftest'; there are matrix, explain, bisect, atlas, static, machines, exchange, "
            "recipes.",
        ),
    ],
)
def test_where_there_is_none_it_is_said(
    tmp_path: Path, tell: Tell, opened: list[str], typed: list[str], told: str
) -> None:
    """In one sentence, with 2."""
    make_project(tmp_path)
    assert tell("open", *typed) == (cli.INCOMPLETE, "", f"tfmatrix: {told.format(tmp_path / 'reports')}\n")
    assert opened == []


def test_without_a_browser_the_page_is_named(
    tell: Tell, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a reader opens it on another machine."""
    page = write("matrix", 1)
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    said = tell("open")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err == f"tfmatrix: no browser was found; open {page} with one.\n"
