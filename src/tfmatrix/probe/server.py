"""The probe's contract, and the worker that keeps it.

Started as ``python -S -s -u path/to/probe`` with the launch's variables in its environment, it imports TensorFlow once
and writes one message about itself. Where `process_start` says that it is bare, it imports neither TensorFlow nor
NumPy: each of its trials does. Then it reads requests, one JSON object a line, from standard input, and answers each
with one message on file descriptor ``TFMATRIX_ANSWERS``; its trials have their folders in the empty one that
``TFMATRIX_SCRATCH`` names. It ends when its input does or when the process that started it is gone, in the middle of a
trial too; no process that it or a model started outlives it.

A message is 8 bytes (little-endian: the header's length), the header (JSON) and ``size`` bytes, `size` being in the
header: for an observed trial the recorder's payload, otherwise none.

A request has: ``path`` (model file), ``variant``, ``mode``, ``seed``, ``jitter`` (0 or the draw's number), ``purpose``
(``train``, ``start``, ``seeds``, ``effects``, ``write`` and ``read``: see `exchange`, or ``rewrite`` and ``reread``, of
which the latter has ``way`` and may have ``handed``: see `ways`), ``intra_op``, ``inter_op``, ``timeout`` (seconds),
``number`` (which its answer repeats), ``fresh`` (run it in the process that imported TensorFlow, without a fork, and
end). To train, it may have ``keep`` (stages of which all bytes are kept: see `keeping`); for the purpose ``start`` it
has ``handed``, the file of what is handed over (see `watch.handed`), and ``off``, layers that are called with
``training=False``; for ``seeds`` it has ``seeds``, under which initial weights are drawn, and for ``effects``
``layers`` (see `effects`). For ``atlas`` it has ``of`` (``ops`` or ``keras``), ``batch`` and ``batches``, which of so
many batches of these is run (see `atlas.observe`). It may have ``memory_mib`` (resident size that the trial's processes
may reach together; 0 or absent: any), ``device`` (what the trial has to run on: see `devices`), and what `trial` reads
besides. Where it has ``script``, ``command``, ``builder`` or ``file``, that is run in the place of the model file, as
`scripts`, `commands`, `named` and `model_files` say; its ``path`` is then a name alone.

An answer has: ``number`` (its request's); ``outcome`` (observed, failed, unsupported, timed-out or crashed); ``kind``
(the exception's type, the signal's name, ``exit`` or ``memory``), ``message`` (one sentence that begins with the model
file's name and line), ``where`` (that line) and ``traceback`` (of the exception, or every thread's where it was
killed), the four empty where the trial was observed; ``output`` (the last that it wrote), ``seconds`` and ``peak_kib``
(largest resident size); and what the trial rests on: ``read`` (pairs of a path and SHA-256, as `reads` says),
``outside`` (those of the paths that are not the project's) and ``notes`` (sentences about what could not be seen).

Two processes keep this contract. The *worker* imports TensorFlow, reads requests, and forks and keeps a trial for each.
The `guard` started it, by a fork or, where there is none, as a program with one argument. It ends everything where the
host, or the worker, is gone, and keeps the worker where that is itself the trial. What a model does to its process
stays there: each trial is alone, and what descends from it is killed once it is over.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from typing import IO, Any, Dict, List, Mapping, NoReturn, Tuple

from . import evidence
from .devices import require
from .guard import Handover, Host, answer, guard, header_of, limits_of
from .importing import compile_from_source
from .isolation import Channel, flush_streams, hold, keep
from .messages import write_message
from .outcomes import Changed
from .process_start import FLAGS, asked, import_all, saw
from .processes import adopt_orphans, end_with, reap_all
from .reads import Reads
from .recorded import offer
from .tensorflow_files import watch


def main() -> int:
    """Start the worker and guard it."""
    answers = int(os.environ.pop("TFMATRIX_ANSWERS"))
    _heed_signals()
    adopt_orphans()
    host = Host()
    handover = Handover()
    scratch = os.environ.pop("TFMATRIX_SCRATCH")
    worker = _start_worker(answers, handover, scratch)
    return guard(worker, handover, host, os.fdopen(answers, "wb"), scratch)


def _heed_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the host too, which ends this process
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _start_worker(answers: int, handover: Handover, scratch: str) -> int:
    """Return the id of a process that is the worker."""
    parent = os.getpid()
    if hasattr(os, "fork"):
        worker = os.fork()
        if worker == 0:
            handover.keep_writing()
            Worker(os.fdopen(answers, "wb"), handover, scratch).work(parent)
        return worker
    told = json.dumps([parent, answers, handover.descriptors, scratch])
    command = [sys.executable, *FLAGS, os.path.dirname(os.path.abspath(__file__)), told]
    return subprocess.Popen(command, pass_fds=[answers, *handover.descriptors]).pid


def be_worker(told: str) -> NoReturn:
    """Be the worker of a guard that could not fork one."""
    parent, answers, descriptors, scratch = json.loads(told)
    _heed_signals()
    Worker(os.fdopen(answers, "wb"), Handover(descriptors), scratch).work(parent)


class Worker:
    """The process that has imported TensorFlow."""

    def __init__(self, answers: IO[bytes], handover: Handover, scratch: str) -> None:
        self._answers = answers
        self._handover = handover
        self._scratch = scratch

    def work(self, parent: int) -> NoReturn:
        """Answer requests until the input ends, then leave nothing behind and end."""
        status = 1
        try:
            end_with(parent, signal.SIGTERM)  # time to clear away, where the guard was killed
            adopt_orphans()
            self._serve()
            status = 0
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else 0
        except BrokenPipeError:
            status = 0  # the host is gone
        except BaseException:  # its own failure keeps its traceback
            traceback.print_exc()
        finally:
            reap_all()
            shutil.rmtree(self._scratch, ignore_errors=True)
            os._exit(status)  # without TensorFlow's destructors

    def _serve(self) -> None:
        host = Host()
        write_message(self._answers, describe())
        with open(0, "rb", closefd=False) as lines:  # no path
            for line in lines:
                request = json.loads(line.decode("utf-8"))
                number = request.pop("number", "")  # is not told to the trial
                named = any(request.get(key) for key in ("command", "builder", "file"))  # its path is its name
                paths = ("plant",) if named else ("path", "plant")
                for name in paths:  # a trial's working folder is its own
                    if request.get(name):
                        request[name] = os.path.abspath(request[name])
                if request["fresh"]:
                    self._become_trial(request, number)
                self._fork_trial(request, number, host)

    def _become_trial(self, request: Mapping[str, Any], number: str) -> NoReturn:
        """Be the trial: the guard keeps this process from here on, and answers."""
        scratch = tempfile.mkdtemp(dir=self._scratch)
        self._handover.give({**request, "scratch": scratch, "number": number})
        channel = self._handover.channel
        _be_trial(os.getppid(), request, scratch, channel, [self._answers.fileno()])

    def _fork_trial(self, request: Mapping[str, Any], number: str, host: Host) -> None:
        """Fork a trial, keep it, and answer."""
        channel = Channel()
        scratch = tempfile.mkdtemp(dir=self._scratch)
        worker = os.getpid()
        child = os.fork()
        if child == 0:
            channel.keep_writing()
            others = [self._answers.fileno(), *self._handover.descriptors]
            _be_trial(worker, request, scratch, channel, others)
        channel.keep_reading()
        try:
            kept = keep(child, channel, limits_of(request), host.is_there)
            header = header_of(kept, request, scratch)
        finally:
            channel.close()
            shutil.rmtree(scratch, ignore_errors=True)
        answer(self._answers, kept, header, number)


def describe() -> Dict[str, Any]:
    """Return what this process is: interpreter, releases, and whether a fork would be sound.

    Unless it is bare it imports TensorFlow for that.
    """
    started = time.monotonic()
    found = {"can_fork": hasattr(os, "fork")} if asked().get("bare") else _imported()
    return {
        **found,
        "python": platform.python_version(),
        "hash_seed": os.environ.get("PYTHONHASHSEED", ""),
        "import_seconds": round(time.monotonic() - started, 3),
        "pid": os.getpid(),
        "saw": saw(),
    }


def _imported() -> Dict[str, Any]:
    """Import TensorFlow, and return the releases and whether a fork would be sound."""
    import_all()
    import numpy
    import tensorflow
    from tensorflow.python.eager import context  # no public name tells whether the runtime exists

    from . import kinds, scripts, trial  # noqa: F401  # once for all trials

    kinds.import_all()

    return {
        "tensorflow": tensorflow.__version__,
        "numpy": numpy.__version__,
        "can_fork": hasattr(os, "fork") and not context.context()._initialized,
    }


def _be_trial(keeper: int, request: Mapping[str, Any], scratch: str, channel: Channel, others: List[int]) -> NoReturn:
    """Run the trial in this process, answer through the channel and end; `others` are closed first."""
    status = 1
    try:
        for descriptor in others:
            os.close(descriptor)
        hold(keeper, channel)
        _settle(scratch)
        trial = os.getpid()
        header, payload = run(request, scratch)
        if os.getpid() == trial:  # a process that the model forked may come back here as well
            flush_streams()
            with os.fdopen(channel.writing[0], "wb") as pipe:
                write_message(pipe, header, payload)
        status = 0
    except BaseException:  # what keeps the answer from being written is among the last lines
        traceback.print_exc()
    finally:
        os._exit(status)  # destructors of TensorFlow's would be the worker's


def _settle(scratch: str) -> None:
    """Make the trial's own folder its working folder and the one for temporary files."""
    here = os.path.join(scratch, "here")
    os.mkdir(here)
    os.chdir(here)
    os.environ["TMPDIR"] = here
    tempfile.tempdir = None
    sys.dont_write_bytecode = True  # a user's folder stays as it is


