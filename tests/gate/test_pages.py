"""The report that was read is the report: what lies beside its JSON is what the JSON says, or nothing is pinned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from building import CANDIDATE
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.report.writing import NO_ID, PLACE

from .project import gated, of_candidate, report_id

ROUNDED = of_candidate(weights=[3.0, 3.0, 3.0, 3.0000002])


def page(folder: Path) -> Path:
    """Return the Markdown of a report."""
    return folder / "reports" / "matrix.md"


def in_a_browser(folder: Path) -> Path:
    """Return the HTML of a report."""
    return folder / "reports" / "matrix.html"


def picture(folder: Path) -> Path:
    """Return a picture of a report."""
    return next((folder / "reports" / "curves").iterdir())


def reword(old: str, new: str, which: Callable[[Path], Path] = page) -> Callable[[Path], None]:
    """Return a function that edits a file beside a report."""

    def edit(folder: Path) -> None:
        path = which(folder)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def spoil_a_byte(folder: Path) -> None:
    """Put a byte that is no text at the end."""
    page(folder).write_bytes(page(folder).read_bytes() + b"\xff")


def remove_the_page(folder: Path) -> None:
    """Leave no page."""
    page(folder).unlink()


def remove_a_picture(folder: Path) -> None:
    """Leave one picture less."""
    picture(folder).unlink()


def put_a_folder_in_its_place(folder: Path) -> None:
    """Have a folder in the page's place."""
    page(folder).unlink()
    page(folder).mkdir()


SPOILT = {
    "a verdict": (reword("rounding", "identical"), "is not what the report"),
    "a space": (reword("\n\n", "\n \n"), "is not what the report"),
    "a byte": (spoil_a_byte, "is not what the report"),
    "line ends": (reword("\n", "\r\n"), "is not what the report"),
    "the page in a browser": (reword("<h1", "<h1 ", in_a_browser), "is not what the report"),
    "a picture": (reword("<svg", "<svg ", picture), "is not what the report"),
    "no page": (remove_the_page, "cannot be read: No such file"),
    "no picture": (remove_a_picture, "cannot be read: No such file"),
    "a folder": (put_a_folder_in_its_place, "cannot be read: Is a directory"),
}


def with_curves(folder: Path) -> None:
    """Make a project whose report has a page with rounding in it, and pictures."""
    gated(folder, ROUNDED, ["same"])


@pytest.mark.parametrize(("spoil", "saying"), SPOILT.values(), ids=SPOILT)
def test_a_page_that_was_edited_pins_nothing(
    tmp_path: Path, tell: Tell, spoil: Callable[[Path], None], saying: str
) -> None:
    """Whoever read another page than the one that was written has not read the report: 2, and nothing is changed."""
    with_curves(tmp_path)
    id_ = report_id(tell, tmp_path)
    spoil(tmp_path)
    before = (tmp_path / "requirements.txt").read_bytes()
    said = tell("pin", CANDIDATE, "--report", id_)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err
    assert "`tfmatrix report`" in said.err
    assert len(said.err.splitlines()) == 1
    assert (tmp_path / "requirements.txt").read_bytes() == before


def test_a_page_of_another_report_pins_nothing(tmp_path: Path, tell: Tell) -> None:
    """A page that tfmatrix wrote of other results is not this report's, whatever id is put at its head."""
    gated(tmp_path, of_candidate(), ["same"])
    other = report_id(tell, tmp_path)
    kept = page(tmp_path).read_text(encoding="utf-8")
    with_curves(tmp_path)
    id_ = report_id(tell, tmp_path)
    page(tmp_path).write_text(kept.replace(other, id_), encoding="utf-8")
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert f"matrix.md is not what the report {id_} says" in said.err


def test_what_was_written_is_pinned(tmp_path: Path, tell: Tell) -> None:
    """As they were written the files are those of the report, and each names the id once, at the page's head."""
    with_curves(tmp_path)
    id_ = report_id(tell, tmp_path)
    data = json.loads((tmp_path / "reports" / "matrix.json").read_bytes())
    assert sorted(data["files"]) == [
        "curves/same-tf2.svg",
        "curves/same-v1.svg",
        "matrix.html",
        "matrix.md",
        "matrix.svg",
    ]
    for one in (page(tmp_path), in_a_browser(tmp_path)):
        text = one.read_text(encoding="utf-8")
        assert NO_ID not in text
        assert PLACE not in text
        assert text.count(id_) == 1
    assert tell("pin", CANDIDATE, "--report", id_).code == cli.SAME


def test_a_model_that_is_named_as_no_id_is_keeps_its_name(tmp_path: Path, tell: Tell) -> None:
    """A name with as many zeros as an id has digits stands before the id in the page, and is not its place."""
    name = f"step_{NO_ID}"
    gated(tmp_path, of_candidate(weights=[4.0, 3.0, 3.0, 3.0]), [name])
    id_ = report_id(tell, tmp_path)
    for one in (page(tmp_path), in_a_browser(tmp_path)):
        text = one.read_text(encoding="utf-8")
        assert f"{name}/tf2" in text
        assert text.count(id_) == 1
    assert f"Report `{id_}`" in page(tmp_path).read_text(encoding="utf-8")
    assert tell("pin", CANDIDATE, "--report", id_).code == cli.CHANGED


def test_a_digest_that_was_edited_too_is_an_edited_report(tmp_path: Path, tell: Tell) -> None:
    """The digests are part of what the id covers: with another one the JSON no longer has its id."""
    with_curves(tmp_path)
    id_ = report_id(tell, tmp_path)
    path = tmp_path / "reports" / "matrix.json"
    data = json.loads(path.read_bytes())
    for files in ({}, {**data["files"], "matrix.md": "0" * 64}):
        path.write_text(json.dumps({**data, "files": files}), encoding="utf-8")
        said = tell("pin", CANDIDATE, "--report", id_)
        assert said.code == cli.INCOMPLETE
        assert "was edited: it no longer has the id that it bears" in said.err
