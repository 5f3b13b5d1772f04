"""Making an environment for real from a tiny wheel, and telling when it is no longer current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfmatrix.environments import locks, making
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment, InstalledEnvironment, Package

from .tiny import TINY, Bench, create_venv


def make(bench: Bench) -> InstalledEnvironment:
    """Make the tiny environment."""
    return making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=create_venv)


def current(bench: Bench, environment: Environment = TINY) -> InstalledEnvironment | None:
    """Return the tiny environment as it stands."""
    return making.installed(environment, bench.folder, [bench.lock_folder])


def never(folder: Path, interpreter: Path) -> None:
    """Fail the test: nothing was to be made."""
    pytest.fail("an environment that is current was made again")


def test_what_is_made_is_what_the_lock_says(bench: Bench) -> None:
    """A made environment states its packages, its Python and its lock, and is found again."""
    lock = locks.read_lock(bench.write_lock())
    made = make(bench)
    assert made.packages == lock.packages == (Package("tensorflow-cpu", "2.15.1"),)
    assert (made.lock_digest, made.lock_kind) == (lock.digest, "today")
    assert made.python_version.startswith(TINY.python)
    assert current(bench) == made


def test_what_is_current_is_not_made_again(bench: Bench) -> None:
    """Making twice makes once."""
    bench.write_lock()
    made = make(bench)
    again = making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=never)
    assert again == made


def test_an_environment_is_one_by_whatever_link_it_is_reached(bench: Bench, tmp_path: Path) -> None:
    """Through a link to nox's folder nothing is made again, and the interpreter is the same."""
    bench.write_lock()
    made = make(bench)
    (tmp_path / "link").symlink_to(bench.folder.parent)
    linked = tmp_path / "link" / bench.folder.name
    assert making.make(TINY, folder=linked, lock_folders=[bench.lock_folder], create_venv=never) == made


def test_a_wrong_hash_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose bytes are not those of the lock is not installed, whatever the shell tells uv."""
    monkeypatch.setenv("UV_NO_VERIFY_HASHES", "1")
    bench.write_lock("0" * 64)
    with pytest.raises(Unavailable, match=r"2\.15\.1 cannot be installed from .*: .*[Hh]ash"):
        make(bench)
    assert current(bench) is None
    assert not list(bench.folder.rglob("tiny.py"))


def test_a_package_that_is_gone_is_told(bench: Bench) -> None:
    """A lock that no longer installs makes its environment unavailable, with uv's reason."""
    bench.write_lock(more=f"withdrawn==1.0 --hash=sha256:{'a' * 64}\n")
    with pytest.raises(Unavailable, match=r"cannot be installed .*withdrawn"):
        make(bench)
    assert current(bench) is None


def test_half_an_environment_is_never_taken_for_one(bench: Bench) -> None:
    """Stopped while it is made again, an environment has no stamp, and is whole after the next making."""
    bench.write_lock()
    make(bench)
    bench.write_lock(more="# changed\n")

    def stopped(folder: Path, interpreter: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=stopped)
    assert not (bench.folder / making.STAMP).exists()
    assert current(bench) is None
    assert make(bench) == current(bench)


def test_something_beside_the_lock_is_refused(bench: Bench) -> None:
    """An environment that holds more than its lock is not taken."""
    bench.write_lock()

    def with_more(folder: Path, interpreter: Path) -> None:
        create_venv(folder, interpreter)
        site = next(folder.glob("lib/python*/site-packages"))
        (site / "stray-1.0.dist-info").mkdir()
        (site / "stray-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: stray\nVersion: 1.0\n")

    with pytest.raises(Unavailable, match=r"differs from .* in stray"):
        making.make(TINY, folder=bench.folder, lock_folders=[bench.lock_folder], create_venv=with_more)
    assert current(bench) is None


def test_what_is_removed_is_none_any_more(bench: Bench) -> None:
    """Nothing is left of it, and it can be made again."""
    bench.write_lock()
    made = make(bench)
    assert making.is_there(bench.folder)
    making.remove(bench.folder)
    assert not bench.folder.exists()
    assert not making.is_there(bench.folder)
    assert make(bench) == made


def test_what_could_not_be_removed_whole_is_taken_for_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stamp goes first."""
    bench.write_lock()
    make(bench)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    making.remove(bench.folder)
    assert bench.folder.is_dir()
    assert current(bench) is None


def test_a_changed_lock_makes_it_stale(bench: Bench) -> None:
    """One changed byte of the lock is enough."""
    bench.write_lock()
    make(bench)
    bench.write_lock(more="# changed\n")
    assert current(bench) is None


@pytest.mark.parametrize("change", ["another version", "one more", "one less"])
def test_another_package_makes_it_stale(bench: Bench, change: str) -> None:
    """What somebody put into an environment, or took out of it, is not taken for what the lock says."""
    bench.write_lock()
    make(bench)
    (described,) = bench.folder.glob("lib/python*/site-packages/tensorflow_cpu-*.dist-info/METADATA")
    text = described.read_text(encoding="utf-8")
    if change == "another version":
        described.write_text(text.replace("Version: 2.15.1", "Version: 2.15.0"), encoding="utf-8")
    elif change == "one more":
        other = described.parents[1] / "keras-3.3.3.dist-info"
        other.mkdir()
        (other / "METADATA").write_text("Name: keras\nVersion: 3.3.3\n", encoding="utf-8")
    else:
        described.unlink()
    assert current(bench) is None


def test_a_lost_interpreter_makes_it_stale(bench: Bench) -> None:
    """Where the Python beneath is gone, the environment is not taken for made."""
    bench.write_lock()
    make(bench)
    (bench.folder / "bin" / "python").unlink()
    assert current(bench) is None


def test_a_moved_folder_is_stale(bench: Bench) -> None:
    """A virtual environment does not survive being moved, and is not taken for made in its new place."""
    bench.write_lock()
    make(bench)
    moved = bench.folder.rename(bench.folder.with_name("elsewhere"))
    assert making.installed(TINY, moved, [bench.lock_folder]) is None


@pytest.mark.parametrize("stamp", ["", "[]", "{}", "null", '{"schema": 1}', '{"schema": 1, "environment": 3}', "\x00"])
def test_a_stamp_that_is_none_is_not_believed(bench: Bench, stamp: str) -> None:
    """A torn or foreign stamp means that nothing is made, and never an error."""
    bench.write_lock()
    bench.folder.mkdir(parents=True)
    (bench.folder / making.STAMP).write_text(stamp)
    assert current(bench) is None


def test_a_stamp_of_another_schema_is_not_believed(bench: Bench) -> None:
    """A stamp of a newer or older tfmatrix means: make it again."""
    bench.write_lock()
    make(bench)
    path = bench.folder / making.STAMP
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": making.SCHEMA + 1}))
    assert current(bench) is None


def test_folders_tell_pythons_and_distributions_apart(tmp_path: Path) -> None:
    """Environments that differ in anything that is chosen lie in different folders."""
    environments = [
        Environment("2.8.4"),
        Environment("2.8.4", python="3.7"),
        Environment("2.8.4", distribution="tensorflow"),
        Environment("2.8.4", (Package("numpy", "1.22.0"),)),
    ]
    assert len({making.folder_of(environment, tmp_path) for environment in environments}) == 4
