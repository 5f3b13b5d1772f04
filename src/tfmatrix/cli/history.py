"""`tfmatrix history`: what a store has seen over time."""

from __future__ import annotations

import json

import click

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import read_config
from tfmatrix.cli.streams import say
from tfmatrix.questions.history import histories, told
from tfmatrix.report import terminal
from tfmatrix.store.opening import open_store

EXAMPLE = "\b\n$ tfmatrix history\n$ tfmatrix history keras_mlp --json"


@click.command(epilog=EXAMPLE)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--json", "as_json", is_flag=True, help="Print every run as JSON and nothing else.")
def history(models: tuple[str, ...], *, as_json: bool) -> int:
    """Say when the results of a cell changed, and what had changed before: its model, lock, machine, a file.

    Nothing is run. Without a MODEL, all models are shown. Exits with 2 if the store has no run of them. `tfmatrix gc`
    removes what no report can show any more, and so its history too.
    """
    with open_store(read_config({})) as store:
        found = histories(store, models)
    if not found:
        say(f"tfmatrix: the store has no run of {', '.join(models) or 'any model'}.", err=True)
        return INCOMPLETE
    if as_json:
        say(json.dumps([one.to_json() for one in found], indent=2))
    else:
        for line in terminal.lines([*told(found)]):
            say(line)
    return SAME
