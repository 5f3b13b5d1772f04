"""What is asked about: a cell that every build has, and some of its stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfmatrix.compare.policy import is_stage
from tfmatrix.compare.stages import CHAIN
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix import make_plan
from tfmatrix.records import Cell, Environment, Launch, Model


@dataclass(frozen=True)
class Asked:
    """A cell that is asked about in each build, and which of its stages."""

    model: Model
    mode: str
    launch: Launch
    stage: str = ""
    """A pattern such as ``gradient`` or ``injected/gradient@3/*``; empty: every one."""

    @property
    def name(self) -> str:
        """Return what is asked as it is typed: ``mlp/tf2/gradient``."""
        return "/".join([self.cell(Environment("")).name, *([self.stage] if self.stage else [])])

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
