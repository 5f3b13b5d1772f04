"""Keys: the one place that says what is known, before it is run, of what a stored result rests on.

That is its scope (environment and lock, machine, probe, what the caller passes on), the launch, the mode, the model,
and the work that is done with them. A trial is filed under the digest of all of it. What it reads is not known before:
that a trial says itself (`Trial.read`), and it counts only while that is unchanged.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tfmatrix.config import Config
from tfmatrix.environments import locks
from tfmatrix.environments.devices import lacking
from tfmatrix.environments.machine import INHERITED, machine_id
from tfmatrix.errors import Unavailable
from tfmatrix.records import (
    Cell,
    Check,
    Effects,
    Environment,
    ExpectedTrial,
    Feed,
    FromStart,
    Machine,
    Ops,
    Plain,
    Read,
    Replay,
    Reread,
    Rewrite,
    Script,
    Seeds,
    SingleOps,
    Start,
    Train,
    Work,
    Write,
)
from tfmatrix.tables import PROBE

LAUNCHING = Path(__file__).parent / "runner" / "launching.py"
"""What gives a probe its variables, those that tfmatrix itself sets."""

HASH_SEEDS = ("0", "1")
"""PYTHONHASHSEED of the first process that trials are forked from, and of the second and every fresh one."""

SEED_LIMIT = 2**31
"""NumPy's generator takes 32 bits and TensorFlow's operations 31 without a sign."""

TRAIN, PLAIN, CHECK, START, SEEDS, EFFECTS = "train", "plain", "check", "start", "seeds", "effects"
SCRIPT, WRITE, READ, REWRITE, REREAD = "script", "write", "read", "rewrite", "reread"
OPS, REPLAY, FEED, SINGLE_OPS = "ops", "replay", "feed", "single ops"
"""What a trial covers of the kind of its work."""

_USUAL = Start()

Covers = tuple[tuple[str, str], ...]
"""What a trial covers: names, and values or digests."""


@dataclass(frozen=True)
class Scope:
    """What every result of a question rests on, whatever is run."""

    locks: Mapping[Environment, str]
    """The digest of each environment's lock file; empty where it has none and cannot be made."""
    machine: Machine
    probe: str
    """The digest of the probe as it was when the question was asked."""
    inherited: tuple[tuple[str, str | None], ...]
    """The caller's variables that a trial has too and that may change its bits; None where one is not set."""

    def environment_key(self, environment: Environment) -> str:
        """Return what an environment is filed under in the store: its name, what it is for, and its lock."""
        return f"{environment.distribution}/{environment.name}/{environment.python}/{self.locks[environment]}"


def scope_of(config: Config, environments: Iterable[Environment]) -> Scope:
    """Return the scope of some environments of a project, as it is now."""
    return Scope(
        locks=dict(lock_digests(config, environments)),
        machine=config.machine,
        probe=probe_source(),
        inherited=tuple((name, os.environ.get(name)) for name in INHERITED),
    )


def cell_covers(scope: Scope, cell: Cell, start: Start = _USUAL) -> Covers:
    """Return what every trial of a cell covers that starts so, whatever its work."""
    defined = cell.model.defined
    own = {**dict(cell.launch.variables), **dict(defined.variables if defined else ()), **dict(start.variables)}
    launch: list[object] = [cell.launch.intra_op, cell.launch.inter_op, cell.launch.variables]
    if cell.launch.settings:
        launch.append(cell.launch.settings)
    if cell.launch.device:
        launch.append(cell.launch.device)
    return (
        ("lock", scope.locks[cell.environment]),
        ("python", cell.environment.python),
        ("launch", json.dumps(launch)),
        ("mode", cell.mode),
        ("variant", cell.model.name),
        ("model", cell.model.source),
        ("probe", scope.probe),
        ("machine", machine_id(scope.machine)),
        *_inherited(scope, own),
    )


def expect(  # noqa: PLR0913  # each is a part of the trial
    scope: Scope,
    cell: Cell,
    work: Work,
    *,
    role: str,
    number: int = 0,
    seed: int = 0,
    hash_seed: str = HASH_SEEDS[0],
    start: Start = _USUAL,
    shared: Covers = (),
) -> ExpectedTrial:
    """Return a trial of a cell, filed under the digest of what it covers.

    ``shared`` is what `cell_covers` says of the cell and the start, where the caller has it already.
    """
    covers = (
        *(shared or cell_covers(scope, cell, start)),
        *_work_covers(work, start),
        ("role", f"{role}-{number}"),
        ("seed", str(seed)),
        ("hash seed", hash_seed),
    )
    lacks = lacking(cell.launch, cell.environment, scope.machine)
    return ExpectedTrial(cell, role, number, seed, hash_seed, covers, trial_key(covers), work, start, lacks)


