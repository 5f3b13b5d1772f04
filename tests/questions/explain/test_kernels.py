"""Kernels: which recorded ops make other bits of equal inputs in another release, and how much was asked."""

from __future__ import annotations

import json
from typing import Any

from tfmatrix.compare.distance import Distance, measure
from tfmatrix.questions.explain.kernels import Coverage, Replayed, culprit, digest, handed, kernels, replayed
from tfmatrix.questions.explain.streams import REPLAYED, TIER
from tfmatrix.records import Fingerprint, Tensor, Trial
from tfmatrix.store.fingerprints import tensor_digest, to_array

from .recording import Tensors, given, numbers, op, recording, text_tensor

ONE, NEAR, FAR = numbers(1.0, 2.0), numbers(1.0, 2.0000002), numbers(1.0, 3.0)
TENSORS: Tensors = dict((ONE, NEAR, FAR))


def distance(a: str, b: str) -> Distance:
    """Return the distance of two tensors of this module."""
    return measure(to_array(TENSORS[a]), to_array(TENSORS[b]))


def made(kind: str, *stages: str, **fields: Any) -> dict[str, Any]:
    """Return an op that makes ONE under each of some stages."""
    outputs = [{"stage": stage, "digest": ONE[0], "dtype": "float32", "shape": [2]} for stage in stages]
    return op(kind, outputs=outputs, **fields)


def came(outputs: dict[str, str], obstacles: dict[int, str] | None = None) -> Replayed:
    """Return what a replay came to."""
    return Replayed(outputs, obstacles or {})


def test_a_kernel_that_makes_other_bits_is_named_with_its_inputs_and_distance() -> None:
    """And nothing else is; of its outputs only those that differ, the farthest first asked for."""
    step = recording(
        made("Sigmoid", "a", inputs=[given("x", shape=[3, 4]), given("n", dtype="int32", shape=[])]),
        made("FusedBatchNormV3", "b", "b.1", "b.2", layer="norm"),
        made("Relu", "c"),
    )
    own = came(dict.fromkeys(("a", "b", "b.1", "b.2", "c"), ONE[0]))
    other = came({**own.outputs, "a": NEAR[0], "b.1": NEAR[0], "b.2": FAR[0]})
    found = kernels(step, own, other, distance)
    assert [one.op.type for one in found.changed] == ["Sigmoid", "FusedBatchNormV3"]
    sigmoid, norm = found.changed
    assert sigmoid.inputs == (("float32", (3, 4)), ("int32", ()))
    assert sigmoid.farthest.distance.max_ulp == 1
    assert [one.stage for one in norm.outputs] == ["b.1", "b.2"]
    assert norm.farthest.stage == "b.2"
    assert found.coverage == Coverage(3, 3)


def test_an_op_that_is_not_clean_in_its_own_release_says_nothing() -> None:
    """It is unstable and named, and no kernel is said to have changed for it."""
    found = kernels(
        recording(made("Draw", "a"), made("Relu", "b")),
        came({"a": FAR[0], "b": ONE[0]}),
        came({"a": NEAR[0], "b": ONE[0]}),
        distance,
    )
    assert [one.type for one in found.unstable] == ["Draw"]
    assert found.changed == ()
    assert found.coverage == Coverage(2, 1, (("other bits in the same release", 1),))


def test_coverage_says_why_the_others_were_not_replayed() -> None:
    """What was recorded as out of reach, what either release can't replay; the most frequent reason first."""
    step = recording(
        made("IteratorGetNext", "a", obstacle="takes a resource that is no variable"),
        made("New", "b"),
        made("New", "c"),
        made("Bad", "d"),
        made("Relu", "e"),
    )
    own = came(dict.fromkeys("bce", ONE[0]), {3: "raises InvalidArgumentError: no"})
    other = came(dict.fromkeys("de", ONE[0]), {1: "this release has no op New", 2: "this release has no op New"})
    found = kernels(step, own, other, distance)
    assert (found.changed, found.unstable) == ((), ())
    assert (found.coverage.recorded, found.coverage.replayed) == (5, 1)
    assert found.coverage.reasons[0] == ("this release has no op New", 2)
    assert dict(found.coverage.reasons) == {
        "this release has no op New": 2,
        "takes a resource that is no variable": 1,
        "raises InvalidArgumentError: no": 1,
    }


def test_a_kernel_that_makes_nothing_where_it_did_is_changed() -> None:
    """An output that is missing is not taken for one with the same bits."""
    missing = Distance(comparable=False)
    found = kernels(recording(made("Unique", "a")), came({"a": ONE[0]}), came({}), lambda *_: missing)
    assert [one.farthest.replayed for one in found.changed] == [""]


def test_what_is_handed_over_has_every_input_that_is_needed_once() -> None:
    """With the ops as they were described; not what no replay asks for, nor what was not kept whole."""
    tensors: Tensors = dict((ONE, NEAR, FAR))
    wanted, again, out_of_reach = ({"source": "given", "digest": d} for d in (ONE[0], ONE[0], FAR[0]))
    partial = given("partial")
    tensors[partial["digest"]] = Tensor("float32", (9,), b"", whole=False)
    ops = [
        op("Add", inputs=[{**given(), **wanted}, {**given(), **again}, partial]),
        op("Next", inputs=[{**given(), **out_of_reach}], obstacle="takes a variant that is no variable"),
    ]
    found = recording(*ops, tensors=tensors)
    data = handed(found, tensors.__getitem__)
    end = 8 + int.from_bytes(data[:8], "little")
    manifest = json.loads(data[8:end])
    assert manifest["ops"] == ops
    assert manifest["tensors"] == [[ONE[0], "float32", [2], 8]]
    assert data[end:] == ONE[1].data


def test_what_is_handed_over_is_known_by_the_description() -> None:
    """Another attribute or another input is another thing to replay; the same step is the same one."""
    first, again, other = recording(op("A")), recording(op("A")), recording(op("A", inputs=[given("y")]))
    assert digest(first) == digest(again) != digest(other)


def test_what_was_replayed_is_read_back() -> None:
    """Outputs by their stages, and obstacles by the numbers of ops; another trial's trace is told from it."""
    said = text_tensor({"obstacles": {"12": "ends the process"}})
    trace = [Fingerprint(TIER, "op/a", ONE[0]), Fingerprint(TIER, REPLAYED, tensor_digest(said))]
    tensors = {tensor_digest(said): said}
    assert replayed(trace, tensors.__getitem__) == Replayed({"op/a": ONE[0]}, {12: "ends the process"})
    assert replayed(trace[:1], tensors.__getitem__) is None
    assert replayed([trace[1]._replace(tier="native")], tensors.__getitem__) is None


def test_the_op_that_ended_the_process_is_found() -> None:
    """Where a trial ended says which one it was; a model's line does not."""
    assert culprit(Trial("k", "crashed", where="op 45")) == 45
    assert culprit(Trial("k", "crashed", where="line 45")) is None
    assert culprit(Trial("k", "observed")) is None
