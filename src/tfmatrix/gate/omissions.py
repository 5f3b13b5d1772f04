"""What a configuration does not ask for, and the store knows all the same: asking for less is no way through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.config import Config
from tfmatrix.gate.checking import Ledger, check
from tfmatrix.gate.comparison import Evidence, gather
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Reason
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import MISSING, UNAVAILABLE, Cell, Environment
from tfmatrix.tables import DEFAULT_MODES, MODES

UNKNOWN = {MISSING, UNAVAILABLE}
"""Outcomes of a cell that was not run: where nobody asked for it, that is no fault."""


def left_out(plan: Plan) -> Iterator[Reason]:
    """Yield what the configuration leaves out, so that a pass never looks like more than it is."""
    expected = {model.name for model in plan.models}
    for what, names in (
        ("modes", [mode for mode in DEFAULT_MODES if mode not in plan.config.modes]),
        ("models", [model.name for model in known_models(plan.config) if model.name not in expected]),
    ):
        if names:
            yield Reason(Level.WARN, f"the configuration leaves out the {what} {', '.join(names)}")
    if plan.config.trials == 1:
        yield Reason(Level.WARN, "the configuration runs each cell once, so most are not known to repeat themselves")


def known_all_the_same(evidence: Evidence, candidate: Environment, ledger: Ledger, today: date) -> Iterator[Reason]:
    """Yield what does not pass of that which was run once, and which the configuration no longer asks for.

    A mode or model that was taken out after it had failed, or a third trial that had disagreed.
    """
    plan, told = evidence.plan, set[str]()
    for config in _wider(plan.config):
        wide = gather(make_plan(config), evidence.store)
        outcomes = {state.cell: state.outcome for state in wide.comparison.states}
        for result in check(wide, candidate, ledger, today).cells:
            cell = result.cell
            sides = {outcomes[cell], outcomes[Cell(plan.baseline, cell.launch, cell.mode, cell.model)]}
            if sides & UNKNOWN or result.level.severity > Level.FAIL.severity:
                continue
            if result.verdict is Verdict.UNSUPPORTED:
                continue  # of which nothing was learnt: to leave it out is right
            if config.trials == plan.config.trials and cell in plan.cells:
                continue  # which is judged anyway
            if cell.id not in told:
                told.add(cell.id)
                first = result.reasons[0]
                # What runs by choice alone may be tried without being asked for ever after.
                binding = cell.mode in {*DEFAULT_MODES, *plan.config.modes}
                text = f"left out by the configuration, but known from an earlier run: {first.text}"
                yield replace(first, level=first.level if binding else Level.WARN, text=text)


def _wider(config: Config) -> Iterator[Config]:
    """Yield configurations that ask for more than one does, as they would have been run."""
    modes = (*config.modes, *(mode for mode in MODES if mode not in config.modes))
    for wider in (
        replace(config, modes=modes, models=()),
        replace(config, trials=max(config.trials, Config.trials)),
    ):
        if wider != config:
            yield wider
