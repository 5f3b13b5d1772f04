"""The files that TensorFlow and h5py open by themselves, noted where their paths leave Python.

Each place is one that every release from 2.8 on has, or where an older one has the same. What is called there is called
as before, with the same arguments. A path that is made in a graph, or comes out of a dataset, is not known there: then
that is noted.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import sys
from typing import Any, Callable, Iterator, List, Sequence

from .importing import import_within
from .reads import BY_TENSORFLOW, Reads
from .watch.patching import replace_everywhere

MOST_SHARDS = 33
"""More shards of one checkpoint than that are not looked for."""

Look = Callable[[Reads, Sequence[Any], Any], None]
"""What is noted of a call, given its arguments and the first that may be a path."""


def watch(reads: Reads) -> None:
    """Have what TensorFlow and h5py open be noted: at once, or as soon as they are imported."""
    wraps = {"tensorflow": _wrap_tensorflow, "h5py": _wrap_h5py}

    @contextlib.contextmanager
    def importing(name: str) -> Iterator[None]:
        yield
        wraps[name](reads)

    for name, wrap in wraps.items():
        if name in sys.modules:
            wrap(reads)
    import_within({name: importing for name in wraps if name not in sys.modules})


def _wrap_tensorflow(reads: Reads) -> None:
    for place, name, look, position, parameter in TENSORFLOW:
        holder = sys.modules.get("tensorflow.python." + place)
        *owners, last = name.split(".")
        for owner in owners:
            holder = getattr(holder, owner, None)
        if holder is not None and hasattr(holder, last):
            _wrap(holder, last, reads, look, (position, parameter))
    readers = sys.modules.get("tensorflow.python.training.py_checkpoint_reader")
    if readers:
        readers.CheckpointReader = _noting_reader(readers.CheckpointReader, reads)  # type: ignore[attr-defined]
    # Up to 2.1 a function makes one, and stands in the API by itself.
    make: Any = getattr(sys.modules.get("tensorflow.python.pywrap_tensorflow"), "NewCheckpointReader", None)
    if make:
        replace_everywhere({make: _noting_maker(make, reads)})


def _wrap_h5py(reads: Reads) -> None:
    file = sys.modules["h5py"].File
    usual = file.__init__

    @functools.wraps(usual)
    def init(self: Any, name: Any, mode: Any = "r", *arguments: Any, **named: Any) -> None:
        if isinstance(name, (str, bytes)) or hasattr(name, "__fspath__"):
            if mode in ("r", "r+", "a", None):
                _named(reads, name)
            if mode not in ("r", None):
                reads.wrote(name, whole=mode not in ("r+", "a"))
        usual(self, name, mode, *arguments, **named)

    file.__init__ = init


def _wrap(holder: Any, name: str, reads: Reads, look: Look, path: "tuple[int, str]") -> None:
    """Have a call be looked at before it is made; ``path`` is where an argument stands, and its name."""
    usual = getattr(holder, name)
    position, parameter = path

    @functools.wraps(usual)
    def call(*arguments: Any, **named: Any) -> Any:
        given = arguments[position] if len(arguments) > position else named.get(parameter)
        try:
            look(reads, arguments, given)
        except Exception:  # whatever was given: what becomes of it is for the call itself
            reads.note(BY_TENSORFLOW)
        return usual(*arguments, **named)

    setattr(holder, name, call)


def _noting_reader(usual: Any, reads: Reads) -> Any:
    """Return the class of checkpoint readers as one that notes the files; it goes on to hold the class's functions."""

    class CheckpointReader(usual):  # type: ignore[misc]  # of a class that is known at run time only
        def __init__(self, prefix: Any) -> None:
            _checkpoint(reads, (), prefix)
            super().__init__(prefix)

    return CheckpointReader


def _noting_maker(usual: Callable[[Any], Any], reads: Reads) -> Callable[[Any], Any]:
    """Return the function that makes a checkpoint reader as one that notes the files."""

    @functools.wraps(usual)
    def make(filepattern: Any) -> Any:
        _checkpoint(reads, (), filepattern)
        return usual(filepattern)

    return make


