"""The command line: the only module that prints or exits."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from rich.console import Console
from rich.live import Live

from tfmatrix import __version__, config, matrix, upkeep
from tfmatrix.compare import comparing, policy
from tfmatrix.environments import catalogue, interpreters, locks
from tfmatrix.errors import UserError
from tfmatrix.plan import Plan, known_models, make_plan
from tfmatrix.records import OBSERVED, UNSUPPORTED
from tfmatrix.report import answer
from tfmatrix.report.summary import Data, to_text
from tfmatrix.runner.events import Event
from tfmatrix.store import Store
from tfmatrix.view import View

SAME, CHANGED, INCOMPLETE, OUR_FAULT = 0, 1, 2, 125
"""Exit codes: same or accepted; an unaccepted difference; usage, incomplete or nothing to compare; our own failure."""


def main() -> None:
    """Run a command, and turn what it raises into a sentence and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is ended first
    try:
        sys.exit(commands.main(standalone_mode=False) or SAME)
    except UserError as error:
        click.echo(f"tfmatrix: {error}", err=True)
        sys.exit(INCOMPLETE)
    except click.ClickException as error:
        error.show()
        sys.exit(INCOMPLETE)
    except sqlite3.DatabaseError as error:
        click.echo(
            f"tfmatrix: the store cannot be read or written: {error}; `tfmatrix check-store` says more.", err=True
        )
        sys.exit(INCOMPLETE)
    except (KeyboardInterrupt, click.Abort):
        click.echo("tfmatrix: interrupted; what was finished is kept, and the next run goes on from there.", err=True)
        sys.exit(INCOMPLETE)
    except Exception:
        traceback.print_exc()
        click.echo("tfmatrix: this is a bug of tfmatrix; please report it with the lines above.", err=True)
        sys.exit(OUR_FAULT)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfmatrix")
def commands() -> None:
    """Say, bit for bit, what moving from one TensorFlow release to another changes."""


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose what is compared."""
    options = [
        click.option("--versions", metavar="LIST", help="Environments: 2.9.3,2.16.2+keras-3.11.3; or all."),
        click.option("--baseline", metavar="VERSION", help="The environment that the others are compared with."),
        click.option("--modes", metavar="LIST", help="tf2,v1 or one of the two."),
        click.option("--models", metavar="LIST", help="Reference models: mlp,optimizers[adamw]."),
        click.option("--trials", type=int, metavar="N", help="Trials per cell that must agree."),
        click.option("--seed", type=int, metavar="N", help="What every generator is seeded with."),
        click.option("--python", metavar="X.Y", help="The Python of the environments."),
        click.option("--reports", metavar="FOLDER", help="Where the report is written; reports by default."),
        click.option("--distribution", metavar="NAME", help="tensorflow-cpu or tensorflow."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@commands.command()
@_selection
@click.option("--timeout", type=float, metavar="S", help="Seconds that one trial may take.")
@click.option("--jobs", type=int, metavar="N", help="Processes at once; as many as there are cores by default.")
@click.option("--memory", type=int, metavar="MIB", help="Memory that one trial may take.")
@click.option("--fresh", is_flag=True, help="Run every trial again, stored or not.")
@click.option("--cell", metavar="ID", help="Run one trial of 2.15.1/mlp/tf2, print what it says, and store nothing.")
@click.option("--trace", is_flag=True, help="With --cell: print every digest, tier and stage.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else.")
def run(*, fresh: bool, cell: str | None, trace: bool, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Run what is missing of the matrix, compare, and write the report.

    Exits with 0 when every expected cell was observed or does not exist in its release, and with 2 when one is
    missing, unavailable or failed. What differs is for `tfmatrix report` to say and not an error.
    """
    if cell:
        return _run_cell(_config(choices), cell, trace=trace)
    plan = _plan(choices)
    with _store(plan) as store, _alone(plan):
        if fresh:
            store.forget(expected.key for trials in plan.trials.values() for expected in trials)
        _observe(plan, store, silent=quiet or as_json)
        data, path = matrix.write_report(plan, store)
    return _finish(data, path, quiet=quiet, as_json=as_json)