def trial_key(covers: Iterable[tuple[str, str]]) -> str:
    """Return SHA-256 over what a trial covers, name and value, in order: what a trial is filed under."""
    return hashlib.sha256(json.dumps([list(pair) for pair in covers]).encode("utf-8")).hexdigest()


def probe_source() -> str:
    """Return the digest of the probe's files, and of the one that says with what variables it starts."""
    files = {path.relative_to(PROBE).as_posix(): path for path in (*PROBE.rglob("*.py"), *PROBE.rglob("*.json"))}
    return source_digest([*sorted(files.items()), (LAUNCHING.name, LAUNCHING)])


def source_digest(files: Iterable[tuple[str, Path]]) -> str:
    """Return the digest of files in their order, each by the name that is given for it and by its bytes."""
    state = hashlib.sha256()
    for name, path in files:
        state.update(name.encode("utf-8") + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def _work_covers(work: Work, start: Start) -> Covers:  # noqa: C901, PLR0911, PLR0912  # a case for each work
    """Return what a trial covers of its work and start; not where a folder lies, which may be moved."""
    match work:
        case Train(jitter=jitter, equivalent=equivalent, keep=keep):
            noise = "equivalent" if equivalent else str(jitter)
            return ("work", TRAIN), ("jitter", noise), *([("keep", json.dumps(keep))] if keep else [])
        case Plain():
            return (("work", PLAIN),)
        case Check():
            return (("work", CHECK),)
        case FromStart(start=handed, keep=keep, off=off):
            more = {"keep": keep, "off": off}
            return (
                ("work", START),
                ("start", handed),
                *((name, json.dumps(some)) for name, some in more.items() if some),
            )
        case Effects(layers=layers):
            return ("work", EFFECTS), ("layers", json.dumps(layers))
        case Seeds(count=count, passes=passes):
            return ("work", SEEDS), ("seeds", str(count)), *([("passes", "1")] if passes else [])
        case Rewrite():
            return (("work", REWRITE),)
        case Reread(way=way, rewritten=rewritten):
            return ("work", REREAD), ("way", way), ("rewritten", rewritten)
        case Ops():
            return (("work", OPS),)
        case Replay(recorded=recorded, skip=skip):
            return ("work", REPLAY), ("recorded", recorded), *([("skip", json.dumps(skip))] if skip else [])
        case Feed(recorded=recorded, fed=fed):
            return ("work", FEED), ("recorded", recorded), ("fed", json.dumps(fed))
        case SingleOps(of=of, batch=batch, batches=batches):
            return ("work", SINGLE_OPS), ("of", of), ("batch", f"{batch} of {batches}")
        case Write(format=form):
            return ("work", WRITE), ("format", form)
        case Read(format=form, writer=writer, digest=digest):  # the writer's key covers its lock, model and seed
            return ("work", READ), ("format", form), ("writer", writer), ("artefact", digest)
        case Script(doings=doings):  # its texts are what the cell's model is the digest of
            return ("work", SCRIPT), ("start", json.dumps([asdict(start), doings]))


def _inherited(scope: Scope, chosen: Mapping[str, str]) -> Covers:
    """Return what a trial covers of its caller's variables, where its launch or start has chosen some itself.

    Each is its name and its value as JSON: unset, which shows every GPU, is not empty, which shows none.
    """
    return tuple((f"variable {name}", json.dumps(chosen.get(name, value))) for name, value in scope.inherited)


def lock_digests(config: Config, environments: Iterable[Environment]) -> Iterator[tuple[Environment, str]]:
    """Yield some environments of a project, each with the digest of its lock file; empty where it has none."""
    folders = [config.root / "locks"]
    yield from ((environment, _lock_digest(environment, folders)) for environment in environments)


def _lock_digest(environment: Environment, folders: list[Path]) -> str:
    try:
        return locks.digest(locks.find_lock(environment, folders))
    except Unavailable:
        return ""
