"""Divergence curves: small pictures that any viewer can read."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tfmatrix.questions.matrix import curves
from tfmatrix.questions.matrix.summary import Cell, CurvePoint, Report

from .stored import EVIL

SVG = "{http://www.w3.org/2000/svg}"


def cell(environment: str, letter: str, curve: list[list[Any]], **fields: str) -> Cell:
    """Return a cell that parts from the baseline's as a curve says: steps, scaled errors, noise floors."""
    given = {"environment": environment, "letter": letter, "model": "mlp", "mode": "tf2", "launch": "default"}
    other: dict[str, Any] = {
        "id": "id",
        "source": "",
        "outcome": "observed",
        "reason": "",
        "trace": "",
        "verdict": "different",
    }
    return Cell(**{**other, **given, **fields}, trials=4, curve=tuple(CurvePoint(*point) for point in curve))


def drawn(*cells: Cell) -> ElementTree.Element:
    """Return the one picture of some cells."""
    (text,) = curves.pictures(cells).values()
    return ElementTree.fromstring(text)


def numbers(picture: ElementTree.Element) -> list[float]:
    """Return every coordinate of the lines."""
    points = [line.attrib["points"] for line in picture.iter(f"{SVG}polyline")]
    return [float(found) for text in points for found in re.split("[ ,]", text)]


def test_a_picture_is_drawn_where_weights_part_and_nowhere_else(report: Report) -> None:
    """Each model, mode and launch whose weights differ has one picture, and one that never parts has none."""
    assert set(curves.pictures(report.cells)) == {"differs-tf2.svg"}
    assert curves.pictures([cell("2.16.2", "A", [[1, 0.0, 1.0]])]) == {}
    assert curves.pictures([]) == {}


def test_releases_with_the_same_bits_share_a_line() -> None:
    """There is a line for each distinct result, labelled with the releases that have it, and one for the floor."""
    points = [[1, 1.0, 2.0], [2, 8.0, 3.0]]
    picture = drawn(cell("2.16.2", "B", points), cell("2.17.1", "B", points), cell("2.21.0", "C", [[1, 5.0, 2.0]]))
    assert len(list(picture.iter(f"{SVG}polyline"))) == 3
    assert [title.text for title in picture.iter(f"{SVG}title")] == ["noise floor", "2.16.2, 2.17.1", "2.21.0"]


@pytest.mark.parametrize(
    "curve",
    [
        [[0, 1.0, None]],
        [[1, float("inf"), None], [2, "inf", "inf"]],
        [[1, 1e-300, 0.0], [2, 1e300, 1e300]],
        [[1, 0.0, None], [2, float("nan"), 1.0]],
    ],
    ids=["one point", "infinite", "far apart", "no number"],
)
def test_whatever_was_measured_lies_within_the_picture(curve: list[list[Any]]) -> None:
    """Every point is a finite one within the plot, infinite errors and a single step too."""
    found = numbers(drawn(cell("2.16.2", "B", curve)))
    assert found
    assert all(0 <= value <= curves.WIDTH for value in found)


def test_names_are_shown_as_text() -> None:
    """Tags, quotes and terminal codes in the names of models and releases leave a picture readable."""
    picture = drawn(cell(EVIL, "B", [[1, 1.0, None]], model=EVIL + "\"'&"))
    assert not list(picture.iter("script"))
    assert not list(picture.iter(f"{SVG}script"))
    assert "<script>alert(1)</script>" in str(next(iter(picture.iter(f"{SVG}title"))).text)


@pytest.mark.parametrize("name", [EVIL, "../../etc/passwd", "a b", "optimizers[adamw]"])
def test_a_file_name_is_safe_in_any_folder_and_link(name: str) -> None:
    """A picture's file stays in its folder and needs no escapes in a link."""
    assert re.fullmatch(r"[\w.]+(-[\w.]+)*\.svg", curves.file_name(name, "tf2", "one thread"))


def test_two_models_never_share_a_file() -> None:
    """Each model, mode and launch has a file of its own."""
    names = {curves.file_name("mlp", mode, launch) for mode in ("tf2", "v1") for launch in ("default", "single")}
    assert len(names) == 4


def test_more_lines_than_colours_are_told_apart() -> None:
    """When the colours start again the lines are dashed."""
    many = [cell(f"2.{n}.0", str(n), [[1, 1.0 + n, None]]) for n in range(len(curves.COLOURS) + 1)]
    lines = [line.attrib for line in drawn(*many).iter(f"{SVG}polyline")]
    assert len({(line["stroke"], line.get("stroke-dasharray")) for line in lines}) == len(lines)
