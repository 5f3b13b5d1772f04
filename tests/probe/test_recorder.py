"""The recorder: every stage once, in order, and each tensor's bytes once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from building import plan_of
from tfmatrix.runner.answers import to_trial

from .adopted import bits, recorded, recorder

NATIVE, INJECTED = recorder.NATIVE, recorder.INJECTED

STAGES = st.dictionaries(
    st.tuples(st.sampled_from([NATIVE, INJECTED]), st.text(max_size=5)),
    hnp.arrays(st.sampled_from(["<f4", "<i8", "bool"]), hnp.array_shapes(min_dims=0, min_side=0, max_side=3)),
)


def holding(*stages: tuple[str, str, Any]) -> Any:
    """Return a recorder that holds these stages."""
    made = recorder.Recorder()
    for stage in stages:
        made.record(*stage)
    return made


def manifest_of(made: Any) -> dict[str, Any]:
    """Return the manifest of a recorder's payload."""
    payload = made.payload()
    manifest: dict[str, Any] = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    return manifest


@given(STAGES)
def test_a_payload_holds_what_was_recorded(stages: dict[tuple[str, str], Any]) -> None:
    """Whatever was recorded is read from the payload again: the names in their order, and every bit."""
    found = recorded(holding(*((*name, array) for name, array in stages.items())))
    assert list(found) == [" ".join(name) for name in stages]
    assert [bits(array) for array in found.values()] == [bits(array) for array in stages.values()]


def test_the_host_understands_a_payload(tmp_path: Path) -> None:
    """The host finds the stages in a payload, and under their digests the bytes of each."""
    expected = next(iter(plan_of(tmp_path).trials.values()))[0]
    made = holding((NATIVE, "init/w", np.arange(3)), (NATIVE, "warnings", np.array(["über"], object)))
    trial, trace, tensors = to_trial(expected, {"outcome": "observed"}, made.payload(), Path())
    assert trial.outcome == "observed"
    assert [(entry.tier, entry.stage) for entry in trace] == [(NATIVE, "init/w"), (NATIVE, "warnings")]
    assert tensors.keys() == {entry.digest for entry in trace}


@pytest.mark.parametrize("again", [1.0, 2.0])
def test_a_stage_cannot_be_recorded_twice(again: float) -> None:
    """A second record under one name is refused, also of the same bits, and the first one stays."""
    made = holding((NATIVE, "loss@0", 1.0))
    with pytest.raises(ValueError, match=r"^loss@0: recorded twice in the native tier$"):
        made.record(NATIVE, "loss@0", again)
    assert {name: float(array) for name, array in recorded(made).items()} == {"native loss@0": 1.0}


def test_a_mapping_cannot_repeat_a_stage() -> None:
    """A name of a mapping that was recorded by itself before is refused too."""
    made = holding((NATIVE, "init/w", 1.0))
    with pytest.raises(ValueError, match=r"^init/w: recorded twice"):
        made.record_all(NATIVE, "init", {"w": 2.0})


def test_the_two_tiers_may_have_a_stage_of_one_name() -> None:
    """The same stage may be recorded natively and injected."""
    made = holding((NATIVE, "loss", 1.0), (INJECTED, "loss", 2.0))
    assert list(recorded(made)) == ["native loss", "injected loss"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "there is no tensor, but None"),
        ([None, 1], "an element is a Python NoneType, which has no canonical bytes"),
    ],
)
def test_what_is_no_tensor_is_refused_by_its_stage(value: Any, told: str) -> None:
    """A value without canonical bytes is refused with the stage's name, and leaves no trace."""
    made = holding()
    with pytest.raises(TypeError, match=f"^gradient@1/w: {told}$"):
        made.record(NATIVE, "gradient@1/w", value)
    assert recorded(made) == {}
    made.record(NATIVE, "gradient@1/w", 1.0)


def test_a_mapping_is_recorded_under_its_stage_in_its_order() -> None:
    """Each array of a mapping is named after the stage and itself, in the mapping's own order."""
    made = holding()
    made.record_all(INJECTED, "weights", {"z": 1.0, "a/b": 2.0})
    assert list(recorded(made)) == ["injected weights/z", "injected weights/a/b"]


def test_equal_tensors_are_sent_once() -> None:
    """Of two stages with the same bits the bytes go over the pipe once; another dtype or shape is another tensor."""
    ones = np.ones(4, np.float32)
    made = holding((NATIVE, "a", ones), (NATIVE, "b", ones.copy()), (NATIVE, "c", ones.reshape(2, 2)))
    manifest = manifest_of(made)
    assert [entry[1:] for entry in manifest["tensors"]] == [["float32", [4], 16, True], ["float32", [2, 2], 16, True]]
    assert manifest["trace"][0][2] == manifest["trace"][1][2] != manifest["trace"][2][2]


def test_a_recorded_array_may_change_afterwards() -> None:
    """What is recorded are the bits of that moment, although the array goes on."""
    array = np.zeros(3)
    made = holding((NATIVE, "weights@0/w", array))
    array += 1
    assert recorded(made)["native weights@0/w"].tolist() == [0, 0, 0]
