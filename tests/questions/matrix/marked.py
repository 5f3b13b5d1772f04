"""Reports in which cells have the verdicts that a row of marks says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from questions.changing import changed
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.summary import VERDICTS, Candidate, Report

BASELINE = "2.15.1"


def a_report(report: Report, found: Mapping[str, Sequence[str]], **more: Any) -> Report:
    """Return a report in which cells have verdicts by their marks: a row of them for each release, in its order."""
    verdicts = {verdict.mark: verdict for verdict in VERDICTS}
    names = [*found, BASELINE] if BASELINE not in found else [*found]
    like = next(cell for cell in report.cells if cell.stages)
    cells = [
        changed(
            like, id=f"{name}/m{at}/tf2", environment=name, model=f"m{at}", ends=None,
            verdict=verdicts[mark].value if name != BASELINE else "",
        )
        for name in names
        for at, mark in enumerate(found.get(name, ()))
    ]  # fmt: skip
    candidates = []
    for name in names:
        counted = [verdicts[mark] for mark in found.get(name, ())]
        counts = {verdict: counted.count(verdict) for verdict in Verdict if verdict in counted}
        candidates.append(
            Candidate(
                environment=name,
                verdict=min(counts, default=Verdict.MISSING, key=lambda v: v.severity),
                counts=counts,
                first_changes=(),
            )
        )
    environments = tuple(changed(report.environments[0], name=name) for name in names)
    own = tuple(one for one in candidates if one.environment != BASELINE)
    return changed(report, cells=tuple(cells), environments=environments, candidates=own, **more)
