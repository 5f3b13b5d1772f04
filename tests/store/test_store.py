"""The store: what goes in comes out, once, whole, and from a file that is one of ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from building import ones, plan_of, tensor, traced, trial
from tfmatrix.errors import UserError
from tfmatrix.records import OBSERVED, Fingerprint, Tensor, Trial
from tfmatrix.store import store as store_module
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import SCHEMA, Store

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store may be made."""
    return tmp_path / "made" / "store.sqlite"


def put(store: Store, key: str, stages: dict[str, object] | None = None, id_: str = "cell trial-1") -> Trial:
    """Add an observed trial of some stages, and return it."""
    trace, tensors = traced(ones() if stages is None else stages)
    added = Trial(key, "observed", id_, trace=trace_digest(trace))
    store.add(added, trace, tensors)
    return added


def count(store: Store, table: str) -> int:
    """Return how many rows a table has."""
    (rows,) = store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(rows)


def test_a_trial_comes_back_as_it_was_added(path: Path, tmp_path: Path) -> None:
    """An expected trial with all its evidence is read back equal, also by another process's store."""
    expected = next(iter(plan_of(tmp_path).trials.values()))[0]
    evidence: dict[str, Any] = {
        "kind": "ValueError",
        "message": "a | b\n<c>",
        "where": "line 3",
        "traceback": "t",
        "output": "\x1b[1m",
    }
    failed = trial(expected, "failed", **evidence, seconds=0.1, peak_kib=2**33)
    with Store(path) as store:
        store.add(failed, (), {})
    with Store(path) as store:
        assert store.trial(expected.key) == failed
        assert store.last_called(expected.id) == failed
        assert store.trial("another") is None
        assert store.last_called("another") is None


def test_what_trials_took_is_told_by_their_names(path: Path) -> None:
    """By the newest of each name; what says no time, or cannot be read, is left out and no error."""
    with Store(path) as store:
        for key, id_, seconds in (("a", "x trial-1", 1.5), ("b", "x trial-1", 2), ("c", "y trial-1", -1.0)):
            store.add(Trial(key, "failed", id_, message="m", seconds=seconds), (), {})
        store.connection.execute("UPDATE trials SET evidence = '{' WHERE key = 'a'")
        assert store.seconds() == {"x trial-1": 2.0}
        store.connection.execute("UPDATE trials SET evidence = '{\"seconds\": \"long\"}' WHERE key = 'b'")
        assert store.seconds() == {}


def test_a_trace_and_its_tensors_come_back_as_they_were_added(path: Path) -> None:
    """Names in their order, digests, dtypes, shapes and bytes are what went in."""
    stages = {
        "native b": tensor([[1.5, -0.0]]),
        "native a": tensor([1, 2, 3], "int64"),
        "injected a": tensor(True, "bool"),
        "native empty": tensor(np.zeros((0, 3))),
        "native text": Tensor("string", (1,), (2).to_bytes(8, "little") + b"\xff\0"),
    }
    trace, tensors = traced(stages)
    with Store(path) as store:
        added = put(store, "k", dict(stages))
        assert added.trace is not None
        assert store.trace(added.trace) == trace
        assert {digest: store.tensor(digest) for digest in tensors} == tensors


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["native", "injected"]), NAMES, st.binary(max_size=9)), min_size=1, max_size=6)
)
def test_any_trace_comes_back_with_its_digest(entries: list[tuple[str, str, bytes]]) -> None:
    """A trace of any names and bytes is read back to the same digest."""
    found = [(tier, stage, Tensor("uint8", (len(data),), data)) for tier, stage, data in entries]
    trace = tuple(Fingerprint(tier, stage, tensor_digest(held)) for tier, stage, held in found)
    with Store(Path(":memory:")) as store:
        digest = trace_digest(trace)
        store.add(Trial("k", "observed", trace=digest), trace, {tensor_digest(held): held for *_, held in found})
        assert trace_digest(store.trace(digest)) == digest
        assert all(tensor_digest(store.tensor(print_.digest)) == print_.digest for print_ in trace)


def test_equal_bits_are_stored_once(path: Path) -> None:
    """Trials with the same bits share one trace, and traces that share tensors or names share those."""
    with Store(path) as store:
        put(store, "first")
        put(store, "second")
        assert (count(store, "trials"), count(store, "traces"), count(store, "names")) == (2, 1, 1)
        before = count(store, "tensors")
        put(store, "third", ones(weights=[9.0]))
        assert (count(store, "traces"), count(store, "names"), count(store, "tensors")) == (2, 1, before + 1)


