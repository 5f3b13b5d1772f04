"""What a trial rests on: every file that it read and every module that it imported, but for its environment's own.

`Reads` notes a file the moment it is opened, as Python (since 3.8) and `tensorflow_files` tell it, in memory and in a
file of the trial's folder, so that the keeper of a trial that died knows it too. What is noted of a file is its path
and the SHA-256 of its bytes; where a file that was looked for is not there, and of a folder, see `digest_of`. Not
noted is what the environment, the probe and the kernel have, what the trial itself wrote, and what its key covers: the
model file and an artefact.

A request may have ``project`` (the folder of the user's project) and ``files`` (paths within it that lie in a
working folder too, right below the trial's own: such a file is noted as the project's).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
from hashlib import sha256
from types import ModuleType
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from .outcomes import Changed
from .process_start import asked

LOG = "read.log"
"""The file in a trial's folder that has what was noted, a line of JSON each."""

ENVIRONMENT, OWN, PROJECT, OUTSIDE = "environment", "own", "project", "outside"
"""Where a file lies."""

KERNEL = ("/dev", "/proc", "/sys")
"""Where files are no files: what they hold is another thing at each look."""

GONE = ("os.remove", "os.rename", "shutil.rmtree")
"""What Python says when a file or a folder is about to be where it was no longer."""

PROCESSES = ("os.exec", "os.posix_spawn", "os.system", "subprocess.Popen")
"""What Python says when a program is started: of its files nothing is told. A fork writes down what it reads."""

BY_PROCESS = "a file that a process of its own read may not have been seen"
BY_PYTHON = "Python 3.7 does not tell which files are read: only modules and what TensorFlow reads have been seen"
BY_TENSORFLOW = "a file that TensorFlow opened by itself may not have been seen"

CHUNK = 1 << 20

State = Optional[Tuple[int, int, int]]
"""What tells that a file was changed meanwhile; None where there is none."""


class Seen(NamedTuple):
    """One file as it was when it was opened."""

    source: str
    """The path of what was opened: in the working folder, it may be another than that of the user's file."""
    state: State
    digest: Optional[str]
    """None: to be taken at the end."""


class Places:
    """Which folders are whose; the innermost one that a path lies in counts."""

    def __init__(self, request: Mapping[str, Any], scratch: str) -> None:
        self.project = request.get("project") or ""
        self._scratch = scratch + os.sep
        self._files = frozenset(request.get("files") or ())
        given = (request.get("artefact", ""), os.path.dirname(request.get("handed", "")))
        owned = (scratch, os.environ.get("HOME", ""), asked().get("here", ""), *given, *KERNEL)
        environment = (sys.prefix, sys.exec_prefix, sys.base_prefix, os.path.dirname(os.path.abspath(__file__)))
        kinds: Dict[str, str] = {}
        for kind, folders in ((PROJECT, (self.project,)), (OWN, owned), (ENVIRONMENT, environment)):
            for folder in filter(None, folders):
                for path in (os.path.abspath(folder), os.path.realpath(folder)):
                    if path != os.sep:
                        kinds[path + os.sep] = kind
        self._kinds = sorted(kinds.items(), key=lambda item: -len(item[0]))

    def of(self, path: str) -> Tuple[str, str]:
        """Return where an absolute path lies, and by which path the user knows it."""
        kind = self._kind(path)
        if kind == OWN and path.startswith(self._scratch):
            within = path[len(self._scratch) :].partition(os.sep)[2]
            return (PROJECT, os.path.join(self.project, within)) if within in self._files else (OWN, path)
        if kind in (PROJECT, OUTSIDE):
            real = os.path.realpath(path)
            behind = self._kind(real)
            if behind in (ENVIRONMENT, OWN):
                return behind, path
            if kind == OUTSIDE and behind == PROJECT:
                return PROJECT, real
        return kind, path

    def is_own(self, path: str) -> bool:
        """Tell whether a path lies in the trial's own folder."""
        return path.startswith(self._scratch)

    def is_outside(self, name: str) -> bool:
        """Tell whether a path is not the project's."""
        return not self.project or not name.startswith((self.project, os.path.realpath(self.project)))

    def is_hidden(self, name: str) -> bool:
        """Tell whether a folder is one that programs keep for themselves."""
        return any(part.startswith(".") for part in name[len(self.project) :].split(os.sep))

    def _kind(self, path: str) -> str:
        return next((kind for folder, kind in self._kinds if path.startswith(folder)), OUTSIDE)


