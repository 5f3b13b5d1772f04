"""Ways: how else a saved model can be read that a candidate refuses; each is tried, so that advice was seen to work.

They are trials of their own, and change no verdict: a file that is refused is refused. The baseline, which reads the
file, writes it in other formats, and its bytes are handed to the candidate from the store.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from tfmatrix.compare.distance import size_of
from tfmatrix.compare.judging import LEAST_FLOOR, rounding_ratio
from tfmatrix.compare.results import Tried
from tfmatrix.compare.start import Handed
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments.catalogue import as_named
from tfmatrix.questions.chosen import sibling
from tfmatrix.questions.matrix.starts import write
from tfmatrix.records import (
    FAILED,
    JITTER,
    OBSERVED,
    REWRITTEN,
    TRIAL,
    UNSUPPORTED,
    WAY,
    Cell,
    Environment,
    ExpectedTrial,
    ModelFile,
    Reread,
    Rewrite,
    Trial,
)
from tfmatrix.runner.rounds import Known
from tfmatrix.store.facts import noted_installed
from tfmatrix.store.store import Store
from tfmatrix.tables import WAYS, Way

if TYPE_CHECKING:
    from tfmatrix.questions.matrix.plan import Plan  # which asks for these trials

REFUSED = ("read: ", "use: ")
"""How the message begins of a trial whose release refused the file."""

METADATA, INNER = "keras_metadata.pb", "saved_model.pb"
"""What lies in a SavedModel of Keras 2, and in every one."""

SAVED_MODEL, KERAS_3 = "saved-model", Version("3")

Find = Callable[[str], Trial | None]
"""From a trial's key to what is known of it."""


class _Asked(NamedTuple):
    """One trial that is asked for, on behalf of a cell."""

    cell: Cell
    expected: ExpectedTrial
    way: Way | None = None
    """None of the trial that writes."""
    handed: tuple[Handed, ...] = ()


def environments(environments: Sequence[Environment], plan: Plan) -> Iterator[Environment]:
    """Yield those that ways need besides, where some model is a saved one."""
    if any(isinstance(model.defined, ModelFile) for model in plan.models):
        for environment in environments:
            for package in sorted({way.further for way in WAYS.values() if way.further}):
                if found := sibling(environment, package, plan.config):
                    yield found


def wanted(plan: Plan, known: Known, folder: Path) -> Iterator[ExpectedTrial]:
    """Yield the trials that other ways want; what they are handed is written into a folder."""
    written: dict[tuple[Handed, ...], Path] = {}
    for asked in _asked(plan, known.trial, known.store):
        expected, handed = asked.expected, asked.handed
        if handed and not known.has(expected.key):
            path = written[handed] = written.get(handed) or write(handed, folder, known.store)
            assert isinstance(expected.work, Reread)
            expected = replace(expected, work=replace(expected.work, handed=str(path)))
        yield expected


def tried(plan: Plan, find: Find, store: Store, tensors: Tensors) -> Mapping[Cell, Sequence[Tried]]:
    """Return what came of the other ways, for each cell that has some; what does not exist there is left out."""
    found: dict[Cell, list[Tried]] = {}
    for asked in _asked(plan, find, store):
        trial = find(asked.expected.key)
        if asked.way and trial and trial.outcome != UNSUPPORTED:
            used = _used(asked.way, asked, plan.baseline, trial)
            found.setdefault(asked.cell, []).append(
                Tried(asked.way.name, used, *_came(plan, asked.cell, trial, find, tensors))
                if trial.outcome == OBSERVED
                else Tried(asked.way.name, used, Verdict.FAILED, " ".join(trial.message.split()))
            )
    return found


def _asked(plan: Plan, find: Find, store: Store) -> Iterator[_Asked]:
    """Yield every trial that can be asked for by now."""
    for cell in plan.cells:
        if _is_refused(plan, cell, find, store):
            writer = plan.expect(_of_baseline(plan, cell), Rewrite(), role=REWRITTEN, number=0)
            yield _Asked(cell, writer)
            if written := find(writer.key):
                trace = store.trace(written.trace) if written.trace else ()
                stages = tuple(Handed(one.stage, one.digest) for one in trace)
                yield from _ways(plan, cell, stages)