def test_bits_that_differ_in_dtype_or_shape_alone_are_stored_apart(path: Path) -> None:
    """The same bytes as another dtype or shape are another tensor."""
    same = [Tensor("float32", (2,), bytes(8)), Tensor("int32", (2,), bytes(8)), Tensor("float32", (2, 1), bytes(8))]
    with Store(path) as store:
        put(store, "k", {f"native a/{number}": held for number, held in enumerate(same)})
        assert count(store, "tensors") == 3


def test_a_trial_that_is_run_again_replaces_the_old_one(path: Path) -> None:
    """Under one key there is one trial, the last one added."""
    with Store(path) as store:
        put(store, "k")
        again = put(store, "k", ones(weights=[4.0]))
        assert count(store, "trials") == 1
        assert store.trial("k") == again


def test_the_last_trial_of_a_name_is_the_last_one_added(path: Path) -> None:
    """Of trials under one name and several keys, the one added last is told, also when it is an old key's again."""
    with Store(path) as store:
        old = put(store, "old")
        new = put(store, "new")
        assert store.last_called("cell trial-1") == new
        put(store, "old")
        assert store.last_called("cell trial-1") == old


def test_facts_are_noted_replaced_and_struck(path: Path) -> None:
    """A fact is what was noted last under its kind and key, until it is struck."""
    with Store(path) as store:
        assert store.noted("refusal", "2.15.1") is None
        store.note("refusal", "2.15.1", {"a": [1, None]})
        store.note("refusal", "2.15.1", "no Python")
        store.note("machine", "2.15.1", "other")
        assert store.noted("refusal", "2.15.1") == "no Python"
        store.strike("refusal", "2.15.1")
        assert store.noted("refusal", "2.15.1") is None
        assert store.noted("machine", "2.15.1") == "other"


DIES = """
import os, sys
from pathlib import Path
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.records import OBSERVED, Fingerprint, Tensor, Trial
from tfmatrix.store.store import Store

held = Tensor("uint8", (1,), b"x")
digest = tensor_digest(held)
store = Store(Path(sys.argv[1]))
trace = (Fingerprint("native", "a", digest),)
store.add(Trial("whole", "observed", trace=trace_digest(trace)), trace, {digest: held})
with store.transaction():
    store.connection.execute("DELETE FROM tensors")
    store.connection.execute("UPDATE trials SET outcome = 'torn'")
    os._exit(9)
"""


def test_a_process_that_dies_within_a_transaction_leaves_the_store_whole(path: Path) -> None:
    """What was finished is there, what was under way is not, and the next process goes on."""
    died = subprocess.run([sys.executable, "-c", DIES, str(path)], check=False)
    assert died.returncode == 9
    with Store(path) as store:
        found = store.trial("whole")
        assert found is not None
        assert found.outcome == "observed"
        assert found.trace
        held = Tensor("uint8", (1,), b"x")
        assert store.trace(found.trace) == (Fingerprint("native", "a", tensor_digest(held)),)
        assert store.tensor(tensor_digest(held)) == held
        put(store, "next")
        assert count(store, "trials") == 2


def test_a_trial_whose_tensors_are_not_all_there_is_not_stored_at_all(path: Path) -> None:
    """Where adding fails in its middle, neither trial nor trace nor tensor of it stays."""
    trace, tensors = traced(ones())
    tensors.pop(trace[-2].digest)
    with Store(path) as store:
        with pytest.raises(KeyError):
            store.add(Trial("k", "observed", trace=trace_digest(trace)), trace, tensors)
        assert [count(store, table) for table in ("trials", "traces", "names", "tensors")] == [0, 0, 0, 0]
        put(store, "k")


def set_schema(path: Path, schema: object) -> None:
    """Make a store of another schema."""
    Store(path).__exit__(None, None, None)
    set_schema_of(path, schema)


