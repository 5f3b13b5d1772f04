"""What most commands begin with: options that choose what is compared, and the plan and store that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from tfmatrix import config
from tfmatrix.compare import policy
from tfmatrix.questions.matrix.plan import Plan, known_models, make_plan
from tfmatrix.store.store import Store


def selection(command: Callable[..., Any]) -> Callable[..., Any]:
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


def read_config(choices: dict[str, Any]) -> config.Config:
    """Return the configuration of the project around the working folder, with the choices of one run."""
    return config.load(config.find_root(Path.cwd())).overridden(**choices)


def read_plan(choices: dict[str, Any]) -> Plan:
    """Return the plan of one run; raises ``UserError`` where the policy names what does not exist."""
    plan = make_plan(read_config(choices))
    policy.require_known(plan.config.policy, [model.name for model in known_models(plan.config)])
    return plan


def open_store(plan: Plan) -> Store:
    """Open the store of a plan."""
    return Store(plan.config.under_root(plan.config.store))


@contextlib.contextmanager
def alone(plan: Plan) -> Iterator[None]:
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
