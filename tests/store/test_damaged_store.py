"""Stores whose rows were changed by another hand: what cannot be read is one sentence that says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import ones, traced
from tfmatrix.errors import UserError
from tfmatrix.records import Tensor, Trial
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store


def test_a_note_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """What is noted and is not what was written is told by its kind; what was never noted is None."""
    with Store(tmp_path / "store.sqlite") as store:
        store.note("refusal", "k", ["why"])
        assert store.noted("refusal", "k") == ["why"]
        assert store.noted("refusal", "another") is None
        store.connection.execute("UPDATE facts SET value = '[\"who\"]'")
        with pytest.raises(UserError, match="is damaged: what it notes as refusal is not what was written"):
            store.noted("refusal", "k")


@pytest.mark.parametrize("names", [b"torn", None])
def test_names_of_a_trace_that_cannot_be_read_are_one_sentence(tmp_path: Path, names: bytes | None) -> None:
    """The sentence has the trace by the first twelve digits of its digest."""
    trace, tensors = traced(ones())
    digest = trace_digest(trace)
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "observed", "cell trial-1", trace=digest), trace, tensors)
        assert store.trace(digest) == tuple(trace)
        store.connection.execute("UPDATE names SET names = ?", (names or b"",))
        with pytest.raises(UserError, match=f"is damaged: the names of the trace {digest[:12]} cannot be read"):
            store.trace(digest)


def test_tensors_of_a_trace_that_are_others_are_one_sentence(tmp_path: Path) -> None:
    """A trace whose tensors were exchanged, cut off or added to does not have its digest, and says so."""
    trace, tensors = traced(ones())
    digest = trace_digest(trace)
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "observed", "cell trial-1", trace=digest), trace, tensors)
        whole = b"".join(bytes.fromhex(each.digest) for each in trace)
        for other in (bytes(len(whole)), whole[:-1], whole + bytes(32)):
            store.connection.execute("UPDATE traces SET tensors = ?", (other,))
            with pytest.raises(UserError, match=f"damaged: the trace {digest[:12]} is another one than its digest"):
                store.trace(digest)
        store.connection.execute("UPDATE traces SET tensors = ?", (whole,))
        assert store.trace(digest) == tuple(trace)


def test_half_a_pair_of_digests_is_no_pair(tmp_path: Path) -> None:
    """Of a row of distances whose last pair lost a digest the others are told, and nothing is raised."""
    a, b, c = "ab" * 32, "cd" * 32, "ef" * 32
    with Store(tmp_path / "store.sqlite") as store:
        store.add_distances([(a, b), (c, a)], "[]")
        shorter = "CAST(substr(pairs, 1, 96) AS BLOB)"
        store.connection.execute(f"UPDATE distances SET pairs = {shorter}, digest = row_digest({shorter}, measured)")
        assert list(store.distances()) == [([(a, b)], "[]")]


def test_a_trial_that_is_not_what_was_written_is_one_sentence(tmp_path: Path) -> None:
    """Whatever field of its row was changed, it is told by its name, alone and among all that are observed."""
    trace, tensors = traced(ones())
    others = {"id": "'x'", "trace": "zeroblob(32)", "evidence": "evidence || ' '", "rests": "'{ }'", "digest": "x''"}
    with Store(tmp_path / "store.sqlite") as store:
        for field, value in others.items():
            store.add(Trial("k", "observed", "cell trial-1", trace=trace_digest(trace)), trace, tensors)
            assert set(store.observed()) == {"k"}
            store.connection.execute("PRAGMA foreign_keys = OFF")
            store.connection.execute(f"UPDATE trials SET {field} = {value}")
            told = f"is damaged: the trial {'x' if field == 'id' else 'cell trial-1'} is not what was written"
            with pytest.raises(UserError, match=told):
                store.trial("k")
            with pytest.raises(UserError, match=told):
                store.observed()


@pytest.mark.parametrize("table", ["traces", "tensors", "names"])
def test_what_is_not_there_is_one_sentence(tmp_path: Path, table: str) -> None:
    """A trace, its names or a tensor that is gone is told by the first twelve digits of its digest."""
    trace, tensors = traced(ones())
    digest = trace_digest(trace)
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "observed", "cell trial-1", trace=digest), trace, tensors)
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute(f"DELETE FROM {table}")
        gone = trace[0].digest if table == "tensors" else digest
        told = f"the {'tensor' if table == 'tensors' else 'trace'} {gone[:12]} is not in it;"
        with pytest.raises(UserError, match=told):
            store.tensor(gone) if table == "tensors" else store.trace(gone)
        assert store.is_sound(trace[0].digest) == (table != "tensors")


def test_a_tensor_that_does_not_fit_its_shape_is_one_sentence(tmp_path: Path) -> None:
    """Its digest fits, whoever filed it under that, and no array can be made of it."""
    misfit = Tensor("float32", (3,), bytes(8))
    digest = tensor_digest(misfit)
    with Store(tmp_path / "store.sqlite") as store:
        store.connection.execute(
            "INSERT INTO tensors VALUES (?, 'float32', '[3]', 1, zeroblob(8))", (bytes.fromhex(digest),)
        )
        with pytest.raises(UserError, match=f"the tensor {digest[:12]} has more or fewer bytes than its shape has"):
            store.tensor(digest)
        assert not store.is_sound(digest)


def test_a_tensor_with_other_bytes_is_told_by_its_digest(tmp_path: Path) -> None:
    """The first twelve digits are told, whether it is read alone or with others; one that is no whole is believed."""
    trace, tensors = traced(ones())
    digest = trace[0].digest
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Trial("k", "observed", "cell trial-1", trace=trace_digest(trace)), trace, tensors)
        store.connection.execute("UPDATE tensors SET data = zeroblob(length(data))")
        told = f"the tensor {digest[:12]} has other bytes than its digest says;"
        with pytest.raises(UserError, match=told):
            store.tensor(digest)
        with pytest.raises(UserError, match=told):
            store.tensors([digest], 2**20)
        assert not store.is_sound(digest)
        store.connection.execute("UPDATE tensors SET whole = 0")
        assert not store.tensor(digest).whole
        assert store.is_sound(digest)
