"""Run a command of the user's, an unchanged script, in a folder of its own, and watch it from outside.

TensorFlow is not imported before the script does: variables that it sets first count. What is to be watched is wrapped
at the end of the import, before the script's next line.
"""

from __future__ import annotations

import contextlib
import json
import linecache
import os
import pickle
import random
import runpy
import shutil
import sys
import threading
import traceback
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

import numpy as np

from .evidence import WORK, Source
from .importing import import_within
from .keeping import evenly
from .outcomes import BadModel, Unsupported
from .reads import Reads
from .recorder import NATIVE, START, Recorder, record_draws
from .watch.log import Enough, Log

COPIED = 16 << 20
"""Bytes up to which a file is copied into the working folder, so that a script may write over it; larger are linked."""

MOST_OF_PASS = 256
"""Updates up to which a run goes on under other seeds till the end of its first pass over the rows."""

CANNOT_TELL = 125
"""The exit status of a check that cannot tell, as `git bisect run` has it; so has everything above 127."""

LIBRARIES = ("tensorflow", "keras", "tf_keras")
"""Packages that are watched once they are imported."""


def observe_command(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Run the command that a request has in a folder of its own, and return what was recorded of it."""
    if request["purpose"] == "seeds":
        return _record_seeds(request, scratch, reads)
    if request["purpose"] == "effects":
        return _record_effects(request, scratch, reads)
    if request["purpose"] == "ops":
        return _record_ops(request, scratch, reads)
    if request["purpose"] == "check":
        return _check(request, scratch, reads)
    recorder = Recorder(request.get("keep", ()))
    trial = _Trial(request, recorder, reads, request["steps"], tapped=request["purpose"] != "plain")
    trial.run(os.path.join(scratch, WORK))
    return recorder


def _record_seeds(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Record what is drawn before the first update under other seeds, stacked along a first axis.

    The script is run once up to the end of its import of TensorFlow, which takes most of the time, and from there on in
    a process for each seed.
    """
    seeds = request["seeds"]
    folder = os.path.join(scratch, WORK)
    child = os.fork()
    if child == 0:
        status = 1
        passes = request.get("passes", False)
        trial = _Trial({**request, "jitter": 0}, Recorder(), reads, MOST_OF_PASS if passes else 1, tapped=True)
        trial.parting = _Parting(seeds, folder, reads)
        trial.until_pass(passes)
        try:
            # Keras 2 draws the seeds of its initializers from a generator of its own.
            shift_seeds({random: "seed", random.Random: "seed", np.random: "seed"}, trial)
            trial.run(folder)
            if trial.parting.seed is not None:
                with open(_result(folder, trial.parting.seed), "wb") as file:
                    pickle.dump(trial.drawn(), file)
                status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    os.waitpid(child, 0)
    drawn: List[Dict[str, np.ndarray]] = []
    for seed in seeds:
        if not os.path.exists(_result(folder, seed)):
            raise BadModel("{}: under the seed {} it ended otherwise".format(request["path"], seed))
        with open(_result(folder, seed), "rb") as file:
            drawn.append(pickle.load(file))  # noqa: S301  # written by this program
    recorder = Recorder()
    record_draws(recorder, drawn, len(drawn))
    return recorder


def _record_effects(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Record the effects of layers once a script's first update has shown how they are called."""
    trial = _Trial(request, Recorder(), reads, 1, tapped=False)
    trial.run(os.path.join(scratch, WORK))
    recorder = Recorder(request["keep"])
    trial.record_effects(request["layers"], recorder)
    return recorder


def _record_ops(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Record every op up to a script's first update, its functions run eagerly."""
    recorder = Recorder()
    trial = _Trial(request, Recorder(), reads, 1, tapped=False)
    trial.single_ops = recorder
    trial.run(os.path.join(scratch, WORK))
    trial.ops.finish()
    return recorder


def _check(request: Mapping[str, Any], scratch: str, reads: Reads) -> Recorder:
    """Run a command as its user does: nothing is seeded, set or watched. Return a record that it ended well.

    Raises what it raises, and Unsupported where it says by its exit status that it cannot tell.
    """
    folder = os.path.join(scratch, WORK)
    _enter_folder(folder, request, reads)
    try:
        start(request["command"], folder)
        threading._shutdown()  # type: ignore[attr-defined]  # waits for a script's threads, as `python` does
    except SystemExit as ending:
        status = ending.code & 255 if isinstance(ending.code, int) else int(ending.code is not None)
        if status == CANNOT_TELL or status > 127:
            raise Unsupported("it ended with exit status {}, so it cannot tell".format(status)) from None
        if status:
            raise
    recorder = Recorder()
    recorder.record(NATIVE, "recorded/exit status", np.array(0))
    return recorder


def _enter_folder(folder: str, request: Mapping[str, Any], reads: Reads) -> None:
    """Go into a working folder that is made for a command, with the variables that its table sets."""
    with reads.aside():
        lay(folder, request["project"], request["files"])
    os.chdir(folder)
    os.environ.pop("TFMATRIX_START", None)  # what a script must not see of us
    os.environ.update(request["variables"])


def _result(folder: str, seed: int) -> str:
    return "{}-{}.pickle".format(folder, seed)


class _Parting:
    """Where a run parts into one for each seed: each finds the working folder as it was there."""

    def __init__(self, seeds: Sequence[int], folder: str, reads: Reads) -> None:
        self._seeds = seeds
        self._folder = folder
        self._reads = reads
        self.seed: Any = None
        """The seed of this process; None before the run parts."""

    def part(self) -> None:
        """Return once in a process for each seed, one after the other; end the process that this is called in."""
        if self.seed is not None:
            return
        before = self._folder + "-before"
        with self._reads.aside():  # it is no doing of the script's: what it does not read may change
            shutil.copytree(self._folder, before, symlinks=True)
        for seed in self._seeds:
            child = os.fork()
            if child == 0:
                self.seed = seed
                return
            if os.waitpid(child, 0)[1]:  # the others would end so too
                os._exit(1)
            self._reads.settle()
            with self._reads.aside():
                clear(self._folder)
                copy_into(before, self._folder)
        os._exit(0)


def clear(folder: str) -> None:
    """Remove what is in a folder, which stays itself: it is where the process is."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def copy_into(source: str, target: str) -> None:
    """Copy what is in a folder into another one that is there."""
    for name in os.listdir(source):
        path, copy = os.path.join(source, name), os.path.join(target, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.copytree(path, copy, symlinks=True)
        else:
            shutil.copy2(path, copy, follow_symlinks=False)


class _Trial:
    """One run of a command in this process."""

    def __init__(
        self, request: Mapping[str, Any], recorder: Recorder, reads: Reads, steps: int, *, tapped: bool
    ) -> None:
        self._request = request
        self._reads = reads
        self._recorder = recorder
        self._log = Log(recorder, steps, START if request.get("handed") else NATIVE)
        self._tapped = tapped
        self._watcher: Any = None
        self._seeded: Any = None
        """What Python's generator was seeded to."""
        self.shift = 0
        """By how much the seeds that a script sets itself are others, where it is run under another seed."""
        self.parting: Any = None
        """Where the run parts into one for each of other seeds."""
        self.single_ops: Any = None
        """The recorder of single ops, where these are to be seen."""
        self.ops: Any = None
        """The log of them, once TensorFlow is imported."""

    def until_pass(self, only: bool) -> None:
        """Have the first pass over the rows be enough."""
        self._log.one_pass = only

    def drawn(self) -> Dict[str, np.ndarray]:
        """Return the weights before the first update, which of them were drawn, and the first order, by stage."""
        from .draws import drawn_among

        initial = self._watcher.initial
        found = {"init/" + name: evenly(array) for name, array in initial.items()}
        found.update(("drawn/" + name, np.array(True)) for name in drawn_among(initial, self._watcher.draws))
        found.update(self._log.first_pass)
        return found

    def record_effects(self, paths: Sequence[str], recorder: Recorder) -> None:
        """Record the effects of layers that were called."""
        from .effects import record_effects

        with self._watcher.unseen():
            record_effects(self._watcher.layers, paths, recorder)

    def run(self, folder: str) -> None:
        """Run the script in a folder that is made for it; raise what it raises, and BadModel where nothing was seen."""
        request = self._request
        _enter_folder(folder, request, self._reads)
        random.seed(request["seed"])
        np.random.seed(request["seed"])
        self._seeded = random.getstate()
        import_within(dict.fromkeys(LIBRARIES, self._importing))
        try:
            start(request["command"], folder)
        except Enough:
            pass
        except SystemExit as ending:
            if ending.code not in (None, 0):
                raise
        if not self._log.full:
            threading._shutdown()  # type: ignore[attr-defined]  # waits for a script's threads, as `python` does
        if self._watcher:
            self._watcher.finish()
        self._demand()

    @contextlib.contextmanager
    def _importing(self, library: str) -> Iterator[None]:
        """Watch a library once it is imported.

        Some releases draw from Python's generator while they are imported. A script that has not seeded it by then, and
        so draws from the mode's seed, must not draw otherwise for that.
        """
        untouched = random.getstate() == self._seeded
        yield
        if untouched:
            random.setstate(self._seeded)
        if self.parting and library == "tensorflow":
            self.parting.part()
            self._begin_under(self.parting.seed, untouched=untouched)
        self._watch(library)

    def _begin_under(self, seed: int, *, untouched: bool) -> None:
        """Go on under another seed, whatever was seeded before."""
        self._request = {**self._request, "seed": seed}
        random.seed(seed if untouched else random.getrandbits(32) + seed)
        np.random.seed((seed + np.random.randint(1 << 30)) % (1 << 32))
        self.shift = seed

    def _watch(self, library: str) -> None:
        """Set the process up and watch, now that a library is imported."""
        from .watch import keras_calls

        if library == "tensorflow":
            self._watcher = self._enter()
            for package in keras_calls.imported():
                keras_calls.install(self._watcher, package)
        elif self._watcher:
            keras_calls.install(self._watcher, library)

    def _enter(self) -> Any:
        """Enter the mode, seed TensorFlow's generators, those of later graphs too, and watch TensorFlow."""
        from . import casts
        from .modes import MODES, forgo_rewriting, seed_graphs, set_up
        from .switches import throw
        from .trial import record_seed
        from .watch import checkpoints
        from .watch.layers import Layers
        from .watch.watcher import Watcher

        throw(self._request.get("settings", ()))
        set_up(MODES[self._request["mode"]])
        seed_graphs(self._request["seed"])
        if self.shift:
            from tensorflow.python.eager.context import Context
            from tensorflow.python.framework.ops import Graph

            shift_seeds({Context: "_set_global_seed", Graph: "seed"}, self)
        record_seed(self._recorder, self._log.tier)
        jitter, equivalent = self._request["jitter"], self._request.get("equivalent", False)
        if jitter:
            casts.watch(jitter)
        if equivalent:
            forgo_rewriting()
        off = self._request.get("off")
        layers = Layers(off or ()) if off or self._request["purpose"] == "effects" else None
        watcher = Watcher(self._log, self._tapped, jitter, equivalent, layers)
        if self.single_ops is not None:  # within what watches, whose own runs are none of the script's
            from .kinds import code
            from .ops.handed import made

            instead = made(self._request.get("feeding", ""), self._request.get("fed", ()))
            self.ops = code("ops.steps.see_script")(self.single_ops, instead)
        watcher.install()
        checkpoints.install(watcher)
        if self._request.get("handed"):
            watcher.start_from(self._request["handed"])
        return watcher

    def _demand(self) -> None:
        """Raise BadModel where nothing was seen of what a script does, or not all of it."""
        name = Source.of(self._request, "").name
        if self._watcher is None:
            raise BadModel("{}: it ended without importing TensorFlow, so there is nothing to observe".format(name))
        if self._tapped and self._log.step and not self._log.gradients and not self._log.hidden:
            raise BadModel(
                "{}: {} updates were seen and not one gradient, so it is not observed".format(name, self._log.step)
            )
        if not self._log.step and not self._log.numbers:
            raise BadModel(
                "{}: it ended and trained nothing: in its own process no optimizer applied a gradient".format(name)
            )


def shift_seeds(places: Mapping[Any, str], trial: Any) -> None:
    """Have every seed that is set from now on by a function, or a property, be another one, by a trial's `shift`."""
    for owner, name in places.items():
        original = getattr(owner, name)
        if isinstance(original, property):
            setattr(owner, name, property(original.fget, _shifted(original.fset, trial)))
        else:
            setattr(owner, name, _shifted(original, trial))


def _shifted(original: Any, trial: Any) -> Callable[..., Any]:
    def seed(*arguments: Any, **named: Any) -> Any:
        by = trial.shift
        moved = [value + by if isinstance(value, int) else value for value in arguments]
        return original(*moved, **{n: v + by if isinstance(v, int) else v for n, v in named.items()})

    return seed


def lay(folder: str, project: str, files: Sequence[str]) -> None:
    """Make a working folder of a project's files: copies, so that the user's are safe, and links to the large ones."""
    os.makedirs(folder)
    for name in files:
        source, target = os.path.join(project, name), os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.getsize(source) <= COPIED:
            shutil.copy2(source, target)
        else:
            os.symlink(source, target)


def start(command: Sequence[str], folder: str) -> None:
    """Run a command's script as `python` would, in this process."""
    words = list(command)
    words = words[1:] if words[0] == "jupyter" else [word for word in words[1:] if word not in ("-u", "-B")]
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, folder)
        add_source(folder)
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    path = os.path.join(folder, words[0])
    sys.argv = words
    sys.path.insert(0, os.path.dirname(path))
    add_source(folder)
    with open(path, "rb") as file:
        content = file.read()
    module = ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    if path.endswith(".ipynb"):
        for number, cell in enumerate(_cells(content), 1):
            _run_cell(cell, "{}, cell {}".format(path, number), module)
    else:
        code = compile(content, path, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102  # the script is what is run


def _run_cell(cell: str, name: str, module: ModuleType) -> None:
    """Run a notebook's cell, whose lines tracebacks and AutoGraph find under a name."""
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    code = compile(cell, name, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102  # the notebook is what is run


def add_source(folder: str) -> None:
    """Let a project's packages be imported from `src`, as after an editable install."""
    source = os.path.join(folder, "src")
    if os.path.isdir(source):
        sys.path.append(source)


def _cells(content: bytes) -> Iterator[str]:
    """Yield the code cells of a notebook; lines for IPython itself are none of Python's and stay out."""
    for cell in json.loads(content.decode("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            yield "\n".join("pass  # " + line if line[:1] in ("%", "!") else line for line in lines)
