"""The map of a matrix: a row for each model and mode in which something changed, a column for each release, as an SVG.

Each cell has its verdict's mark and a colour, so that it is read without colours too.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.summary import Cell, Report
from tfmatrix.report.text import cut_within

NAME = "matrix.svg"
"""The picture's file, beside the report."""

ROW, MOST_ROWS = 15, 60
"""Pixels of a row, and how many rows are drawn: those of the worst verdicts."""

WIDTH, NARROWEST, WIDEST = 720, 3.0, 48.0
"""Pixels that the releases share, and the least and most of one."""

LABELS, TOP = 250, 64
"""Room for the models' names, and for the releases'."""

LEGIBLE = 10.0
"""Pixels of a column from which a mark and a name fit in it."""

LEAST = Verdict.ROUNDING.severity
"""The mildest verdict of which a row is drawn."""

MOST_NAME = 36
"""Characters of a name."""

COLOURS: Mapping[Verdict | None, tuple[str, str]] = {
    None: ("#ffffff", "#000000"),
    Verdict.IDENTICAL: ("#e4efe8", "#2d4a38"),
    Verdict.ROUNDING: ("#fae69b", "#4a3a00"),
    Verdict.REDRAWN: ("#9fcdf2", "#06294a"),
    Verdict.DIFFERENT: ("#bf4a00", "#ffffff"),
    Verdict.NOT_COMPARABLE: ("#cdb8e0", "#341c4c"),
    Verdict.GONE: ("#dfe2e6", "#2c3238"),
    Verdict.NEW: ("#dfe2e6", "#2c3238"),
    Verdict.UNSTABLE: ("#a03a7d", "#ffffff"),
    Verdict.FAILED: ("#30343a", "#ffffff"),
    Verdict.MISSING: ("#ffffff", "#a80020"),
    Verdict.UNSUPPORTED: ("#ffffff", "#6e7781"),
}
"""Ground and ink, those of the page in HTML (``screen.css``): verdicts differ in lightness too."""

Rows = Mapping[str, Mapping[str, Cell]]
"""Cells by release, by what a row is called."""


def is_drawn(report: Report) -> bool:
    """Return whether there is anything to draw: some cell in which more than nothing changed."""
    return any(cell.severity <= LEAST for cell in report.cells)


def picture(report: Report) -> str:
    """Return the map; of many rows the worst are drawn, and how many are not is said."""
    rows, names = _rows(report), [one.name for one in report.environments]
    drawn, same = list(rows.items())[:MOST_ROWS], len({cell.name for cell in report.cells}) - len(rows)
    column = min(WIDEST, max(NARROWEST, WIDTH / len(names)))
    width, height = LABELS + column * len(names) + 8, TOP + ROW * len(drawn) + 24
    body = [*_heads(names, column, report.baseline)]
    for number, (called, cells) in enumerate(drawn):
        body += _row(called, [cells.get(name) for name in names], TOP + ROW * number, column)
    left = f"{len(rows) - len(drawn)} more that changed; " if len(rows) > len(drawn) else ""
    told = f"{left}{same} that are identical everywhere, or exist nowhere, are not drawn"
    body.append(f'<text x="4" y="{height - 8}" fill="#444444">{told}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _rows(report: Report) -> Rows:
    """Return the rows in which something changed, those of the worst verdict first, else in the report's order."""
    rows: dict[str, dict[str, Cell]] = {}
    for cell in report.cells:
        rows.setdefault(cell.name, {})[cell.environment] = cell
    worst = {name: min(cell.severity for cell in cells.values()) for name, cells in rows.items()}
    changed = (name for name in rows if worst[name] <= LEAST)
    return {name: rows[name] for name in sorted(changed, key=worst.__getitem__)}


def _heads(names: Sequence[str], column: float, baseline: str) -> Iterator[str]:
    """Yield the releases' names, slanted; where not all have room, every second or third, and the baseline's."""
    stride = max(1, round(LEGIBLE / column))
    for number, name in enumerate(names):
        if number % stride and name != baseline:
            continue
        x, weight = LABELS + column * (number + 0.5), ' font-weight="bold"' if name == baseline else ""
        shown = html.escape(cut_within(name, MOST_NAME))
        yield f'<text transform="translate({x:.1f},{TOP - 6}) rotate(-40)"{weight}>{shown}</text>'


def _row(called: str, cells: Sequence[Cell | None], top: int, column: float) -> Iterator[str]:
    shown, text = html.escape(cut_within(called, MOST_NAME)), top + ROW - 4
    yield f'<text x="{LABELS - 6}" y="{text}" text-anchor="end">{shown}</text>'
    for number, cell in enumerate(cells):
        verdict = cell.judged if cell else None
        ground, ink = COLOURS[verdict]
        x = LABELS + column * number
        yield (
            f'<rect x="{x:.1f}" y="{top}" width="{column - 1:.1f}" height="{ROW - 1}" fill="{ground}" '
            'stroke="#cccccc" stroke-width="0.5"/>'
        )
        if verdict and column >= LEGIBLE:
            mark = html.escape(verdict.mark)
            yield f'<text x="{x + column / 2:.1f}" y="{text}" text-anchor="middle" fill="{ink}">{mark}</text>'
