"""Keeping: the bytes of what a comparison measures are kept, and of the rest the digest alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tfmatrix.store.fingerprints import SAMPLE, evenly

from .adopted import fingerprint, keeping, recorder

NATIVE, INJECTED, OPS = recorder.NATIVE, recorder.INJECTED, recorder.OPS
LARGE = keeping.SMALL // 4 + 1
"""Elements of float32 that are more than is kept everywhere."""

DIGEST_ONLY = {
    "native data/x",
    *(f"native batch@{step}/w" for step in range(4)),
    *(f"native {kind}@{step}/w" for step in (1, 2) for kind in ("gradient", "weights")),
}
"""What has no bytes of a run of four steps."""


def numbers(value: float, elements: int = LARGE) -> Any:
    """Return an array that no other value has."""
    return np.full(elements, value, np.float32)


def kept(made: Any) -> dict[str, str]:
    """Return what is kept of each stage: whole, a sample, or nothing."""
    payload = made.payload()
    manifest = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    words = {
        digest: "whole" if whole else "sample" if size else "" for digest, _, _, size, whole in manifest["tensors"]
    }
    assert len(payload) == 8 + int.from_bytes(payload[:8], "little") + sum(entry[3] for entry in manifest["tensors"])
    return {f"{tier} {stage}": words[digest] for tier, stage, digest in manifest["trace"]}


def run(made: Any, steps: int = 4, elements: int = LARGE) -> Any:
    """Record a run of some steps, in which every tensor is another."""
    made.record(NATIVE, "data/x", numbers(0.1, elements))
    made.record(NATIVE, "init/w", numbers(0.2, elements))
    for step in range(steps):
        for number, kind in enumerate(("batch", "gradient", "weights")):
            made.record(NATIVE, f"{kind}@{step}/w", numbers(1 + step + number / 4, elements))
        made.record(NATIVE, f"loss@{step}", numbers(-1 - step, 1))
    made.record(NATIVE, "final/w", numbers(1 + steps - 1 + 2 / 4, elements))
    for kind in ("batch", "gradient"):
        made.record(INJECTED, f"{kind}/w", numbers(100 + len(kind), elements))
    return made


def test_first_and_last_steps_are_kept_and_what_lies_between_is_not() -> None:
    """Initial weights, first and last of each stage and variable, and the injected tier have bytes; no batch has."""
    found = kept(run(recorder.Recorder()))
    assert {stage for stage, word in found.items() if not word} == DIGEST_ONLY
    assert set(found.values()) == {"whole", ""}


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_of_two_steps_both_are_kept(steps: int) -> None:
    """What is first or last is never between."""
    found = kept(run(recorder.Recorder(), steps))
    assert {stage for stage, word in found.items() if not word} == {
        stage for stage in found if stage.startswith(("native data", "native batch"))
    }


def test_of_a_wanted_tensor_no_other_one_of_its_stage_is_kept() -> None:
    """A single tensor is wanted by its full name."""
    made = recorder.Recorder({"native gradient@1/w"})
    run(made)
    for step in range(3):
        made.record(NATIVE, f"gradient@{step}/b", numbers(50 + step))
    found = kept(made)
    assert (found["native gradient@1/w"], found["native gradient@1/b"]) == ("whole", "")


@pytest.mark.parametrize(
    ("wanted", "word"), [((), "sample"), (("native init",), "whole"), (("native init/w",), "whole")]
)
def test_a_large_tensor_is_kept_whole_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...], word: str
) -> None:
    """Nobody else wants more than a sample of it."""
    monkeypatch.setattr(keeping, "LARGEST", 2 * LARGE)
    made = recorder.Recorder(wanted)
    made.record(NATIVE, "init/w", numbers(1.0, 2 * SAMPLE))
    assert kept(made)["native init/w"] == word


def test_what_is_too_large_for_the_store_is_never_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of numbers a sample is kept, of strings nothing, wanted or not."""
    monkeypatch.setattr(keeping, "LARGEST_WANTED", 2 * LARGE)
    made = recorder.Recorder({"native init"})
    made.record(NATIVE, "init/w", numbers(1.0, 2 * SAMPLE))
    made.record(NATIVE, "init/s", np.array(["long" * SAMPLE], object))
    found = kept(made)
    assert (found["native init/w"], found["native init/s"]) == ("sample", "")


def test_what_is_wanted_is_kept_besides() -> None:
    """Stages that the host names are kept whole, batches too, and nothing else changes."""
    wanted = {"native batch@2", "native gradient@1", "native data"}
    found = kept(run(recorder.Recorder(wanted)))
    missed = {stage for stage, word in found.items() if not word}
    assert missed == {stage for stage in DIGEST_ONLY if stage.partition("/")[0] not in wanted}


def test_the_trace_is_the_same_whatever_is_kept() -> None:
    """What is kept changes no digest and no order."""
    plain, more = (run(recorder.Recorder(wanted)) for wanted in ((), ("native gradient@1",)))
    assert plain._entries == more._entries


def test_bytes_that_another_stage_holds_stay() -> None:
    """Where a step in between has the bits of one that is kept, or of the next last, they are not let go."""
    made = recorder.Recorder()
    for step, value in enumerate((1, 2, 2, 1, 3, 3)):
        made.record(NATIVE, f"weights@{step}/w", numbers(value))
    assert list(kept(made).values()) == ["whole", "", "", "whole", "whole", "whole"]