class Reads:
    """What one trial read."""

    def __init__(self, request: Mapping[str, Any], scratch: str) -> None:
        lineless = request.get("command") or request.get("file")
        self._label = "" if lineless else os.path.basename(request["path"]) + ", line 1: "
        self._covered = {os.path.abspath(request["path"]), os.path.realpath(request["path"])}
        self._places = Places(request, scratch)
        self._log = os.path.join(scratch, LOG)
        self._seen: Dict[str, Seen] = {}
        self._written: Set[str] = set()
        self._notes: Dict[str, None] = {}
        self._on = False

    def start(self) -> None:
        """Note from now on what is read."""
        self._on = True
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self.hear)
        else:
            self.note(BY_PYTHON)

    def hear(self, event: str, arguments: Tuple[Any, ...]) -> None:
        """Take in an event of the interpreter's; whatever that is, nothing is raised."""
        if not self._on:
            return
        with contextlib.suppress(OSError, ValueError, TypeError):
            if event == "open":
                self._opened(arguments[0], arguments[2])
            elif event == "sqlite3.connect":
                self.read(arguments[0])
            elif event in ("os.listdir", "os.scandir"):
                if not sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
                    self._listed(os.curdir if arguments[0] is None else arguments[0])
            elif event in GONE:
                self._gone(arguments[0])
                if event == "os.rename":
                    self.wrote(arguments[1], whole=True)
            elif event in PROCESSES and not self._is_import():
                self.note(BY_PROCESS)

    def _opened(self, path: Any, flags: int) -> None:
        if isinstance(path, int):
            return
        made = bool(flags & (os.O_TRUNC | os.O_EXCL))
        if not made and not flags & os.O_WRONLY:
            self.read(path)
        if made or flags & (os.O_WRONLY | os.O_RDWR):
            self.wrote(path, whole=made)

    def read(self, path: Any) -> None:
        """Note that a file is read, or was looked for in vain."""
        source = _absolute(path)
        if source in self._covered or source in self._written or "__pycache__" in source:
            return
        kind, name = self._places.of(source)
        if kind in (ENVIRONMENT, OWN) or name in self._seen:
            return
        state = state_of(source)
        if state or (kind == PROJECT and not os.path.lexists(source)):
            self._add(name, Seen(source, state, None))

    def wrote(self, path: Any, *, whole: bool) -> None:
        """Note that a file is about to be written: what was read of it before is what counts, if anything was."""
        source = _absolute(path)
        name = self._places.of(source)[1]
        if name in self._seen:
            if self._seen[name].digest is None:
                self._add(name, self._seen[name]._replace(digest=self._digest(name)))
        elif whole:
            self._written.add(source)
        if os.path.islink(source) and self._places.of(source)[0] == PROJECT and self._places.is_own(source):
            behind = os.path.realpath(source)
            os.unlink(source)  # what it leads to is the user's own
            if not whole:
                shutil.copyfile(behind, source)

    def _gone(self, path: Any) -> None:
        """Take in that a file, or all in a folder, is about to go: what was read of it before is what counts."""
        source = _absolute(path)
        for name, seen in list(self._seen.items()):
            if seen.digest is None and (seen.source == source or seen.source.startswith(source + os.sep)):
                self._add(name, seen._replace(digest=self._digest(name)))

    def _listed(self, path: Any) -> None:
        if isinstance(path, int):
            return
        name = os.path.join(_absolute(path), "")
        if name not in self._seen and self._places.of(name)[0] == PROJECT and not self._places.is_hidden(name):
            self._add(name, Seen(name, None, ""))  # before it is listed here, which is an event again
            self._add(name, Seen(name, None, digest_of(name)))

    def _is_import(self) -> bool:
        """Tell whether a module of the environment is being imported: TensorFlow asks programs what the machine is."""
        frame: Any = sys._getframe(2)
        while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
            if self.is_ours(frame.f_code.co_filename):
                return False
            frame = frame.f_back
        return frame is not None

    def note(self, sentence: str) -> None:
        """Note in a sentence what could not be seen."""
        if sentence not in self._notes:
            self._notes[sentence] = None
            self._write(["", sentence, None, None])

    def is_ours(self, path: str) -> bool:
        """Tell whether a file is not the environment's."""
        return self._places.of(_absolute(path))[0] != ENVIRONMENT

    def told(self) -> Dict[str, Any]:
        """Stop, and return what was read, as the fields of an answer's header.

        Raises Changed where a file that was read has changed since by another hand.
        """
        self._on = False
        for module in list(sys.modules.values()):
            if type(module) is ModuleType:  # a lazy one would be imported by a look at it
                path = module.__dict__.get("__file__") or getattr(module.__dict__.get("__spec__"), "origin", None)
                if isinstance(path, str) and os.path.isfile(path):
                    self.read(path)
        return self.recover()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Note nothing meanwhile: what is done then is none of the trial's doing."""
        self._on = False
        try:
            yield
        finally:
            self._on = True

    def recover(self) -> Dict[str, Any]:
        """Return the same of what was written down, by a trial that died too, or by its forks; raises Changed too."""
        self._take_in()
        names = sorted(self._seen)
        return {
            "read": [[name, self._digest(name)] for name in names],
            "outside": [name for name in names if self._places.is_outside(name)],
            "notes": list(self._notes),
        }

    def settle(self) -> None:
        """Take the digests of all that was noted by now, by forks too: the files that it is of are about to go."""
        self._take_in()
        for name, seen in list(self._seen.items()):
            if seen.digest is None:
                self._add(name, seen._replace(digest=self._digest(name)))

    def _take_in(self) -> None:
        """Know what was written down: by a trial that died, or by forks of this process."""
        known = set(self._seen)  # by this process itself, and as it stands by now
        with contextlib.suppress(OSError), open(self._log, "rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):  # the last one may have been cut off
                    name, source, state, digest = json.loads(line.decode("ascii"))
                    if name in known:
                        continue
                    if name:
                        self._seen[name] = Seen(source, tuple(state) if state else None, digest)
                    else:
                        self._notes[source] = None

    def _add(self, name: str, seen: Seen) -> None:
        self._seen[name] = seen
        self._write([name, *seen])

    def _write(self, line: List[Any]) -> None:
        """Write a line; the file is closed in between, since a model may close whatever it finds open."""
        with contextlib.suppress(OSError):
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(log, json.dumps(line).encode("ascii") + b"\n")
            os.close(log)

    def _digest(self, name: str) -> str:
        seen = self._seen[name]
        if seen.digest is not None:
            return seen.digest
        digest = digest_of(seen.source)
        if state_of(seen.source) != seen.state:
            shown = os.path.relpath(name, self._places.project) if self._places.project else name
            raise Changed("{}{} changed during the run; run again".format(self._label, shown))
        return digest


def digest_of(path: str) -> str:
    """Return SHA-256 of a file's bytes, empty where it cannot be read; of a folder, with a separator behind it, names.

    Its names are sorted, each with a zero byte behind it; hidden ones, and compiled modules, do not count.
    """
    state = sha256()
    with contextlib.suppress(OSError):
        if path.endswith(os.sep):
            for name in sorted(os.listdir(path)):
                if not name.startswith(".") and name != "__pycache__":
                    state.update(os.fsencode(name) + b"\0")
            return state.hexdigest()
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                state.update(chunk)
        return state.hexdigest()
    return ""


def state_of(path: str) -> State:
    """Return what tells that a file was changed; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))
