"""Opening a report in a browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click

from tfmatrix.cli.codes import SAME
from tfmatrix.cli.selection import options, read_config
from tfmatrix.cli.streams import say
from tfmatrix.errors import UserError

REPORTS = {
    "matrix": "run",
    "explain": "explain",
    "bisect": "bisect",
    "atlas": "atlas",
    "static": "atlas VERSION --model MODEL",
    "machines": "machines",
    "exchange": "exchange",
    "recipes": "recipes",
}
"""Every report that there may be, and the command that writes it."""


@click.command("open")
@options("reports")
@click.argument("name", metavar="[NAME]", required=False)
def open_report(*, name: str | None, **choices: Any) -> int:
    """Open a report in a browser: matrix, explain, bisect, atlas, static, machines, exchange or recipes.

    Without a NAME it is the one written last. Exits with 2 where there is none, or no browser.
    """
    settings = read_config(choices)
    page = _page(settings.under_root(settings.reports), name)
    if not webbrowser.open(page.absolute().as_uri()):
        raise UserError(f"no browser was found; open {page} with one.")
    say(page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page)
    return SAME


open = open_report  # noqa: A001  # the command's name


def _page(folder: Path, name: str | None) -> Path:
    """Return the page of a report, or the newest; raises ``UserError`` where there is none."""
    if name is not None and name not in REPORTS:
        raise UserError(f"there is no report {name!r}; there are {', '.join(REPORTS)}.")
    names = REPORTS if name is None else [name]
    found = [page for one in names if (page := folder / f"{one}.html").is_file()]
    if not found:
        which, command = (f"{name}.html", REPORTS[name]) if name else ("report", REPORTS["matrix"])
        raise UserError(f"there is no {which} in {folder}; `tfmatrix {command}` writes it.")
    return max(found, key=lambda page: page.stat().st_mtime_ns)