def run(request: Mapping[str, Any], scratch: str) -> Tuple[Dict[str, Any], bytes]:
    """Run the trial in this process; every exception becomes an outcome."""
    reads = Reads(request, scratch)
    source = evidence.Source.of(request, scratch)
    payload = b""
    try:
        offer()
        reads.start()
        watch(reads)
        compile_from_source(reads.is_ours)
        seen = _observe(request, scratch, reads)
        require(request.get("device", ""), request.get("purpose", ""))
        payload, header = seen.payload(), evidence.header("observed")
        for note in seen.notes:
            reads.note(note)
    except BaseException as error:  # whatever a model raises is its outcome, SystemExit included
        header = evidence.of_exception(error, source)
    try:
        header.update(reads.told())
    except Changed as change:
        payload, header = b"", evidence.of_exception(change, source)
    return header, payload


def _observe(request: Mapping[str, Any], scratch: str, reads: Reads) -> Any:
    """Run what a request has: a command, the text of a recipe, what another table defines, or a reference model."""
    if request.get("purpose") == "replay":  # which needs no model
        from .kinds import code

        return code("ops.replay.observe_replay")(request, scratch)
    if request.get("purpose") == "atlas":  # as little does this
        from .atlas.observe import observe_atlas

        return observe_atlas(request, scratch)
    if request.get("command"):
        from .commands import observe_command

        return observe_command(request, scratch, reads)
    from .scripts import observe_script
    from .trial import observe

    return observe_script(request) if request.get("script") else observe(request, scratch, reads)