def _file_io(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note what a `FileIO` is about to open for reading."""
    del given
    if not arguments[0]._read_buf:
        _named(reads, arguments[0].name)


def _file_io_write(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note what a `FileIO` is about to open for writing."""
    del given
    if not arguments[0]._writable_file:
        reads.wrote(os.fsdecode(arguments[0].name), whole="w" in arguments[0].mode)


def _checkpoint(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note the files of a checkpoint: an index and its shards, or in the oldest form one file."""
    del arguments
    for prefix in _paths(reads, given):
        if not os.path.exists(prefix + ".index"):
            _named(reads, prefix)
            continue
        _named(reads, prefix + ".index")
        for count in range(1, MOST_SHARDS):
            shards = ["{}.data-{:05}-of-{:05}".format(prefix, number, count) for number in range(count)]
            for path in filter(os.path.exists, shards):
                _named(reads, path)


def _files(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note files whose names are given in any way that TensorFlow takes."""
    del arguments
    for path in _paths(reads, given):
        _named(reads, path)


def _pattern(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note the files that patterns match: TensorFlow will read them from a dataset of their names."""
    del arguments
    for pattern in _paths(reads, given):
        for path in glob.glob(pattern):
            _named(reads, path)


def _unseen(reads: Reads, arguments: Sequence[Any], given: Any) -> None:
    """Note that something is read from a folder or a queue of names that only TensorFlow knows."""
    del arguments
    if given is not None and given != "":
        reads.note(BY_TENSORFLOW)


TENSORFLOW = (
    ("lib.io.file_io", "FileIO._preread_check", _file_io, 0, "self"),
    ("lib.io.file_io", "FileIO._prewrite_check", _file_io_write, 0, "self"),
    ("lib.io.file_io", "_pywrap_file_io.CopyFile", _files, 0, "src"),
    ("lib.io.file_io", "pywrap_tensorflow.CopyFile", _files, 0, "src"),  # up to 2.1
    ("ops.gen_io_ops", "read_file", _files, 0, "filename"),
    ("ops.gen_io_ops", "matching_files", _pattern, 0, "pattern"),
    ("ops.io_ops", "ReaderBase.__init__", _unseen, 1, "reader_ref"),
    ("ops.lookup_ops", "TextFileInitializer.__init__", _files, 1, "filename"),
    ("data.ops.readers", "_create_or_validate_filenames_dataset", _files, 0, "filenames"),
    ("data.experimental.ops.readers", "CsvDatasetV2.__init__", _files, 1, "filenames"),
    ("data.ops.load_op", "_LoadDataset.__init__", _unseen, 1, "path"),
    ("data.experimental.ops.io", "_LoadDataset.__init__", _unseen, 1, "path"),  # up to 2.9
    ("data.ops.cache_op", "CacheDataset.__init__", _unseen, 2, "filename"),
    ("data.ops.dataset_ops", "CacheDataset.__init__", _unseen, 2, "filename"),  # up to 2.9
    ("framework.load_library", "py_tf.TF_LoadLibrary", _files, 0, "library_filename"),
    ("training.saver", "Saver.restore", _checkpoint, 2, "save_path"),
)
"""Module below `tensorflow.python`, what is called in it, what is noted, and which argument may be a path."""


def _named(reads: Reads, path: Any) -> None:
    """Note one file by its name; where it lies on no file system of this machine, that."""
    scheme, separator, rest = os.fsdecode(path).rpartition("://")
    if separator and scheme != "file":
        reads.note(BY_TENSORFLOW)
    else:
        reads.read(rest)


def _paths(reads: Reads, given: Any) -> List[str]:
    """Return the paths that are given; where one is not known in Python, note that."""
    found = []
    for path in _flat(given):
        if isinstance(path, (str, bytes)):
            found.append(os.fsdecode(path))
        else:
            reads.note(BY_TENSORFLOW)
    return found


def _flat(given: Any) -> Iterator[Any]:
    """Yield strings of a string, path, list, array or tensor; something else for what is not known."""
    if isinstance(given, (str, bytes)):
        yield given
    elif hasattr(given, "__fspath__"):
        yield os.fspath(given)
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _flat(one)
    elif type(given).__module__ == "numpy":
        yield from given.ravel().tolist()
    else:
        yield from _constant(given)


def _constant(tensor: Any) -> Iterator[Any]:
    """Yield the strings of a tensor, or None where they are not known before it runs."""
    value: Any = None
    with contextlib.suppress(Exception):  # of what is no tensor
        value = sys.modules["tensorflow.python.framework.tensor_util"].constant_value(tensor)
    if type(value).__module__ == "numpy":
        yield from value.ravel().tolist()
    else:
        yield value  # a string, or None
