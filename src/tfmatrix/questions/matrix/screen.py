"""The first screen of a matrix in HTML: a sentence for each release, a map, and the chain of any cell.

What the script reads is one JSON object of arrays in which nothing stands twice: texts, digests, findings and whole
cells are told by their places in lists. Each function here says the order of what it returns; ``screen.js`` reads it.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.explained import in_words
from tfmatrix.questions.matrix import names
from tfmatrix.questions.matrix.answer import beside, last_lines
from tfmatrix.questions.matrix.eras import IN_SHORT, Era, alone
from tfmatrix.questions.matrix.moved import moves
from tfmatrix.questions.matrix.summary import (
    CONSEQUENCE,
    VERDICTS,
    Cell,
    CurvePoint,
    Divergence,
    Finding,
    FirstChange,
    Report,
    Stage,
)
from tfmatrix.records import OBSERVED
from tfmatrix.report import html, terminal
from tfmatrix.report.blocks import Screen
from tfmatrix.report.text import counted, number, plain, shortened

BASELINE = "baseline"
"""Said of the baseline's own cells, which are compared with nothing."""

MARKS = {
    **{verdict.value: (verdict.mark, IN_SHORT[verdict], verdict.meaning) for verdict in VERDICTS},
    CONSEQUENCE: (">", "follows", "differs only because an earlier stage does"),
    BASELINE: ("", "the baseline", "what the others are compared with"),
}
"""Mark, meaning in two or three words, and whole meaning of each word that a cell or a stage may have, by that word."""

WORDS = list(MARKS)

NONE = -1
"""In the place of an index: there is nothing."""

BRIEF = 90
"""Characters of a reason where many stand below each other; the cell has all of it."""


