"""Rows: one thing at one boundary of two neighbouring releases, measured, judged and answered."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tfmatrix.compare.verdicts import Verdict

from .judged import Judged, judgement
from .measuring import Change, change, read
from .verdicts import Answer

NOT_ASKED = Answer(Verdict.MISSING)
"""Of a boundary that the run was not asked about."""


class Row(NamedTuple):
    """What is true of one thing at one boundary, and what tfmatrix says of it."""

    thing: str
    before: str
    after: str
    change: Change | None
    """What the plain results show; None where every bit is the same."""
    judged: Judged | None
    answer: Answer

    @property
    def boundary(self) -> str:
        """Return both releases."""
        return f"{self.before} to {self.after}"

    @property
    def truth(self) -> Verdict | None:
        """Return what is right; None where a change was judged by nobody."""
        if self.judged:
            return self.judged.verdict
        return None if self.change else Verdict.IDENTICAL

    @property
    def placed(self) -> bool:
        """Return whether the answer names a stage that the change is in."""
        allowed = self.judged.stages if self.judged else ()
        return not allowed or any(stage.split()[-1:] in [[one] for one in allowed] for stage in self.answer.stages)

    @property
    def right(self) -> bool:
        """Return whether the verdict is the true one, or says the same, and is given for the right stage."""
        also = self.judged.also if self.judged else ()
        return (self.answer.verdict is self.truth or self.answer.verdict in also) and self.placed


def rows(
    results: Mapping[str, Path],
    things: Sequence[str],
    judged: Iterable[Judged],
    answers: Mapping[tuple[str, str, str], Answer],
) -> Iterator[Row]:
    """Yield a row of each thing that both releases of a boundary have; ``results`` are folders by release, in order."""
    releases, judged = list(results), tuple(judged)
    for thing in things:
        found = {release: read(folder, thing) for release, folder in results.items()}
        for before, after in itertools.pairwise(releases):
            a, b = found[before], found[after]
            if a is None or b is None:
                continue
            changed = change(a, b)
            one = judgement(judged, thing, after, changed=changed is not None)
            yield Row(thing, before, after, changed, one, answers.get((thing, before, after), NOT_ASKED))