def test_each_variable_has_a_last_step_of_its_own() -> None:
    """One that is seen less often than others is kept where it was seen first and last."""
    made = recorder.Recorder()
    for step in range(5):
        made.record(NATIVE, f"gradient@{step}/a", numbers(step))
        if step < 3:
            made.record(NATIVE, f"gradient@{step}/b", numbers(10 + step))
    found = kept(made)
    assert {stage for stage, word in found.items() if not word} == {
        *(f"native gradient@{step}/a" for step in (1, 2, 3)),
        "native gradient@1/b",
    }


def test_many_small_tensors_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones are kept at every step until together they take too much; then as large ones are."""
    monkeypatch.setattr(keeping, "SMALL_TOGETHER", 40)
    made = recorder.Recorder()
    for step in range(14):
        made.record(NATIVE, f"loss@{step}", numbers(step, 1))
    words = list(kept(made).values())
    assert words == ["whole"] * 11 + ["", ""] + ["whole"]


def test_beyond_a_total_the_largest_are_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large model the largest tensors are kept as samples, wanted ones last, and the total is held to."""
    monkeypatch.setattr(keeping, "ALWAYS", 8)
    elements = SAMPLE + 10
    for name in ("TOGETHER", "TOGETHER_WANTED"):
        monkeypatch.setattr(keeping, name, 4 * elements * 2 + 100)
    made = run(recorder.Recorder({"native gradient@1"}), elements=elements)
    found = kept(made)
    assert found["native gradient@1/w"] == "whole"
    assert sorted(found.values()).count("whole") == 2 + 4  # losses are small
    assert made._keeping._together <= keeping.TOGETHER


def test_one_that_is_too_large_is_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit of one tensor it is never whole; strings always are, since they have no elements of one width."""
    monkeypatch.setattr(keeping, "LARGEST", 100)
    made = recorder.Recorder()
    made.record(NATIVE, "init/w", np.arange(SAMPLE * 2, dtype=np.float64))
    made.record(NATIVE, "init/words", np.array(["x" * 200]))
    assert kept(made) == {"native init/w": "sample", "native init/words": "whole"}
    tensor = fingerprint.canonical(np.arange(SAMPLE * 2, dtype=np.float64))
    assert made._keeping.of(fingerprint.digest(tensor)).data == evenly(np.arange(SAMPLE * 2.0)).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex128", "bool"])
@pytest.mark.parametrize("shape", [(SAMPLE * 3 + 1,), (7, SAMPLE // 2)])
def test_probe_and_host_sample_the_same_elements(dtype: str, shape: tuple[int, ...]) -> None:
    """Whatever the width, evenly spaced from the first to the last."""
    array = (np.arange(np.prod(shape)) % 2000).astype(dtype).reshape(shape)
    found = evenly(array)
    assert keeping.sample(fingerprint.canonical(array)) == found.tobytes()
    assert keeping.evenly(array).tobytes() == found.tobytes()
    assert found.size == keeping.SAMPLE == SAMPLE
    assert (found[0], found[-1]) == (array.flat[0], array.flat[-1])


def test_single_ops_are_kept_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tensor once, in the order in which they come, until they take too much; a sample replays nothing."""
    monkeypatch.setattr(keeping, "TOGETHER_OPS", 3 * 4 * LARGE)
    made = recorder.Recorder()
    for number, value in enumerate((1, 2, 1, 3, 4)):
        made.record(OPS, f"op/{number}", numbers(value))
    assert list(kept(made).values()) == ["whole"] * 4 + [""]
    made.record(OPS, "described", b"what these are")
    assert kept(made)["ops described"] == "whole"
    assert [made.holds(digest) for digest in dict.fromkeys(made.digests(OPS).values())] == [True] * 3 + [False, True]


def test_of_single_ops_nothing_is_kept_that_the_host_has() -> None:
    """What a replay makes has its digest; its bytes only where they are others than those that were handed over."""
    before, made = recorder.Recorder(), recorder.Recorder()
    made.leave_out([before.record(OPS, "op/0", numbers(1))])
    for number, value in enumerate((1, 2)):
        made.record(OPS, f"op/{number}", numbers(value))
    assert kept(made) == {"ops op/0": "", "ops op/1": "whole"}


def test_draws_are_stacked_as_far_as_seeds_have_them_alike() -> None:
    """Each stage has a first axis of the seeds that have it; what has another shape in one of them is left out."""
    made = recorder.Recorder()
    drawn = [
        {"init/a": numbers(1, 3), "init/b": numbers(1, 3), "data@0/order": numbers(1, 3)},
        {"draw/c": numbers(1, 5)},
    ]
    recorder.record_draws(made, [*drawn, {"init/a": numbers(2, 3), "init/b": numbers(2, 4), **drawn[1]}], 3)
    found = {stage: made._layouts[digest][1] for tier, stage, digest in made._entries if tier == recorder.SEEDS}
    assert found == {"init/a": (2, 3), "data@0/order": (3,), "draw/c": (2, 5)}


def test_of_large_draws_as_many_elements_are_kept_as_are_tested() -> None:
    """The more seeds, the fewer of each; an order is kept whole."""
    drawn = [{"init/a": numbers(seed, 1 << 15), "shuffle@0": np.arange(1 << 15)} for seed in range(8)]
    for count, kept in ((8, 1 << 14), (1000, 512)):
        made = recorder.Recorder()
        recorder.record_draws(made, drawn, count)
        assert [made._layouts[digest][1] for _, _, digest in made._entries] == [(8, kept), (8, 1 << 15)]
