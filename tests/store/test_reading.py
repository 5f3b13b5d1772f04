"""What a store tells of many rows at once, and the digests that its rows are filed under."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from building import MACHINE_OF_TESTS, installed, make_project, ones, tensor, traced
from tfmatrix.errors import UserError
from tfmatrix.records import CHANGED, PROBE_DIED, Environment, Fingerprint, Tensor, Trial
from tfmatrix.store import facts, files
from tfmatrix.store.files import Folders
from tfmatrix.store.fingerprints import SAMPLE, evenly, tensor_digest, to_array, trace_digest
from tfmatrix.store.store import CACHE, Store


@pytest.mark.parametrize(
    ("outcome", "kind", "settled"),
    [
        ("failed", "ValueError", True),
        ("timed-out", "", True),
        ("unsupported", "", True),
        ("crashed", "SIGSEGV", True),
        ("crashed", "SIGKILL", False),
        ("crashed", PROBE_DIED, False),
        ("crashed", CHANGED, False),
        ("failed", "SIGKILL", True),
        ("crashed", "memory", False),
        ("failed", "MemoryError", False),
        ("failed", "_ArrayMemoryError", False),
        ("failed", "ResourceExhaustedError", False),
        ("unsupported", "MemoryError", True),
    ],
)
def test_what_something_outside_ended_is_not_settled(tmp_path: Path, outcome: str, kind: str, settled: bool) -> None:
    """All trials but those that somebody else, or a lack of memory, may have ended need not be run again."""
    trace, tensors = traced(ones())
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("seen", "observed", "cell trial-1", trace=trace_digest(trace)), trace, tensors)
        store.add(Trial("other", outcome, "cell trial-2", kind=kind), (), {})
        assert store.settled() == {"seen", "other"} if settled else {"seen"}
        assert store.observed() == {"seen": Trial("seen", "observed", trace=trace_digest(trace))}
        assert [store.has_trial(key) for key in ("seen", "other", "neither")] == [True, True, False]


@pytest.mark.parametrize(
    ("outcome", "told", "settled"),
    [
        ("failed", {"message": "a.py, line 3: OSError: [Errno 28] No space left on device"}, False),
        ("failed", {"message": "UnknownError", "traceback": "a/b.ckpt; No space left on device"}, False),
        ("failed", {"message": "OSError: [Errno 122] Disk quota exceeded: 'x'"}, False),
        ("failed", {"message": "OSError: [Errno 12] Cannot allocate memory"}, False),
        ("crashed", {"kind": "SIGABRT", "output": "terminate called ...\n  what():  std::bad_alloc\n"}, False),
        ("failed", {"message": "ValueError: no", "output": "warned of: No space left on device"}, True),
        ("failed", {"message": "OSError: [Errno 13] Permission denied"}, True),
    ],
)
def test_what_wanted_disk_or_memory_is_not_settled(
    tmp_path: Path, outcome: str, told: dict[str, str], settled: bool
) -> None:
    """A trial that failed since disk or memory was full says nothing of its model: the next run asks again."""
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("other", outcome, "cell trial-2", **told), (), {})  # type: ignore[arg-type]  # texts alone
        assert store.settled() == ({"other"} if settled else set())


def test_many_tensors_are_read_at_once(tmp_path: Path) -> None:
    """More digests than one statement takes are all read, without those that are too long or not there."""
    held = {f"native saved/{number}": tensor([float(number)]) for number in range(1200)}
    long = tensor([1.0, 2.0])
    trace, tensors = traced({**held, "native saved/long": long})
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "observed", trace=trace_digest(trace)), trace, tensors)
        found = store.tensors([*tensors, "ab" * 32], 4)
        assert found == {digest: held for digest, held in tensors.items() if held != long}
        assert store.tensors(tensors, 8) == tensors
        assert store.tensors([], 8) == {}


def test_a_store_is_read_with_a_cache_of_its_own(tmp_path: Path) -> None:
    """The connection holds as much of the file as the constant says, and waits a minute for another process."""
    with Store(tmp_path / "store.sqlite") as store:
        assert store.connection.execute("PRAGMA cache_size").fetchone() == (-(CACHE // 1024),)
        assert store.connection.execute("PRAGMA busy_timeout").fetchone() == (60_000,)
        assert store.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert CACHE == 16 * 2**20


def test_digests_are_of_what_their_definition_says() -> None:
    """A tensor's is of dtype, shape and bytes, and a trace's of its lines, each part ended by a zero or a new line."""
    held = Tensor("float32", (2, 3), bytes(range(24)))
    assert tensor_digest(held) == hashlib.sha256(b"float32\0" + b"2,3\0" + bytes(range(24))).hexdigest()
    trace = (Fingerprint("native", "saved/ä", "ab"), Fingerprint("injected", "loss", "cd"))
    text = "native\0saved/ä\0ab\ninjected\0loss\0cd\n"
    assert trace_digest(trace) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("stored", "values"),
    [
        (Tensor("int64", (2, 1), np.arange(2).tobytes()), [[0], [1]]),
        (Tensor("int64", (9, 9), np.arange(2).tobytes(), whole=False), [0, 1]),
        (Tensor("bfloat16", (1,), np.array([1.5], ml_dtypes.bfloat16).tobytes()), [1.5]),
        (Tensor("string", (2, 1), b"\2" + bytes(7) + b"ab" + bytes(8)), [[b"ab"], [b""]]),
        (Tensor("string", (9,), b"\1" + bytes(7) + b"x", whole=False), [b"x"]),
        (Tensor("string", (0,), b""), []),
        (Tensor("string", (1,), b"\0\1" + bytes(6) + b"y" * 256), [b"y" * 256]),
    ],
)
def test_a_tensor_is_an_array_of_its_shape_and_a_sample_is_a_row(stored: Tensor, values: list[Any]) -> None:
    """Elements are those of the bytes, strings each behind its length in eight bytes."""
    assert to_array(stored).tolist() == values


def test_an_unknown_dtype_is_one_sentence() -> None:
    """What a newer release stored is the user's error, which names the dtype."""
    with pytest.raises(UserError, match="the stored dtype 'float3' is not known; upgrade"):
        to_array(Tensor("float3", (1,), b"x"))


