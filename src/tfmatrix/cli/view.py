"""What a run looks like while it goes on: one row per environment, and a line for whatever went wrong."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tfmatrix.records import OBSERVED, UNSUPPORTED, Environment, ExpectedTrial
from tfmatrix.runner.events import Event, Finished, Launched, Making, Ready, Refused


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

    def __init__(self, missing: Iterable[ExpectedTrial], options: Sequence[str] = ()) -> None:
        """Begin with the trials that a run has to do.

        ``options`` are those of the command line without which one of its trials would be another one.
        """
        self.rows: dict[Environment, _Row] = {}
        self._options = options
        for expected in missing:
            self.rows.setdefault(expected.cell.environment, _Row()).expected += 1

    def tell(self, event: Event) -> str | None:
        """Take in an event; return the line that stands for it where there is no live view, or None."""
        match event:
            case Making(environment):
                self.rows[environment].phase = "installing"
                return f"{environment.name}: installing"
            case Ready(environment, installed):
                self.rows[environment].phase = "ready"
                return f"{environment.name}: ready, {len(installed.packages)} packages"
            case Refused(environment, reason):
                self.rows[environment].phase = "unavailable"
                return f"{environment.name}: unavailable: {reason}"
            case Launched(environment=environment, seconds=seconds, can_fork=can_fork):
                row = self.rows[environment]
                row.phase, row.began = "observing", row.began or time.monotonic()
                slow = "" if can_fork else "; it cannot fork, so each trial starts a process of its own"
                return f"{environment.name}: TensorFlow imported in {seconds:.1f} s{slow}"
            case Finished():
                return self._finished(event)

    @staticmethod
    def is_trouble(event: Event) -> bool:
        """Return whether an event is one that a reader must see at once."""
        match event:
            case Refused():
                return True
            case Finished(trial=trial):
                return trial.outcome not in {OBSERVED, UNSUPPORTED}
        return False

    def _finished(self, event: Finished) -> str | None:
        environment = event.expected.cell.environment
        row = self.rows[environment]
        row.finished += 1
        row.last = f"{event.expected.cell.model.name}/{event.expected.cell.mode} {event.trial.outcome}"
        if row.finished == row.expected:
            row.phase = "done"
        if self.is_trouble(event):
            what = event.trial.message.splitlines()[0] if event.trial.message else ""
            trial = event.expected.id
            again = shlex.join(["tfmatrix", "run", *self._options, "--cell", trial, "--trace"])
            return f"{trial} {event.trial.outcome}: {what} ({again})"
        return f"{environment.name}: all {row.expected} trials done" if row.phase == "done" else None

    def __rich__(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("environment", "phase"):
            table.add_column(heading, no_wrap=True)
        table.add_column("trials", justify="right", no_wrap=True)
        table.add_column("last", no_wrap=True, overflow="ellipsis")
        table.add_column("left", justify="right", no_wrap=True)
        for environment, row in self.rows.items():
            table.add_row(environment.name, row.phase, f"{row.finished}/{row.expected}", Text(row.last), _left(row))
        return table


def _left(row: _Row) -> str:
    """Return the time left at the pace so far."""
    if row.began is None or not row.finished or row.finished == row.expected:
        return ""
    seconds = (time.monotonic() - row.began) / row.finished * (row.expected - row.finished)
    return f"{seconds:.0f} s"