def set_schema_of(path: Path, schema: object) -> None:
    """Have a store say that it is of another schema."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET schema = ?", (schema,))


@pytest.mark.parametrize(("schema", "age"), [(SCHEMA + 1, "a newer"), (0, "an older"), (99, "a newer")])
def test_a_store_of_another_schema_is_refused_by_age(path: Path, schema: int, age: str) -> None:
    """A newer store, and one too old to be migrated, get one sentence that says which, and stay as they are."""
    set_schema(path, schema)
    with pytest.raises(UserError, match=rf"{age} tfmatrix \(schema {schema}, this one knows {SCHEMA}\)") as refused:
        Store(path)
    assert str(path) in str(refused.value)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT schema FROM meta").fetchall() == [(schema,)]


BEFORE = {
    1: ("DROP TABLE distances",),
    2: (
        "DROP TABLE distances",
        "CREATE TABLE distances (a BLOB NOT NULL, b BLOB NOT NULL, measured TEXT NOT NULL, PRIMARY KEY (a, b))",
        "INSERT INTO distances VALUES (zeroblob(32), zeroblob(32), '[]')",
    ),
    3: tuple(
        statement
        for table, columns in (
            ("tensors", "dtype TEXT NOT NULL, shape TEXT NOT NULL, whole INTEGER NOT NULL, data BLOB NOT NULL"),
            ("names", "names BLOB NOT NULL"),
            ("traces", "names BLOB NOT NULL REFERENCES names, tensors BLOB NOT NULL"),
        )
        for statement in (
            f"CREATE TABLE before (digest BLOB PRIMARY KEY, {columns}) WITHOUT ROWID",
            f"INSERT INTO before SELECT * FROM {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE before RENAME TO {table}",
        )
    ),
    4: ("ALTER TABLE trials DROP COLUMN rests",),
    5: ("DROP INDEX partial_tensors",),
    6: tuple(f"ALTER TABLE {table} DROP COLUMN digest" for table in ("trials", "facts", "distances")),
}
"""What turns a store of the schema after it into one of each earlier schema."""


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_an_older_store_is_migrated_with_what_is_in_it(path: Path, schema: int) -> None:
    """A store of an earlier schema is opened as one of this schema, and has its trials, traces and tensors."""
    with Store(path) as store:
        kept = put(store, "k")
        tables = layout(store)
        for earlier in range(SCHEMA - 1, schema - 1, -1):
            for statement in BEFORE[earlier]:
                store.connection.execute(statement)
        assert layout(store) != tables
    set_schema_of(path, schema)
    with Store(path) as store:
        assert layout(store) == tables
        assert store.trial("k") == kept
        assert kept.trace is not None
        assert [store.tensor(print_.digest) for print_ in store.trace(kept.trace)]
        assert list(store.distances()) == []
        put(store, "another")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT schema FROM meta").fetchall() == [(SCHEMA,)]


def layout(store: Store) -> dict[str, str]:
    """Return what makes each table, without quotes and spaces."""
    rows = store.connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: "".join(sql.replace('"', "").split()) for name, sql in rows}


def test_distances_come_back_until_other_code_measures(path: Path) -> None:
    """Distances are read back with their pairs of digests, and are gone once the code that measured is another."""
    a, b = "ab" * 32, "cd" * 32
    added = [([(a, b), (b, a)], "[1, 2]"), ([(a, a)], "[3]")]
    with Store(path) as store:
        store.keep_distances("by this")
        for pairs, measured in added:
            store.add_distances(pairs, measured)
    with Store(path) as store:
        store.keep_distances("by this")
        assert list(store.distances()) == added
        store.keep_distances("by that")
        assert list(store.distances()) == []


def text_file(path: Path) -> None:
    """Make a file that is no database."""
    path.write_text("this is no database, and longer than the header of one would be" * 20, encoding="utf-8")


def torn_file(path: Path) -> None:
    """Make a store whose first page is overwritten behind its header."""
    Store(path).__exit__(None, None, None)
    content = bytearray(path.read_bytes())
    content[16:4096] = b"\xff" * 4080
    path.write_bytes(content)


def short_file(path: Path) -> None:
    """Make a store of which only the first page is left."""
    with Store(path) as store:
        put(store, "k")
    path.write_bytes(path.read_bytes()[:4096])


def other_meta(path: Path) -> None:
    """Make another program's database, with a table called as one of ours."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE meta (name TEXT)")


NO_STORES: list[Callable[[Path], object]] = [text_file, torn_file, short_file, other_meta, Path.mkdir]