def screen(report: Report) -> Screen:
    """Return the first screen of a report."""
    package = "tfmatrix.questions.matrix"
    sentences = headlines(report)
    return Screen(
        headline=list(sentences.values())[-1] if sentences else f"Nothing is compared with {report.baseline}.",
        markup=html.asset("screen.html", package),
        style=html.asset("screen.css", package),
        script=html.asset("screen.js", package),
        data=json.dumps(data(report), ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    )


def headlines(report: Report) -> dict[str, str]:
    """Return the sentence of each candidate by its name, in their order."""
    return {name: headline(report.baseline, era) for name, era in alone(report).items()}


def headline(baseline: str, era: Era) -> str:
    """Return whether to move to the one release of an era, and in how many cells the reason is."""
    every = sum(most for _, most in era.counts.values())
    told = next((f" ({count} of {counted(every, 'cell')})" for _, count in era.weighed), "")
    return plain(f"{baseline} to {era.name}? {era.answer[0].upper()}{era.answer[1:]}{told}.")


def data(report: Report) -> dict[str, Any]:
    """Return what the script reads."""
    known = _Known(report)
    rows: dict[tuple[str, str, str], list[int]] = {}
    releases = [one.name for one in report.environments]
    places = {name: place for place, name in enumerate(releases)}
    for cell in report.cells:
        row = rows.setdefault((cell.model, cell.mode, cell.launch), [NONE] * len(releases))
        row[places[cell.environment]] = known.cell(cell)
    numbers = {key: at for at, key in enumerate(rows)}
    cells = {cell.id: cell for cell in report.cells}
    candidates = {one.environment: one for one in report.candidates}
    sentences = headlines(report)

    def first(change: FirstChange) -> list[int]:
        """Return row, verdict, where and what of a first change."""
        cell, finding = cells[change.cell], change.finding
        where, why = (f"{finding.tier} {finding.stage}", finding.reason) if finding else ("", change.reason)
        at = numbers[cell.model, cell.mode, cell.launch]
        return [at, _word(change.verdict.value), known.text(where), known.text(shortened(why, BRIEF))]

    def release(name: str) -> list[Any]:
        """Return a release's name, sentence, what is said beside it, and its first changes."""
        candidate = candidates.get(name)
        if not candidate:
            return [plain(name), "", [], []]
        told = [plain(note) for note in beside(name, report)]
        return [plain(name), sentences[name], told, list(map(first, candidate.first_changes))]

    return {
        "baseline": places[report.baseline],
        "words": [[word, *MARKS[word]] for word in WORDS],
        "releases": [release(name) for name in releases],
        "rows": [[plain(model), plain(mode), plain(launch), row] for (model, mode, launch), row in rows.items()],
        "typed": shlex.join(map(plain, report.settings.at_once)),
        **known.lists(),
    }


def _word(verdict: str) -> int:
    return WORDS.index(verdict)


class _List:
    """Values that are told by their places: each stands there once."""

    def __init__(self) -> None:
        self._places: dict[Hashable, int] = {}

    def __call__(self, value: Hashable) -> int:
        return self._places.setdefault(value, len(self._places))

    def values(self) -> list[Any]:
        return list(self._places)


class _Known:
    """What the cells of a report hold, each thing once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._texts, self._digests, self._findings = _List(), _List(), _List()
        self._strips, self._curves, self._cells = _List(), _List(), _List()
        self._shown: dict[str, int] = {}
        self._moved = {one.cell.id: str(one) for one in moves(report)}

    def lists(self) -> Mapping[str, list[Any]]:
        """Return every list by its name."""
        return {
            "texts": self._texts.values(),
            "digests": self._digests.values(),
            "findings": self._findings.values(),
            "strips": self._strips.values(),
            "curves": self._curves.values(),
            "cells": self._cells.values(),
        }

    def text(self, text: str) -> int:
        """Return the place of a text as it is shown."""
        if text not in self._shown:
            self._shown[text] = self._texts(plain(text))
        return self._shown[text]

    def cell(self, cell: Cell) -> int:
        """Return the place of verdict, letter, outcome, trials, trace, reason, tiers, curve, notes and last lines."""
        return self._cells(
            (
                _word(cell.verdict or _own(cell)),
                self.text(cell.letter),
                self.text(cell.outcome),
                cell.trials,
                self._digest(cell.trace),
                self.text(shortened(cell.verdict_reason or cell.reason)),
                tuple(self._tiers(cell)),
                self._curve(cell.curve or ()),
                tuple(map(self.text, self._notes(cell))),
                tuple(map(self.text, map(shortened, last_lines(cell)))),
            )
        )

    def _notes(self, cell: Cell) -> Iterable[str]:
        """Yield what is said of a cell beside its verdict: first how large a change is in what people know."""
        if moved := self._moved.get(cell.id):
            yield moved
        for one in cell.explained or ():
            yield f"{one.place}: {in_words(one)}" if one.place else in_words(one)
        yield from map(terminal.inline, names.told(cell, self._report.baseline))
        for way in cell.ways or ():
            yield f"{way.used}: {'refused too' if way.verdict == 'failed' else way.verdict}"

    def _tiers(self, cell: Cell) -> Iterable[tuple[int, ...]]:
        """Yield each tier's name, strip, first change, what was the same before that, and what changes next.

        Last comes the first change that has the tier's verdict, where the first of all has another, rounding perhaps.
        """
        stages: dict[str, list[Stage]] = {}
        for stage in cell.stages or ():
            stages.setdefault(stage.tier, []).append(stage)
        parted: dict[str, Divergence] = {found.tier: found for found in cell.divergences or ()}
        for tier, found in stages.items():
            at, worst = parted.get(tier), _worst(found)
            later = worst and not (at and at.at.verdict is worst.verdict)
            yield (
                self.text(tier),
                self._strips(tuple(map(self._stage, found))),
                self._finding(at.at) if at else NONE,
                self.text(at.before) if at else NONE,
                self._finding(at.after) if at and at.after else NONE,
                self._finding(worst) if worst and later else NONE,
            )

    def _stage(self, stage: Stage) -> tuple[int, ...]:
        """Return a stage's name, its verdict, and how many of its names there are and differ."""
        return self.text(stage.stage), _word(stage.verdict), stage.names, stage.differing

    def _finding(self, found: Finding) -> int:
        """Return the place of stage, verdict, reason, elements, sizes, floor, ratio and the two digests of a finding.

        The sizes are the largest difference, that in ULP, and the scaled error.
        """
        far = found.distance
        share = f"{far.differing} of {far.elements}" + (" (a sample)" if far.sampled else "") if far else ""
        sizes = (far.max_abs, far.max_ulp, far.scaled_error) if far else (None, None, None)
        numbers = tuple(self.text(number(size)) for size in (*sizes, found.floor, found.ratio))
        digests = self._digest(found.baseline), self._digest(found.candidate)
        told = self.text(found.stage), _word(found.verdict.value), self.text(shortened(found.reason)), self.text(share)
        return self._findings((*told, *numbers, *digests))

    def _curve(self, points: Iterable[CurvePoint]) -> int:
        """Return the place of step, scaled error and floor of each point; none where the weights are the same."""
        found = tuple((point.step, _short(point.scaled_error), _short(point.floor)) for point in points)
        return self._curves(found) if any(error for _, error, _ in found) else NONE

    def _digest(self, digest: str) -> int:
        """Return the place of a digest, whose 32 bytes take 43 characters so."""
        if not digest:
            return NONE
        return self._digests(base64.b64encode(bytes.fromhex(digest)).decode("ascii").rstrip("="))


def _worst(stages: Iterable[Stage]) -> Finding | None:
    """Return the first finding of the worst verdict of a tier's stages; None where no bit was judged to differ."""
    judged = [stage for stage in stages if stage.judged and stage.worst]
    if not judged:
        return None
    return min(judged, key=lambda stage: stage.judged.severity if stage.judged else 0).finding  # the first of them


def _short(value: float | str | None) -> float | str | None:
    """Return a number with three digits."""
    return value if isinstance(value, str) or value is None else float(f"{value:.3g}")


def _own(cell: Cell) -> str:
    """Return the word for a baseline's own cell."""
    return BASELINE if cell.outcome == OBSERVED else cell.outcome if cell.outcome in MARKS else Verdict.FAILED.value
