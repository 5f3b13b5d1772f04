"""`tfmatrix diff`: what changed between two reports."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tfmatrix.cli.codes import CHANGED, SAME
from tfmatrix.cli.streams import say
from tfmatrix.questions.matrix.difference import difference, told
from tfmatrix.questions.matrix.reread import read_report, report_in
from tfmatrix.report import terminal

EXAMPLE = "\b\n$ git show main:reports/matrix.json > /tmp/old.json\n$ tfmatrix diff /tmp/old.json reports/matrix.json"


@click.command(epilog=EXAMPLE)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def diff(old: Path, new: Path, *, as_json: bool) -> int:
    """Say what differs between the reports OLD and NEW: verdicts, results, and what they rest on.

    Each is a `matrix.json`, or the folder with it. Exits with 0 if they say the same, and with 1 if not.
    """
    before, after = (read_report(report_in(path)) for path in (old, new))
    found = difference(before, after)
    if as_json:
        say(json.dumps(found.to_json(), indent=2))
    else:
        say(f"report {after.id} against report {before.id}:")
        for line in terminal.lines([*told(found)]):
            say(line)
    return CHANGED if found else SAME
