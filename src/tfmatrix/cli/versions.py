"""What the package index offers, as a command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click
from packaging.version import Version

from tfmatrix.cli.codes import SAME
from tfmatrix.cli.selection import options, read_or_default
from tfmatrix.cli.streams import say
from tfmatrix.environments import catalogue
from tfmatrix.environments.offered import Offer, Offers, offers

EXAMPLE = "\b\n$ tfmatrix versions\n$ tfmatrix versions --json | jq .newer"
"""What its help ends with; the escape has click keep the lines."""


@click.command(epilog=EXAMPLE)
@options("distribution")
@click.option("--json", "as_json", is_flag=True, help="Print all that is offered as JSON and nothing else.")
def versions(distribution: str | None, *, as_json: bool) -> int:
    """List the TensorFlow releases that the package index has, which are locked, and which are newer than those.

    The index is the one that uv is set to use. Exits with 0 also if something is newer, and with 2 if the index can't
    be asked.
    """
    settings = read_or_default()[0].overridden(distribution=distribution)
    found = offers(settings.distribution, settings.root)
    if as_json:
        say(json.dumps(found.to_json(), indent=2))
    else:
        for line in _lines(found):
            say(line)
    return SAME


def _lines(found: Offers) -> Iterator[str]:
    """Yield what is shown: releases that may be known, and candidates of what is no release yet."""
    oldest = Version(catalogue.RELEASES[0]).release[:2]
    finals = [Version(one.version) for one in found.offers if one.kind == "final"]
    shown: list[Offer] = []
    left_out: list[Offer] = []
    for one in found.offers:
        version = Version(one.version)
        is_new = one.kind == "final" or version > max(finals, default=version)
        (shown if is_new and version.release[:2] >= oldest else left_out).append(one)
    yield f"{found.distribution} at {found.index}, newest first:"
    yield from (_line(one) for one in shown)
    if left_out:
        yield f"and {len(left_out)} older releases and pre-releases, which --json lists"
    if found.gone:
        yield f"locked and not offered any more: {', '.join(found.gone)}"
    yield _newer(found)


def _name(one: Offer) -> str:
    return one.version if one.kind != "nightly" else f"{one.package} {one.version}"


def _line(one: Offer) -> str:
    locked = f"locked for Python {', '.join(one.locked_for)}" if one.locked_for else "not locked"
    known = "" if one.is_known else ", not yet known to tfmatrix"
    return f"  {_name(one):<36} {one.kind:<12} {_range(one.pythons):<16} {locked}{known}"


def _range(pythons: Sequence[str]) -> str:
    """Return the Pythons that there are wheels for, as a range where none within is left out."""
    minors = [Version(python).minor for python in pythons]
    if not minors:
        return "any Python"
    if len(minors) > 2 and minors == list(range(minors[0], minors[-1] + 1)):
        return f"{pythons[0]} to {pythons[-1]}"
    return ", ".join(pythons)


def _newer(found: Offers) -> str:
    if not found.newest_locked:
        return f"no {found.distribution} is locked."
    if not found.newer:
        return f"nothing is newer than {found.newest_locked}, the newest that is locked."
    said = f"newer than {found.newest_locked}, the newest that is locked: {', '.join(map(_name, found.newer))}"
    return f"{said}; `tfmatrix lock VERSION` locks one."
