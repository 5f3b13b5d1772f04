"""Judging: each cell of another machine class against the same cell of this machine's default launch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfmatrix.compare.results import CellComparison, CellState
from tfmatrix.compare.tensors import Tensors
from tfmatrix.environments.machine import machine_id
from tfmatrix.questions.machines.plan import MachineClass, MachinesPlan
from tfmatrix.questions.matrix import compare_with, states
from tfmatrix.records import MISSING, UNAVAILABLE, Environment, Machine
from tfmatrix.store.store import Store


class Compared(NamedTuple):
    """A cell of another class beside that of this machine's default launch, in one release."""

    of: MachineClass
    base: CellState
    other: CellState
    found: CellComparison


def compare_classes(plan: MachinesPlan, store: Store) -> Iterator[Compared]:
    """Yield every cell of every other class, release by release.

    Of another machine's class there is nothing to yield for a release of which nothing of it is stored: nobody is
    asked to run it here.
    """
    tensors = Tensors(store)
    own = machine_id(plan.config.machine)
    classes = plan.classes(store)
    machines = {machine_id(one.machine): one.machine for one in classes}
    for release in plan.of_releases:
        (environment,) = release.environments
        here = states(release, store, tensors)
        of = {own: list(here.values())} | {
            id_: _of(plan, environment, machine, store, tensors) for id_, machine in machines.items() if id_ != own
        }
        asked = [
            (one, here[release.base(state.cell)], state)
            for one in classes
            for state in of[machine_id(one.machine)]
            if state.cell.launch == one.launch
            and not (machine_id(one.machine) == own and release.is_jittered(state.cell))
        ]
        found = compare_with([(base, other) for _, base, other in asked], tensors, plan.config.policy)
        for (one, base, other), compared in zip(asked, found, strict=True):
            yield Compared(one, base, other, compared)
    tensors.close()


def _of(
    plan: MachinesPlan, environment: Environment, machine: Machine, store: Store, tensors: Tensors
) -> list[CellState]:
    """Return the states of another machine's cells, those of a launch of which anything is stored."""
    found = list(states(plan.there(environment, machine), store, tensors).values())
    run = {state.cell.launch for state in found if state.outcome not in {MISSING, UNAVAILABLE}}
    return [state for state in found if state.cell.launch in run]
