"""Tensors by digest: what is measured together is what is measured alone, and what was stored is believed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from building import tensor, traced
from tfmatrix.compare import tensors as module
from tfmatrix.compare.distance import Distance, measure
from tfmatrix.compare.tensors import AT_ONCE, LONG, RECENT, SHORT, Tensors, wrong_distances
from tfmatrix.records import OBSERVED, Tensor, Trial
from tfmatrix.store.fingerprints import tensor_digest, to_array, trace_digest
from tfmatrix.store.store import Store

TEXT = Tensor("string", (2,), b"\1" + bytes(7) + b"a" + bytes(8))
KINDS: dict[str, tuple[Tensor, Tensor]] = {
    "floats": (tensor([1.0, 2.0]), tensor([1.0, 3.0])),
    "two dimensions": (tensor([[1.0], [2.0]]), tensor([[1.0], [3.0]])),
    "no dimension": (tensor(1.0), tensor(2.0)),
    "integers": (tensor([1, 2], "int8"), tensor([1, 5], "int8")),
    "bfloat16": (tensor([1, 2], ml_dtypes.bfloat16), tensor([1, 3], ml_dtypes.bfloat16)),
    "strings": (TEXT, TEXT._replace(data=bytes(16))),
    "other shapes": (tensor([1.0, 2.0]), tensor([[1.0, 3.0]])),
    "other dtypes": (tensor([1.0, 2.0]), tensor([1, 3], "int32")),
    "samples": (
        tensor([1.0, 2.0])._replace(shape=(9,), whole=False),
        tensor([1.0, 3.0])._replace(shape=(9,), whole=False),
    ),
    "a sample": (tensor([1.0, 2.0]), tensor([1.0, 3.0])._replace(shape=(2,), whole=False)),
    "no bytes": (tensor([1.0, 2.0]), tensor([])._replace(shape=(2,), whole=False)),
    "no bytes of other shapes": (tensor([[1.0, 2.0]]), tensor([])._replace(shape=(2,), whole=False)),
    "as long as can be": (tensor(np.zeros(SHORT), "int8"), tensor(np.ones(SHORT), "int8")),
    "longer": (tensor(np.zeros(SHORT + 1), "int8"), tensor(np.ones(SHORT + 1), "int8")),
}
TOGETHER = {"floats", "two dimensions", "no dimension", "integers", "bfloat16", "as long as can be"}


def digest_of(held: Tensor) -> str:
    """Return a digest; of a sample one that no other tensor has, since it is that of what was not kept."""
    return tensor_digest(held) if held.whole else tensor_digest(held._replace(dtype=f"sample of {held.shape}"))


def put(store: Store, held: list[Tensor]) -> list[str]:
    """Add tensors to a store, and return their digests."""
    trace, _ = traced({f"native saved/{number}": each for number, each in enumerate(held)})
    digests = [digest_of(each) for each in held]
    trace = tuple(print_._replace(digest=digest) for print_, digest in zip(trace, digests, strict=True))
    found = trace_digest(trace)
    store.add(Trial(found, OBSERVED, "", (), found), trace, dict(zip(digests, held, strict=True)))
    return digests


def expected(a: Tensor, b: Tensor) -> Any:
    """Return the distance of two tensors, measured by themselves; without bytes it is none, whatever their bits."""
    if not b.data:
        note = "shape (1, 2) became (2,)" if a.shape != b.shape else module.NOT_MEASURED
        return Distance(comparable=False, note=note, elements=2, differing=2, sampled=True)
    return measure(to_array(a), to_array(b), sampled=not (a.whole and b.whole))


@pytest.mark.parametrize("prepared", [True, False])
def test_what_is_measured_with_others_is_what_is_measured_alone(tmp_path: Path, prepared: bool) -> None:
    """Short whole tensors that are alike are measured at once, all others when they are asked for, to one result."""
    with Store(tmp_path / "store.sqlite") as store:
        pairs = {name: tuple(put(store, list(pair))) for name, pair in KINDS.items()}
        found = Tensors(store)
        if prepared:
            found.prepare((a, b) for a, b in pairs.values())
        assert {name for name, (a, b) in pairs.items() if found.knows(a, b)} == (TOGETHER if prepared else set())
        assert {name: found.distance(a, b) for name, (a, b) in pairs.items()} == {
            name: expected(*pair) for name, pair in KINDS.items()
        }
        found.close()
        again = Tensors(store)
        whole = {name for name, pair in KINDS.items() if all(held.whole for held in pair)}
        assert {name for name, (a, b) in pairs.items() if again.knows(a, b)} == whole  # of the rest more may come
        assert list(wrong_distances(store)) == []


def test_one_pair_is_measured_once_and_stored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distance that is known is not measured again, whether it was stored or is new, and one row holds it."""
    with Store(tmp_path / "store.sqlite") as store:
        a, b = put(store, list(KINDS["floats"]))
        found = Tensors(store)
        found.prepare([(a, b), (a, b)])
        distance = found.distance(a, b)
        monkeypatch.setattr(module, "measure", None)
        monkeypatch.setattr(module, "measure_rows", None)
        found.prepare([(a, b)])
        found.keep()
        found.keep()
        assert [pairs for pairs, _ in store.distances()] == [[(a, b)]]
        again = Tensors(store)
        again.prepare([(a, b)])
        assert again.distance(a, b) == distance
        again.close()
        assert [pairs for pairs, _ in store.distances()] == [[(a, b)]]


