"""An environment is what its packages' RECORDs say, to the last file, when it is made and whenever it is used."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tfmatrix.environments import contents, making
from tfmatrix.errors import Unavailable
from tfmatrix.records import InstalledEnvironment

from .tiny import TINY, Bench, create_venv, recorded


def make(bench: Bench) -> InstalledEnvironment:
    """Make the tiny environment, again where it is not current."""
    return making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=create_venv)


def is_current(bench: Bench) -> bool:
    """Return whether the tiny environment stands as it was made."""
    return making.installed(TINY, bench.folder, [bench.lock_folder]) is not None


@pytest.fixture
def site(bench: Bench) -> Path:
    """Return where the packages of a tiny environment are that was just made."""
    bench.write_lock()
    make(bench)
    assert is_current(bench)
    (place,) = bench.folder.glob("lib/python*/site-packages")
    return place


def test_an_edited_file_is_found_whatever_its_time(bench: Bench, site: Path) -> None:
    """A module of other bytes makes an environment stale, of the same size and set back in time too; it is remade."""
    module = site / "tiny.py"
    before = module.stat()
    module.write_text("one = 2\n", encoding="utf-8")
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not is_current(bench)
    make(bench)
    assert is_current(bench)
    assert module.read_text(encoding="utf-8") == "one = 1\n"


@pytest.mark.parametrize("name", ["sitecustomize.py", "more.pth", "json.py", "tiny/__init__.py", "tiny.so"])
def test_a_file_that_no_package_has_is_found(bench: Bench, site: Path, name: str) -> None:
    """What Python would find or run among the packages, and no RECORD lists, makes an environment stale; it goes."""
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("import os\n", encoding="utf-8")
    assert not is_current(bench)
    make(bench)
    assert is_current(bench)
    assert not (site / name).exists()


def test_a_file_of_two_packages_is_that_of_either(tmp_path: Path) -> None:
    """`tensorflow` and `tensorflow-cpu` have files of one name and other bytes, and the last one stands."""
    place = tmp_path / "lib/python3.10/site-packages"
    texts = {"tensorflow": "of the one\n", "tensorflow_cpu": "of the other\n"}
    for name, text in texts.items():
        info = place / f"{name}-2.16.2.dist-info"
        info.mkdir(parents=True)
        (info / "RECORD").write_text(f"shared.py,sha256={recorded(text)},{len(text)}\n", encoding="utf-8")
    for text in texts.values():
        (place / "shared.py").write_text(text, encoding="utf-8")
        assert contents.differing(tmp_path) == {}
    (place / "shared.py").write_text("of nobody\n", encoding="utf-8")
    assert contents.differing(tmp_path) == {"lib/python3.10/site-packages/shared.py": "tensorflow-2.16.2.dist-info"}


def test_what_lies_there_before_the_packages_goes(bench: Bench) -> None:
    """What the tool that made the virtual environment put among the packages is no part of what the lock says."""
    bench.write_lock()

    def with_more(folder: Path, interpreter: Path) -> None:
        create_venv(folder, interpreter)
        (next(folder.glob("lib/python*/site-packages")) / "sitecustomize.py").write_text("x = 1\n")

    making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=with_more)
    assert is_current(bench)
    assert not list(bench.folder.rglob("sitecustomize*"))


@pytest.mark.parametrize("name", ["tiny.py", "tensorflow_cpu-2.15.1.dist-info/RECORD"])
def test_half_deleted_is_remade(bench: Bench, site: Path, name: str) -> None:
    """An environment that lacks a file is stale, and whole after the next making."""
    (site / name).unlink()
    assert not is_current(bench)
    make(bench)
    assert is_current(bench)
    assert (site / name).is_file()


@pytest.mark.parametrize("change", ["system packages", "another Python"])
def test_what_else_decides_which_modules_are_found_counts(bench: Bench, site: Path, change: str) -> None:
    """The description of the virtual environment and its links are looked at as its packages are."""
    if change == "system packages":
        described = bench.folder / "pyvenv.cfg"
        described.write_text(described.read_text().replace("packages = false", "packages = true"))
    else:
        interpreter = bench.folder / "bin" / "python"
        interpreter.unlink()
        interpreter.symlink_to("/usr/bin/env")
    assert not is_current(bench)


def test_a_compiled_file_is_what_was_compiled_at_the_making(bench: Bench, site: Path) -> None:
    """Modules are compiled when the environment is made; a compiled file that is another makes it stale."""
    (compiled,) = (site / "__pycache__").glob("tiny.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:-1] + b"x")
    assert not is_current(bench)


def test_a_compiled_file_that_somebody_left_is_removed(bench: Bench, site: Path) -> None:
    """A process that writes bytecode where none was changes no result, and costs no making."""
    left = site / "__pycache__" / "tiny.cpython-310.opt-1.pyc"
    left.write_bytes(b"anything")
    assert is_current(bench)
    assert not left.exists()


def test_the_same_bytes_written_again_are_the_same(bench: Bench, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was touched is read once more, and once only: an environment may come out of an archive."""
    os.utime(site / "tiny.py")
    assert is_current(bench)
    monkeypatch.setattr(contents, "_digest", lambda path: pytest.fail(f"{path} was read again"))
    assert is_current(bench)


def test_nothing_is_read_where_nothing_changed(bench: Bench, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look before a run costs no reading of files."""
    monkeypatch.setattr(contents, "_digest", lambda path: pytest.fail(f"{path} was read"))
    assert is_current(bench)


@pytest.mark.parametrize("note", ["", "[]", "null", '{"tiny.py": 3}', "\x00"])
def test_a_note_that_is_none_is_not_believed(bench: Bench, site: Path, note: str) -> None:
    """Without a note that can be read nothing is known of the files, so the environment is made again."""
    (bench.folder / contents.NOTE).write_text(note)
    assert not is_current(bench)


def test_an_environment_is_no_link_into_the_cache(bench: Bench, site: Path) -> None:
    """An edit in place stays in its environment: the next one that is made has the package's own file."""
    assert (site / "tiny.py").stat().st_nlink == 1
    with (site / "tiny.py").open("r+") as module:
        module.write("one = 3\n")
    make(bench)
    assert (site / "tiny.py").read_text(encoding="utf-8") == "one = 1\n"


def test_an_edited_cache_gives_no_environment(bench: Bench, site: Path, tmp_path: Path) -> None:
    """What uv's cache holds is held against the RECORD too; the reason says which package to clean out of it."""
    (cached,) = (tmp_path / "cache").rglob("tiny.py")
    cached.write_text("one = 4\n", encoding="utf-8")
    (site / "tiny.py").unlink()
    with pytest.raises(Unavailable, match=r"site-packages/tiny\.py.* `uv cache clean tensorflow_cpu`, and run again"):
        make(bench)
    assert not is_current(bench)


def test_a_pipe_among_the_files_is_not_waited_for(bench: Bench, site: Path) -> None:
    """What is no file is found and never read."""
    (site / "tiny.py").unlink()
    os.mkfifo(site / "tiny.py")
    assert not is_current(bench)
    make(bench)
    assert is_current(bench)


def test_several_looks_at_once_see_the_same(bench: Bench, site: Path) -> None:
    """Several processes start at once, each looks, and what one of them removes or notes is no change to another."""
    for number in range(20):
        (site / "__pycache__" / f"left{number}.pyc").touch()
        os.utime(site / "tiny.py")
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(lambda _: is_current(bench), range(8)))
    assert not list(bench.folder.glob(".tfmatrix*"))