def _ways(plan: Plan, cell: Cell, written: tuple[Handed, ...]) -> Iterator[_Asked]:
    """Yield each way that can be tried: what it reads is the file itself, or was written by the baseline."""
    own = SAVED_MODEL if _has(cell, INNER) else ""
    for number, way in enumerate(WAYS.values(), 1):
        if way.name == own:  # it was read so by the trial itself
            continue
        environment = sibling(cell.environment, way.further, plan.config) if way.further else cell.environment
        itself = way.rewritten in {"", own}
        handed = () if itself else tuple(one for one in written if one.stage.split("/")[1] == way.rewritten)
        if environment and (itself or handed):
            digest = hashlib.sha256(json.dumps(handed).encode("ascii")).hexdigest() if handed else ""
            there = replace(cell, environment=environment)
            yield _Asked(cell, plan.expect(there, Reread(way.name, digest), role=WAY, number=number), way, handed)


def _is_refused(plan: Plan, cell: Cell, find: Find, store: Store) -> bool:
    """Return whether a release refuses a saved model that the baseline reads."""
    if not isinstance(cell.model.defined, ModelFile) or cell.environment == plan.baseline:
        return False
    base, own = (find(plan.trials[one][0].key) for one in (_of_baseline(plan, cell), cell))
    if not base or base.outcome != OBSERVED or not own:
        return False
    return (own.outcome == FAILED and own.message.startswith(REFUSED)) or (
        own.outcome == OBSERVED and _has(cell, METADATA) and _is_of_keras_3(plan, cell.environment, store)
    )


def _of_baseline(plan: Plan, cell: Cell) -> Cell:
    return replace(cell, environment=plan.baseline)


def _has(cell: Cell, name: str) -> bool:
    return any(path.endswith(f"/{name}") for path, _ in cell.model.parts)


def _is_of_keras_3(plan: Plan, environment: Environment, store: Store) -> bool:
    """Return whether what an environment has as `tf.keras` is Keras 3."""
    if any(package.name == "tf-keras" for package in environment.further):
        return False
    installed = noted_installed(store, plan.scope.environment_key(environment))
    packages = map(as_named, installed.packages) if installed else ()
    return any(one.name == "keras" and Version(one.version) >= KERAS_3 for one in packages)


def _used(way: Way, asked: _Asked, baseline: Environment, trial: Trial) -> str:
    """Return what its user does."""
    packages = (f"{one.name} {one.version}" for one in asked.expected.cell.environment.further)
    saved = f" of what {baseline.name} saved: there `tf.saved_model.save(model, folder)`" if asked.handed else ""
    notes = "; ".join(trial.notes) or "classes that leave out what it does not know"
    return way.used.format(baseline=baseline.name, notes=notes, further=", ".join(packages), saved=saved)


def _came(plan: Plan, cell: Cell, trial: Trial, find: Find, tensors: Tensors) -> tuple[Verdict, str]:
    """Return what a way's predictions are beside the baseline's, one after the other whatever they are called.

    The noise floor is the baseline's own, where its inputs are moved by one ULP.
    """
    expected = plan.trials[_of_baseline(plan, cell)]
    base, *jittered = (_predicted(find(one.key), tensors) for one in expected if one.role in {TRIAL, JITTER})
    made = _predicted(trial, tensors)
    if len(base) != len(made):
        return Verdict.DIFFERENT, f"{len(made)} outputs, and {len(base)} in the baseline"
    apart: list[tuple[float, str]] = []
    for number, (mine, other) in enumerate(zip(base.values(), made.values(), strict=True)):
        if mine != other:
            moved = [tensors.distance(mine, list(one.values())[number]) for one in jittered if len(one) == len(base)]
            floor = max([LEAST_FLOOR, *(size for one in moved if math.isfinite(size := size_of(one)))])
            distance = tensors.distance(mine, other)
            times = size_of(distance) / (floor * rounding_ratio(distance.dtype)) if distance.dtype else math.inf
            told = distance.note or f"{distance.differing} of {distance.elements} numbers"
            apart.append((times, f"{list(base)[number]}: {told}, scaled error {size_of(distance):.2g}"))
    if not apart:
        return Verdict.IDENTICAL, ""
    times, told = max(apart)
    return (Verdict.ROUNDING if times <= 1 else Verdict.DIFFERENT), told


def _predicted(trial: Trial | None, tensors: Tensors) -> dict[str, str]:
    """Return the digests of what a trial predicted, by stage."""
    if not trial or not trial.trace:
        return {}
    names = tensors.names(trial.trace).items()
    return {stage: digest for (_, stage), digest in names if stage.partition("/")[0] == "predict"}
