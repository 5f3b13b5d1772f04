"""The commands that show more: what a reader of the gate's reasons can run next."""

from __future__ import annotations

from tfmatrix.records import Cell, Environment

FOLDER = "build/one-cell"
"""Where the report of a part of the matrix goes, so that it does not replace the whole one."""


def run_cell(cell: Cell) -> tuple[str, ...]:
    """Return the command that runs one trial of a cell, and shows what it says, or why it can't be run."""
    return ("tfmatrix", "run", "--cell", cell.id)


def run_missing(baseline: Environment, candidate: Environment) -> tuple[str, ...]:
    """Return the command that runs what is missing of two environments."""
    return ("tfmatrix", "run", "--versions", candidate.name, "--baseline", baseline.name, "--reports", FOLDER)


def report_cell(baseline: Environment, cell: Cell) -> tuple[str, ...]:
    """Return the command that reports one cell alone, running what that needs."""
    return (
        "tfmatrix", "run", "--versions", cell.environment.name, "--baseline", baseline.name,
        "--models", cell.model.name, "--modes", cell.mode, "--reports", FOLDER,
    )  # fmt: skip
