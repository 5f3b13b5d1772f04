"""The store: one SQLite file with trials, their traces and tensors by digest, environments and machines."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cache, lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any

from tfmatrix.errors import UserError
from tfmatrix.records import CRASHED, FAILED, OBSERVED, OUTCOMES, TIMED_OUT, Fingerprint, Tensor, Trial
from tfmatrix.store.files import Folders
from tfmatrix.store.fingerprints import fits, tensor_digest, trace_digest

SCHEMA = 7

_TRIAL = "key, id, outcome, trace, evidence, rests"
_FACT = "kind, key, value"
"""The fields of a row that its digest is of, in order."""

BETTER = """ON CONFLICT (digest) DO UPDATE SET whole = excluded.whole, data = excluded.data
WHERE excluded.whole > tensors.whole OR (tensors.whole = 0 AND length(tensors.data) < length(excluded.data))"""
"""What becomes of a tensor that is there already: the one of which more was kept stays."""

CACHE = 16 * 2**20
"""Bytes of the file that are held: what finds a digest, and the tensors of one model."""

PATIENCE = 60.0
"""Seconds that a process waits for others that use the file."""

LOCKED = "database is locked"
"""What SQLite says where others use the file; up to Python 3.10 an error has no code."""

MOST_AT_ONCE = 500
"""Values that one query is given: every SQLite takes 999."""

_DISTANCES = """
CREATE TABLE IF NOT EXISTS distances (number INTEGER PRIMARY KEY, pairs BLOB NOT NULL, measured TEXT NOT NULL);
"""
_DIGESTS = """
ALTER TABLE trials ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE facts ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE distances ADD COLUMN digest BLOB NOT NULL DEFAULT x''"""
# A row that a verdict rests on carries the digest of its fields. A tensor's, a trace's and its names' is their key.
# Rows that may be long are kept in the order in which they came, and found by a short index. A model's tensors come
# together and are read together; in the order of their digests each would be on a page of its own.
_CONTENT = """
CREATE TABLE {0}tensors (
    digest BLOB NOT NULL PRIMARY KEY, dtype TEXT NOT NULL, shape TEXT NOT NULL, whole INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE {0}names (digest BLOB NOT NULL PRIMARY KEY, names BLOB NOT NULL);
CREATE TABLE {0}traces (
    digest BLOB NOT NULL PRIMARY KEY, names BLOB NOT NULL REFERENCES names, tensors BLOB NOT NULL
);
"""
_PARTIAL = "CREATE INDEX partial_tensors ON tensors (digest) WHERE whole = 0;\n"
_TABLES = f"""
CREATE TABLE meta (schema INTEGER NOT NULL);
{_CONTENT.format("")}
{_PARTIAL}
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, id TEXT NOT NULL, outcome TEXT NOT NULL,
    trace BLOB REFERENCES traces, evidence TEXT NOT NULL, rests TEXT NOT NULL DEFAULT '{{}}'
);
CREATE INDEX trials_by_id ON trials (id);
CREATE TABLE facts (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
{_DISTANCES}{_DIGESTS}"""

_MIGRATIONS = {
    1: _DISTANCES,
    2: f"DROP TABLE distances;\n{_DISTANCES}",
    3: _CONTENT.format("new_")
    + "".join(
        f"INSERT INTO new_{table} SELECT * FROM {table};\n"  # noqa: S608  # a name from the line below
        f"DROP TABLE {table};\nALTER TABLE new_{table} RENAME TO {table};\n"
        for table in ("tensors", "names", "traces")
    ),
    4: "ALTER TABLE trials ADD COLUMN rests TEXT NOT NULL DEFAULT '{}'",
    # Samples were of other elements, so that they and those of today cannot be measured against each other.
    5: _PARTIAL + "UPDATE tensors SET data = x'' WHERE whole = 0;\nDELETE FROM distances",  # noqa: S608  # a constant
    6: f"{_DIGESTS};\nDELETE FROM distances;\nUPDATE trials SET digest = row_digest({_TRIAL});\n"  # a constant
    f"UPDATE facts SET digest = row_digest({_FACT})",
}
"""What makes a store of a schema one of the next; a schema that is not here has no way to this one."""

Row = tuple[Any, ...]
"""A trial as the fields of its row."""

RESTS = ("read", "outside", "notes")
"""What a trial rests on: fields that are in a column of their own, since they are looked at without the others."""

MEASURED_BY = "measured by"
"""The kind of the fact that says by what code the stored distances were measured."""


class Store:
    """An open store. Every write is one transaction: what a killed process leaves behind is whole."""

    def __init__(self, path: Path, folders: Folders | None = None) -> None:
        """Open the store of a path, making it where there is none; what trials read lies in some folders.

        Raises ``UserError`` where the file is no store, is damaged, or has another schema.
        """
        self._path = path
        self._folders = folders or Folders(path.parent)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()  # nobody else could
                raise
        except (sqlite3.Error, OSError) as error:
            if path.is_dir():
                raise UserError(f"the store {path} is a folder; have `store` name a file.") from None
            if str(error) == LOCKED:
                raise UserError(
                    f"the store {path} is locked: another process has used it for {PATIENCE:.0f} s; "
                    "wait until that has ended, and try again."
                ) from error
            raise UserError(
                f"the store {path} cannot be opened: {error}; move the file away to start a new one, "
                "or, if it is no store, have `store` name another file."
            ) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def _prepare(self) -> None:
        self.connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # a digest tells it
        self.connection.create_function("row_digest", -1, row_digest, deterministic=True)
        self._write_ahead()
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute(f"PRAGMA cache_size = -{CACHE // 1024}")
        with self.transaction():
            if not self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                self._run(_TABLES)
                self.connection.execute("INSERT INTO meta VALUES (?)", (SCHEMA,))
            row = self.connection.execute("SELECT schema FROM meta").fetchone()
            schema = row[0] if row else None
            if not isinstance(schema, int):
                raise self._damaged("it does not say its schema")
            while schema in _MIGRATIONS:
                self._run(_MIGRATIONS[schema])
                schema += 1
                self.connection.execute("UPDATE meta SET schema = ?", (schema,))
        if schema != SCHEMA:
            age = "a newer" if schema > SCHEMA else "an older"
            raise UserError(
                f"the store {self._path} was written by {age} tfmatrix (schema {schema}, this one knows {SCHEMA}); "
                "use that release, or move the file away and run the matrix again."
            )

    def _write_ahead(self) -> None:
        """Have what is written go to a log first, so that others can read meanwhile.

        SQLite itself does not wait where two processes make one file at once, and both begin with this.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:  # noqa: PERF203  # it waits in any case
                if str(error) != LOCKED or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _damaged(self, what: str) -> UserError:
        """Return the error that something in the file cannot be what was written."""
        return UserError(
            f"the store {self._path} is damaged: {what}; `tfmatrix check-store` says what else is, "
            "and with the file moved away the next run starts a new one."
        )

    def _run(self, statements: str) -> None:
        """Run several statements; `executescript` would end the transaction that they are part of."""
        for statement in statements.split(";\n"):
            self.connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have what is written within it be written whole, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:  # on a full disk SQLite has rolled back by itself
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def add(self, trial: Trial, trace: tuple[Fingerprint, ...], tensors: Mapping[str, Tensor]) -> None:
        """Add a trial with its trace and the tensors that the trace names; one that is there is replaced.

        Raises ``UserError`` where the file cannot be written, the disk being full for example.
        """
        try:
            with self.transaction():
                if trial.trace is not None:
                    self._add_trace(trial.trace, trace, tensors)
                evidence = asdict(trial)
                columns = [evidence.pop(name) for name in ("key", "id", "outcome", "trace")]
                columns[-1] = columns[-1] and bytes.fromhex(columns[-1])
                rests = json.dumps({name: told for name in RESTS if (told := evidence.pop(name))})
                row = (*columns, json.dumps(evidence), rests)
                self.connection.execute(
                    f"INSERT OR REPLACE INTO trials ({_TRIAL}, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
                    (*row, row_digest(*row)),
                )
        except sqlite3.OperationalError as error:
            raise UserError(f"the store {self._path} cannot be written: {error}.") from error

    def _add_trace(self, digest: str, trace: tuple[Fingerprint, ...], tensors: Mapping[str, Tensor]) -> None:
        wanted = {bytes.fromhex(name): name for name in {print_.digest for print_ in trace}}
        known = dict(self._known(list(wanted)))
        for digest_, name in wanted.items():
            if digest_ not in known or (not known[digest_] and name in tensors):
                self._add_tensor(name, tensors[name])
        names = json.dumps([[print_.tier, print_.stage] for print_ in trace]).encode()
        names_digest = trace_digest(Fingerprint(print_.tier, print_.stage, "") for print_ in trace)
        self.connection.execute(
            "INSERT OR IGNORE INTO names VALUES (?, ?)", (bytes.fromhex(names_digest), zlib.compress(names))
        )
        self.connection.execute(
            "INSERT OR IGNORE INTO traces VALUES (?, ?, ?)",
            (
                bytes.fromhex(digest),
                bytes.fromhex(names_digest),
                b"".join(bytes.fromhex(print_.digest) for print_ in trace),
            ),
        )

    def _known(self, digests: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield those of some tensors that are there, and whether they are whole: one look-up each takes ten times."""
        for at in range(0, len(digests), MOST_AT_ONCE):
            some = digests[at : at + MOST_AT_ONCE]
            marks = ", ".join("?" * len(some))
            yield from self.connection.execute(f"SELECT digest, whole FROM tensors WHERE digest IN ({marks})", some)  # noqa: S608  # marks

    def _add_tensor(self, digest: str, tensor: Tensor) -> None:
        row = (bytes.fromhex(digest), tensor.dtype, json.dumps(tensor.shape), int(tensor.whole), tensor.data)
        self.connection.execute("INSERT INTO tensors VALUES (?, ?, ?, ?, ?) " + BETTER, row)  # noqa: S608  # a constant

    def has_trial(self, key: str) -> bool:
        """Return whether there is a trial of a key, whatever became of the files that it read."""
        return bool(self.connection.execute("SELECT 1 FROM trials WHERE key = ?", (key,)).fetchone())

    def settled(self) -> set[str]:
        """Return the keys of the trials that need not be run again.

        These are all but those ended by something outside or for want of memory or disk, and those that read what is
        not as it was any more.
        """
        found = set()
        for row in self.rows():
            key, _, outcome, _, _, rests = row
            broken = outcome in (CRASHED, FAILED)
            if self.is_current(rests) and not (broken and self._trial(row).is_to_be_repeated):
                found.add(key)
        return found

    def timed_out(self) -> dict[str, float]:
        """Return how many seconds each trial had that gave no answer in time, by key."""
        trials = (self._trial(row) for row in self.rows(TIMED_OUT))
        return {trial.key: trial.seconds for trial in trials}

    def seconds(self) -> dict[str, float]:
        """Return what the newest trial of each name took; no verdict rests on it, so no digest is taken."""
        told = "CASE WHEN json_valid(evidence) THEN json_extract(evidence, '$.seconds') END"
        rows = self.connection.execute(f"SELECT id, {told} FROM trials ORDER BY number")  # noqa: S608  # a constant
        return {id_: float(seconds) for id_, seconds in rows if isinstance(seconds, (int, float)) and seconds >= 0}

    def observed(self) -> dict[str, Trial]:
        """Return every observed trial that counts, by key, without its evidence."""
        hexadecimal = cache(bytes.hex)  # most traces are those of several trials
        return {
            key: Trial(key, OBSERVED, trace=hexadecimal(trace), **_rests(rests))
            for key, _, outcome, trace, _, rests in self.rows()
            if outcome == OBSERVED and trace is not None and self.is_current(rests)
        }

    def every_trial(self) -> Iterator[Trial]:
        """Yield every trial in the order in which they were added, whether or not it counts any more."""
        yield from map(self._trial, self.rows())

    def rows(self, outcome: str = "") -> Iterator[Row]:
        """Yield each trial as its fields: key, name, outcome, trace or None, evidence and what it rests on, in JSON.

        They come in the order in which they were added; with ``outcome`` those alone of which that became. Raises
        ``UserError`` where one is not what was written.
        """
        query = f"SELECT {_TRIAL}, digest FROM trials WHERE ?1 IN ('', outcome) ORDER BY number"  # noqa: S608  # a constant
        for *fields, digest in self.connection.execute(query, (outcome,)):
            yield self._written(tuple(fields), digest)

    def _written(self, fields: Row, digest: bytes) -> Row:
        """Return the fields of a row of trials, which have to have its digest."""
        if row_digest(*fields) != digest:
            raise self._damaged(f"the trial {fields[1]} is not what was written")
        return fields

    def _trial(self, fields: Row) -> Trial:
        try:
            return _trial(*fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._damaged(f"the trial {fields[1]} cannot be read") from None

    def trial(self, key: str) -> Trial | None:
        """Return the trial of a key; None where there is none, or it read what is not as it was any more."""
        found = self.any_trial(key)
        return None if found is None or any(self.changed(found)) else found

    def any_trial(self, key: str) -> Trial | None:
        """Return the trial of a key, or None, whatever became of the files that it read."""
        return self._newest("key = ?", key)

    def last_called(self, id_: str) -> Trial | None:
        """Return the trial that was last added under a name such as ``2.15.1/mlp/tf2 trial-2``, whatever its key."""
        return self._newest("id = ?", id_)

    def changed(self, trial: Trial) -> Iterator[str]:
        """Yield the paths of what a trial read and is not as it was any more."""
        return self._folders.changed(trial.read)

    def is_current(self, rests: str) -> bool:
        """Return whether all that a row of trials rests on is as it was."""
        try:
            return not any(self._folders.changed(_rests(rests)["read"]))
        except (ValueError, TypeError, AttributeError):
            raise self._damaged("what a trial read cannot be read") from None

    def _newest(self, condition: str, value: str) -> Trial | None:
        row = self.connection.execute(
            f"SELECT {_TRIAL}, digest FROM trials WHERE {condition} ORDER BY number DESC",  # noqa: S608
            (value,),  # the condition is one of two constants
        ).fetchone()
        if row is None:
            return None
        *fields, digest = row
        return self._trial(self._written(tuple(fields), digest))

    def trace(self, digest: str) -> tuple[Fingerprint, ...]:
        """Return the trace of a digest."""
        row = self.connection.execute(
            "SELECT n.names, t.tensors FROM traces t JOIN names n ON n.digest = t.names WHERE t.digest = ?",
            (bytes.fromhex(digest),),
        ).fetchone()
        if row is None:
            raise self._damaged(f"the trace {digest[:12]} is not in it")
        try:
            names, tensors = _names(row[0]), row[1]
            found = tuple(
                Fingerprint(tier, stage, tensors[32 * at : 32 * at + 32].hex())
                for at, (tier, stage) in enumerate(names)
            )
        except (zlib.error, ValueError, TypeError, AttributeError, RecursionError):
            raise self._damaged(f"the names of the trace {digest[:12]} cannot be read") from None
        if len(tensors) != 32 * len(found) or trace_digest(found) != digest:
            raise self._damaged(f"the trace {digest[:12]} is another one than its digest says")
        return found

    def tensor(self, digest: str) -> Tensor:
        """Return the tensor of a digest."""
        row = self.connection.execute(
            "SELECT dtype, shape, data, whole FROM tensors WHERE digest = ?", (bytes.fromhex(digest),)
        ).fetchone()
        if row is None:
            raise self._damaged(f"the tensor {digest[:12]} is not in it")
        return self._verified(digest, *row)

    def is_sound(self, digest: str) -> bool:
        """Return whether the tensor of a digest is there, and has its bytes as far as they were kept."""
        try:
            self.tensor(digest)
        except UserError:
            return False
        return True

    def tensors(self, digests: Iterable[str], most: int) -> dict[str, Tensor]:
        """Return, of the tensors of some digests, those that are there and have at most so many bytes."""
        found: dict[str, Tensor] = {}
        wanted = iter([bytes.fromhex(digest) for digest in digests])
        while some := list(islice(wanted, 500)):  # as many as a statement of any SQLite takes
            marks = ", ".join("?" * len(some))
            condition = f"digest IN ({marks}) AND length(data) <= ?"
            rows = self.connection.execute(
                f"SELECT digest, dtype, shape, data, whole FROM tensors WHERE {condition}",  # noqa: S608  # no value
                (*some, most),
            )
            for digest, dtype, shape, data, whole in rows:
                name = self._hexadecimal(digest)
                found[name] = self._verified(name, dtype, shape, data, whole)
        return found

    def partial(self) -> dict[str, bool]:
        """Return, of every tensor that is not there whole, whether a sample of it is."""
        rows = self.connection.execute("SELECT digest, length(data) FROM tensors WHERE whole = 0")
        return {self._hexadecimal(digest): bool(size) for digest, size in rows}

    def _hexadecimal(self, digest: object) -> str:
        if isinstance(digest, bytes):
            return digest.hex()
        raise self._damaged("the digest of a tensor is none")

    def layouts(self, digests: Iterable[str]) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Return dtype and shape of those of some tensors that are there, without reading their bytes."""
        found: dict[str, tuple[str, tuple[int, ...]]] = {}
        wanted = iter([bytes.fromhex(digest) for digest in digests])
        while some := list(islice(wanted, 500)):
            marks = ", ".join("?" * len(some))
            statement = f"SELECT digest, dtype, shape FROM tensors WHERE digest IN ({marks})"  # noqa: S608  # no value
            for digest, dtype, shape in self.connection.execute(statement, some):
                name = self._hexadecimal(digest)
                found[name] = self._layout(name, dtype, shape)
        return found

    def _verified(self, digest: str, dtype: str, shape: str, data: bytes, whole: int) -> Tensor:
        """Return the tensor of a row; of one that is whole the digest is taken again."""
        if not isinstance(data, bytes):
            raise self._damaged(f"the tensor {digest[:12]} has no bytes")
        tensor = Tensor(*self._layout(digest, dtype, shape), data, bool(whole))
        if whole and tensor_digest(tensor) != digest:
            raise self._damaged(f"the tensor {digest[:12]} has other bytes than its digest says")
        if not fits(tensor):
            raise self._damaged(f"the tensor {digest[:12]} has more or fewer bytes than its shape has elements")
        return tensor

    def _layout(self, digest: str, dtype: object, shape: object) -> tuple[str, tuple[int, ...]]:
        """Return dtype and shape of a row of tensors."""
        with suppress(ValueError, TypeError, RecursionError):
            if isinstance(dtype, str) and dtype.isascii():
                return dtype, _shape(shape)
        raise self._damaged(f"the tensor {digest[:12]} has no dtype, or no shape")

    def distances(self) -> Iterator[tuple[list[tuple[str, str]], str]]:
        """Yield what was measured, as it was added: pairs of digests, and what is said of them.

        A row that is another one than was written is passed over: what it says is measured again.
        """
        rows = self.connection.execute("SELECT pairs, measured, digest FROM distances ORDER BY number")
        for pairs, measured, digest in rows:
            if row_digest(pairs, measured) != digest:
                continue
            digests = [pairs[at : at + 32].hex() for at in range(0, len(pairs), 32)]
            yield list(zip(digests[::2], digests[1::2], strict=False)), measured

    def add_distances(self, pairs: Iterable[tuple[str, str]], measured: str) -> None:
        """Add what was measured: pairs of digests, and what is said of them, in one row of the table.

        They are kept for speed alone, and a row for each would take longer to write than its pair to measure.
        """
        digests = bytes.fromhex("".join(chain.from_iterable(pairs)))
        with self.transaction():
            self.connection.execute(
                "INSERT INTO distances (pairs, measured, digest) VALUES (?, ?, ?)",
                (digests, measured, row_digest(digests, measured)),
            )

    def keep_distances(self, by: str) -> None:
        """Drop the distances unless they were measured by the code of this digest."""
        if self.noted(MEASURED_BY, "") != by:
            with self.transaction():
                self.connection.execute("DELETE FROM distances")
            self.note(MEASURED_BY, "", by)

    def note(self, kind: str, key: str, value: object) -> None:
        """Write down a fact, in place of what was known under its kind and key."""
        with self.transaction():
            row = kind, key, json.dumps(value)
            self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", (*row, row_digest(*row)))

    def noted(self, kind: str, key: str) -> object:
        """Return the fact of a kind and key, or None."""
        row = self.connection.execute(
            "SELECT value, digest FROM facts WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        if row is None:
            return None
        value, digest = row
        if row_digest(kind, key, value) != digest:
            raise self._damaged(f"what it notes as {kind} is not what was written")
        return json.loads(value)

    def noted_keys(self, kind: str) -> list[str]:
        """Return the keys under which facts of a kind are known."""
        return [key for (key,) in self.connection.execute("SELECT key FROM facts WHERE kind = ?", (kind,))]

    def strike(self, kind: str, key: str) -> None:
        """Remove a fact that no longer holds."""
        with self.transaction():
            self.connection.execute("DELETE FROM facts WHERE kind = ? AND key = ?", (kind, key))


def row_digest(*fields: object) -> bytes:
    """Return the SHA-256 of a row's fields, each with its kind and its length in bytes in front."""
    state = hashlib.sha256()
    for field in fields:
        told = field if isinstance(field, bytes) else str(field).encode("utf-8", "surrogatepass")
        state.update(f"{type(field).__name__} {len(told)}\0".encode("ascii"))
        state.update(told)
    return state.digest()


@lru_cache(maxsize=256)
def _names(packed: bytes) -> tuple[tuple[str, str], ...]:
    """Return the names of a trace, (tier, stage): most traces share theirs with many others."""
    return tuple((tier, stage) for tier, stage in json.loads(zlib.decompress(packed)))


@lru_cache(maxsize=1024)
def _shape(text: Any) -> tuple[int, ...]:
    """Return a shape from its JSON; raises ``ValueError``, ``TypeError`` or ``RecursionError`` where it is none."""
    found = json.loads(text)
    if not isinstance(found, list) or not all(type(size) is int and size >= 0 for size in found):
        raise ValueError(text)
    return tuple(found)


@lru_cache(maxsize=1024)
def _rests(text: str) -> Mapping[str, Any]:
    """Return what a trial rests on, as its fields: most trials of a model have the same."""
    found = json.loads(text)
    return {name: tuple(map(_frozen, found.get(name, ()))) for name in RESTS}


def _frozen(told: Any) -> Any:
    if isinstance(told, str):
        return told
    path, digest = told
    return path, digest


def _trial(key: str, id_: str, outcome: str, trace: bytes | None, evidence: str, rests: str) -> Trial:  # noqa: PLR0913, PLR0917  # a row
    """Return the trial of a row; raises ``ValueError`` and its like where the row is none that was written."""
    if outcome not in OUTCOMES or (trace is None) == (outcome == OBSERVED):
        raise ValueError(outcome)
    loaded = json.loads(evidence)
    covers = tuple((name, covered) for name, covered in loaded.pop("covers"))
    digest = None if trace is None else trace.hex()
    return Trial(key=key, id=id_, outcome=outcome, trace=digest, covers=covers, **_rests(rests), **loaded)
