"""Observing into a store: each trial is stored the moment it is over, with what became of environments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from tfmatrix.environments import making
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.runner.events import Event, Finished, Ready, Refused
from tfmatrix.runner.observing import observe
from tfmatrix.store.facts import INSTALLED, MACHINE, REFUSAL
from tfmatrix.store.store import Store


def observe_into(store: Store, plan: Plan, missing: Sequence[ExpectedTrial], watch: Callable[[Event], None]) -> None:
    """Observe the missing trials of a plan's environments; ``watch`` is told of what is stored already."""
    if missing:
        store.note(MACHINE, machine_id(this_machine()), asdict(this_machine()))
    for event in observe(missing, plan.config):
        match event:
            case Finished(trial=trial, trace=trace, tensors=tensors):
                store.add(trial, trace, tensors)
            case Ready(environment=environment, installed=installed):
                store.note(INSTALLED, plan.environment_key(environment), making.to_json(installed))
                store.strike(REFUSAL, plan.environment_key(environment))
            case Refused(environment=environment, reason=reason):
                store.note(REFUSAL, plan.environment_key(environment), reason)
        watch(event)
