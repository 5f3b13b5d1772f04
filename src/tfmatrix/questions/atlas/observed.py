"""What was observed of single ops in one release, as its trials tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS
from tfmatrix.questions.atlas.plan import BATCHES, AtlasPlan
from tfmatrix.records import OBSERVED, Environment
from tfmatrix.store.facts import noted_refusal
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

TIER, TOLD, GIVEN, GRADIENT = "atlas", "told", "given", "gradient"
"""The tier of single ops; its stage that says what was not run and why; and parts of the names of others."""


class Key(NamedTuple):
    """What a row is of."""

    op: str
    types: str
    """``float32``, or ``float32,Tidx=int64``; empty where the op has no types."""
    case: str
    gradient: bool = False
    """Whether it is of the op's gradient, and not of what it makes."""

    @property
    def name(self) -> str:
        """Return it as the probe does: ``MatMul[float32]/odd``, and behind it whether it is of the gradient."""
        types = f"[{self.types}]" if self.types else ""
        return f"{self.op}{types}/{self.case}{'/gradient' if self.gradient else ''}"


@dataclass
class Observed:
    """All rows of one release."""

    made: dict[Key, dict[str, str]] = field(default_factory=dict)
    """The digest of each output by its name, or of each gradient."""
    given: dict[Key, str] = field(default_factory=dict)
    """The digest of what a row is given, of rows of outputs."""
    raised: dict[Key, str] = field(default_factory=dict)
    """Type and message of what a row raised."""
    ended: dict[Key, str] = field(default_factory=dict)
    """How a row ended the process."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why an op has no rows."""
    unstable: set[Key] = field(default_factory=set)
    """Rows that are others in the second process."""
    unknown: set[int] = field(default_factory=set)
    """Batches of which nothing is known."""
    problems: list[str] = field(default_factory=list)
    """A sentence for each thing that is not known."""

    @property
    def ops(self) -> set[str]:
        """Return every op of the release that is known."""
        rows = (key.op for part in (self.made, self.raised, self.ended) for key in part)
        return {*rows, *self.left_out}

    @property
    def covered(self) -> set[str]:
        """Return the ops of which some row made something."""
        return {key.op for key in self.made}


def observed(plan: AtlasPlan, environment: Environment, store: Store) -> Observed:
    """Return what is stored of a release."""
    found = Observed()
    if refusal := noted_refusal(store, plan.scope.environment_key(environment)):
        found.problems.append(f"{environment.name} is unavailable: {refusal}")
        return found
    missing = 0
    for batch, trials in enumerate(plan.trials(environment)):
        known = [store.trial(one.key) for one in trials]
        done = [one for one in known if one and one.outcome == OBSERVED and one.trace]
        found.problems += [f"{one.id} {one.outcome}: {one.message}" for one in known if one and one not in done]
        missing += sum(one is None for one in known)
        if len(done) == len(trials):
            first, *others = (_of_trace(store, str(one.trace)) for one in done)
            _add(found, first, others)
        else:
            found.unknown.add(batch)
    if missing:
        found.problems.append(f"{environment.name}: {missing} of its {len(HASH_SEEDS) * BATCHES} trials not run")
    return found


def _of_trace(store: Store, trace: str) -> Observed:
    """Return what one trial says."""
    found, told = Observed(), ""
    for _, stage, digest in store.trace(trace):
        if stage == TOLD:
            told = digest
            continue
        head, case, what = stage.split("/", 2)
        gradient, _, at = what.rpartition("/")
        key = _key(f"{head}/{case}", gradient=gradient == GRADIENT)
        if what == GIVEN:
            found.given[key] = digest
        else:
            found.made.setdefault(key, {})[at] = digest
    try:
        said = json.loads(to_array(store.tensor(told)).item())
        found.left_out = dict(said["left_out"])
        found.raised, found.ended = ({_key(name): why for name, why in said[w].items()} for w in ("raised", "ended"))
    except (ValueError, KeyError, TypeError, AttributeError, UserError):
        found.problems.append("what a trial of single ops says of them cannot be read")
    return found


def _key(name: str, *, gradient: bool = False) -> Key:
    head, _, case = name.rpartition("/")
    op, _, types = head.removesuffix("]").partition("[")
    return Key(op, types, case, gradient)


def _add(found: Observed, first: Observed, others: list[Observed]) -> None:
    """Take in a batch, with the rows that its other trials have otherwise."""
    for one in (first, *others):
        found.problems += one.problems
    for part in ("made", "given", "raised", "ended", "left_out"):
        getattr(found, part).update(getattr(first, part))
    for other in others:
        keys = {*_outcomes(first), *_outcomes(other)}
        mine, theirs = _outcomes(first), _outcomes(other)
        found.unstable |= {key for key in keys if mine.get(key) != theirs.get(key)}


def _outcomes(of: Observed) -> Mapping[Key, object]:
    """Return what each row came to; of what is raised the type alone, since a message may hold an address."""
    kinds = {key: kind_of(why) for key, why in of.raised.items()}
    return {**of.made, **kinds, **dict.fromkeys(of.ended, "ended")}


def kind_of(raised: str) -> str:
    """Return the type of an exception that a row raised."""
    return raised.partition(":")[0]
