"""Evidence: what is told of a trial that was not observed, as the fields of an answer's header.

``message`` is one sentence that begins with the model file's name and, where it is known, the line of it that was
running; ``where`` is that line alone. Of a command it is the script, or the project's own file in which it was.
"""

from __future__ import annotations

import os
import re
import signal
import traceback
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from .isolation import OVER_MEMORY, STACKS_KEPT, TIMED_OUT, Kept, Limits
from .outcomes import BadModel, Changed, Elsewhere, Refusal, Unsupported, want_of

WORK = "work"
"""The folder, in a trial's, that is a command's working folder."""

SENTENCE = 500
"""Characters of a message that are kept."""

CUT = " ... "
"""Stands for the middle of a longer one: what is wrong stands first mostly, and behind a layer's settings last."""


def header(outcome: str, kind: str = "", message: str = "", where: str = "", stack: str = "") -> Dict[str, Any]:
    """Return the fields that every answer has."""
    return {"outcome": outcome, "kind": kind, "message": message, "where": where, "traceback": stack}


class Source(NamedTuple):
    """What a trial runs: whose lines its evidence names."""

    name: str
    """What it is called where none of its lines is known."""
    path: str
    """A reference model; of what a table defines, its working folder with a separator behind it."""
    project: str = ""
    """Of what a table defines, the project's folder."""
    may_decline: bool = True
    """Whether a NotImplementedError of its own says that it does not exist here; a script means something else."""

    @classmethod
    def of(cls, request: Mapping[str, Any], scratch: str) -> "Source":
        """Return what a request runs in a trial's folder."""
        if request.get("builder") or request.get("file"):
            return cls(request["path"], os.path.join(scratch, WORK, ""), request["project"])
        if not request.get("command"):
            return cls(os.path.basename(request["path"]), request["path"])
        words = [word for word in request["command"][1:] if word not in ("-u", "-B")]
        name = words[1] if words[0] == "-m" else words[0]
        return cls(name, os.path.join(scratch, WORK, ""), request["project"], may_decline=False)

    def called(self, path: str) -> str:
        """Return what a file is called that is its own; nothing for another's."""
        if path == self.path:
            return self.name
        return path[len(self.path) :] if self.path.endswith(os.sep) and path.startswith(self.path) else ""


def of_exception(error: BaseException, source: Source) -> Dict[str, Any]:
    """Return what is told of a trial that raised."""
    kind = type(error).__name__
    text = _text_of(error)
    frames = [(source.called(path), line) for path, line in _frames_of(error, text)]
    name, line = next((frame for frame in reversed(frames) if frame[0]), (source.name, 0))
    where = "line {}".format(line) if line else ""
    # A syntax error's text ends in file and line, which stand in front of it here.
    sentence = _sentence(str(error.msg) if isinstance(error, SyntaxError) else text, kind)
    if isinstance(error, BadModel):  # its message names the file and the line already
        named = re.search(r", (line \d+): ", text)
        return header("failed", kind, text, named.group(1) if named else "")
    if isinstance(error, Changed):  # which says nothing of the file that the key covers
        return header("crashed", "changed", text)
    lacking = not_deterministic(text) if kind == "UnimplementedError" else ""
    declined = isinstance(error, NotImplementedError) and frames and frames[-1][0] and source.may_decline
    if lacking or declined or isinstance(error, Unsupported):
        return header("unsupported", kind, lacking or sentence, where)
    if isinstance(error, Elsewhere):  # by the trial as a whole, and no line of it
        return header("failed", "", _located(source.name, "", text))
    if isinstance(error, Refusal):  # a sentence about the artefact, which has nothing to do with the model's lines
        return header("failed", error.kind, _shortened(text), "", _stack_of(error))
    if isinstance(error, SystemExit):
        said = isinstance(error.code, str)
        sentence = "ended itself{} {}".format(" and said:" if said else " with exit status", error.code)
    message = _located(name, where, "{}: {}{}".format(kind, sentence, _hint(error, text, source)))
    return header("failed", kind, _storable(message), where, _stack_of(error))


def not_deterministic(text: str) -> str:
    """Return what TensorFlow says in an error of an op without a deterministic kernel for a GPU; else nothing.

    Its sentence names the op. Around it stand, in some releases, where in the graph and in the code the op comes from.
    """
    for line in text.splitlines():
        told = re.sub(r"\{\{.*?\}\}|\[\[.*|\[Op:.*", "", line)
        for sentence in re.split(r"(?<=\.)\s+", told.strip()):
            if "GPU" in sentence and "determinis" in sentence.lower():
                return sentence
    return ""


def _stack_of(error: BaseException) -> str:
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return _storable(stack[-STACKS_KEPT:])


def _hint(error: BaseException, text: str, source: Source) -> str:
    """Return what the machine lacked, or what a command's user may do, behind a semicolon; often nothing."""
    want = want_of(error)
    if want:
        return "" if want.lower() in text.lower() else "; the system said: {}".format(want)
    if not source.project:
        return ""
    if isinstance(error, EOFError) and "when reading a line" in text:
        return "; a trial has nothing to read from standard input"
    wanted = []
    if isinstance(error, ModuleNotFoundError):
        module = str(error.name).partition(".")[0]
        wanted = [folder + module + ending for folder in ("", "src/") for ending in (".py", "")]
    elif any(word in text.lower() for word in ("no such file", "not found", "unable to open")):
        wanted = [path.replace(source.path, "") for path in re.findall(r"[^\s'\":;,()\[\]]+", text)]
    for path in wanted:
        if os.path.exists(os.path.join(source.project, path)) and not os.path.exists(os.path.join(source.path, path)):
            return "; the project has {}, which git does not track: name it in `files`".format(path)
    if isinstance(error, ModuleNotFoundError) and module not in ("tensorflow", "keras", "tf_keras"):
        return "; neither the project nor its environment, which has TensorFlow and what that needs, has it"
    return ""


def of_end(kept: Kept, source: Source, limits: Limits) -> Dict[str, Any]:
    """Return what is told of a trial that gave no answer: why it was killed, or how it ended."""
    name, where = _where_in(kept.stacks, source)
    if kept.reason == TIMED_OUT:
        outcome, kind, told = "timed-out", "", "no answer within {:g} s".format(limits.seconds)
        if source.project:
            told += "; `steps` stops it after so many updates, or raise `timeout`"
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
    return header(outcome, kind, _storable(_located(name, where, told)), where, kept.stacks)


def _located(name: str, where: str, told: str) -> str:
    """Return the sentence with the file and the line in front of it."""
    return "{}: {}".format(", ".join(filter(None, [name, where])), told)


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
    return _shortened(sentence)


def _shortened(text: str) -> str:
    """Return a message without its middle, where it is long."""
    if len(text) <= SENTENCE:
        return text
    half = (SENTENCE - len(CUT)) // 2
    return text[: SENTENCE - len(CUT) - half] + CUT + text[-half:]


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


def _where_in(stacks: str, source: Source) -> Tuple[str, str]:
    """Return the file that is the trial's own, and its innermost line, in the stacks of a killed process."""
    name = source.path.encode("ascii", "backslashreplace").decode("ascii")  # as faulthandler writes it
    rest = r"([^\"]*)" if source.path.endswith(os.sep) else "()"
    found = re.search(r'File "{}{}", (line \d+) in '.format(re.escape(name), rest), stacks)
    return (found.group(1) or source.name, found.group(2)) if found else (source.name, "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return "signal {}".format(number)
