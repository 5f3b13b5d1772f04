"""What is said of names: which thing of the baseline is which of a candidate's, and what one side alone reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfmatrix.questions.matrix.summary import Aligned, Cell, Renamed
from tfmatrix.report.blocks import Code, Text, joined
from tfmatrix.report.text import counted, plain


def told(cell: Cell, baseline: str) -> Iterator[Text]:
    """Yield what a reader has to know of a cell's names; nothing where both sides have the same."""
    if cell.aligned and cell.aligned.renamed:
        yield joined("; ", _aligned(cell.aligned))
    for side, environment in (("baseline", baseline), ("candidate", cell.environment)):
        if names := [Code(one.stage) for one in cell.one_sided or () if one.side == side]:
            yield f"{environment} alone reports ", joined(", ", names), ", which was compared with nothing"
    if cell.off:
        off = joined(", ", [Code(layer) for layer in cell.off])
        why = "), since their draws have no counterpart: "
        yield "in the start and injected tiers these layers do not draw (", Code("training=False"), why, off
    if cell.unreached:
        yield "nothing judged natively after ", Code(cell.unreached), ", which could not be handed over"


def in_short(cells: Iterable[Cell], baseline: str) -> Iterator[str]:
    """Yield what a terminal says of the names of a candidate's cells: the first of each kind, and how many have it."""
    cells = list(cells)
    renamed = [(cell, one) for cell in cells if cell.aligned for one in cell.aligned.renamed[:1]]
    if renamed:
        cell, one = renamed[0]
        yield f"{_where(cell, len(renamed))}: {one.what} {_is(one)} there, by {_by(one)}"
    for side in ("baseline", "candidate"):
        lone = [(cell, one.stage) for cell in cells for one in cell.one_sided or () if one.side == side]
        if lone:
            cell, stage = lone[0]
            environment = baseline if side == "baseline" else cell.environment
            count = len({cell.id for cell, _ in lone})
            yield f"{_where(cell, count)}: {environment} alone reports {stage}, which was compared with nothing"


def _aligned(aligned: Aligned) -> Iterator[Text]:
    kinds: dict[str, list[Renamed]] = {}
    for one in aligned.renamed:
        kinds.setdefault(one.what, []).append(one)
    if aligned.by_name:
        yield f"{counted(aligned.by_name, 'variable')} by name"
    for what, members in kinds.items():
        first = members[0]
        pair = Code(first.baseline), " is ", Code(first.candidate), " there"
        yield f"{counted(len(members), what)} by {_by(first)}: ", pair


def _is(one: Renamed) -> str:
    return f"{plain(one.baseline)} is {plain(one.candidate)}"


def _by(one: Renamed) -> str:
    return "another name or the same bits" if one.what == "report" else "order and shape"


def _where(cell: Cell, count: int) -> str:
    return cell.where if count == 1 else f"{cell.where} and {count - 1} more"
