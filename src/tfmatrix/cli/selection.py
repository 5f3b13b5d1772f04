"""What most commands begin with: options that choose what is asked, and the project, plan and store that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from filelock import FileLock, Timeout

from tfmatrix import config
from tfmatrix.cli.streams import say
from tfmatrix.compare import policy
from tfmatrix.environments import catalogue
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.tables import DEFAULT_MODES, MODES


class _Version(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # older clicks have no such argument
    """The name of an environment, which a shell completes by the releases that are known."""

    name = "version"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        param: click.Parameter,  # noqa: ARG002  # as above
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the releases that begin so."""
        known = (*catalogue.KNOWN, catalogue.LATEST)
        return [CompletionItem(version) for version in known if version.startswith(incomplete)]


VERSION = _Version()

_MODES = (
    f"{','.join(DEFAULT_MODES)} by default. There are: {'; '.join(f'{m.name} ({m.summary})' for m in MODES.values())}."
)

OPTIONS = {
    "versions": click.option(
        "--versions", metavar="LIST", help="Environments, such as 2.9,2.16.2+keras-3.11.3,latest; or all."
    ),
    "baseline": click.option(
        "--baseline", type=VERSION, metavar="VERSION", help="The environment that all others are compared with."
    ),
    "formats": click.option("--formats", metavar="LIST", help="Formats, such as keras,weights.h5; all by default."),
    "modes": click.option("--modes", metavar="LIST", help=_MODES),
    "models": click.option(
        "--models", metavar="LIST", help="Models, such as mlp,optimizers[adamw], or a command's name."
    ),
    "trials": click.option("--trials", type=int, metavar="N", help="How many trials of a cell must agree."),
    "seed": click.option("--seed", type=int, metavar="N", help="The seed of every generator."),
    "python": click.option("--python", metavar="X.Y", help="The Python of the environments."),
    "distribution": click.option(
        "--distribution", metavar="NAME", help="tensorflow-cpu, tensorflow, or tensorflow[and-cuda]."
    ),
    "reports": click.option("--reports", metavar="FOLDER", help="Where the report is written; reports by default."),
    "timeout": click.option("--timeout", type=float, metavar="S", help="Seconds that one trial may take."),
    "jobs": click.option(
        "--jobs", type=int, metavar="N", help="Processes at once; by default as many as cores and memory allow."
    ),
    "on": click.option(
        "--on", metavar="ADDRESS", help="Run on the workers of a Dask scheduler, such as tcp://host:8786."
    ),
    "memory": click.option("--memory", type=int, metavar="MIB", help="MiB of memory that one trial may take."),
    "fresh": click.option("--fresh", is_flag=True, help="Run every trial again, stored or not."),
    "stored": click.option("--stored", is_flag=True, help="Run nothing: write the report of what is stored."),
    "quiet": click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    "json": click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else."),
}
"""Every option that several commands have, in the order in which help shows them."""

SELECTION = ("versions", "baseline", "modes", "models", "trials", "seed", "python", "distribution", "reports")
"""What chooses the cells of a matrix."""

RUNNING = ("timeout", "jobs", "memory", "fresh")
PRINTING = ("quiet", "json")


def options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what gives a command some of the options."""

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(OPTIONS):
            command = OPTIONS[name](command) if name in names else command
        return command

    return give


def names(listed: str | None) -> tuple[str, ...]:
    """Return the names of an option that lists some; none where it was not given.

    Raises ``UserError`` where it was given and lists none.
    """
    found = tuple(name.strip() for name in (listed or "").split(",") if name.strip())
    if listed is not None and not found:
        raise UserError(f"{listed!r} lists no name; name some, with commas between them, or leave the option out.")
    return found


def read_config(choices: dict[str, Any]) -> config.Config:
    """Return the configuration of the project around the working folder, with the choices of one run."""
    on = choices.pop("on", None) or ""  # which is of one run, and never of a project
    return replace(config.load(config.find_root(Path.cwd())).overridden(**choices), on=on)


def read_or_default() -> tuple[config.Config, bool]:
    """Return the configuration of the project around the working folder, else the defaults; and which of the two."""
    root = config.nearest_root(Path.cwd())
    return (config.load(root), True) if root else (config.Config(root=Path.cwd()), False)


def read_plan(choices: dict[str, Any]) -> Plan:
    """Return the plan of one run; raises ``UserError`` where the policy names what does not exist."""
    return plan_of(read_config(choices))


def plan_of(settings: config.Config) -> Plan:
    """Return the plan of a configuration; raises ``UserError`` where the policy names what does not exist."""
    plan = make_plan(settings)
    policy.require_known(plan.config.policy, [model.name for model in known_models(plan.config)])
    return plan


@contextlib.contextmanager
def alone(settings: config.Config) -> Iterator[None]:
    """Be the only one that runs trials for a store; the lock of a process that died is the system's to open."""
    lock = FileLock(f"{settings.under_root(settings.store)}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say("tfmatrix: another run uses this store; waiting for it to end.", err=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
