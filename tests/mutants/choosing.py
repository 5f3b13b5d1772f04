"""Which mutants there are, and a sample of them that a seed draws."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.modules import find_modules
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

from .groups import Group

IDENTITY = ("Is", "IsNot")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file: where it is, and which of cosmic-ray's operators makes it at which of its places."""

    path: str
    line: int
    column: int
    operator: str
    occurrence: int


def mutants_of(root: Path, groups: Iterable[Group]) -> dict[Mutant, Group]:
    """Return every mutant that is worth its time, and the group it is of."""
    return {mutant: group for group in groups for mutant in _mutants(root, group) if _telling(mutant)}


def draw(root: Path, mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return so many mutants: places are drawn first and then one mutant of each.

    A sum has a dozen mutants and a condition has one, so that mutants drawn at once would be of sums, mostly.
    """
    generator = random.Random(seed)
    places: dict[tuple[str, int, int], list[Mutant]] = {}
    for mutant in sorted(mutants):
        places.setdefault((mutant.path, mutant.line, mutant.column), []).append(mutant)
    drawn = (generator.choice(places[place]) for place in generator.sample(list(places), len(places)))
    return list(islice((mutant for mutant in drawn if compiles(root, mutant)), count))


def compiles(root: Path, mutant: Mutant) -> bool:
    """Return whether the mutant is Python: one that is not dies in every test, and says nothing of any."""
    source = (root / mutant.path).read_text(encoding="utf-8")
    try:
        mutated = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
        ast.parse(mutated)
    except (SyntaxError, AttributeError):  # it replaces exceptions by name, and fails at `except sqlite3.Error`
        return False
    return bool(mutated != source)


def _mutants(root: Path, group: Group) -> Iterator[Mutant]:
    paths = list(find_modules([root / source for source in group.sources]))
    annotations = {str(path): list(_annotations(path)) for path in paths}
    with use_db(":memory:", WorkDB.Mode.create) as found:
        init(paths, found, {})
        for (spec,) in (item.mutations for item in found.work_items):
            line, column = spec.start_pos
            if not any(first <= (line, column) < last for first, last in annotations[str(spec.module_path)]):
                path = spec.module_path.relative_to(root).as_posix()
                yield Mutant(path, line, column, spec.operator_name, spec.occurrence)


def _annotations(path: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield where annotations begin and end: they are never evaluated, so that nothing can notice a change of one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(each, ast.expr):
                yield (each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)


def _telling(mutant: Mutant) -> bool:
    """Return whether a test could notice the mutant, and need not.

    Equality and identity are the same for ``None`` and for members of an enumeration. Without its decorator a function
    fails wherever it is called, or is one that forgets what it kept and is right all the same.
    """
    operator, *names = mutant.operator.removeprefix("core/").split("_")
    if operator == "ReplaceComparisonOperator":
        return len({name in IDENTITY for name in names}) == 1
    return operator != "RemoveDecorator"
