"""What a worker of a fleet says of a batch, as bytes: data alone, checked like a probe's answers when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tfmatrix.environments import making
from tfmatrix.records import Environment, ExpectedTrial, InstalledEnvironment
from tfmatrix.runner.answers import to_answer, to_trial
from tfmatrix.runner.events import Event, Finished, Launched, Ready, Refused

LONGEST_REASON = 1 << 14
"""Characters of why an environment can't be had there: it is a sentence for people."""


class NoBatch(Exception):
    """What a worker said is nothing that can be said of a batch; the message says why."""


class SaidReady(msgspec.Struct, frozen=True, tag="ready"):
    """Its environment is made."""

    installed: dict[str, Any]


class SaidLaunched(msgspec.Struct, frozen=True, tag="launched"):
    """A probe has imported TensorFlow."""

    seconds: float
    can_fork: bool
    saw: dict[str, Any]


class SaidFinished(msgspec.Struct, frozen=True, tag="finished"):
    """A trial is over."""

    number: int
    """Which of the batch."""
    header: dict[str, Any]
    payload: bytes


class SaidRefused(msgspec.Struct, frozen=True, tag="refused"):
    """Its environment can't be had there."""

    reason: Annotated[str, Meta(max_length=LONGEST_REASON)]


Said = SaidReady | SaidLaunched | SaidFinished | SaidRefused


class Batch(msgspec.Struct, frozen=True):
    """All that a worker says of a batch."""

    worker: str
    """Its address."""
    said: tuple[Said, ...]


def say(event: Event, trials: Sequence[ExpectedTrial]) -> Said | None:
    """Return what a worker says of an event, and None where that is nothing to whoever asked."""
    match event:
        case Ready(installed=installed):
            return SaidReady(making.to_json(installed))
        case Launched(seconds=seconds, can_fork=can_fork, saw=saw):
            return SaidLaunched(seconds, can_fork, dict(saw))
        case Finished(expected=expected, trial=trial, trace=trace, tensors=tensors):
            return SaidFinished(trials.index(expected), *to_answer(trial, trace, tensors))
        case Refused(reason=reason):
            return refused(reason)
        case _:
            return None


def refused(reason: str) -> SaidRefused:
    """Return a refusal; of a reason that is longer than any sentence, the end is left out."""
    return SaidRefused(reason.encode("utf-8", "backslashreplace").decode("utf-8")[:LONGEST_REASON])


def to_bytes(worker: str, said: Iterable[Said]) -> bytes:
    """Return what a worker says of a batch."""
    return msgspec.msgpack.encode(Batch(worker, tuple(said)))


def from_bytes(told: object) -> Batch:
    """Return what a worker said; raises ``NoBatch`` where it is nothing of ours."""
    if not isinstance(told, bytes):
        raise NoBatch(f"it answered with {type(told).__name__}, and not with bytes")
    try:
        return msgspec.msgpack.decode(told, type=Batch)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoBatch(f"its answer is not valid: {error}") from None


def events(batch: Batch, trials: Sequence[ExpectedTrial], root: Path) -> Iterable[Event]:
    """Yield what a worker said of some trials of one environment as events; each trial once.

    Raises ``NoBatch`` for an environment that is not theirs, and for a trial that is not among them.
    """
    environment, start, lock = trials[0].cell.environment, trials[0].start, dict(trials[0].covers)["lock"]
    told = set[int]()
    for one in batch.said:
        match one:
            case SaidReady(installed=installed):
                if (found := _installed(installed, environment)).lock_digest == lock:  # else its trials are refused
                    yield Ready(environment, found)
            case SaidLaunched(seconds=seconds, can_fork=can_fork, saw=saw):
                yield Launched(environment, seconds, can_fork, start, saw)
            case SaidRefused():
                continue  # another worker may have it: that is for whoever asks them all
            case SaidFinished(number=number, header=header, payload=payload):
                if not 0 <= number < len(trials):
                    raise NoBatch(f"it answered for a trial {number}, and was asked for {len(trials)}")
                if number not in told:
                    told.add(number)
                    yield Finished(trials[number], *to_trial(trials[number], header, payload, root))


def _installed(told: Mapping[str, Any], environment: Environment) -> InstalledEnvironment:
    try:
        found = making.from_json(dict(told))
        msgspec.convert(asdict(found), InstalledEnvironment)  # of which `from_json` looks at the names alone
    except (ValueError, KeyError, TypeError):  # msgspec's errors are ValueErrors
        raise NoBatch("what it says of its environment is not valid") from None
    if found.environment != environment:
        raise NoBatch(f"it made {found.environment.name}, and was asked for {environment.name}")
    return found
