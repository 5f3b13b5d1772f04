"""The log: the stages that a watched training goes through, under stable names, in the order in which they happen.

A *step* is the time up to one update: what is seen before the update k and at it has ``@k``. All values are arrays.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..recorder import INJECTED, NATIVE, Recorder
from .rows import Rows

UNORDERED = "the order of rows was not seen"


class Enough(BaseException):
    """As many updates were seen as were asked for: the script is left, as by the user's Ctrl-C.

    A script that goes on all the same is left at each later update again, and nothing of it is written down.
    """


class Log:
    """What was seen so far."""

    def __init__(self, recorder: Recorder, steps: int = 0, tier: str = NATIVE) -> None:
        """Write into a tier of a recorder, and have enough after so many updates; 0: never.

        The injected tier has one step, and its stages no number.
        """
        self.recorder = recorder
        self.tier = tier
        self.steps = steps
        self.one_pass = False
        """Whether the first pass over the rows is enough."""
        self.step = 0
        """The number of the present step."""
        self.open = False
        """Whether the present step's gradients were seen: what comes next belongs to another step."""
        self.begun = False
        """Whether initial weights are written down, and what was seen since is no longer held back."""
        self.gradients = 0
        """How often gradients were seen."""
        self.hidden = False
        """Whether gradients are out of sight for a reason that a note tells."""
        self.batches = 0
        """How many batches were seen."""
        self.full = False
        """Whether all is written down that is to be."""
        self.muted = False
        """Whether nothing is written down for now."""
        self._one_at_a_time = threading.RLock()
        """Taps call back from TensorFlow's threads."""
        self._quiet = 0
        self._batch_of = -1
        """The last step of which a batch was seen."""
        self._drawn: List[Dict[str, Any]] = []
        """What was drawn in the present step before its batch was seen."""
        self._used: Dict[str, int] = {}
        self.numbers: Dict[str, int] = {}
        """How often each of the things was seen that happen now and then."""
        self._rows = Rows()
        self.first_pass: Dict[str, Any] = {}
        """The rows of the first pass and their order, by stage, once it is over."""
        self._epochs = 0
        self._first = recorder.length
        self._pass = 0
        """Where in the trace the initial weights belong, and where the present pass over the rows began."""

    def has_enough(self, step: int) -> bool:
        """Return whether as many updates were seen as were asked for, or the one pass that was."""
        return bool(self.steps and (step >= self.steps or (self.one_pass and self.first_pass)))

    def note(self, sentence: str) -> None:
        """Say what could not be seen."""
        self.recorder.notes[sentence] = None

    def hide(self, sentence: str) -> None:
        """Say what puts gradients out of sight."""
        self.hidden = True
        self.note(sentence)

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Take no batch and no draw for one of the training's: something else is going on."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def seen(self, kind: str, values: Mapping[str, Any]) -> None:
        """Write down values of the present step, or of the next one where this one's gradients were seen already."""
        with self._one_at_a_time:
            self._see(kind, values)

    def _see(self, kind: str, values: Mapping[str, Any]) -> None:
        if self.full or (self._quiet and kind in ("batch", "draw", "loss")):
            return
        if self.open:
            self.close(self.step + 1)
        if kind == "draw" and self._batch_of < self.step:  # which may be made before the batch is there, or behind it
            self._drawn.append(dict(values))
            return
        if kind == "batch":
            self._batch_of = self.step
        elif self._drawn:
            self._write_drawn()
        if kind == "gradient":
            self.gradients += 1
            self.open = True
        if kind == "batch":
            if not self._rows.count:
                self._pass = self.recorder.length
            self._rows.add(values)
        self.write("{}@{}".format(kind, self.step), values)
        self._write_drawn()

    def _write_drawn(self) -> None:
        """Write down what was drawn in the present step and held back."""
        drawn, self._drawn = self._drawn, []
        for values in drawn:
            self.write("draw@{}".format(self.step), values)

    def coming(self, kind: str, name: str, further: int = 0) -> str:
        """Return the stage that a value is about to be written down under; empty where it is taken for none.

        ``further`` values of that name come before it.
        """
        if self._quiet or self.muted or self.full:
            return ""
        full = "{}@{}/{}".format(kind, self.step + self.open, name)
        held = 0 if self.open else sum(name in values for values in self._drawn)
        number = self._used.get(full, 0) + held + further + 1
        return full if number == 1 else "{}.{}".format(full, number)

    def at_row(self) -> Optional[Tuple[int, int]]:
        """Return the present pass over the rows and how many it has visited; None where it is taken for none."""
        return None if self._quiet or self.muted or self.full else (self._epochs, self._rows.count)

    def close(self, step: int) -> None:
        """Go on to a step."""
        self._write_drawn()
        self.step = step
        self.open = False

    def begin(self, initial: Mapping[str, Any]) -> None:
        """Write down the initial weights, in front of all that was seen before they were known to be that."""
        if not self.begun:
            self.begun = True
            before = self.recorder.length
            self.write("init", initial, self._first)
            self._pass += self.recorder.length - before

    def numbered(self, kind: str, values: Mapping[str, Any]) -> None:
        """Write down values of something that happens now and then: ``predict@0/...``, ``predict@1/...``."""
        self._write_drawn()  # of a prediction, if it drew
        number = self.numbers.get(kind, 0)
        self.numbers[kind] = number + 1
        self.write("{}@{}".format(kind, number), values)

    def write(self, stage: str, values: Mapping[str, Any], at: Optional[int] = None) -> None:
        """Write down values under a stage, at a place in the trace; a name that was used there already is numbered."""
        if self.muted or self.full:
            return
        self.batches += stage.startswith("batch") and bool(values)
        if self.tier == INJECTED:
            stage = stage.partition("@")[0]
        for number, (name, value) in enumerate(values.items()):
            full = "{}/{}".format(stage, name) if name else stage
            self._used[full] = self._used.get(full, 0) + 1
            if self._used[full] > 1:
                full = "{}.{}".format(full, self._used[full])
            self.recorder.record(self.tier, full, value, None if at is None else at + number)

    def new_epoch(self) -> None:
        """Begin a new pass over the rows."""
        if self._quiet:
            return
        rows, self._rows = self._rows, Rows()
        if rows.mixed:
            self.note(UNORDERED + ": the parts of a batch do not have one number of rows")
        elif rows.count:
            self.write("data@{}".format(self._epochs), {"rows": rows.sorted()}, self._pass)
            self.write("shuffle@{}".format(self._epochs), {"order": rows.order()}, self._pass + 1)
            self.first_pass = self.first_pass or {"data@0/rows": rows.sorted(), "shuffle@0/order": rows.order()}
            self._epochs += 1

    def finish(self) -> None:
        """End the last pass over the rows, and say what was not seen of the data."""
        self._write_drawn()
        self.new_epoch()
        if self.step and not self.batches:
            self.note("the batches were not seen, nor the order of rows")
        elif self.step and not self._epochs and not any(note.startswith(UNORDERED) for note in self.recorder.notes):
            self.note(UNORDERED)
