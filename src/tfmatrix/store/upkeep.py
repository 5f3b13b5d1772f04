"""Upkeep of a store: checked bit by bit, merged with another, and rid of what is stale."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.keys import trial_key
from tfmatrix.records import Fingerprint
from tfmatrix.store.facts import INSTALLED, REFUSAL
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import BETTER, Store, row_digest


def check(store: Store) -> Iterator[str]:
    """Yield a sentence for everything that is wrong in a store: bytes without their digest, and what is not there.

    Of a tensor that was not kept whole the bytes cannot be checked. Whether a distance is that of its two tensors is no
    part of it: whoever measures them checks that.
    """
    run = store.connection.execute
    damaged = [f"the file is damaged: {told}" for (told,) in run("PRAGMA integrity_check") if told != "ok"]
    damaged += _of_other_types(store)
    yield from damaged
    if damaged:
        return  # of the rest nobody knows what it is
    tensors = {digest for (digest,) in run("SELECT digest FROM tensors")}
    for digest in sorted(digest for digest in tensors if not store.is_sound(digest.hex())):
        yield f"the tensor {digest.hex()[:12]} has other bytes than its digest says"
    names = {}
    for digest, packed in run("SELECT digest, names FROM names"):
        names[digest] = _names(packed)
        if not names[digest] or _names_digest(names[digest]) != digest.hex():
            yield f"the names {digest.hex()[:12]} have another digest"
    traces = set()
    for digest, named, listed in run("SELECT digest, names, tensors FROM traces"):
        traces.add(digest)
        yield from _check_trace(digest.hex(), names.get(named), listed, tensors)
    yield from _check_trials(store, traces)
    yield from _check_notes(store)


_TYPES = {
    "tensors": {"digest": "blob", "dtype": "text", "shape": "text", "whole": "integer", "data": "blob"},
    "names": {"digest": "blob", "names": "blob"},
    "traces": {"digest": "blob", "names": "blob", "tensors": "blob"},
    "distances": {"pairs": "blob"},
}
"""What SQLite has to hold in a column; a row with a digest is told by that."""


def _of_other_types(store: Store) -> Iterator[str]:
    """Yield a sentence for each column that holds something of another type: SQLite takes any."""
    for table, columns in _TYPES.items():
        for column, type_ in columns.items():
            statement = f"SELECT count(*) FROM {table} WHERE typeof({column}) != ?"  # noqa: S608  # constants
            ((count,),) = store.connection.execute(statement, (type_,))
            if count:
                yield f"the file is damaged: {count} of the {table} have no {column} that was written"


def _check_trials(store: Store, traces: set[bytes]) -> Iterator[str]:
    for key, id_, trace in store.connection.execute("SELECT key, id, trace FROM trials").fetchall():
        try:
            trial = store.any_trial(key)
        except UserError:
            yield f"the trial {id_} cannot be read"
            continue
        if trial and trial_key(trial.covers) != key:
            yield f"the trial {id_} is filed under another key than what it covers has"
        if trace is not None and trace not in traces:
            yield f"the trial {id_} has the trace {trace.hex()[:12]}, which is not there"


def _check_notes(store: Store) -> Iterator[str]:
    run = store.connection.execute
    for number, pairs, measured, digest in run("SELECT number, pairs, measured, digest FROM distances"):
        if row_digest(pairs, measured) != digest:
            yield f"the distances in row {number} are not what was written"
    for kind, key, told, digest in run("SELECT kind, key, value, digest FROM facts"):
        if row_digest(kind, key, told) != digest:
            yield f"what is noted as {kind} is not what was written"


def _names(packed: bytes) -> list[list[str]]:
    """Return the names of a trace, none where their bytes are damaged."""
    try:
        names: list[list[str]] = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError):
        return []
    return names


def _names_digest(names: list[list[str]]) -> str:
    return trace_digest(Fingerprint(tier, stage, "") for tier, stage in names)


def _check_trace(digest: str, names: list[list[str]] | None, listed: bytes, tensors: set[bytes]) -> Iterator[str]:
    digests = [listed[at : at + 32] for at in range(0, len(listed), 32)]
    if names is None or len(names) != len(digests):
        yield f"the trace {digest[:12]} has no names, or another number of them"
        return
    prints = (Fingerprint(tier, stage, d.hex()) for (tier, stage), d in zip(names, digests, strict=True))
    if trace_digest(prints) != digest:
        yield f"the trace {digest[:12]} has another digest"
    for missing in sorted(set(digests) - tensors):
        yield f"the trace {digest[:12]} has the tensor {missing.hex()[:12]}, which is not there"


def export(store: Store, path: Path) -> int:
    """Write a store as one file, as it stands, and return how many trials are in it.

    Raises ``UserError`` where there is nothing to write, the path is taken, or it cannot be written.
    """
    if path.exists():
        raise UserError(f"there is a file {path} already; name another, or remove it.")
    (trials,) = store.connection.execute("SELECT count(*) FROM trials").fetchone()
    if not trials:
        raise UserError("no trial is in the store, so there is nothing to export; `tfmatrix run` fills it.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        store.connection.execute("VACUUM INTO ?", (str(partial),))
        partial.rename(path)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error}.") from None
    return int(trials)


def merge(store: Store, path: Path) -> Iterator[str]:
    """Add what another store has, and yield a sentence for each trial that the two know otherwise: ours is kept.

    Trials of two machines have two keys, so they stay apart. Raises ``UserError`` where the path is no store of this
    schema, or holds anything that ``check`` finds fault with: then nothing is added.
    """
    run = store.connection.execute
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name  # theirs is read only: a copy can be migrated
        _copy(path, copy)
        with Store(copy) as other:
            if wrong := next(check(other), None):
                raise UserError(f"the store {path} is not merged: {wrong}.")
            if not other.connection.execute("SELECT 1 FROM trials").fetchone():
                raise UserError(f"the store {path} is not merged: no trial is in it.")
        run("ATTACH DATABASE ? AS other", (str(copy),))
        try:
            conflicts = list(run(_CONFLICTS))
            with store.transaction():
                run("INSERT INTO tensors SELECT * FROM other.tensors WHERE true " + BETTER)  # noqa: S608  # a constant
                for table in ("names", "traces"):
                    run(f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table}")  # noqa: S608  # names of ours
                # That an environment could not be had there says nothing of here; that it could mends what was said.
                run("INSERT OR IGNORE INTO facts SELECT * FROM other.facts WHERE kind != ?", (REFUSAL,))
                run(_HAD, (REFUSAL, INSTALLED))
                run(_NEW_TRIALS)
        finally:
            run("DETACH DATABASE other")
    for id_, ours, theirs in conflicts:
        yield f"{id_}: {_told(ours)} here, {_told(theirs)} there, under one key; what is here is kept"


def _copy(path: Path, copy: Path) -> None:
    """Copy a store as it stands, whatever is still in its log; raises ``UserError`` where it is none."""
    if not path.is_file():
        raise UserError(f"there is no store {path} to merge.")
    try:
        read_only = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(read_only, uri=True)) as theirs, closing(sqlite3.connect(copy)) as ours:
            theirs.backup(ours)
    except sqlite3.Error as error:
        raise UserError(f"the store {path} is not merged: {error}.") from None


_CONFLICTS = """
SELECT ours.id, iif(ours.trace IS NULL, ours.outcome, hex(ours.trace)),
       iif(theirs.trace IS NULL, theirs.outcome, hex(theirs.trace))
