"""Eras: neighbouring releases against which the baseline differs in the same cells, taken together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tfmatrix.compare.verdicts import Passing, Verdict, worst
from tfmatrix.questions.matrix.summary import Candidate, Cell, Report
from tfmatrix.report import releases

ANSWERS: Mapping[Verdict, str] = {
    Verdict.MISSING: "not known: not everything was run",
    Verdict.FAILED: "not yet: some models fail",
    Verdict.UNSTABLE: "not known: some models do not repeat themselves",
    Verdict.NOT_COMPARABLE: "not yet: not all could be compared",
    Verdict.DIFFERENT: "not yet: another meaning",
    Verdict.REDRAWN: "not yet: other random numbers",
    Verdict.ROUNDING: "yes: rounding only",
    Verdict.IDENTICAL: "yes: the same bits",
    Verdict.GONE: "not yet: a model is gone",
    Verdict.NEW: "not known: nothing was compared",
}
"""What a verdict says of a move."""

IN_SHORT: Mapping[Verdict, str] = {
    Verdict.IDENTICAL: "the same bits",
    Verdict.ROUNDING: "rounding",
    Verdict.REDRAWN: "other random numbers",
    Verdict.DIFFERENT: "another meaning",
    Verdict.NOT_COMPARABLE: "not comparable",
    Verdict.UNSTABLE: "not repeatable",
    Verdict.FAILED: "failed",
    Verdict.MISSING: "not run",
    Verdict.GONE: "gone",
    Verdict.NEW: "new",
    Verdict.UNSUPPORTED: "exists in neither",
}
"""What a verdict says of a cell, in two or three words; the legend has the whole of it."""

WEIGHED = (Verdict.MISSING, Verdict.FAILED, Verdict.UNSTABLE, Verdict.DIFFERENT, Verdict.REDRAWN)
"""What is said first where it is there: one test that could not tell is no answer beside changes that were found."""


class Era(NamedTuple):
    """Releases in their order, one behind the other, with the same verdicts but for which cells are rounding."""

    environments: tuple[str, ...]
    counts: Mapping[Verdict, tuple[int, int]]
    """Of each verdict in how many cells at least and at most, worst first."""
    newer: bool
    """Whether its releases are newer than the baseline."""
    has_unreached: bool
    """Whether in a cell nothing was judged behind other random numbers, since they could not be handed over."""

    @property
    def verdict(self) -> Verdict:
        """Return what is to be said of it."""
        there = [verdict for verdict, (_, most) in self.counts.items() if most]
        return next((verdict for verdict in WEIGHED if verdict in there), worst(there))

    @property
    def farthest(self) -> str:
        """Return its release farthest from the baseline."""
        return self.environments[-1 if self.newer else 0]

    @property
    def changes(self) -> bool:
        """Return whether there is more than rounding, so that its reader has to look."""
        return self.verdict.severity < Verdict.ROUNDING.severity or Verdict.GONE in self.counts

    @property
    def answer(self) -> str:
        """Return whether one may move there, and why, in a few words."""
        told, redrawn = ANSWERS[self.answered], self.answered is Verdict.REDRAWN
        return f"{told}; not all behind them was judged" if redrawn and self.has_unreached else told

    @property
    def answered(self) -> Verdict:
        """Return the verdict that is the answer: where all that was compared is rounding, a model that is gone."""
        rounds = self.verdict.severity >= Verdict.ROUNDING.severity
        return Verdict.GONE if rounds and self.changes else self.verdict

    @property
    def name(self) -> str:
        """Return the name of its only release, or those of the first and the last."""
        return releases.told(self.environments, self.environments)

    @property
    def weighed(self) -> Iterator[tuple[Verdict, str]]:
        """Yield how many cells have which verdict, that of the answer first: ``7 to 19``."""
        first = self.answered
        for verdict in sorted(self.counts, key=lambda verdict: verdict is not first):
            least, most = self.counts[verdict]
            yield verdict, str(most) if least == most else f"{least} to {most}"


def cells_of(era: Era, report: Report) -> list[Cell]:
    """Return the cells of an era's farthest release, which speak for all of it."""
    return [cell for cell in report.cells if cell.environment == era.farthest]


def owners(cells: Iterable[Cell]) -> str:
    """Return whose the changes of some cells are, as far as that was found out: ``13 Keras, 2 TensorFlow``."""
    counts = Counter(found.owner for cell in cells if (found := cell.explanation))
    return ", ".join(f"{count} {owner}" for owner, count in counts.most_common())


def eras(report: Report) -> list[Era]:
    """Return the eras of a report: those newer than the baseline first, each side beginning beside the baseline."""
    cells = _by_environment(report)
    names = [environment.name for environment in report.environments]
    alike = {name: _alike(cells.get(name, ())) for name in names}
    place = names.index(report.baseline)
    candidates = {candidate.environment: candidate for candidate in report.candidates}
    found: list[Era] = []
    for newer, side in ((True, names[place + 1 :]), (False, names[:place][::-1])):
        groups: list[list[str]] = []
        for name in filter(candidates.__contains__, side):
            if groups and alike[groups[-1][-1]] == alike[name]:
                groups[-1].append(name)
            else:
                groups.append([name])
        found += (_era(sorted(group, key=names.index), candidates, cells, newer=newer) for group in groups)
    return found


def alone(report: Report) -> Mapping[str, Era]:
    """Return each candidate as an era of its own, by its name."""
    candidates = {one.environment: one for one in report.candidates}
    cells = _by_environment(report)
    return {name: _era([name], candidates, cells, newer=True) for name in candidates}


def _by_environment(report: Report) -> Mapping[str, Sequence[Cell]]:
    cells: dict[str, list[Cell]] = {}
    for cell in report.cells:
        cells.setdefault(cell.environment, []).append(cell)
    return cells


def _alike(cells: Sequence[Cell]) -> tuple[Mapping[str, str], bool]:
    """Return what the releases of one era share: the cells with more than rounding, and whether there is rounding."""
    more = {cell.name: cell.verdict for cell in cells if cell.severity < Verdict.ROUNDING.severity}
    return more, any(cell.judged is Verdict.ROUNDING for cell in cells)


def to_look_at(found: Sequence[Era]) -> Era | None:
    """Return the era that its reader looks at next: the nearest with changes, else the nearest of all."""
    return next((era for era in found if era.changes), found[0] if found else None)


def _era(
    names: Sequence[str],
    candidates: Mapping[str, Candidate],
    cells: Mapping[str, Sequence[Cell]],
    *,
    newer: bool,
) -> Era:
    counted = [Counter(candidates[name].counts) for name in names]
    there = [v for v in Verdict if v.passing is not Passing.NEITHER and any(count[v] for count in counted)]
    spans = {v: (min(count[v] for count in counted), max(count[v] for count in counted)) for v in there}
    has_unreached = any(cell.unreached for name in names for cell in cells.get(name, ()))
    return Era(tuple(names), spans, newer, has_unreached)
