"""Parts that the pages of several questions have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tfmatrix.report.blocks import Block, Code, Strong, Table, Text, bullets, paragraph, table
from tfmatrix.report.records import Environment, Machine, Meaning

_PACKAGES = {"NumPy": "numpy", "Keras": "keras", "h5py": "h5py"}
"""Packages by the heading of their column."""


def legend(verdicts: Iterable[Meaning]) -> Table:
    """Return the table of marks, verdicts and their meanings."""
    return table(["mark", "verdict", "meaning"], [[Code(v.mark), v.name.value, v.meaning] for v in verdicts])


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
    """Return a machine in one sentence."""
    size = f"{found.cores} cores, {found.memory_gib} GiB"
    system = f"{found.architecture}, Linux {found.kernel}, {found.libc}"
    return f"{found.cpu}, {size}, {system}, {', '.join(found.gpus) or 'no GPU'}."


def incomplete(problems: Sequence[str]) -> Iterator[Block]:
    """Yield what is not known though it was asked for; nothing where there is none."""
    if problems:
        yield paragraph((Strong("Incomplete."), " Nothing is known about these, and none of them is a pass:"))
        yield bullets(problems)
