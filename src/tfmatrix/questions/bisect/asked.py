"""What is asked about: a cell that every build has, and some of its stages; or how a command ends in each build."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tfmatrix.compare.policy import is_stage
from tfmatrix.compare.stages import CHAIN
from tfmatrix.config import Config
from tfmatrix.errors import UserError, sentence
from tfmatrix.models import commands
from tfmatrix.questions.matrix import make_plan
from tfmatrix.records import Cell, Command, Environment, Launch, Model

CHECK = "check"
"""The mode of a command that is run as its user does, for its exit status alone."""


@dataclass(frozen=True)
class Asked:
    """A cell that is asked about in each build, and which of its stages."""

    model: Model
    mode: str
    launch: Launch
    stage: str = ""
    """A pattern such as ``gradient`` or ``injected/gradient@3/*``; empty: every one."""

    @property
    def check(self) -> str:
        """Return the command whose exit status is asked for; empty where it is a cell."""
        return shlex.join(self.model.command.words) if self.mode == CHECK and self.model.command else ""

    @property
    def name(self) -> str:
        """Return what is asked as it is typed: ``mlp/tf2/gradient``."""
        return self.check or "/".join([self.cell(Environment("")).name, *([self.stage] if self.stage else [])])

    def cell(self, environment: Environment) -> Cell:
        """Return the cell in an environment."""
        return Cell(environment, self.launch, self.mode, self.model)


def asked_of(config: Config, name: str, environment: Environment) -> Iterator[Asked]:
    """Yield the cells that a name stands for, ``mlp/tf2/gradient``: a bare ``optimizers/tf2`` is every variant.

    Raises ``UserError`` for a model, mode or stage that does not exist.
    """
    model, _, rest = name.partition("/")
    mode, _, rest = rest.partition("/")
    if not (model and mode):
        raise UserError(f"{name!r} is no cell; one is named after model and mode: mlp/tf2.")
    launches = {launch.name: launch for launch in config.launches}
    head, _, tail = rest.partition("/")
    launch, stage = (head, tail) if head in launches else ("", rest)
    if stage and not is_stage(stage, full=True):
        raise UserError(f"there is no stage {stage!r}; there are {', '.join(CHAIN)}.")
    names = {"versions": [environment.name], "baseline": environment.name, "models": [model], "modes": [mode]}
    for cell in make_plan(config.overridden(**names)).cells:
        if cell.launch.name == (launch or next(iter(launches))):
            yield Asked(cell.model, mode, cell.launch, stage)


def check_of(config: Config, text: str) -> Asked:
    """Return the check that a command line is, ``python check.py``.

    Raises ``UserError`` for what is no command of one script or module, and where there is no such script.
    """
    try:
        typed = shlex.split(text)
    except ValueError:
        raise UserError(f"--check {text!r} has a quotation mark that is not closed.") from None
    try:
        words = commands.words_of(typed, "--check")
    except ValueError as error:
        raise UserError(sentence(f"the bisect {error}")) from None
    command = Command(commands.name_of(words), words, (CHECK,), timeout=config.timeout)
    return Asked(commands.model_of(command, config.root), CHECK, Launch())
