"""What a run looks like while it goes on: one row per environment, and a line for whatever went wrong."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tfmatrix.records import OBSERVED, UNSUPPORTED, Environment, ExpectedTrial
from tfmatrix.report.text import counted, plain
from tfmatrix.runner.events import Event, Finished, Launched, Locking, Making, Ready, Refused, Round

_FINE = frozenset({OBSERVED, UNSUPPORTED})


@dataclass
class _Row:
    expected: int = 0
    finished: int = 0
    phase: str = "waiting"
    last: str = ""
    began: float | None = None
    """When the first of its trials began, or the probe that the first one was waiting for was there."""


class View:
    """The state of a run, as told by its events."""

    def __init__(self, again: Callable[[str], Sequence[str]] | None = None, findings: Collection[str] = _FINE) -> None:
        """Begin with nothing to do.

        ``again`` returns the command that runs the trial of a name again, where there is one.
        ``findings`` are the outcomes of a trial that the report tells of: any other is seen at once.
        """
        self.rows: dict[Environment, _Row] = {}
        self._again, self._findings = again, findings

    def tell(self, event: Event) -> str | None:
        """Take in an event; return the line that stands for it where there is no live view, or None."""
        line = self._told(event)
        return None if line is None else plain(line)

    def _told(self, event: Event) -> str | None:  # noqa: PLR0911  # a return for each event
        match event:
            case Round(trials=trials, stored=stored):
                return self._begin(trials, stored)
            case Locking(environment):
                return f"{environment.name}: locking, for it has no lock file that fits"
            case Making(environment):
                self.rows[environment].phase = "installing"
                return f"{environment.name}: installing"
            case Ready(environment, installed):
                self.rows[environment].phase = "ready"
                return f"{environment.name}: ready, {len(installed.packages)} packages"
            case Refused(environment, reason):
                self.rows[environment].phase = "unavailable"
                return f"{environment.name}: unavailable: {reason}"
            case Launched(environment=environment, seconds=seconds, can_fork=can_fork, start=start):
                row = self.rows[environment]
                row.phase, row.began = "observing", row.began or time.monotonic()
                slow = "" if can_fork else "; it cannot fork, so each trial starts a process of its own"
                how = f"{start.name}, " if start.name else ""
                told = f"{environment.name}: {how}TensorFlow imported in {seconds:.1f} s{slow}"
                return None if start.bare else told  # each trial of a bare one imports it itself
            case Finished():
                return self._finished(event)

    def must_be_seen(self, event: Event) -> bool:
        """Return whether an event is one that a reader must see at once."""
        match event:
            case Locking() | Round() | Refused():
                return True
            case Finished(trial=trial):
                return trial.outcome not in self._findings
            case Making() | Ready() | Launched():
                return False

    def _begin(self, trials: Sequence[ExpectedTrial], stored: int) -> str | None:
        if self.rows and not trials:
            return None  # the end of a run
        self.rows = {}
        for expected in trials:
            self.rows.setdefault(expected.cell.environment, _Row()).expected += 1
        return f"{len(trials)} of {len(trials) + stored} trials to run, {stored} stored already."

    def _finished(self, event: Finished) -> str | None:
        environment = event.expected.cell.environment
        row = self.rows[environment]
        row.finished += 1
        row.last = f"{event.expected.cell.model.name}/{event.expected.cell.mode} {event.trial.outcome}"
        if row.finished == row.expected:
            row.phase = "done"
        if self.must_be_seen(event):
            what = event.trial.message.splitlines()[0] if event.trial.message else ""
            trial = event.expected.id
            again = f" ({shlex.join(self._again(trial))})" if self._again else ""
            return f"{trial} {event.trial.outcome}: {what}{again}"
        return f"{environment.name}: {counted(row.expected, 'trial')} done" if row.phase == "done" else None

    def __rich__(self) -> RenderableType:
        if not self.rows:
            return Text()
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("environment", "phase"):
            table.add_column(heading, no_wrap=True)
        table.add_column("trials", justify="right", no_wrap=True)
        table.add_column("last", no_wrap=True, overflow="ellipsis")
        table.add_column("left", justify="right", no_wrap=True)
        for environment, row in self.rows.items():
            table.add_row(
                environment.name, row.phase, f"{row.finished}/{row.expected}", Text(plain(row.last)), _left(row)
            )
        return table


def _left(row: _Row) -> str:
    """Return the time left at the pace so far."""
    if row.began is None or not row.finished or row.finished == row.expected:
        return ""
    seconds = (time.monotonic() - row.began) / row.finished * (row.expected - row.finished)
    return f"{seconds:.0f} s"
