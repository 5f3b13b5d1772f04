"""What was observed of single ops, and of Keras by its names, in one release, as its trials tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tfmatrix.environments.devices import lacking
from tfmatrix.errors import UserError
from tfmatrix.questions.atlas.plan import AtlasPlan, Batch, part_of
from tfmatrix.records import OBSERVED, Environment
from tfmatrix.store.facts import noted_refusal
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

TIER, TOLD, GIVEN, GRADIENT, AGAIN = "atlas", "told", "given", "gradient", "again"
"""The tier of single ops; its stage that says what was not run and why; and parts of the names of others."""


SAYS = "says"
"""The case of a piece of Python, which says in words what it comes to."""


class Key(NamedTuple):
    """What a row is of."""

    op: str
    """An op, or a name of Keras with its place: ``keras.layers.Dense``."""
    types: str
    """``float32``, or ``float32,Tidx=int64``; empty where the op has no types, and of Keras."""
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
    again: dict[Key, dict[str, str]] = field(default_factory=dict)
    """The same under another seed, where that is another one: of what is drawn."""
    says: dict[Key, dict[str, str]] = field(default_factory=dict)
    """What a row says in words: of each argument its default, of each entry of a configuration its value."""
    given: dict[Key, str] = field(default_factory=dict)
    """The digest of what a row is given, of rows of outputs."""
    raised: dict[Key, str] = field(default_factory=dict)
    """Type and message of what a row raised."""
    ended: dict[Key, str] = field(default_factory=dict)
    """How a row ended the process."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why an op has no rows."""
    other_names: dict[str, str] = field(default_factory=dict)
    """Further names of classes and functions of Keras, each with the one that has the rows."""
    unstable: set[Key] = field(default_factory=set)
    """Rows that are others in the second process."""
    unknown: set[Batch] = field(default_factory=set)
    """Batches of which nothing is known."""
    problems: list[str] = field(default_factory=list)
    """A sentence for each thing that is not known."""

    def names(self, part: str) -> set[str]:
        """Return every op of the release that is known, or every name of Keras."""
        rows = (key.op for some in (self.made, self.says, self.raised, self.ended) for key in some)
        return {name for name in (*rows, *self.left_out) if part_of(name) == part}

    def covered(self, part: str) -> set[str]:
        """Return those of which some row made something."""
        return {key.op for key in self.rows(part)}

    def rows(self, part: str) -> list[Key]:
        """Return the rows that made something, or came to something that they say."""
        said = (key for key in self.says if key.case == SAYS)
        return [key for key in (*self.made, *said) if part_of(key.op) == part]

    def is_drawn(self, key: Key, at: str) -> bool:
        """Return whether what a row makes depends on the seed; of a gradient, whether any output of the row does."""
        return at in self.again.get(key, {}) or (key.gradient and key._replace(gradient=False) in self.again)


def observed(plan: AtlasPlan, environment: Environment, store: Store) -> Observed:
    """Return what is stored of a release."""
    found = Observed()
    lacks = lacking(plan.launch, environment, plan.scope.machine)
    if refusal := lacks or noted_refusal(store, plan.scope.environment_key(environment)):
        found.problems.append(f"{environment.name} is unavailable: {refusal}")
        return found
    missing = expected = 0
    for batch, trials in plan.trials(environment):
        expected += len(trials)
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
        found.problems.append(f"{environment.name}: {missing} of its {expected} trials not run")
    return _asked_for(found, plan)


def _asked_for(found: Observed, plan: AtlasPlan) -> Observed:
    """Return of what a release came to the rows that are asked about."""
    for part in ("made", "again", "says", "given", "raised", "ended"):
        setattr(found, part, {key: of for key, of in getattr(found, part).items() if plan.asks_for(key.op)})
    for part in ("left_out", "other_names"):
        setattr(found, part, {name: of for name, of in getattr(found, part).items() if plan.asks_for(name)})
    found.unstable = {key for key in found.unstable if plan.asks_for(key.op)}
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
        elif gradient == AGAIN:
            found.again.setdefault(key, {})[at] = digest
        else:
            found.made.setdefault(key, {})[at] = digest
    try:
        said = json.loads(to_array(store.tensor(told)).item())
        found.left_out = dict(said["left_out"])
        found.other_names = dict(said["other_names"])
        found.says = {_key(name): dict(texts) for name, texts in said["says"].items()}
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
    for part in ("made", "again", "says", "given", "raised", "ended", "left_out", "other_names"):
        getattr(found, part).update(getattr(first, part))
    for other in others:
        keys = {*_outcomes(first), *_outcomes(other)}
        mine, theirs = _outcomes(first), _outcomes(other)
        found.unstable |= {key for key in keys if mine.get(key) != theirs.get(key)}


def _outcomes(of: Observed) -> Mapping[Key, object]:
    """Return what each row came to; of what is raised the type alone, since a message may hold an address."""
    kinds = {key: kind_of(why) for key, why in of.raised.items()}
    return {**of.made, **of.says, **kinds, **dict.fromkeys(of.ended, "ended")}


def kind_of(raised: str) -> str:
    """Return the type of an exception that a row raised."""
    return raised.partition(":")[0]
