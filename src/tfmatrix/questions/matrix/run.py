"""The main job, as one ordered list of steps."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tfmatrix.config import Config
from tfmatrix.errors import InternalError, UserError
from tfmatrix.questions.matrix import curves, page, summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.report import document
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.writing import write_whole, writing_whole
from tfmatrix.runner.events import Event, Finished, Refused
from tfmatrix.runner.observing import observe
from tfmatrix.runner.storing import observe_into
from tfmatrix.store.store import Store


def missing_from(store: Store, plan: Plan) -> list[ExpectedTrial]:
    """Return the expected trials that the store does not have, or that something outside ended."""
    settled = store.settled()
    return [expected for trials in plan.trials.values() for expected in trials if expected.key not in settled]


def observe_missing(plan: Plan, store: Store, watch: Callable[[Event], None]) -> None:
    """Observe what is missing, and store each trial the moment it is over."""
    observe_into(store, plan, missing_from(store, plan), watch)


def only(config: Config, cell_id: str) -> tuple[Plan, ExpectedTrial]:
    """Return the plan of one cell's environment alone, and the trial that is named behind the cell, or its first.

    Raises ``UserError`` where there is no such cell or trial.
    """
    cell_id, _, trial = cell_id.partition(" ")
    environment, _, rest = cell_id.partition("/")
    model, _, mode = rest.partition("/")
    mode = mode.partition("/")[0]  # a launch may follow
    if not mode:
        raise UserError(f"{cell_id!r} is no cell; one is named after environment, model and mode: 2.15.1/mlp/tf2.")
    plan = make_plan(config.overridden(versions=[environment], baseline=environment, models=[model], modes=[mode]))
    cell = next((cell for cell in plan.cells if cell.id == cell_id), None)
    if cell is None:
        raise UserError(f"there is no cell {cell_id!r}; there are {', '.join(cell.id for cell in plan.cells)}.")
    trials = {expected.name: expected for expected in plan.trials[cell]}
    if trial and trial not in trials:
        raise UserError(f"the cell {cell_id!r} has no trial {trial!r}; there are {', '.join(trials)}.")
    return plan, trials[trial] if trial else plan.trials[cell][0]


def observe_one(plan: Plan, expected: ExpectedTrial) -> Finished:
    """Run one trial, and return what became of it; raises ``UserError`` where its environment cannot be had."""
    for event in observe([expected], plan.config):
        match event:
            case Finished():
                return event
            case Refused(environment=environment, reason=reason):
                raise UserError(f"{environment.name} is unavailable: {reason}")
    raise InternalError(f"nothing became of {expected.id}")


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Have Python not look for cycles: what a report is made of has none, and may be millions of records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_not_collecting()
def write_report(plan: Plan, store: Store) -> tuple[summary.Report, Path]:
    """Compare everything that is stored, write every format, and return the report and the Markdown file's path."""
    content = summary.content_of(compare_all(plan, store))
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with writing_whole(folder / "matrix.json") as file:
            report = document.write(content, file)
        write_whole(folder / "matrix.md", to_markdown(page.page(report)))
        _write_pictures(folder / curves.FOLDER, curves.pictures(report.cells))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return report, folder / "matrix.md"


def _write_pictures(folder: Path, pictures: Mapping[str, str]) -> None:
    """Write the pictures of a report, and remove those of an earlier one that it does not have."""
    folder.mkdir(exist_ok=True)
    for name, text in pictures.items():
        write_whole(folder / name, text)
    for path in folder.glob("*.svg"):
        if path.name not in pictures:
            path.unlink()