@pytest.mark.parametrize(("at_once", "recent"), [(2, 1), (3, 100), (100, 1)])
def test_how_many_are_measured_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, recent: int
) -> None:
    """In lots of any size every pair has its distance, and what was let go of is measured again."""
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    monkeypatch.setattr(module, "RECENT", recent)
    held = [tensor([1.0, float(number)]) for number in range(7)]
    pairs = list(itertools.combinations(range(7), 2))
    with Store(tmp_path / "store.sqlite") as store:
        digests = put(store, held)
        found = Tensors(store)
        for part in (pairs[:5], pairs[5:], pairs):
            found.prepare((digests[a], digests[b]) for a, b in part)
            assert all(found.distance(digests[a], digests[b]) == expected(held[a], held[b]) for a, b in part)
        found.close()
        assert {pair for row, _ in store.distances() for pair in row} == {(digests[a], digests[b]) for a, b in pairs}
        assert list(wrong_distances(store)) == []


def test_what_was_measured_together_is_let_go_of_once_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many models the distances would take more memory than all else: what a single question asked stays."""
    monkeypatch.setattr(module, "AT_ONCE", 3)
    held = [tensor([1.0, float(number)]) for number in range(7)]
    with Store(tmp_path / "store.sqlite") as store:
        first, *others = put(store, held)
        pairs = [(first, other) for other in others]
        found = Tensors(store)
        alone = (others[0], others[1])
        found.distance(*alone)
        found.prepare(pairs[:3])
        assert all(found.knows(*pair) for pair in pairs[:3])
        found.prepare(pairs[3:])
        assert not any(found.knows(*pair) for pair in pairs[:3])
        assert all(found.knows(*pair) for pair in (*pairs[3:], alone))
        assert {pair for row, _ in store.distances() for pair in row} == {*pairs[:3], alone}


@pytest.mark.parametrize(
    ("values", "largest"),
    [([1.0, -3.0], 3.0), ([np.inf, 2.0, np.nan, -np.inf], 2.0), ([np.nan], 0.0), ([], 0.0), ([-0.5], 0.5)],
)
def test_the_largest_is_that_of_the_finite_elements(tmp_path: Path, values: list[float], largest: float) -> None:
    """The largest magnitude of a tensor leaves infinities and NaNs aside, and is 0 where nothing else is there."""
    with Store(tmp_path / "store.sqlite") as store:
        (digest,) = put(store, [tensor(values)])
        assert Tensors(store).largest(digest) == largest


def test_a_wrong_distance_is_told_by_its_digests(tmp_path: Path) -> None:
    """Each pair is told by the first twelve digits, and a row that cannot be read by how many pairs it has."""
    with Store(tmp_path / "store.sqlite") as store:
        held = [tensor([float(number)]) for number in range(3)]
        a, b, c = put(store, held)
        found = Tensors(store)
        found.prepare([(a, b), (a, c)])
        found.close()
        run = store.connection.execute
        signed = "UPDATE distances SET digest = row_digest(pairs, measured)"
        run("UPDATE distances SET measured = replace(measured, 'float32', 'float64')")
        assert list(wrong_distances(store)) == []  # passed over, and told by what checks the rows
        run(signed)
        assert list(wrong_distances(store)) == [
            f"the distance of {a[:12]} and {other[:12]} is another one than what is stored" for other in (b, c)
        ]
        run("PRAGMA foreign_keys = OFF")
        run("DELETE FROM tensors WHERE digest = ?", (bytes.fromhex(b),))
        told, _ = wrong_distances(store)
        assert told == f"there is a distance of {a[:12]} and {b[:12]}, which are not both there"
        run("UPDATE distances SET measured = '[1'")
        run(signed)
        assert list(wrong_distances(store)) == ["the distances of 2 pairs of tensors cannot be read"]
        store.add_distances([(a, c)], "7")
        assert list(wrong_distances(store))[1:] == ["the distances of 1 pairs of tensors cannot be read"]


def test_a_floor_is_the_largest_error_of_the_jitters_that_have_the_stage(tmp_path: Path) -> None:
    """Jitters without the stage are left aside, and where none has it, or it does not round, there is no floor."""
    eps = float(np.finfo(np.float32).eps)

    def put_trace(store: Store, stages: dict[str, Any]) -> str:
        trace, tensors = traced(stages)
        digest = trace_digest(trace)
        store.add(Trial(digest, OBSERVED, "", (), digest), trace, tensors)
        return digest

    number = tensor([1], "int32"), tensor([2], "int32")
    with Store(tmp_path / "store.sqlite") as store:
        at = put_trace(store, {"native loss@0": [1.0], "native data/x": number[0]})
        jitters = (
            put_trace(store, {"native loss@0": [1 + 2 * eps], "native data/x": number[1]}),
            put_trace(store, {"native loss@0": [1 + 5 * eps]}),
            put_trace(store, {"native loss@0": [1.0], "native saved/w": [1.0]}),
            put_trace(store, {"injected loss": [9.0]}),
        )
        found = Tensors(store)
        assert found.floor(at, jitters, "native", "loss@0") == 5.0
        assert found.floor(at, jitters[3:], "native", "loss@0") is None
        assert found.floor(at, (), "native", "loss@0") is None
        assert found.floor(at, jitters, "native", "data/x") is None
        assert found.floor(at, jitters, "native", "saved/w") is None
        assert found.moved(at, jitters, "native", "saved/w") == [""]


def test_the_limits_are_as_they_are_described() -> None:
    """Short tensors and the lots that they are measured in take the memory that their descriptions tell."""
    assert (SHORT * RECENT, LONG * 16 * 2**20, AT_ONCE) == (64 * 2**20, 128 * 2**20, 2048)
