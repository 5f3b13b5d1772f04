"""Evidence: what is told of a trial that was not observed, as the fields of an answer's header.

``message`` is one sentence that begins with the model file's name and, where it is known, the line of it that was
running; ``where`` is that line alone.
"""

from __future__ import annotations

import os
import re
import signal
import traceback
from typing import Any, Dict, List, Tuple

from .isolation import OVER_MEMORY, STACKS_KEPT, TIMED_OUT, Kept, Limits
from .outcomes import BadModel, Changed, Refusal, Unsupported

SENTENCE = 500
"""Characters of a message that are kept, from the beginning."""


def header(outcome: str, kind: str = "", message: str = "", where: str = "", stack: str = "") -> Dict[str, Any]:
    """Return the fields that every answer has."""
    return {"outcome": outcome, "kind": kind, "message": message, "where": where, "traceback": stack}


def of_exception(error: BaseException, path: str) -> Dict[str, Any]:
    """Return what is told of a trial that raised."""
    kind = type(error).__name__
    text = _text_of(error)
    lines = _lines_of(error, text, path)
    where = "line {}".format(lines[-1]) if lines else ""
    sentence = _sentence(text, kind)
    if isinstance(error, BadModel):  # its message names the file and the line already
        named = re.search(r", (line \d+): ", text)
        return header("failed", kind, text, named.group(1) if named else "")
    if isinstance(error, Changed):  # which says nothing of the file that the key covers
        return header("crashed", "changed", text)
    if isinstance(error, Unsupported) or (isinstance(error, NotImplementedError) and _raised_by(error, text, path)):
        return header("unsupported", kind, sentence, where)
    if isinstance(error, Refusal):  # a sentence about the artefact, which has nothing to do with the model's lines
        return header("failed", error.kind, text[:SENTENCE], "", _stack_of(error))
    if isinstance(error, SystemExit):
        sentence = "ended itself with exit status {}".format(error.code)
    message = _located(path, where, "{}: {}".format(kind, sentence))
    return header("failed", kind, _storable(message), where, _stack_of(error))


def innermost_file(error: BaseException, folder: str, otherwise: str) -> str:
    """Return the innermost file of a folder that an exception came through; another path where it came through none."""
    names = [name for name, _ in _frames_of(error, _text_of(error)) if name.startswith(folder + os.sep)]
    return names[-1] if names else otherwise


def _stack_of(error: BaseException) -> str:
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return _storable(stack[-STACKS_KEPT:])


def of_end(kept: Kept, path: str, limits: Limits) -> Dict[str, Any]:
    """Return what is told of a trial that gave no answer: why it was killed, or how it ended."""
    where = _where_in(kept.stacks, path)
    if kept.reason == TIMED_OUT:
        outcome, kind, told = "timed-out", "", "no answer within {:g} s".format(limits.seconds)
    elif kept.reason == OVER_MEMORY:
        told = "took more than its limit of {:g} MiB of memory".format(limits.memory_mib)
        outcome, kind = "crashed", "memory"
    elif os.WIFSIGNALED(kept.status):
        kind = _signal_name(os.WTERMSIG(kept.status))
        outcome, told = "crashed", "killed by {}".format(kind)
        if kind == "SIGKILL":
            told += ", which it sent itself, or the system sent it for want of memory"
    else:
        outcome, kind = "crashed", "exit"
        told = "ended with exit status {} and without an answer".format(os.WEXITSTATUS(kept.status))
    return header(outcome, kind, _storable(_located(path, where, told)), where, kept.stacks)


def _located(path: str, where: str, told: str) -> str:
    """Return the sentence with the model file and the line in front of it."""
    return "{}: {}".format(", ".join(filter(None, [os.path.basename(path), where])), told)


def _text_of(error: BaseException) -> str:
    try:
        return _storable(str(error))
    except Exception:  # the model's own exception class may fail at this in any way
        return "its message cannot be had"


def _storable(text: str) -> str:
    """Return text that UTF-8 can hold: a lone surrogate is written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _sentence(text: str, kind: str) -> str:
    """Return the line of an exception's message that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    # AutoGraph puts the lines of the user's code first, and what the exception says last.
    sentence = lines[-1] if lines[0] == "in user code:" else lines[0]
    if sentence.startswith(kind + ": "):
        sentence = sentence[len(kind) + 2 :]
    return sentence[:SENTENCE]


def _frames_of(error: BaseException, text: str) -> List[Tuple[str, int]]:
    """Return files and lines from the outermost call to the innermost, those that AutoGraph knows behind the rest."""
    frames = [(frame.filename, frame.lineno or 1) for frame in traceback.extract_tb(error.__traceback__)]
    if text.startswith("in user code:"):
        # AutoGraph runs a translation of the file, and states in the message which of its lines were meant.
        told = re.findall(r'^    File "(.*)", line (\d+), in ', text, re.MULTILINE)
        frames += [(name, int(line)) for name, line in told]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 1))
    return frames


def _lines_of(error: BaseException, text: str, path: str) -> List[int]:
    return [line for name, line in _frames_of(error, text) if name == path]


def _raised_by(error: BaseException, text: str, path: str) -> bool:
    """Tell whether the model file itself raised an exception, and not something that it called."""
    frames = _frames_of(error, text)
    return bool(frames) and frames[-1][0] == path


def _where_in(stacks: str, path: str) -> str:
    """Return the innermost line of the model file in the stacks of a killed process."""
    name = path.encode("ascii", "backslashreplace").decode("ascii")  # as faulthandler writes it
    found = re.search(r'File "{}", (line \d+) in '.format(re.escape(name)), stacks)
    return found.group(1) if found else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return "signal {}".format(number)
