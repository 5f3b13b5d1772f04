"""The answer in a few lines of plain text: what the terminal shows at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tfmatrix.report.document import Data
from tfmatrix.report.text import plain


def lines(data: Data) -> Iterator[str]:
    """Yield what was asked, then for each candidate its verdict with its cells, and where the worst kind began."""
    yield f"against {data['baseline']}{f', {left_out(data)}' if left_out(data) else ''}:"
    width = max((len(candidate["environment"]) for candidate in data["candidates"]), default=0)
    for candidate in data["candidates"]:
        counts = ", ".join(f"{count} {name}" for name, count in candidate["counts"].items())
        yield f"{candidate['environment']:<{width}}  {candidate['verdict']:<14}  {counts}"
        for first in candidate["first_changes"][:1]:
            yield f"{'':<{width}}  {plain(change(first))}"


def left_out(data: Data) -> str:
    """Return how much of the reference models was not asked about; nothing where all were."""
    missing = data["settings"]["left_out"]
    asked = {cell["model"] for cell in data["cells"]}
    return f"{len(asked)} of {len(asked) + len(missing)} reference models" if missing else ""


def change(first: Data) -> str:
    """Return a first change as a phrase: cell, stage, and what became of it."""
    where = f"{first['model']}/{first['mode']}"
    finding = first["finding"]
    if not finding:
        return f"{where}: {first['reason']}"
    return f"{where}: {finding['tier']} {finding['stage']} {finding['verdict']} ({finding['reason']})"


def problems(unanswered: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one line per distinct problem, with how many cells have it."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for cell in unanswered:
        # One missing environment or one broken model file is one problem, whatever the number of its cells.
        subject = cell["environment"] if cell["outcome"] == "unavailable" else cell["model"]
        grouped.setdefault((subject, cell["outcome"], cell["reason"]), []).append(cell["id"])
    for (subject, outcome, reason), cells in grouped.items():
        number = f"{len(cells)} cells" if len(cells) > 1 else cells[0]
        yield plain(f"{subject} {outcome}: {reason} ({number})")
