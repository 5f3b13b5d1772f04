"""What runs on a worker of a fleet: a batch of trials of one process, in a copy of the project."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from distributed import get_worker
from distributed.utils import sync
from filelock import FileLock

from tfmatrix.config import Config
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.errors import sentence
from tfmatrix.keys import probe_source, source_digest
from tfmatrix.records import ExpectedTrial, Feed, FromStart, Replay, Reread
from tfmatrix.runner import wire
from tfmatrix.runner.events import Finished
from tfmatrix.runner.observing import Files, observe
from tfmatrix.runner.temporary import HeldFolder

FOLDER = "TFMATRIX_FOLDER"
"""The variable that names the folder in which a worker keeps environments and copies of projects."""

MOST_SECONDS = 60.0
"""After so long a worker answers with the trials that are over, one at least; what is left is asked for again.

So a worker that dies loses little, and importing TensorFlow again takes a twentieth of the time.
"""

MOST_BYTES = 1 << 28
"""Of tensors that one answer holds: what is left of its batch then is asked for again."""


def folder() -> Path:
    """Return the folder in which the workers of this machine keep environments and copies of projects."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(FOLDER) or cache / "tfmatrix").absolute()


def machine_class() -> str:
    """Return the class of this machine: trials of two classes are never compared."""
    return machine_id(this_machine())


@cache
def program() -> str:
    """Return the digest of tfmatrix's source: records travel, and another tfmatrix may have others."""
    source = Path(__file__).parents[1]
    return source_digest((path.relative_to(source).as_posix(), path) for path in sorted(source.rglob("*.py")))


def python() -> str:
    """Return the version of this Python, such as ``3.11``: what one pickles, another need not be able to read."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def resource(machine: str) -> str:
    """Return what a machine class with this tfmatrix and this Python is called among Dask's resources."""
    return "-".join(["tfmatrix", machine[:16], program()[:16], python()])


INTRODUCE = f"__import__('importlib').import_module({__name__!r}).introduce()"
"""What has a worker introduce itself, as text: a worker that can't unpickle what it is sent closes, as Dask has it."""


def introduce() -> None:
    """Have a worker tell its scheduler what it is: a resource, as much of it as the worker has threads."""
    worker = get_worker()
    sync(worker.loop, worker.set_resources, **{resource(machine_class()): worker.state.nthreads})


class Order(NamedTuple):
    """What a worker is to do."""

    digest: str
    """Of the project's archive."""
    trials: Sequence[ExpectedTrial]
    """Of one process."""
    config: Config
    files: Files
    """What lies in the working folder of each model."""
    handed: Mapping[str, bytes]
    """What trials are handed, by the paths that they name."""


def run(order: Order, project: bytes) -> bytes:
    """Run trials in a copy of a project, a tar archive; return what became of them as `wire` has it."""
    worker = get_worker()
    task = worker.get_current_task()

    def is_wanted() -> bool:
        """Return whether whoever asked still waits: its futures are cancelled when it ends."""
        state = worker.state.tasks.get(task)
        return state is not None and state.state == "executing"

    told: list[wire.Said] = []
    try:
        told.extend(said(order, project, is_wanted))
    except Exception as error:  # said as data: Dask would have it unpickled where it was asked
        told.append(wire.refused(sentence(f"the worker failed: {type(error).__name__}: {error}")))
    return wire.to_bytes(worker.address, told)


def said(order: Order, project: bytes, is_wanted: Callable[[], bool]) -> Iterator[wire.Said]:
    """Yield what there is to say of an order, as long as somebody wants to know."""
    covers = dict(order.trials[0].covers)
    if covers["probe"] != probe_source():
        yield wire.refused("the worker has another tfmatrix; install the same one there.")
        return
    if covers["machine"] != machine_class():
        yield wire.refused("the worker is a machine of another class.")
        return
    here = replace(order.config, root=_unpacked(order.digest, project), machine=this_machine(), jobs=1, on="")
    held = HeldFolder("handed")
    given = [_given(expected, order.handed, held.path) for expected in order.trials]
    size, begun = 0, time.monotonic()
    happening = observe(given, here, order.files)
    try:
        for event in happening:
            if told := wire.say(event, given):
                yield told
            if isinstance(event, Finished):
                size += sum(len(one.data) for one in event.tensors.values())
                if size > MOST_BYTES or time.monotonic() - begun > MOST_SECONDS:
                    return
            if not is_wanted():
                return
    finally:
        happening.close()  # which ends every process


def _given(expected: ExpectedTrial, handed: Mapping[str, bytes], place: Path) -> ExpectedTrial:
    """Return a trial with the file of what it is handed on this machine."""
    work = expected.work
    if not isinstance(work, FromStart | Reread | Replay | Feed) or not work.handed:
        return expected
    file = place / Path(work.handed).name
    if not file.exists():
        file.write_bytes(handed[work.handed])
    return replace(expected, work=replace(work, handed=str(file)))


def _unpacked(digest: str, project: bytes) -> Path:
    """Return the copy of a project on this machine; its environments are those of all projects here."""
    base = folder()
    root = base / "projects" / digest
    (base / "environments").mkdir(parents=True, exist_ok=True)
    root.parent.mkdir(exist_ok=True)
    with FileLock(root.with_suffix(".lock")):
        if not root.exists():
            partial = root.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            with tarfile.open(fileobj=io.BytesIO(project)) as archive:
                if hasattr(tarfile, "data_filter"):  # not in the first patches of Python 3.10 and 3.11
                    archive.extraction_filter = tarfile.data_filter
                archive.extractall(partial)  # noqa: S202  # whoever sends it has this very program run
            (partial / ".nox").symlink_to(base / "environments")
            partial.rename(root)
    return root
