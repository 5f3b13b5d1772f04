"""Running the rows of a batch of one part of a release, each alone, and recording what they make.

The stages are ``MatMul[float32]/odd/0`` for each output, in the tier ``atlas``, ``.../gradient/x`` for the gradient of
what is given, where there is one, and ``.../given`` for one digest of all that is given. What Keras draws otherwise
from another seed is there as ``.../again/0``. The stage ``told`` says, as JSON, of each name without rows why
(``left_out``), of each row that raised what (``raised``), of each row that ended the process how (``ended``): such a
row is run in a process of a trial's own, see `running`. It says what a row of Keras says in words (``says``), and
which further names there are of what (``other_names``).
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ..context import Setting
from ..fingerprint import canonical
from ..recorder import Recorder
from . import behaviours, calls, keras_names, keras_rows, keras_runs, rows
from .inputs import NotRun
from .running import ENDED, LEFT_OUT, MADE, RAISED, SAYS, Row, run_each

TIER = "atlas"
"""The tier of single ops on inputs that are the same in every release."""

PLACE = re.compile(r"^\{\{.*?\}\}\s*")
"""Where an error was raised, which begins its message: each release says it otherwise."""

SENTENCE = 160
"""Characters of a message that are kept."""


class Part(NamedTuple):
    """What is run of a release."""

    names: Callable[[], List[str]]
    why_not_run: Callable[[str], str]
    """Why there are no rows of a name, as far as that is known beforehand; empty where there are some."""
    rows_of: Callable[[str], Sequence[Row]]
    run: Callable[[Any], Any]
    """From a row to its stages, or to what it says in words."""
    other_names: Callable[[], Mapping[str, str]]
    """Further names of what has rows, each with the name that has them."""


PARTS = {
    "ops": Part(rows.names, rows.why_not_run, rows.rows_of, calls.stages_of, dict),
    "keras": Part(
        keras_names.names, keras_rows.why_not_run, keras_rows.rows_of, keras_runs.run, keras_names.other_names
    ),
    "behaviour": Part(behaviours.names, behaviours.why_not_run, behaviours.rows_of, behaviours.run, dict),
}


def observe_atlas(request: Mapping[str, Any], scratch: str) -> Recorder:
    """Run one of so many batches of one part of a release, and return a recorder of what they make."""
    part = PARTS[request["of"]]
    found: Dict[str, Dict[str, Any]] = {LEFT_OUT: {}, RAISED: {}, ENDED: {}, SAYS: {}, "other_names": {}}
    every: List[Row] = []
    for name in batch(part.names(), request["batch"], request["batches"]):
        reason = part.why_not_run(name)
        if reason:
            found[LEFT_OUT][name] = reason
        every += part.rows_of(name)
    other = part.other_names()
    found["other_names"] = {name: other[name] for name in batch(sorted(other), request["batch"], request["batches"])}
    recorder = Recorder(request.get("keep", ()))
    for row, word, said in run_each(every, lambda: _runner(part, request, scratch)):
        if word == MADE:
            for stage, value in said:
                recorder.record(TIER, "{}/{}".format(row.name, stage), value)
        else:
            found[word][row.op if word == LEFT_OUT else row.name] = said
    recorder.record(TIER, "told", json.dumps(found, sort_keys=True).encode("ascii"))
    return recorder


def batch(of: Sequence[str], number: int, count: int) -> List[str]:
    """Return the names of one of so many batches: in every release the same one, whatever others that has."""
    return [name for name in of if zlib.crc32(name.encode("ascii")) % count == number]


def _runner(part: Part, request: Mapping[str, Any], scratch: str) -> Any:
    """Enter the mode that is asked for, and return what runs a row in it: what became of it, and what is said."""
    Setting(request, scratch)

    def run(row: Row) -> Tuple[str, Any]:
        try:
            found = part.run(row)
        except NotRun as error:
            return LEFT_OUT, str(error)
        except Exception as error:  # whatever is raised on these inputs here
            told = PLACE.sub("", str(error).strip().partition("\n")[0])
            text = "{}: {}".format(type(error).__name__, told)[:SENTENCE]
            return RAISED, text.encode("ascii", "backslashreplace").decode("ascii")
        if isinstance(found, dict):
            return SAYS, found
        # A trial gets them from a process below it, and arrays of bfloat16 can't be pickled in releases before 2.14.
        return MADE, [(stage, canonical(value)) for stage, value in found]

    return run
