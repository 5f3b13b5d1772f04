"""Running rows in a process below a trial's: where a row ends it, another process goes on behind that row.

An op may abort its process (a CHECK that fails, a division by zero), never end, or take all memory. A trial forks
before TensorFlow's runtime exists, so that another process costs a moment, and nothing that was run is run again.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import time
import traceback
from collections import Counter
from typing import Any, Callable, Iterator, NoReturn, Sequence, Tuple

MADE, SAYS, RAISED, LEFT_OUT, ENDED = "made", "says", "raised", "left_out", "ended"
"""What became of a row: it was run; it says something in words; it raised; its op has none; it ended the process."""

BEGUN, BROKEN = "begun", "broken"
"""A row was begun; what runs rows raised, and no row did."""

ENOUGH = 3
"""How many rows of an op may end the process, before none of its others is run."""

PATIENCE = 90.0
"""Seconds that a row may take, on a machine that has other work to do: most take milliseconds."""

MEMORY = 6 << 30
"""Bytes that the process may hold: what an op is given has some hundred thousand at most."""

Row = Any
"""What is run at once: it has ``op``, what it is of, and ``name``, its own."""

Run = Callable[[Any], Tuple[str, Any]]


def run_each(rows: Sequence[Row], prepare: Callable[[], Run]) -> Iterator[Tuple[Row, str, Any]]:
    """Yield of each row what became of it, and what is to be said of that.

    ``prepare`` is called in each process, and returns what runs a row there: whatever a row raises is an answer of it.
    Raises RuntimeError where a process ends before it has begun with a row, and, with the traceback, where what runs
    rows raises.
    """
    ended: Counter[str] = Counter()
    at = 0
    while at < len(rows):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _be_child(rows, at, ended, prepare, writing)
        os.close(writing)
        current, late = None, False
        try:
            for number, word, said in _messages(reading):
                current = number if word == BEGUN else None
                at = number + 1
                if word == BROKEN:
                    raise RuntimeError("{} was not run to its end\n{}".format(rows[number].name, said))
                if word != BEGUN:
                    yield rows[number], word, said
        except TimeoutError:
            late = True
        finally:
            os.close(reading)
            if current is not None or late:
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        if current is not None:
            ended[rows[current].op] += 1
            yield rows[current], ENDED, _how(status, late)
        elif status:
            raise RuntimeError("the process that runs single ops ended before it began with one: {}".format(status))
        else:
            return


def _how(status: int, late: bool) -> str:
    if late:
        return "does not end"
    if os.WIFSIGNALED(status):
        return "ends the process by {}".format(signal.Signals(os.WTERMSIG(status)).name)
    return "ends the process with exit status {}".format(os.WEXITSTATUS(status))


def _be_child(
    rows: Sequence[Row], first: int, ended: Counter[str], prepare: Callable[[], Run], writing: int
) -> NoReturn:
    """Run the rows from one on, and tell of each what became of it."""
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        run = prepare()
        with os.fdopen(writing, "wb") as pipe:
            for number in range(first, len(rows)):
                if ended[rows[number].op] >= ENOUGH:
                    continue
                _write(pipe, (number, BEGUN, None))
                try:
                    _write(pipe, (number, *run(rows[number])))
                except Exception:
                    _write(pipe, (number, BROKEN, traceback.format_exc()))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)  # without TensorFlow's destructors


def _write(pipe: Any, message: Any) -> None:
    data = pickle.dumps(message, protocol=4)
    pipe.write(len(data).to_bytes(8, "little") + data)
    pipe.flush()


def _messages(reading: int) -> Iterator[Tuple[int, str, Any]]:
    """Yield what a process says until it ends; raise TimeoutError where it says nothing for too long."""
    while True:
        size = _read(reading, 8)
        if len(size) < 8:
            return
        data = _read(reading, int.from_bytes(size, "little"))
        try:
            yield pickle.loads(data)  # noqa: S301  # of our own process
        except (EOFError, pickle.UnpicklingError):  # it ended in the middle of a word
            return


def _read(reading: int, size: int) -> bytes:
    parts = []
    deadline = time.monotonic() + PATIENCE
    while size:
        if not select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(reading, min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