@pytest.mark.parametrize("make", NO_STORES)
def test_what_is_no_store_is_one_sentence(path: Path, make: Callable[[Path], object]) -> None:
    """A file that is no database, a damaged one, another program's and a folder are refused by name, with the mend."""
    path.parent.mkdir()
    make(path)
    with pytest.raises(
        UserError, match=r"cannot be opened: .*; move the file away|is a folder; have `store` name a file"
    ) as refused:
        Store(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_store_that_is_refused_is_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13 warns of a database that nobody can close any more."""
    opened: list[sqlite3.Connection] = []

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connected(*arguments, **options)
        opened.append(connection)
        return connection

    connected = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect)
    path.parent.mkdir()
    text_file(path)
    with pytest.raises(UserError):
        Store(path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_store_may_be_made_by_several_at_once(tmp_path: Path) -> None:
    """SQLite alone answered one in twelve times that the file is locked."""
    barrier = threading.Barrier(8)

    def make(path: Path) -> int:
        barrier.wait()
        with Store(path) as store:
            return count(store, "meta")

    with ThreadPoolExecutor(8) as pool:
        for number in range(100):
            assert set(pool.map(make, [tmp_path / f"{number}.sqlite"] * 8)) == {1}


def test_a_store_that_stays_locked_is_one_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told to move away what another process is using."""
    monkeypatch.setattr(store_module, "PATIENCE", 0.2)
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match=r"is locked: another process .* wait until that has ended"):
            Store(path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """Where the store's folder is a file, the sentence names the store."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be opened"):
        Store(tmp_path / "file" / "store.sqlite")


@pytest.mark.parametrize(
    ("pragma", "told"),
    [("query_only = 1", "readonly"), ("max_page_count = 1", "full")],
)
def test_a_store_that_cannot_be_written_is_one_sentence_and_stays_whole(path: Path, pragma: str, told: str) -> None:
    """A read-only file and a full disk stop adding with one sentence, and what was stored can still be read."""
    with Store(path) as store:
        kept = put(store, "k")
        store.connection.execute(f"PRAGMA {pragma}")
        with pytest.raises(UserError, match=f"cannot be written: .*{told}"):
            put(store, "next", {"native big": np.arange(10_000.0)})
        assert store.trial("k") == kept
        assert store.trial("next") is None


def test_a_trace_or_tensor_that_is_gone_is_one_sentence(path: Path) -> None:
    """A store that lacks what it names is damaged, and says what of it."""
    with Store(path) as store:
        with pytest.raises(UserError, match="is damaged: the trace abab"):
            store.trace("ab" * 32)
        with pytest.raises(UserError, match="is damaged: the tensor abab"):
            store.tensor("ab" * 32)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_the_one_of_which_more_was_kept_stays(path: Path, order: tuple[int, ...]) -> None:
    """Of one tensor that comes without bytes, as a sample and whole, the store has the most, in whatever order."""
    whole = tensor(np.arange(9))
    forms = (whole._replace(data=b"", whole=False), whole._replace(data=whole.data[:8], whole=False), whole)
    digest = tensor_digest(whole)
    trace = (Fingerprint("native", "a", digest),)
    with Store(path) as store:
        for number, at in enumerate(order):
            store.add(Trial(str(number), OBSERVED, trace=trace_digest(trace)), trace, {digest: forms[at]})
            best = max(order[: number + 1])
            assert store.tensor(digest) == forms[best]
            assert store.partial() == ({} if best == 2 else {digest: best == 1})
            assert store.layouts([digest]) == {digest: ("float32", (9,))}


def test_samples_of_an_older_store_are_dropped(path: Path) -> None:
    """Those of schema 5 were of other elements: their bytes go, with the distances that were measured of them."""
    whole = tensor(np.arange(9))
    with Store(path) as store:
        put(store, "k", {"native a": whole, "native b": tensor([1.0, 2.0])})
        store.add_distances([("ab" * 32, "cd" * 32)], "[]")
        for statement in (*BEFORE[6], *BEFORE[5]):
            store.connection.execute(statement)
        digest = bytes.fromhex(tensor_digest(whole))
        store.connection.execute("UPDATE tensors SET whole = 0 WHERE digest = ?", (digest,))
        store.connection.execute("UPDATE meta SET schema = 5")
    with Store(path) as store:
        assert store.partial() == {tensor_digest(whole): False}
        assert store.tensor(tensor_digest(whole)).data == b""
        assert list(store.distances()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_that_raises_writes_nothing(path: Path, error: type[BaseException]) -> None:
    """Whatever ends a transaction, an interrupt too, nothing of it stays, and the next one is written."""
    with Store(path) as store:
        kept = put(store, "k")

        def torn() -> None:
            with store.transaction():
                store.connection.execute("DELETE FROM trials")
                raise error

        with pytest.raises(error):
            torn()
        assert store.trial("k") == kept
        put(store, "next")
    with Store(path) as store:
        assert store.trial("k") == kept
        assert count(store, "trials") == 2