def test_a_sample_is_spread_evenly() -> None:
    """Of an array with more elements than a sample has, each is as far from the next as the last from its own."""
    large = np.arange(SAMPLE * 2 - 1).reshape(1, -1)
    assert evenly(large).tolist() == large[0, ::2].tolist()
    assert evenly(large[:, :SAMPLE]) is not None
    assert evenly(large[:, :SAMPLE]).shape == (1, SAMPLE)


def test_a_noted_machine_comes_back_as_it_was(tmp_path: Path) -> None:
    """A machine that trials were run on is the noted one, with its tuples, and any other is as it is now."""
    noted = MACHINE_OF_TESTS.__class__(**{**vars(MACHINE_OF_TESTS), "kernel": "5.0", "gpus": ("a", "b")})
    now = MACHINE_OF_TESTS.__class__(**{**vars(noted), "kernel": "6.0"})
    with Store(tmp_path / "store.sqlite") as store:
        assert facts.noted_machine(store, now) == now
        facts.note_machine(store, noted)
        assert facts.noted_machine(store, now) == noted


def test_an_environment_is_had_or_refused(tmp_path: Path) -> None:
    """What was noted last is what is known: an environment that could be had is refused no more."""
    made = installed(Environment("2.15.1"), make_project(tmp_path))
    with Store(tmp_path / "store.sqlite") as store:
        assert (facts.noted_installed(store, "k"), facts.noted_refusal(store, "k")) == (None, "")
        facts.note_refusal(store, "k", "no Python")
        assert (facts.noted_installed(store, "k"), facts.noted_refusal(store, "k")) == (None, "no Python")
        facts.note_installed(store, "k", made)
        assert (facts.noted_installed(store, "k"), facts.noted_refusal(store, "k")) == (made, "")
        damaged: list[object] = [[], {}, {"schema": 0}, "text"]
        for noted in damaged:
            store.note(facts.INSTALLED, "k", noted)
            assert facts.noted_installed(store, "k") is None


