"""What is there and what is missing, as a command."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence

import click

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import read_or_default
from tfmatrix.cli.streams import say
from tfmatrix.doctor import Checkup, Standing, check_up

EXAMPLE = "\b\n$ tfmatrix doctor\n$ tfmatrix doctor --json | jq .missing"
"""What its help ends with; the escape has click keep the lines."""


@click.command(epilog=EXAMPLE)
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON and nothing else.")
def doctor(*, as_json: bool) -> int:
    """Say in ten lines whether the project can run here, what is missing, and how to get it.

    Without a project it is about the default versions. Nothing is made, and no network is used.

    Exits with 0 if the project can run, and with 2 if something that it needs is missing.
    """
    settings, is_project = read_or_default()
    found = check_up(settings, is_project=is_project)
    if as_json:
        say(json.dumps(found.to_json(), indent=2))
    else:
        last = [f"missing     {sentence}" for sentence in found.missing] or ["Everything is there."]
        for line in (*_lines(found), *last):
            say(line)
    return INCOMPLETE if found.missing else SAME


def _lines(found: Checkup) -> Iterator[str]:
    """Yield what there is, a line for each kind of thing."""
    machine = found.machine
    of_what = "" if found.is_project else ", which has no [tool.tfmatrix]: `tfmatrix init` shows one"
    made = sum(one.is_made for one in found.wanted)
    able = [one for one in found.releases if not one.reason]
    yield f"project     {found.root}{of_what}"
    yield f"versions    {', '.join(one.name for one in found.wanted)}; {made} of {len(found.wanted)} are made"
    yield f"Pythons     {_pythons(found.pythons)}"
    yield f"uv          {found.uv or 'none'}"
    yield f"disk        {found.free_gb} GB free; environments to be made take about {found.needed_gb} GB"
    yield f"memory      {found.memory_gib} GiB free of {machine.memory_gib}"
    yield f"processor   {machine.cpu}, {machine.cores} cores; {', '.join(found.instruction_sets) or 'no AVX'}"
    yield f"GPU         {'; '.join(machine.gpus) or 'none'}"
    yield f"releases    {len(able)} of {len(found.releases)} can run{_which(found.releases)}"


def _pythons(found: Mapping[str, str]) -> str:
    there = [python for python, path in found.items() if path]
    gone = [python for python, path in found.items() if not path]
    install = f"; not found: {', '.join(gone)} (`uv python install {gone[-1]}`)" if gone else ""
    return f"{', '.join(there) or 'none'}{install}"


def _which(releases: Sequence[Standing]) -> str:
    """Return on which Python the releases can run, those that follow each other together, and which can on none."""
    told = []
    for python, group in itertools.groupby(releases, key=lambda one: one.python):
        names = [one.name for one in group]
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        told.append(f"{span} on Python {python}" if python else f"not {span}")
    return f": {', '.join(told)}"
