"""The log of a watched training: which stage a thing that was seen belongs to, and in which order rows were visited."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .adopted import log, recorded, recorder, rows

ONE = np.float32(1)


def a_log(steps: int = 0, tier: str = recorder.NATIVE) -> Any:
    """Return a log with a recorder of its own."""
    return log.Log(recorder.Recorder(), steps, tier)


def stages(written: Any) -> list[str]:
    """Return what a log's recorder holds, in the order of the trace."""
    return list(recorded(written.recorder))


def batches(*parts: list[int]) -> list[dict[str, Any]]:
    """Return batches of inputs and of targets that do not tell rows apart."""
    return [{"x": np.array(part, np.float32).reshape(-1, 1), "y": np.zeros(len(part), np.int64)} for part in parts]


def test_what_is_seen_before_an_update_belongs_to_it() -> None:
    """A batch, its gradients and what they leave have the number of the update; what comes next has the next one."""
    one = a_log()
    for _ in range(2):
        one.seen("batch", {"x": np.zeros((1, 1))})
        one.seen("gradient", {"w": ONE})
        one.close(one.step + 1)
    assert stages(one) == [f"native {name}" for name in ("batch@0/x", "gradient@0/w", "batch@1/x", "gradient@1/w")]


def test_what_is_drawn_while_a_batch_is_taken_in_comes_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taps call back from several threads, and the trace has one order for all that."""
    one = a_log()
    drawing = threading.Thread(target=one.seen, args=("draw", {"noise": ONE}))
    add = rows.Rows.add

    def add_late(self: Any, values: Any) -> None:
        drawing.start()
        drawing.join(0.2)
        add(self, values)

    monkeypatch.setattr(rows.Rows, "add", add_late)
    one.seen("batch", {"x": np.zeros((1, 1))})
    drawing.join()
    assert stages(one) == ["native batch@0/x", "native draw@0/noise"]


def test_two_updates_of_one_call_are_two_steps() -> None:
    """Where gradients are seen again before control came back, as of a generator and its critic, a step is over."""
    one = a_log()
    for name in ("critic", "generator"):
        one.seen("draw", {"noise": ONE})
        one.seen("gradient", {name: ONE})
    assert stages(one)[1::2] == ["native gradient@0/critic", "native gradient@1/generator"]
    assert stages(one)[2] == "native draw@1/noise"


def test_initial_weights_stand_in_front_of_what_was_seen_before_they_were_known() -> None:
    """Variables may be made by the first step itself; in the trace what they began as comes first."""
    kept = recorder.Recorder()
    kept.record(recorder.NATIVE, "seed/numpy", ONE)
    one = log.Log(kept)
    one.seen("batch", {"x": np.zeros((2, 1))})
    one.begin({"w": ONE, "b": ONE})
    one.begin({"w": ONE})  # later updates begin nothing
    one.new_epoch()
    names = ("seed/numpy", "init/w", "init/b", "data@0/rows", "shuffle@0/order", "batch@0/x")
    assert stages(one) == [f"native {name}" for name in names]


def test_a_name_that_comes_again_in_one_step_is_numbered() -> None:
    """Two draws of one layer in a step are two stages, and the first one's name does not depend on a second."""
    one = a_log()
    one.seen("draw", {"dropout/uniform": ONE})
    one.seen("draw", {"dropout/uniform": ONE})
    one.close(1)
    assert stages(one) == ["native draw@0/dropout/uniform", "native draw@0/dropout/uniform.2"]


def test_what_goes_on_beside_training_is_no_batch_of_it() -> None:
    """A validation reads batches too: they are none of the training's, and no rows of its pass."""
    one = a_log()
    with one.quiet():
        one.seen("batch", {"x": np.zeros((1, 1))})
        one.new_epoch()
    assert (stages(one), one.batches) == ([], 0)


def test_the_injected_tier_has_no_numbers() -> None:
    """Its one step is the only one; what is muted is not written."""
    one = a_log(tier=recorder.INJECTED)
    one.muted = True
    one.seen("gradient", {"w": ONE})
    one.muted = False
    one.seen("gradient", {"w": ONE})
    assert stages(one) == ["injected gradient/w"]


@pytest.mark.parametrize("cut", [[[3, 1], [0, 2]], [[3, 1, 0], [2]]])
def test_the_order_of_rows_does_not_depend_on_the_batches(cut: list[list[int]]) -> None:
    """Each row's place is found by all that it holds, in integers and floats, whatever the size of a batch."""
    seen = rows.Rows()
    for batch in batches(*cut):
        seen.add(batch)
    other = rows.Rows()
    for batch in batches([0, 1, 2, 3]):
        other.add(batch)
    assert np.array_equal(seen.sorted(), other.sorted())
    place = dict(zip([0, 1, 2, 3], other.order().tolist(), strict=True))
    assert seen.order().tolist() == [place[row] for row in (3, 1, 0, 2)]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(1, 4))
