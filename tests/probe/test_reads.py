"""What a trial rests on, without a release: which files are noted when they are opened, and which are not."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from .adopted import importing, outcomes, reads, tensorflow_files

SEEN: list[Any] = []
"""Who hears the interpreter's events; a hook cannot be taken away again, so there is one for all of these tests."""


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Pass an event on."""
    for one in SEEN:
        one.hear(event, arguments)


sys.addaudithook(hear)


def sha256(content: bytes) -> str:
    """Return the digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a model and files."""
    project = tmp_path / "project"
    for name in ("models/m.py", "row.txt", "data/one.csv", "data/.hidden"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name, encoding="utf-8")
    (tmp_path / "elsewhere.txt").write_text("elsewhere", encoding="utf-8")
    return project


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Return a trial's own folder."""
    (tmp_path / "scratch" / "here").mkdir(parents=True)
    return tmp_path / "scratch"


@pytest.fixture
def start(project: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Return a function that begins to note what is read; the tests' own modules are no part of it."""
    monkeypatch.setattr(sys, "addaudithook", lambda hook: SEEN.append(hook.__self__), raising=False)
    monkeypatch.setenv("HOME", str(scratch.parent / "home"))
    kept = dict(sys.modules)

    def started(**further: Any) -> Any:
        request = {"path": str(project / "models" / "m.py"), "project": str(project), **further}
        (scratch / reads.LOG).unlink(missing_ok=True)
        noted = reads.Reads(request, str(scratch))
        noted.start()
        return noted

    yield started
    SEEN.clear()
    for name in set(sys.modules) - set(kept):
        del sys.modules[name]


def told(noted: Any, project: Path) -> dict[str, str]:
    """Return what was read, by path from the project, without modules of the tests and of what runs them."""
    return {
        os.path.relpath(path, project): digest
        for path, digest in noted.told()["read"]
        if path.startswith(str(project.parent))
    }


def test_what_python_opens_is_noted_with_its_digest(start: Callable[..., Any], project: Path) -> None:
    """However a file is opened for reading, its path from the root and the digest of its bytes are told."""
    noted = start()
    (project / "row.txt").read_text(encoding="utf-8")
    os.close(os.open(os.fsencode(project / "data" / ".." / "data" / "one.csv"), os.O_RDONLY))
    (project.parent / "elsewhere.txt").read_bytes()
    sqlite3.connect(project / "data" / ".hidden").close()
    assert told(noted, project) == {
        "row.txt": sha256(b"row.txt"),
        "data/one.csv": sha256(b"data/one.csv"),
        "data/.hidden": sha256(b"data/.hidden"),
        "../elsewhere.txt": sha256(b"elsewhere"),
    }
    outside = [path for path in noted.told()["outside"] if path.startswith(str(project.parent))]
    assert outside == [str(project.parent / "elsewhere.txt")]


def test_a_path_from_the_working_folder_is_where_it_was_then(
    start: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is taken from where the process is when it opens it."""
    noted = start()
    monkeypatch.chdir(project / "data")
    Path("one.csv").read_bytes()
    monkeypatch.chdir(project)
    assert list(told(noted, project)) == ["data/one.csv"]


def test_a_link_is_noted_by_its_own_name(start: Callable[..., Any], project: Path) -> None:
    """What a link in the project leads to has the link's path; behind a link from elsewhere, it is the file's."""
    (project / "link.txt").symlink_to(project.parent / "elsewhere.txt")
    (project.parent / "way").symlink_to(project)
    noted = start()
    (project / "link.txt").read_bytes()
    (project.parent / "way" / "row.txt").read_bytes()
    assert told(noted, project) == {"link.txt": sha256(b"elsewhere"), "row.txt": sha256(b"row.txt")}
    assert not [path for path in noted.told()["outside"] if Path(path).name in ("link.txt", "elsewhere.txt")]


def test_what_is_known_otherwise_is_not_noted(start: Callable[..., Any], project: Path, scratch: Path) -> None:
    """The model, the kernel's files, those of the environment, of the trial and of its home, and artefacts are not."""
    (project.parent / "home").mkdir()
    (project / "artefact").mkdir()
    for path in (scratch / "here" / "own.txt", project.parent / "home" / "keras.json", project / "artefact" / "w.h5"):
        path.write_text("own", encoding="utf-8")
    noted = start(artefact=str(project / "artefact"))
    for path in (scratch / "here" / "own.txt", project.parent / "home" / "keras.json", project / "artefact" / "w.h5"):
        path.read_bytes()
    for path in (project / "models" / "m.py", Path("/proc/self/stat"), Path("/dev/null"), Path(os.__file__)):
        with path.open("rb"):
            pass
    with open(os.open("/dev/null", os.O_RDONLY), "rb"):  # noqa: PTH123  # a descriptor
        pass
    assert told(noted, project) == {}
    others = [path for path, _ in noted.told()["read"]]
    assert not [path for path in others if path.startswith(("/proc", "/dev")) or path == os.__file__]


def test_the_innermost_folder_counts(start: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project within the environment's folder is the user's, and an environment within the project is not."""
    environment = project / ".venv"
    environment.mkdir()
    (environment / "module.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "base_prefix", str(project.parent))
    monkeypatch.setattr(sys, "prefix", str(environment))
    noted = start()
    for path in (project / "row.txt", environment / "module.py", project.parent / "elsewhere.txt"):
        path.read_bytes()
    assert list(told(noted, project)) == ["row.txt"]


def test_what_a_trial_writes_is_its_own(start: Callable[..., Any], project: Path) -> None:
    """What it wrote whole and reads again is not noted; what it read and then writes is, as it was before."""
    noted = start()
    (project / "made.txt").write_text("made", encoding="utf-8")
    (project / "made.txt").read_bytes()
    (project / "row.txt").read_bytes()
    (project / "row.txt").write_text("other", encoding="utf-8")
    with (project / "data" / "one.csv").open("r+", encoding="utf-8") as file:
        file.write("another")
    with (project / "log.txt").open("a", encoding="utf-8") as file:
        file.write("a line")
    assert told(noted, project) == {"row.txt": sha256(b"row.txt"), "data/one.csv": sha256(b"data/one.csv")}


def test_what_was_looked_for_in_vain_is_noted(start: Callable[..., Any], project: Path) -> None:
    """A file of the project that is not there has the empty digest; one elsewhere is left out."""
    noted = start()
    for path in (project / "settings.json", project.parent / "settings.json"):
        with pytest.raises(FileNotFoundError):
            path.read_bytes()
    assert told(noted, project) == {"settings.json": ""}


def test_the_names_of_a_folder_are_noted(start: Callable[..., Any], project: Path) -> None:
    """A folder that is listed rests on its names, hidden ones and compiled modules aside; one elsewhere is left out."""
    (project / "data" / "__pycache__").mkdir()
    (project / ".git" / "x").mkdir(parents=True)
    noted = start()
    assert sorted(path.name for path in project.glob("data/*.csv")) == ["one.csv"]
    for folder in (project / ".git", project.parent):
        assert list(folder.iterdir())
    assert told(noted, project) == {"data": sha256(b"one.csv\0")}
    assert [path for path, _ in noted.told()["read"] if path.startswith(str(project))] == [f"{project}/data/"]


@pytest.mark.parametrize("change", ["edited", "gone", "there now"])
def test_a_file_that_changes_meanwhile_gives_no_result(start: Callable[..., Any], project: Path, change: str) -> None:
    """What another hand did to a file since it was read is told, with the model and the file."""
    noted = start()
    path = project / "data" / "one.csv"
    if change == "there now":
        path.unlink()
        with pytest.raises(FileNotFoundError):
            path.read_bytes()
    else:
        path.read_bytes()
    SEEN.clear()
    if change == "gone":
        path.unlink()
    else:
        path.write_text("edited by somebody", encoding="utf-8")
    with pytest.raises(outcomes.Changed, match=r"^m\.py, line 1: data/one\.csv changed during the run; run again$"):
        noted.told()


@pytest.mark.parametrize("written", ["whole", "cut off"])
def test_what_a_dead_trial_read_is_in_its_folder(
    start: Callable[..., Any], project: Path, scratch: Path, written: str
) -> None:
    """The keeper reads what a trial wrote down, whose last line may be torn."""
    noted = start()
    (project / "row.txt").read_bytes()
    (project / "data" / "one.csv").write_text("made", encoding="utf-8")
    assert list((project / "data").iterdir())
    noted.note("something could not be seen")
    if written == "cut off":
        with (scratch / reads.LOG).open("a", encoding="ascii") as log:
            log.write('["/torn')
    SEEN.clear()
    request = {"path": str(project / "models" / "m.py"), "project": str(project)}
    found = reads.Reads(request, str(scratch)).recover()
    assert found == {
        "read": [[str(project / "data") + "/", sha256(b"one.csv\0")], [str(project / "row.txt"), sha256(b"row.txt")]],
        "outside": [],
        "notes": ["something could not be seen"],
    }
    assert reads.Reads(request, str(project)).recover() == {"read": [], "outside": [], "notes": []}


def test_a_file_of_the_working_folder_is_the_projects(
    start: Callable[..., Any], project: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put there from the project is told by the project's path, as it was before the trial wrote to it."""
    (scratch / "here" / "data").mkdir()
    for name in ("row.txt", "data/one.csv", "own.txt"):
        (scratch / "here" / name).write_text(name, encoding="utf-8")
    monkeypatch.chdir(scratch / "here")
    noted = start(files=["row.txt", "data/one.csv"])
    Path("row.txt").read_bytes()
    Path("row.txt").write_text("other", encoding="utf-8")
    Path("data/one.csv").read_bytes()
    Path("own.txt").read_bytes()
    assert told(noted, project) == {"row.txt": sha256(b"row.txt"), "data/one.csv": sha256(b"data/one.csv")}


def in_a_working_folder(project: Path, scratch: Path) -> Path:
    """Return a working folder with a copy of one file of the project, and a link to another."""
    work = scratch / "work"
    (work / "data").mkdir(parents=True)
    (work / "row.txt").write_bytes((project / "row.txt").read_bytes())
    (work / "data" / "one.csv").symlink_to(project / "data" / "one.csv")
    return work


@pytest.mark.parametrize("mode", ["w", "a", "r+"])
def test_a_linked_file_is_copied_before_it_is_written(
    start: Callable[..., Any], project: Path, scratch: Path, mode: str
) -> None:
    """A file too large to be copied beforehand stays as the user has it, whatever a script does to it."""
    work = in_a_working_folder(project, scratch)
    noted = start(files=["row.txt", "data/one.csv"])
    with (work / "data" / "one.csv").open(mode, encoding="utf-8") as file:
        file.write("mine")
    assert told(noted, project) == ({} if mode == "w" else {"data/one.csv": sha256(b"data/one.csv")})
    assert (project / "data" / "one.csv").read_text(encoding="utf-8") == "data/one.csv"
    after = {"w": "mine", "a": "data/one.csvmine", "r+": "mine/one.csv"}[mode]
    assert (work / "data" / "one.csv").read_text(encoding="utf-8") == after


@pytest.mark.parametrize("how", ["remove", "rename", "rename over", "rmtree"])
def test_what_a_script_reads_and_throws_away_is_noted_as_it_was(
    start: Callable[..., Any], project: Path, scratch: Path, how: str
) -> None:
    """Its own copy is gone by the end, and that is no change by another hand."""
    work = in_a_working_folder(project, scratch)
    noted = start(files=["row.txt", "data/one.csv"])
    (work / "row.txt").read_bytes()
    if how == "remove":
        (work / "row.txt").unlink()
    elif how == "rename":
        (work / "row.txt").rename(work / "other.txt")
    elif how == "rename over":
        (work / "own.txt").write_text("own", encoding="utf-8")
        (work / "own.txt").rename(work / "row.txt")
    else:
        shutil.rmtree(work)
    assert told(noted, project) == {"row.txt": sha256(b"row.txt")}


def test_a_process_is_said_to_be_unseen(start: Callable[..., Any]) -> None:
    """Where a trial starts a process, its files may not have been seen, which is said once."""
    noted = start()
    os.system("true")  # no text of anybody's
    os.system("true")
    assert noted.told()["notes"] == [reads.BY_PROCESS]


def test_a_process_that_an_import_starts_is_not_said(
    start: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment's own modules ask of the machine while they are imported is no matter, and later it is."""
    source = "import sys\ndef ask():\n    sys.noted.hear('os.system', ())\nask()\n"  # as the interpreter would
    (project.parent / "environment").mkdir()
    (project.parent / "environment" / "asks_programs.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "base_prefix", str(project.parent / "environment"))
    monkeypatch.syspath_prepend(str(project.parent / "environment"))
    monkeypatch.setattr(sys, "noted", noted := start(), raising=False)
    module = importlib.import_module("asks_programs")
    assert noted.told()["notes"] == []
    monkeypatch.setattr(sys, "noted", noted := start())
    module.ask()
    assert noted.told()["notes"] == [reads.BY_PROCESS]


def test_what_a_fork_reads_is_the_trials(start: Callable[..., Any], project: Path) -> None:
    """A process that was forked writes down what it reads, and the trial tells it with its own."""
    noted = start()
    (project / "row.txt").read_bytes()
    child = os.fork()
    if child == 0:
        try:
            (project / "data" / "one.csv").read_bytes()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with noted.aside():
        (project / "data" / ".hidden").read_bytes()
    assert told(noted, project) == {"row.txt": sha256(b"row.txt"), "data/one.csv": sha256(b"data/one.csv")}


def test_python_without_events_says_so(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interpreter tells nothing, the answer says what has been seen."""
    monkeypatch.delattr(sys, "addaudithook")
    assert start().told()["notes"] == [reads.BY_PYTHON]


def test_nothing_that_an_event_carries_is_an_error(start: Callable[..., Any]) -> None:
    """A hook that raised would be an error of the model's."""
    noted = start()
    for arguments in ((b"a\0b", "r", 0), (None, "r", 0), ("a", "r"), ()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(noted, "_on", True)
            if len(arguments) == 3:
                noted.hear("open", arguments)
    assert noted.told()["outside"] is not None


def test_modules_are_noted_at_the_end(start: Callable[..., Any], project: Path) -> None:
    """A module from outside the environment is noted however it came in, and a lazy one is left alone."""

    class Lazy(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    (project / "ours.py").write_text("SCALE = 1\n", encoding="utf-8")
    sys.modules["ours_lazy"] = Lazy("ours_lazy")
    noted = start()
    SEEN.clear()
    spec = importlib.util.spec_from_file_location("ours_of_tests", project / "ours.py")
    assert spec
    assert spec.loader
    sys.modules["ours_of_tests"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert told(noted, project) == {"ours.py": sha256(b"SCALE = 1\n")}


@pytest.fixture
def own_importing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a test changes of how modules are imported."""
    loader = importing.SourceFileLoader
    monkeypatch.setattr(loader, "get_code", loader.get_code)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_module_is_compiled_from_its_source(
    start: Callable[..., Any], project: Path, own_importing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled file that looks as new as its source stands for no module of the user's, and for one of another's."""
    del own_importing
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    noted = start()
    for name in ("ours_compiled", "theirs_compiled"):
        path = project / f"{name}.py"
        path.write_text("SCALE = 1\n", encoding="utf-8")
        written = path.stat()
        sys.path.insert(0, str(project))
        importlib.invalidate_caches()
        importlib.import_module(name)
        del sys.modules[name]
        path.write_text("SCALE = 2\n", encoding="utf-8")
        os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    importing.compile_from_source(lambda path: "ours" in path)
    assert importlib.import_module("ours_compiled").SCALE == 2
    assert importlib.import_module("theirs_compiled").SCALE == 1
    assert noted.is_ours(str(project / "ours_compiled.py"))
    assert not noted.is_ours(os.__file__)


def test_what_lies_beside_a_model_is_found(project: Path, own_importing: None) -> None:
    """Modules and packages of its folder are, before others, and neither the model itself nor a folder without code."""
    del own_importing
    models = project / "models"
    for name in ("_beside_one.py", "_beside_two/__init__.py", "_beside_none/data.txt", "below/_beside_deep.py"):
        (models / name).parent.mkdir(exist_ok=True)
        (models / name).write_text("SCALE = 7\n", encoding="utf-8")
    importing.find_beside(str(models / "m.py"))
    try:
        assert importlib.import_module("_beside_one").SCALE == importlib.import_module("_beside_two").SCALE == 7
        for name in ("_beside_none", "_beside_deep", "m"):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(name)
    finally:
        for name in ("_beside_one", "_beside_two"):
            sys.modules.pop(name, None)


class Tensor:
    """A tensor, whose value may be known."""

    def __init__(self, value: Any) -> None:
        self.value = value


class FileIO:
    """TensorFlow's file, as far as it opens one."""

    def __init__(self, name: Any, mode: str) -> None:
        self.name, self.mode, self._read_buf, self._writable_file = name, mode, None, None

    def _preread_check(self) -> str:
        return "opened"

    def _prewrite_check(self) -> str:
        return "opened"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return a function of a place that returns it in a stand-in of TensorFlow, which was imported already."""

    def constant_value(tensor: Tensor) -> Any:
        return np.array(tensor.value, object) if isinstance(tensor.value, list) else tensor.value

    def returns(*arguments: Any, **named: Any) -> Any:
        return arguments, named

    class CheckpointReader:
        def __init__(self, prefix: Any) -> None:
            self.prefix = prefix

    class CacheDataset:
        def __init__(self, dataset: Any, filename: Any = "") -> None:
            self.told = dataset, filename

    class Saver:
        def restore(self, session: Any, save_path: Any) -> Any:
            return session, save_path

    places = {
        "framework.tensor_util": {"constant_value": constant_value},
        "lib.io.file_io": {"FileIO": FileIO, "_pywrap_file_io": SimpleNamespace(CopyFile=returns)},
        "ops.gen_io_ops": {"read_file": returns, "matching_files": returns},
        "data.ops.readers": {"_create_or_validate_filenames_dataset": returns},
        "data.ops.cache_op": {"CacheDataset": CacheDataset},
        "training.py_checkpoint_reader": {"CheckpointReader": CheckpointReader},
        "training.saver": {"Saver": Saver},
    }
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(FileIO, "_preread_check", FileIO._preread_check)
    monkeypatch.setattr(FileIO, "_prewrite_check", FileIO._prewrite_check)
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    for place, names in places.items():
        module: Any = ModuleType(place)
        module.__dict__.update(names)
        monkeypatch.setitem(sys.modules, f"tensorflow.python.{place}", module)
    return lambda place: sys.modules[f"tensorflow.python.{place}"]


def test_what_tensorflow_is_given_is_noted(
    start: Callable[..., Any], project: Path, release: Callable[[str], Any]
) -> None:
    """Paths as text, bytes, paths, lists, arrays and tensors are noted, and the call is made with what was given."""
    names = [f"{number}.csv" for number in range(8)]
    for name in names:
        (project / name).write_text(name, encoding="utf-8")
    one, two, three, four, five, six, seven, _ = (str(project / name) for name in names)
    noted = start()
    tensorflow_files.watch(noted)
    ops = release("ops.gen_io_ops")
    assert ops.read_file(one, name="n") == ((one,), {"name": "n"})
    assert ops.read_file(filename=two.encode()) == ((), {"filename": two.encode()})
    for held in (Tensor([three]), Tensor(three.encode())):
        assert ops.read_file(held) == ((held,), {})
    dataset = release("data.ops.readers")._create_or_validate_filenames_dataset
    given = [Path(four), np.array([five])]
    assert dataset(given) == ((given,), {})
    assert FileIO("file://" + six, "r")._preread_check() == "opened"
    release("lib.io.file_io")._pywrap_file_io.CopyFile(seven, str(project / "copy"), True)
    ops.matching_files(str(project / "[7].csv"))
    assert list(told(noted, project)) == [".", *names]
    assert noted.told()["notes"] == []


def test_what_only_a_graph_knows_is_said_not_to_be_seen(
    start: Callable[..., Any], release: Callable[[str], Any]
) -> None:
    """A tensor without a value, a dataset of names, another file system and a cache are said, and the calls made."""
    ops, dataset = release("ops.gen_io_ops"), release("data.ops.readers")
    cache = release("data.ops.cache_op").CacheDataset
    calls: tuple[Callable[[], Any], ...] = (
        lambda: ops.read_file(Tensor(None)),
        lambda: ops.read_file("gs://bucket/file"),
        lambda: dataset._create_or_validate_filenames_dataset(object()),
        lambda: cache("dataset", "a file"),
        lambda: cache("dataset", filename="a file"),
    )
    for call in calls:
        noted = start()
        with pytest.MonkeyPatch.context() as patch:
            for holder, name in ((ops, "read_file"), (dataset, "_create_or_validate_filenames_dataset")):
                patch.setattr(holder, name, getattr(holder, name))
            patch.setattr(cache, "__init__", cache.__init__)
            tensorflow_files.watch(noted)
            call()
        assert noted.told()["notes"] == [reads.BY_TENSORFLOW]
    noted = start()
    tensorflow_files.watch(noted)
    cache("dataset", "")
    cache("dataset")
    assert noted.told()["notes"] == []


def test_files_of_checkpoints_are_noted(
    start: Callable[..., Any], project: Path, release: Callable[[str], Any]
) -> None:
    """A prefix means an index and its shards, or in the oldest form one file."""
    for name in ("a.index", "a.data-00000-of-00002", "a.data-00001-of-00002", "b.index", "b.data-00000-of-00001", "c"):
        (project / name).write_text(name, encoding="utf-8")
    noted = start()
    tensorflow_files.watch(noted)
    reader = release("training.py_checkpoint_reader").CheckpointReader(str(project / "a").encode())
    assert reader.prefix == str(project / "a").encode()
    saver = release("training.saver").Saver()
    assert saver.restore("session", str(project / "b")) == ("session", str(project / "b"))
    saver.restore("session", save_path=str(project / "c"))
    assert list(told(noted, project)) == [
        "a.data-00000-of-00002", "a.data-00001-of-00002", "a.index", "b.data-00000-of-00001", "b.index", "c",
    ]  # fmt: skip


def test_what_tensorflow_writes_is_the_trials_own(
    start: Callable[..., Any], project: Path, release: Callable[[str], Any]
) -> None:
    """A file that TensorFlow wrote, and one that it has open already, are not noted when they are read."""
    del release
    noted = start()
    tensorflow_files.watch(noted)
    made, held = FileIO(str(project / "made"), "w"), FileIO(str(project / "row.txt"), "r")
    made._prewrite_check()
    (project / "made").write_bytes(b"made")
    FileIO(str(project / "made"), "r")._preread_check()
    held._read_buf = object()  # type: ignore[assignment]
    held._preread_check()
    made._writable_file = object()  # type: ignore[assignment]
    made.name = str(project / "row.txt")
    made._prewrite_check()
    held._read_buf = None
    held._preread_check()
    assert list(told(noted, project)) == ["row.txt"]


@pytest.mark.parametrize("imported", ["before", "later"])
def test_h5py_is_watched_whenever_it_is_imported(
    start: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch, imported: str
) -> None:
    """A file that h5py opens is noted by its mode, also where h5py is imported in the trial itself."""
    source = "class File:\n    def __init__(self, name, mode='r', **named):\n        self.told = name, mode, named\n"
    (project.parent / "h5py.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.syspath_prepend(str(project.parent))
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    monkeypatch.delitem(sys.modules, "h5py", raising=False)
    if imported == "before":
        importlib.import_module("h5py")
    for name in ("a", "b", "c"):
        (project / name).write_text(name, encoding="utf-8")
    noted = start()
    tensorflow_files.watch(noted)
    h5py: Any = importlib.import_module("h5py")
    for name, mode in (("a", "r"), ("b", "r+"), ("c", "w"), ("c", "r")):
        assert h5py.File(str(project / name), mode, track=1).told == (str(project / name), mode, {"track": 1})
    h5py.File(project / "row.txt")
    h5py.File(object())
    assert {"a", "b", "row.txt"} == set(told(noted, project)) - {"../h5py.py"}


def test_a_log_has_a_line_for_each_file(start: Callable[..., Any], project: Path, scratch: Path) -> None:
    """A file that is opened often is written down once, and a folder that is gone stops nothing."""
    start()
    for _ in range(3):
        (project / "row.txt").read_bytes()
    lines = (scratch / reads.LOG).read_text(encoding="ascii").splitlines()
    assert [json.loads(line)[0] for line in lines if str(project) in line] == [str(project / "row.txt")]


def test_to_look_for_a_module_is_not_to_import_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script may ask whether a library is there before it imports it: that is met all the same, and once."""
    (tmp_path / "a_library_of_ours.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    met: list[str] = []

    @contextlib.contextmanager
    def within(name: str) -> Iterator[None]:
        yield
        met.append(name)

    importing.import_within({"a_library_of_ours": within})
    for _ in range(2):
        assert importlib.util.find_spec("a_library_of_ours") is not None
        importlib.import_module("a_library_of_ours")
    monkeypatch.delitem(sys.modules, "a_library_of_ours")
    importlib.import_module("a_library_of_ours")
    monkeypatch.delitem(sys.modules, "a_library_of_ours")
    assert met == ["a_library_of_ours"]