FROM trials AS ours JOIN other.trials AS theirs ON ours.key = theirs.key
WHERE ours.outcome != theirs.outcome OR ours.trace IS NOT theirs.trace ORDER BY ours.id
"""
_HAD = "DELETE FROM facts WHERE kind = ? AND key IN (SELECT key FROM other.facts WHERE kind = ?)"
_NEW_TRIALS = """
INSERT OR IGNORE INTO trials (key, id, outcome, trace, evidence, rests, digest)
SELECT key, id, outcome, trace, evidence, rests, digest FROM other.trials ORDER BY number
"""


def _told(result: str) -> str:
    return f"trace {result[:12].lower()}" if len(result) == 64 else result


def remove_stale(store: Store, probe: str, is_live: Callable[[Mapping[str, str]], bool]) -> tuple[int, int]:
    """Remove the trials that can be no part of a report any more, and the tensors that only they had.

    Stale is what another probe ran than that of this digest, what read a file that is not as it was, and what no
    question has any use for: ``is_live`` says so by what a trial covers. Returns how many trials and tensors were
    removed. Raises ``UserError`` where the store is damaged.
    """
    run = store.connection.execute
    if wrong := next(_of_other_types(store), None):
        raise UserError(f"nothing is removed from the store: {wrong}; `tfmatrix check-store` says what else is.")
    stale = [
        (key,)
        for key, _, _, _, evidence, rests in list(store.rows())
        if (covers := dict(json.loads(evidence)["covers"])).get("probe") != probe
        or not (store.is_current(rests) and is_live(covers))
    ]
    with store.transaction():
        store.connection.executemany("DELETE FROM trials WHERE key = ?", stale)
        run("DELETE FROM traces WHERE digest NOT IN (SELECT trace FROM trials WHERE trace IS NOT NULL)")
        run("DELETE FROM names WHERE digest NOT IN (SELECT names FROM traces)")
        kept = {listed[at : at + 32] for (listed,) in run("SELECT tensors FROM traces") for at in _starts(listed)}
        unused = [(digest,) for (digest,) in run("SELECT digest FROM tensors").fetchall() if digest not in kept]
        store.connection.executemany("DELETE FROM tensors WHERE digest = ?", unused)
        # One that goes takes those of its row with it: these are measured again.
        gone = [
            (number,)
            for number, pairs in run("SELECT number, pairs FROM distances").fetchall()
            if not kept.issuperset(pairs[at : at + 32] for at in _starts(pairs))
        ]
        store.connection.executemany("DELETE FROM distances WHERE number = ?", gone)
    run("VACUUM")
    return len(stale), len(unused)


def _starts(listed: bytes) -> range:
    return range(0, len(listed), hashlib.sha256().digest_size)
