"""Rounds: ask a question what it wants next, observe what of that is not known, store it, and ask again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Protocol

from tfmatrix.config import Config
from tfmatrix.errors import InternalError, UserError
from tfmatrix.keys import Scope
from tfmatrix.records import Environment, ExpectedTrial, Trial
from tfmatrix.runner.durations import Durations
from tfmatrix.runner.events import Event, Finished, Ready, Refused, Round
from tfmatrix.runner.observing import observe, timeout_of
from tfmatrix.store.facts import note_installed, note_machine, note_refusal
from tfmatrix.store.store import Store


class Known:
    """What is known when a question is asked what it wants next."""

    def __init__(self, store: Store, *, fresh: bool = False) -> None:
        """Know what a store has; with ``fresh`` only what is observed from now on."""
        self.store = store
        self._settled = set() if fresh else store.settled()
        self._timed_out = {} if fresh else store.timed_out()
        self._observed: set[str] = set()
        self._refused: set[Environment] = set()

    @cached_property
    def durations(self) -> Durations:
        """What trials took before, read once a round is planned: to look at what is stored takes none of it."""
        return Durations(self.store.seconds())

    def has(self, key: str) -> bool:
        """Return whether the trial of a key need not be run again."""
        return key in self._settled or key in self._observed

    def trial(self, key: str) -> Trial | None:
        """Return the trial of a key, None where it is to be run."""
        return self.store.trial(key) if self.has(key) else None

    def withdraw(self, key: str) -> None:
        """Know a trial of an earlier run no longer: what it left is gone, or another."""
        self._settled.discard(key)

    def withdraw_hurried(self, wanted: Iterable[ExpectedTrial], config: Config) -> None:
        """Know no longer what gave no answer in time, of those that have more time now."""
        for one in wanted:
            if timeout_of(one, config) > self._timed_out.get(one.key, math.inf):
                self.withdraw(one.key)

    def refuses(self, environment: Environment) -> bool:
        """Return whether it turned out in this run that an environment cannot be had."""
        return environment in self._refused

    def missing(self, wanted: Iterable[ExpectedTrial]) -> list[ExpectedTrial]:
        """Return those of some trials that can be run and are not known, each once."""
        unknown = {(one.cell.environment, one.key): one for one in wanted if not (one.lacking or self.has(one.key))}
        return [one for (environment, _), one in unknown.items() if environment not in self._refused]

    def learn(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case Finished(expected=expected):
                self._observed.add(expected.key)
            case Refused(environment=environment):
                self._refused.add(environment)
            case _:
                pass


class Asker(Protocol):
    """A question, as it is put: what it wants next, given what is known."""

    @property
    def config(self) -> Config:
        """The configuration that it is asked under."""

    @property
    def scope(self) -> Scope:
        """What all of its results rest on."""

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return the trials that it needs as far as can be told by now, known ones too."""

    def note(self, event: Event, store: Store) -> None:
        """Note what only this question has to know of what happened."""


def rounds(question: Asker, store: Store, watch: Callable[[Event], None], *, fresh: bool = False) -> None:
    """Observe what a question wants, round after round, until it wants nothing that is not known.

    Each trial is stored the moment it is over; ``watch`` is told of what is stored and noted already, and of the round
    in which there is nothing to do. With ``fresh`` everything is run again, and what is stored is replaced when that is
    over, and not before.
    """
    known = Known(store, fresh=fresh)

    def take(event: Event) -> None:
        known.learn(event)
        _store(event, store, question.scope)
        question.note(event, store)
        watch(event)

    while missing := _begin(question, known, take):
        for event in _observe(missing, question.config):
            take(event)


def _observe(missing: Iterable[ExpectedTrial], config: Config) -> Iterator[Event]:
    """Observe trials here, or on a fleet where one is named."""
    if not config.on:
        return observe(missing, config)
    from tfmatrix.runner import fleet  # noqa: PLC0415  # Dask is an extra, and takes a second to import

    return fleet.observe(missing, config)


def _begin(question: Asker, known: Known, take: Callable[[Event], None]) -> list[ExpectedTrial]:
    """Tell of the next round, and return its trials."""
    coming = next_round(question, known)
    take(coming)
    return list(coming.trials)


def next_round(question: Asker, known: Known) -> Round:
    """Return what a question wants next and is not known: those trials first that are likely to take longest."""
    wanted = list(question.wanted(known))
    known.withdraw_hurried(wanted, question.config)
    missing = sorted(known.missing(wanted), key=known.durations.of, reverse=True)
    return Round(tuple(missing), sum(map(known.has, {expected.key for expected in wanted})))


def _store(event: Event, store: Store, scope: Scope) -> None:
    match event:
        case Round(trials=trials):
            if trials:
                note_machine(store, scope.machine)
        case Finished(trial=trial, trace=trace, tensors=tensors):
            store.add(trial, trace, tensors)
        case Ready(environment=environment, installed=installed):
            note_installed(store, scope.environment_key(environment), installed)
        case Refused(environment=environment, reason=reason):
            note_refusal(store, scope.environment_key(environment), reason)
        case _:
            pass


def observe_one(expected: ExpectedTrial, config: Config) -> Finished:
    """Run one trial and store nothing; raises ``UserError`` where its environment or device cannot be had."""
    if expected.lacking:
        raise UserError(f"{expected.cell.id} is unavailable: {expected.lacking}.")
    for event in observe([expected], config):
        match event:
            case Finished():
                return event
            case Refused(environment=environment, reason=reason):
                raise UserError(f"{environment.name} is unavailable: {reason}")
            case _:
                pass
    raise InternalError(f"nothing became of {expected.id}")
