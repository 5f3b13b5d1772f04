"""The exchange as a command: what one release writes and another reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import alone, open_store, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.exchange import run
from tfmatrix.questions.exchange.answer import answer, problems
from tfmatrix.questions.exchange.plan import ExchangePlan, make_exchange_plan
from tfmatrix.questions.exchange.report import write_report
from tfmatrix.questions.exchange.summary import Report
from tfmatrix.records import ExpectedTrial
from tfmatrix.report import terminal
from tfmatrix.report.document import to_text
from tfmatrix.runner.events import Event
from tfmatrix.store.store import Store

Step = Callable[[ExchangePlan, Store, Callable[[Event], None]], None]


@click.command()
@click.option("--versions", metavar="LIST", help="Environments: 2.9.3,2.16.2+keras-3.11.3; or all.")
@click.option("--formats", metavar="LIST", default="", help="Formats: keras,weights.h5; all by default.")
@click.option("--modes", metavar="LIST", help="tf2,v1 or one of the two.")
@click.option("--models", metavar="LIST", help="Reference models; keras_mlp and mlp by default.")
@click.option("--seed", type=int, metavar="N", help="What every generator is seeded with.")
@click.option("--python", metavar="X.Y", help="The Python of the environments.")
@click.option("--reports", metavar="FOLDER", help="Where the report is written; reports by default.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu or tensorflow.")
@click.option("--timeout", type=float, metavar="S", help="Seconds that one trial may take.")
@click.option("--jobs", type=int, metavar="N", help="Processes at once; by default as many as cores and memory allow.")
@click.option("--memory", type=int, metavar="MIB", help="Memory that one trial may take.")
@click.option("--fresh", is_flag=True, help="Write and read everything again, stored or not.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else.")
def exchange(*, formats: str, fresh: bool, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Write weights and models in each release, read them in each later one, and write the report.

    Exits with 0 when it is known of every pair what becomes of it, and with 2 when one is missing or unavailable. That
    something is refused or comes back in part is for the report to say and not an error.
    """
    names = tuple(name.strip() for name in formats.split(",") if name.strip())
    plan = make_exchange_plan(read_config(choices), names)
    with open_store(plan.base) as store, alone(plan.base):
        if fresh:
            # Readers first: which there are is known by what was written.
            store.forget([reader.key for _, _, reader in run.readers(plan, store) if reader])
            store.forget(written.writer.key for written in plan.written)
        _observe(plan, store, silent=quiet or as_json)
        report, path = write_report(plan, store)
    return _finish(report, path, quiet=quiet, as_json=as_json)


def _observe(plan: ExchangePlan, store: Store, *, silent: bool) -> None:
    """Write what is missing, then read what is missing: what there is to read is known only then."""
    console = Console(stderr=True, quiet=silent, highlight=False)
    writers = [written.writer for written in run.missing_writers(plan, store)]
    _step("write", writers, console, lambda tell: run.write_missing(plan, store, tell))
    readers = run.missing_readers(plan, store)
    _step("read", readers, console, lambda tell: run.read_missing(plan, store, tell))


def _step(
    verb: str, missing: list[ExpectedTrial], console: Console, observe: Callable[[Callable[[Event], None]], None]
) -> None:
    """Observe with a live view on a terminal and plain lines elsewhere; what is refused is a finding and no trouble."""
    console.print(f"{len(missing)} trials to {verb}.", markup=False)
    view = View(missing)

    def tell(event: Event) -> None:
        line = view.tell(event)
        if line and not console.is_terminal and not _is_refusal(event):
            console.print(line, markup=False, soft_wrap=True)

    if console.is_terminal and missing:
        with Live(view, console=console, refresh_per_second=4):
            observe(tell)
    else:
        observe(tell)


def _is_refusal(event: Event) -> bool:
    """Return whether an event is a trial that the report will tell of."""
    return View.is_trouble(event) and hasattr(event, "trial")


def _finish(report: Report, path: Path, *, quiet: bool, as_json: bool) -> int:
    """Print how many pairs came to what, and return the exit code."""
    if as_json:
        click.echo(to_text(report), nl=False)
    elif not quiet:
        for line in terminal.lines(answer(report)):
            click.echo(line)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"report {report.id}: {shown}")
    missing = problems(report)
    for line in missing:
        click.echo(f"tfmatrix: {line}", err=True)
    return INCOMPLETE if missing else SAME
