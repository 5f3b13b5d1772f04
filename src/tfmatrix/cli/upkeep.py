"""Upkeep as commands: what there is, whether it is whole, and what can go; and locks."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from pathlib import Path
from typing import Any

import click

from tfmatrix import questions
from tfmatrix.cli.codes import CHANGED, INCOMPLETE, SAME
from tfmatrix.cli.selection import SELECTION, VERSION, alone, options, read_config, read_plan
from tfmatrix.cli.streams import say
from tfmatrix.compare.tensors import wrong_distances
from tfmatrix.config import Config
from tfmatrix.environments import catalogue, interpreters, locks, making
from tfmatrix.keys import probe_source
from tfmatrix.questions.chosen import nameable_environment, named_environments, requirements_of
from tfmatrix.questions.exchange import live as exchange
from tfmatrix.questions.matrix import judge
from tfmatrix.report.text import counted
from tfmatrix.store import upkeep
from tfmatrix.store.opening import open_store

LIVE = tuple(
    importlib.import_module(f"{questions.__name__}.{found.name}.live").is_live
    for found in pkgutil.iter_modules(questions.__path__)
    if found.ispkg
)
"""What each question still has a use for; every one there is, since the trials of one left out would be removed."""


@click.command()
@options(*SELECTION)
def cells(**choices: Any) -> None:
    """List every expected cell with its outcome, and why it is missing if it is; nothing is run."""
    plan = read_plan(choices)
    with open_store(plan.config) as store:
        states = judge.states(plan, store)
    for cell, state in states.items():
        say(f"{cell.id:<44} {state.outcome:<12} {state.reason}".rstrip())


@click.command("check-store")
def check_store() -> int:
    """Compute every digest in the store again, and name what is wrong; exits with 2 if anything is."""
    with open_store(read_config({})) as store:
        try:
            wrong = [*upkeep.check(store), *wrong_distances(store)]
            (trials,) = store.connection.execute("SELECT count(*) FROM trials").fetchone()
        except sqlite3.DatabaseError as error:
            wrong, trials = [f"the file is damaged: {error}"], 0
    for line in wrong or ([] if trials else ["no trial is in the store, so nothing was checked"]):
        say(f"tfmatrix: {line}", err=True)
    if wrong or not trials:
        return INCOMPLETE
    say(f"{trials} trials: every trace and tensor has the bits that its digest says.")
    return SAME


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
def export(path: Path) -> int:
    """Write all results into the file PATH, for `tfmatrix merge` on another machine."""
    settings = read_config({})
    with open_store(settings) as store, alone(settings):
        trials = upkeep.export(store, path)
    say(f"{counted(trials, 'trial')} in {path}.")
    return SAME


@click.command()
@click.argument("other", type=click.Path(path_type=Path))
def merge(other: Path) -> int:
    """Add the results of the store OTHER, from another machine for example; exits with 1 if the two contradict."""
    plan = read_plan({})
    with open_store(plan.config) as store, alone(plan.config):
        conflicts = list(upkeep.merge(store, other))
    for line in conflicts:
        say(f"tfmatrix: {line}", err=True)
    return CHANGED if conflicts else SAME


@click.command()
@click.option("--environments", is_flag=True, help="Also remove the environments that the configuration does not name.")
def gc(*, environments: bool) -> None:
    """Remove what no report can show any more: trials of edited model files or an older probe, and what they wrote.

    With --environments, also the environments that a bisect or an explanation made, or that only a command line named.
    Any of them is made again when it is needed.
    """
    settings = read_config({})
    with open_store(settings) as store, alone(settings):
        live = [is_live(settings, store) for is_live in LIVE]
        trials, tensors = upkeep.remove_stale(store, probe_source(), lambda covers: any(one(covers) for one in live))
        artefacts = exchange.clear(settings, store)
        removed = _remove_environments(settings) if environments else []
    say(f"{trials} trials, {tensors} tensors and {artefacts} artefacts removed.")
    if environments:
        say(f"{counted(len(removed), 'environment')} removed{': ' if removed else ''}{', '.join(removed)}.")


def _remove_environments(config: Config) -> list[str]:
    """Remove the environments that a configuration does not name, and return what their folders were called."""
    root = config.root / ".nox"
    named = {making.folder_of(one, root) for one in named_environments(config, config.baseline)}
    others = [folder for folder in making.folders(root) if folder not in named]
    for folder in others:
        making.remove(folder)
    return [folder.name for folder in others]


@click.command()
@click.argument("version", type=VERSION)
@click.option("--as-of", metavar="DATE", help="Use only what was published up to that day: 2022-06-01.")
@click.option("--python", metavar="X.Y", help="The Python of the environment.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu, tensorflow, or tensorflow[and-cuda].")
def lock(version: str, as_of: str | None, **choices: Any) -> None:
    """Make the lock file of VERSION, such as 2.15.0 or 2.16.2+keras-3.11.3, in the project's folder locks.

    VERSION may also be a release that tfmatrix does not know yet, if the package index has it, such as 2.22.0rc0 or the
    nightly 2.22.0.dev20260905.
    """
    settings = read_config(choices)
    environment = nameable_environment(settings, version)
    catalogue.require_python(environment)
    interpreter = interpreters.find_interpreter(environment.python)
    path = locks.make_lock(environment, interpreter, settings.root / "locks", as_of)
    say(f"{path.relative_to(settings.root)} locks {len(locks.read_lock(path).packages)} packages.")
    for note in requirements_of(settings, environment.tensorflow).notes:
        say(note)