def read(path: str, content: bytes | None) -> tuple[tuple[str, str], ...]:
    """Return one file as a trial read it."""
    return ((path, "" if content is None else hashlib.sha256(content).hexdigest()),)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("data/x.csv", b"a", b"b"),
        ("data/x.csv", b"a", None),
        ("data/x.csv", None, b"a"),
        ("OUTSIDE/x.csv", b"a", b"b"),
    ],
)
@pytest.mark.parametrize("outcome", ["observed", "failed"])
def test_a_trial_counts_while_what_it_read_is_as_it_was(
    tmp_path: Path, path: str, before: bytes | None, after: bytes | None, outcome: str
) -> None:
    """A file that is edited, gone, or there now takes a trial out of what is known until it is as it was again."""
    root = tmp_path / "project"
    path = path.replace("OUTSIDE", str(tmp_path / "outside"))
    file = root / path
    file.parent.mkdir(parents=True)
    trace, tensors = traced(ones())
    digest = trace_digest(trace) if outcome == "observed" else None
    kept = Trial("k", outcome, "cell trial-1", trace=digest, read=read(path, before), outside=("o",), notes=("n",))
    with Store(tmp_path / "store.sqlite", Folders(root)) as store:
        store.add(kept, trace, tensors)
        store.add(Trial("other", "failed", read=read("gone", None)), (), {})
        for content, counts in ((before, True), (after, False), (before, True)):
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)
            assert store.settled() == ({"k", "other"} if counts else {"other"})
            assert store.trial("k") == (kept if counts else None)
            assert set(store.observed()) == ({"k"} if counts and digest else set())
            assert store.any_trial("k") == store.last_called("cell trial-1") == kept
            assert store.has_trial("k")
            assert list(store.changed(kept)) == ([] if counts else [path])


def test_a_trial_that_is_run_again_is_the_one_that_counts(tmp_path: Path) -> None:
    """Of two trials of a key the last one is kept, with what it read."""
    (tmp_path / "x.csv").write_bytes(b"b")
    with Store(tmp_path / "store.sqlite", Folders(tmp_path)) as store:
        for content in (b"a", b"b"):
            store.add(Trial("k", "failed", read=read("x.csv", content)), (), {})
        assert store.settled() == {"k"}
        store.add(Trial("k", "failed", read=read("x.csv", b"a")), (), {})
        assert store.settled() == set()


def test_a_folder_is_as_it_was_while_its_names_are(tmp_path: Path) -> None:
    """A name that is new or gone counts; a hidden one, a compiled module and the files' bytes do not."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"")
    names = read("data/", b"a.csv\0")
    folders = Folders(tmp_path)
    for made in ("data/.hidden", "data/__pycache__"):
        (tmp_path / made).mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"edited")
    assert list(folders.changed(names)) == []
    (tmp_path / "data" / "b.csv").write_bytes(b"")
    assert list(folders.changed(names)) == ["data/"]
    assert list(Folders(tmp_path / "data").changed(names)) == ["data/"]
    assert list(Folders(tmp_path / "data").changed(read("data/", None))) == []


def test_what_a_folder_does_not_have_is_looked_for_in_the_next(tmp_path: Path) -> None:
    """A staged project has what git tracks; the rest lies in the real one, whose other files do not count."""
    for name in ("staged/a.csv", "real/a.csv", "real/b.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    folders = Folders(tmp_path / "staged", tmp_path / "real")
    assert list(folders.changed((*read("a.csv", b"staged/a.csv"), *read("b.csv", b"real/b.csv")))) == []
    assert list(folders.changed(read("a.csv", b"real/a.csv"))) == ["a.csv"]
    assert list(folders.changed(read("/", b"a.csv\0b.csv\0"))) == ["/"]
    assert list(folders.changed(read("./", b"a.csv\0b.csv\0"))) == []


def test_a_digest_is_taken_once_while_a_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many trials read a file, its bytes are read once; what is no file has no digest and is not waited for."""
    taken: list[Path] = []
    digest_of = files._digest_of_file

    def digest_of_file(path: Path) -> str:
        taken.append(path)
        return digest_of(path)

    monkeypatch.setattr(files, "_digest_of_file", digest_of_file)
    (tmp_path / "x.csv").write_bytes(b"a")
    os.mkfifo(tmp_path / "pipe")
    folders = Folders(tmp_path)
    for _ in range(3):
        assert list(folders.changed((*read("x.csv", b"a"), *read("pipe", None)))) == []
    assert taken == [tmp_path / "x.csv"]
    (tmp_path / "x.csv").write_bytes(b"longer")
    assert list(folders.changed(read("x.csv", b"longer"))) == []
    assert len(taken) == 2


def test_what_a_trial_read_may_be_damaged(tmp_path: Path) -> None:
    """A row whose files cannot be read is a damaged store, and no trial without files."""
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "failed"), (), {})
        for damaged in ('{"read": [[1]]}', '{"read": [1]}', "[]", "no JSON", "{}x"):
            store.connection.execute("UPDATE trials SET rests = ?", (damaged,))
            for ask in (store.settled, lambda: store.trial("k")):
                with pytest.raises(UserError, match="is damaged"):
                    ask()