@commands.command()
@_selection
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else.")
def report(*, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Write the report again from what is stored; nothing is run."""
    plan = _plan(choices)
    with _store(plan) as store:
        data, path = matrix.write_report(plan, store)
    return _finish(data, path, quiet=quiet, as_json=as_json)


@commands.command()
@_selection
def cells(**choices: Any) -> None:
    """List every expected cell, its outcome, and why one that is missing is; nothing is run."""
    plan = _plan(choices)
    with _store(plan) as store:
        states = comparing.states(plan, store)
    for cell, state in states.items():
        click.echo(f"{cell.id:<44} {state.outcome:<12} {state.reason}".rstrip())


@commands.command("check-store")
def check_store() -> int:
    """Rehash everything in the store, and name what is wrong; exits with 2 where anything is."""
    with _store(_plan({})) as store:
        wrong = list(upkeep.check(store))
    for line in wrong:
        click.echo(f"tfmatrix: {line}", err=True)
    if not wrong:
        click.echo("every trace and tensor has the bits that its digest says.")
    return INCOMPLETE if wrong else SAME


@commands.command()
@click.argument("other", type=click.Path(path_type=Path))
def merge(other: Path) -> int:
    """Add what the store OTHER has, of another machine for example; exits with 1 where the two contradict."""
    plan = _plan({})
    with _store(plan) as store, _alone(plan):
        conflicts = list(upkeep.merge(store, other))
    for line in conflicts:
        click.echo(f"tfmatrix: {line}", err=True)
    return CHANGED if conflicts else SAME


@commands.command()
def gc() -> None:
    """Remove what no report can show any more: trials of edited model files and of another probe."""
    plan = _plan({})
    with _store(plan) as store, _alone(plan):
        trials, tensors = upkeep.remove_stale(store, plan)
    click.echo(f"{trials} trials and {tensors} tensors removed.")


@commands.command()
@click.argument("version")
@click.option("--as-of", metavar="DATE", help="Resolve with what was published up to that day: 2022-06-01.")
@click.option("--python", metavar="X.Y", help="The Python of the environment.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu or tensorflow.")
def lock(version: str, as_of: str | None, **choices: Any) -> None:
    """Make the lock file of VERSION, such as 2.15.0 or 2.16.2+keras-3.11.3, in the project's folder locks."""
    settings = _config(choices)
    environment = catalogue.parse_environment(version, distribution=settings.distribution, python=settings.python)
    interpreter = interpreters.find_interpreter(environment.python)
    path = locks.make_lock(environment, interpreter, settings.root / "locks", as_of)
    click.echo(f"{path.relative_to(settings.root)} locks {len(locks.read_lock(path).packages)} packages.")


def _config(choices: dict[str, Any]) -> config.Config:
    return config.load(config.find_root(Path.cwd())).overridden(**choices)


def _plan(choices: dict[str, Any]) -> Plan:
    plan = make_plan(_config(choices))
    policy.require_known(plan.config.policy, [model.name for model in known_models(plan.config)])
    return plan


def _store(plan: Plan) -> Store:
    return Store(plan.config.under_root(plan.config.store))


@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """Be the only one that runs trials for a store; the lock of a process that died is the system's to open."""
    lock = FileLock(f"{plan.config.under_root(plan.config.store)}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        click.echo("tfmatrix: another run uses this store; waiting for it to end.", err=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _run_cell(settings: config.Config, cell: str, *, trace: bool) -> int:
    """Run one trial of a cell, and print what became of it."""
    plan, expected = matrix.only(settings, cell)
    finished = matrix.observe_one(plan, expected)
    seen = finished.trial
    for text in (seen.traceback, seen.output):
        if text.strip():
            click.echo(text.strip())
    for print_ in finished.trace if trace else ():
        click.echo(f"{print_.digest}  {print_.tier} {print_.stage}")
    told = f": {seen.message}" if seen.message else f", trace {seen.trace}" if seen.trace else ""
    click.echo(f"{expected.id} {seen.outcome}{told}")
    return SAME if seen.outcome in {OBSERVED, UNSUPPORTED} else INCOMPLETE


def _observe(plan: Plan, store: Store, *, silent: bool) -> None:
    """Observe what is missing, with a live view on a terminal and plain lines elsewhere."""
    missing = matrix.missing_from(store, plan)
    total = sum(map(len, plan.trials.values()))
    view = View(missing, total - len(missing))
    console = Console(stderr=True, quiet=silent, highlight=False)
    console.print(f"{len(missing)} of {total} trials to run, {total - len(missing)} stored already.", markup=False)

    def tell(event: Event) -> None:
        line = view.tell(event)
        if line and (view.is_trouble(event) or not console.is_terminal):
            console.print(line, markup=False, soft_wrap=True)

    if console.is_terminal and missing and not silent:
        with Live(view, console=console, refresh_per_second=4):
            matrix.observe_missing(plan, store, tell)
    else:
        matrix.observe_missing(plan, store, tell)


def _finish(data: Data, path: Path, *, quiet: bool, as_json: bool) -> int:
    """Print the answer, and return the exit code."""
    if as_json:
        click.echo(to_text(data), nl=False)
    elif not quiet:
        for line in answer.lines(data):
            click.echo(line)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"report {data['id']}: {shown}")
    unanswered = matrix.unanswered(data)
    for line in answer.problems(unanswered):
        click.echo(f"tfmatrix: {line}", err=True)
    if matrix.compared_nothing(data):
        click.echo(f"tfmatrix: nothing was compared with {data['baseline']}; choose another version too.", err=True)
        return INCOMPLETE
    return INCOMPLETE if unanswered else SAME