def test_equal_rows_have_one_place(values: list[int], size: int) -> None:
    """Rows that can't be told apart are taken for no order: exchanging them changes nothing."""
    seen = rows.Rows()
    for batch in batches(*(values[at : at + size] for at in range(0, len(values), size))):
        seen.add(batch)
    order = seen.order().tolist()
    assert [a == b for a in order for b in order] == [a == b for a in values for b in values]
    assert sorted(set(order)) == list(range(len(set(values))))


def test_labels_alone_tell_rows_apart() -> None:
    """Integer targets, repeated ones too, count as part of their row."""
    seen = rows.Rows()
    seen.add({"x": np.zeros((4, 2)), "y": np.array([2, 0, 2, 1])})
    order = seen.order().tolist()
    assert order[0] == order[2]
    assert len(set(order)) == 3


def test_strings_are_rows_too() -> None:
    """Texts, as a dataset has them, tell rows apart."""
    seen = rows.Rows()
    seen.add({"text": np.array([b"b", b"a"], dtype=object), "y": np.zeros(2)})
    assert len(set(seen.order().tolist())) == 2


def test_an_order_that_cannot_be_seen_is_said_not_to_be() -> None:
    """Parts of different numbers of rows, as of a sparse tensor, tell no order: never a constant in its place."""
    one = a_log()
    one.seen("batch", {"x": np.zeros((2, 1)), "y": np.zeros(3)})
    one.new_epoch()
    assert stages(one) == ["native batch@0/x", "native batch@0/y"]
    assert "the order of rows was not seen" in next(iter(one.recorder.notes))


def test_a_batch_stands_in_front_of_what_was_drawn_for_it() -> None:
    """Which of the two is made first is for TensorFlow to choose, run by run; a trace has one order."""
    traces = []
    for kinds in (("draw", "batch", "draw"), ("batch", "draw", "draw")):
        one = a_log()
        for kind in (*kinds, "gradient"):
            one.seen(kind, {"x": np.zeros((1, 1))})
        traces.append(stages(one))
    assert (
        traces[0] == traces[1] == [f"native {name}" for name in ("batch@0/x", "draw@0/x", "draw@0/x.2", "gradient@0/x")]
    )


def test_what_is_drawn_without_a_batch_is_not_lost() -> None:
    """It stands in front of the gradients, or at the end of its step."""
    one = a_log()
    one.seen("draw", {"x": ONE})
    one.seen("gradient", {"w": ONE})
    one.seen("draw", {"x": ONE})
    one.close(one.step + 1)
    assert stages(one) == ["native draw@0/x", "native gradient@0/w", "native draw@1/x"]


def test_a_fed_rate_is_no_row() -> None:
    """What has no dimension has no rows, and the other parts of the batch tell the order all the same."""
    one = a_log()
    one.seen("batch", {"x": np.array([3.0, 1.0]), "rate": np.float32(0.5)})
    one.finish()
    assert "native shuffle@0/order" in stages(one)
    assert not one.recorder.notes


@pytest.mark.parametrize(
    ("batch", "note"), [({}, "the batches were not seen, nor the order of rows"), ({"x": ONE}, log.UNORDERED)]
)
def test_what_is_not_seen_of_the_data_is_said(batch: dict[str, Any], note: str) -> None:
    """Where there were updates and no batch, or batches that no pass over the rows brought."""
    one = a_log()
    one.write("batch@0", batch)
    one.close(1)
    one.finish()
    assert list(one.recorder.notes) == [note]


def test_nothing_is_written_down_once_all_is() -> None:
    """A script that goes on when it was to be left changes no trace."""
    one = a_log(steps=1)
    one.full = True
    one.seen("gradient", {"w": ONE})
    one.write("final", {"w": ONE})
    assert stages(one) == []


def test_a_row_of_whole_numbers_is_the_same_in_any_width() -> None:
    """Which layer makes 32 bits of them, and which 64, the batch shows; other numbers, and floats, are other rows."""
    whole = rows.digests_of([np.array([[1, 2], [3, 4]])])
    assert rows.digests_of([np.array([[1, 2], [3, 4]], np.int32)]) == whole
    assert rows.digests_of([np.array([[1, 2], [3, 4]], np.uint8)]) == whole
    assert not {*whole} & {*rows.digests_of([np.array([[1.0, 2.0], [3.0, 5.0]])])}
    assert len({*whole, *rows.digests_of([np.array([[1, 2], [3, 5]])])}) == 3
