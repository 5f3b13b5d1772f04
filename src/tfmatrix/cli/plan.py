"""What a run would do, as a command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import click

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import OPTIONS, SELECTION, options, read_plan
from tfmatrix.cli.streams import say
from tfmatrix.forecast import Forecast, OfEnvironment, foretell
from tfmatrix.report.text import counted
from tfmatrix.store.opening import open_store

EXAMPLE = "\b\n$ tfmatrix plan --versions all\n$ tfmatrix plan --models mlp --json | jq .seconds"
"""What its help ends with; the escape has click keep the lines."""


@click.command(epilog=EXAMPLE)
@options(*SELECTION, "timeout", "jobs", "memory", "on", "fresh", "json")
def plan(*, fresh: bool, as_json: bool, **choices: Any) -> int:
    """Say what `tfmatrix run` with the same options would do: trials, environments, disk, time, and what is stored.

    Nothing is run, made or downloaded. The time is estimated from earlier trials.

    Exits with 0, and with 2 if the disk has no room for the environments.
    """
    asked = read_plan(dict(choices))
    with open_store(asked.config) as store:
        found = foretell(asked, store, fresh=fresh)
    if as_json:
        say(json.dumps(found.to_json(), indent=2))
    else:
        for line in (*_lines(found), f"next          {_command(choices, fresh=fresh)}"):
            say(line)
    if found.workers or found.free_gb >= found.needed_gb:
        return SAME
    say(
        f"tfmatrix: {found.free_gb} GB are free, and the environments to be made take about {found.needed_gb} GB; "
        "make room, or ask for fewer versions.",
        err=True,
    )
    return INCOMPLETE


def _lines(found: Forecast) -> Iterator[str]:
    """Yield what a run would do, a line for each kind of thing and each environment."""
    environments = found.environments
    yield (
        f"cells         {found.cells}: {counted(len(environments), 'environment')}, {', '.join(found.modes)}, "
        f"{counted(found.models, 'model')}"
    )
    for lack in found.lacking:
        yield f"unavailable   {counted(lack.cells, 'cell')}: {lack.reason}"
    more = "; more follow if something changed" if found.to_run else ""
    yield f"trials        {found.to_run} to run, {found.stored} stored already{more}"
    width = max(len(one.name) for one in environments)
    for number, one in enumerate(environments):
        yield f"{'' if number else 'environments':<14}{one.name:<{width}}  {_told(one, fleet=found.workers > 0)}"
    if found.workers:
        yield f"workers       {found.workers} of this machine's class, {counted(found.processes, 'trial')} at once"
        yield f"disk          up to {found.needed_gb} GB on each machine of the fleet"
    else:
        yield f"disk          {found.needed_gb} GB for environments to be made; {found.free_gb} GB are free"
    if found.to_run:
        yield f"time          about {_span(found.seconds)}, {found.processes} at once{_known(found)}"
    if found.longest:
        yield f"longest       {', '.join(f'{one.cell} ({_span(one.seconds)})' for one in found.longest)}"
    lost = f", which replaces one that is also about {found.replaces}" if found.replaces else ""
    yield f"report        {found.report}{lost}"


def _told(one: OfEnvironment, *, fleet: bool) -> str:
    if fleet:
        return f"Python {one.python}, {counted(one.to_run, 'trial')} to run"
    if one.refused:
        return f"could not be made the last time: {one.refused}"
    made = "made" if one.is_made else "to be made" if one.to_run else "not made, not needed"
    return f"Python {one.python}, {made}, {counted(one.to_run, 'trial')} to run"


def _known(found: Forecast) -> str:
    """Return by what the time is told."""
    if not found.timed:
        return "; none of the models ran before, so this is a guess"
    if found.timed < found.to_run:
        return f"; trials like {found.timed} of {found.to_run} ran before, the rest is a guess"
    return ", as long as trials like these took before"


def _span(seconds: float) -> str:
    """Return a time in the largest unit that leaves two digits or more, or in seconds."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _command(choices: Mapping[str, Any], *, fresh: bool) -> str:
    """Return the command that does it."""
    given = [part for name in OPTIONS if choices.get(name) is not None for part in (f"--{name}", str(choices[name]))]
    return shlex.join(["tfmatrix", "run", *given, *(["--fresh"] if fresh else [])])
