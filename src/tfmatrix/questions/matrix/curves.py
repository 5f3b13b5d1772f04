"""Divergence curves: how far the weights lie from the baseline's after each step of training, as small SVG pictures."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tfmatrix.questions.matrix.summary import Cell
from tfmatrix.report.text import cut_within, plain

WIDTH, HEIGHT = 520, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 170, 24, 34
"""Room around the plot, in pixels: numbers, labels of the lines, title, numbers."""

MOST_LABEL = 26
"""Characters of a line's name that have room beside it."""

FOLDER = "curves"
"""Where the pictures lie, beside the report."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, which readers without full colour vision can tell apart; in dashes when it starts again."""

LEAST = -1.0
"""Power of ten at the bottom of the plot: a tenth of a unit in the last place, and everything below it, 0 too."""


class Line(NamedTuple):
    """One line of a picture."""

    label: str
    points: list[tuple[int, float]]
    """Step, and log10 of the scaled error."""


def pictures(cells: Iterable[Cell]) -> dict[str, str]:
    """Return a picture for each model, mode and launch in which weights part from the baseline's, by file name."""
    return {file_name(*group): _draw(f"{group[0]}/{group[1]}", found) for group, found in _groups(cells).items()}


def file_names(cells: Iterable[Cell]) -> list[str]:
    """Return the names of the pictures' files."""
    return list(dict.fromkeys(file_name(*group) for group in _groups(cells)))


def _groups(cells: Iterable[Cell]) -> dict[tuple[str, str, str], list[Cell]]:
    """Return the cells of each picture, by model, mode and launch."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        if any(point.scaled_error for point in cell.curve or ()):
            groups.setdefault((cell.model, cell.mode, cell.launch), []).append(cell)
    return groups


def file_name(model: str, mode: str, launch: str) -> str:
    """Return the name of a picture's file: ``mlp-tf2.svg``, safe in any file system and link."""
    parts = [model, mode] + ([launch] if launch != "default" else [])
    return "-".join("".join(c if c.isalnum() or c in "._" else "_" for c in part) for part in parts) + ".svg"


def _draw(title: str, cells: list[Cell]) -> str:
    lines = list(_lines(cells))
    floor = _floor(cells)
    last = max(step for line in lines for step, _ in line.points)
    top = max(1.0, math.ceil(max(value for line in [*lines, floor] for _, value in line.points)))

    def at(step: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (step / last if last else 0.5)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - LEAST) / (top - LEAST))
        return f"{x:.1f},{y:.1f}"

    body = [*_axes(title, last, top)]
    if floor.points:
        body.append(_polyline([at(*point) for point in floor.points], "#999999", "2 3"))
        body.append(_label(len(lines), "noise floor", "#999999"))
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        body.append(_polyline([at(*point) for point in line.points], colour, "6 3" * (number >= len(COLOURS))))
        body.append(_label(number, line.label, colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _lines(cells: list[Cell]) -> Iterator[Line]:
    """Yield one line per distinct result: releases with the same bits share theirs."""
    same: dict[str, list[Cell]] = {}
    for cell in cells:
        same.setdefault(cell.letter, []).append(cell)
    for members in same.values():
        label = ", ".join(cell.environment for cell in members)
        yield Line(label, [(point.step, _power(point.scaled_error)) for point in members[0].curve or ()])


def _floor(cells: list[Cell]) -> Line:
    """Return the baseline's noise floor, which is the same in every cell of a picture."""
    points = [(point.step, _power(point.floor)) for point in cells[0].curve or () if point.floor is not None]
    return Line("noise floor", points)


def _power(error: float | str) -> float:
    value = float(error)
    if not math.isfinite(value):
        return 16.0  # beyond anything that a finite pair of float64 weights gives
    return max(LEAST, math.log10(value)) if value > 0 else LEAST


def _axes(title: str, last: int, top: float) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    yield f'<text x="{LEFT}" y="15" font-weight="bold">{html.escape(plain(title))}</text>'
    yield f'<path d="M{LEFT},{TOP}V{bottom}H{right}" fill="none" stroke="#333333"/>'
    stride = max(1, math.ceil((top - LEAST) / 6))
    for power in range(int(LEAST), int(top) + 1, stride):
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - (power - LEAST) / (top - LEAST))
        text = f"1e{power}" if power > LEAST else "0"
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    yield f'<text x="{LEFT}" y="{bottom + 14}">0</text>'
    yield f'<text x="{right}" y="{bottom + 14}" text-anchor="end">step {last}</text>'
    yield f'<text x="{LEFT}" y="{bottom + 28}">scaled error of the weights, in eps</text>'


def _polyline(points: list[str], colour: str, dashes: str) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'


def _label(number: int, text: str, colour: str) -> str:
    shown, short = plain(text), cut_within(text, MOST_LABEL)
    return (
        f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 10 + 14 * number}" fill="{colour}">'
        f"<title>{html.escape(shown)}</title>{html.escape(short)}</text>"
    )
