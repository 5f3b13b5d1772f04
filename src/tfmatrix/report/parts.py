"""Parts that the pages of several questions have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfmatrix.report.blocks import Code, Table, Text, table
from tfmatrix.report.records import Environment, Machine, Meaning

_PACKAGES = {"NumPy": "numpy", "Keras": "keras", "h5py": "h5py"}
"""Packages by the heading of their column."""


def legend(verdicts: Iterable[Meaning]) -> Table:
    """Return the table of marks, verdicts and their meanings."""
    return table(["mark", "verdict", "meaning"], [[Code(v.mark), v.name, v.meaning] for v in verdicts])


def environments(found: Iterable[Environment], columns: Sequence[str]) -> Table:
    """Return the table of environments; between name and lock stand the columns that are named."""
    rows = [[one.name, *(_column(one, name) for name in columns), _lock(one)] for one in found]
    return table(["environment", *columns, "lock"], rows)


def _column(one: Environment, name: str) -> str:
    own = {"distribution": one.distribution, "Python": one.python}
    return own[name] if name in own else one.packages.get(_PACKAGES[name], "")


def _lock(one: Environment) -> Text:
    return (Code(one.lock.digest[:12]), f" {one.lock.kind}") if one.lock else one.unavailable or "not made"


def machine(found: Machine) -> str:
    """Return a machine in one phrase, without its GPUs."""
    memory = f"{found.cores} cores, {found.memory_gib} GiB"
    return f"{found.cpu}, {memory}, {found.architecture}, Linux {found.kernel}, {found.libc}"


def machine_with_gpus(found: Machine) -> str:
    """Return a machine in one sentence."""
    return f"{machine(found)}, {', '.join(found.gpus) or 'no GPU'}."
