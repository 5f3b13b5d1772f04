"""Lock files: what is refused, what is found, and what the committed ones hold."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.records import Environment, Package

from .tiny import PYTHON, TINY, TINY_UNCAPPED, Bench, write_source, write_wheel

HASH = "--hash=sha256:" + "a" * 64
MACHINE = re.compile(r"://|index-url|find-links|/\w+/|\\\\|@")  # an address, an option of an index, a path
COMMITTED = sorted(locks.OWN_LOCKS.glob("*.txt"))


def read(tmp_path: Path, text: str) -> locks.Lock:
    """Write a lock file and read it."""
    path = tmp_path / "some.txt"
    path.write_text(text, encoding="utf-8")
    return locks.read_lock(path)


def test_a_lock_is_its_packages_its_digest_and_its_kind(tmp_path: Path) -> None:
    """Packages come sorted, under canonical names; continued lines are one; the digest is of the bytes."""
    text = f"# kind: as of 2022-06-01\nZeta==1.0 \\\n    {HASH} \\\n    {HASH}\nA_b.c==2.0.post1 {HASH}\n"
    lock = read(tmp_path, text)
    assert lock.packages == (Package("a-b-c", "2.0.post1"), Package("zeta", "1.0"))
    assert lock.kind == "as of 2022-06-01"
    assert lock.digest == hashlib.sha256(text.encode()).hexdigest() == locks.digest(tmp_path / "some.txt")


@pytest.mark.parametrize(
    "line",
    [
        "numpy==1.26.4",
        f"numpy>=1.26.4 {HASH}",
        f"numpy {HASH}",
        "numpy==1.26.4 --hash=sha256:abc",
        f"numpy==1.26.4 --hash=md5:{'a' * 32}",
        f"numpy==1.26.4 ; python_version > '3.8' {HASH}",
        f"--index-url https://example.org/simple\nnumpy==1.26.4 {HASH}",
        f"numpy @ https://example.org/numpy.whl {HASH}",
        f"-r other.txt\nnumpy==1.26.4 {HASH}",
        f"numpy==1.26.4 {HASH}\nNumPy==1.26.4 {HASH}",
        "",
        "# nothing but a comment",
    ],
)
def test_a_lock_that_does_not_lock_is_refused(tmp_path: Path, line: str) -> None:
    """A line without exact version and hashes, an option, an address, a repetition or nothing is refused."""
    with pytest.raises(Unavailable, match=r"lock file some\.txt"):
        read(tmp_path, f"# kind: today\n{line}\n")


def test_a_lock_without_its_kind_is_refused(tmp_path: Path) -> None:
    """A lock that does not say whether it is today's resolution or an older day's is refused."""
    with pytest.raises(Unavailable, match="does not say its kind"):
        read(tmp_path, f"numpy==1.26.4 {HASH}\n")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """A lock that cannot be read as text is refused, not raised as a decoding error."""
    (tmp_path / "some.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Unavailable, match="cannot be read"):
        locks.read_lock(tmp_path / "some.txt")


def test_a_lock_of_another_release_is_refused(bench: Bench) -> None:
    """A lock that does not hold what its environment names is refused."""
    other = Environment("2.15.0", python=TINY.python)
    with pytest.raises(Unavailable, match=r"does not hold tensorflow-cpu 2\.15\.0"):
        locks.read_lock_of(other, bench.write_lock())


def test_the_projects_own_lock_comes_first(tmp_path: Path) -> None:
    """A lock in the user's folder is taken before the one that comes with tfmatrix."""
    environment = Environment("2.15.1")
    assert locks.find_lock(environment, [tmp_path]).parent == locks.OWN_LOCKS
    own = tmp_path / "tensorflow-cpu-2.15.1-py310.txt"
    own.touch()
    assert locks.find_lock(environment, [tmp_path]) == own


def test_a_missing_lock_names_the_command_that_makes_it(tmp_path: Path) -> None:
    """Where no folder has the lock, the message is the command that makes it."""
    with pytest.raises(Unavailable, match=r"`tfmatrix lock 2\.15\.1\+keras-2\.15\.0 --python 3\.10 --.*` makes it"):
        locks.find_lock(Environment("2.15.1", (Package("keras", "2.15.0"),)), [tmp_path])


def test_a_resolution_that_fails_writes_nothing_and_says_why(bench: Bench) -> None:
    """Where uv finds no solution, its reason is the message, without addresses, and no file appears."""
    with pytest.raises(
        Unavailable, match=r"2\.15\.1 on Python .* cannot be locked: No solution found.*numpy"
    ) as caught:
        locks.make_lock(TINY, Path(sys.executable), bench.lock_folder)  # the registry has no NumPy for the cap
    assert "://" not in str(caught.value)
    assert list(bench.lock_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("day", "saying"), [("2022-02-30", "'2022-02-30' is no day"), ("9999-12-31", "9999-12-31 is the last day there is")]
)
def test_a_day_that_is_none_is_refused(bench: Bench, day: str, saying: str) -> None:
    """An as-of day that no calendar has is the user's mistake, told before anything is resolved."""
    with pytest.raises(UserError, match=saying):
        locks.make_lock(TINY, Path(sys.executable), bench.lock_folder, as_of=day)


def test_a_made_lock_is_hashed_and_names_no_machine(bench: Bench) -> None:
    """A lock that was made holds hashes, its kind and its command, and no registry, path or trial file."""
    path = locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder)
    assert path == locks.find_lock(TINY_UNCAPPED, [bench.lock_folder])
    assert locks.read_lock(path).packages == (Package("tensorflow-cpu", "2.18.1"),)
    text = path.read_text(encoding="utf-8")
    assert "# kind: today\n# made by: tfmatrix lock 2.18.1\n" in text
    assert not MACHINE.search(text)
    assert list(bench.lock_folder.iterdir()) == [path]


def test_what_cuda_consists_of_is_locked_with_its_hashes(bench: Bench) -> None:
    """The extra brings it, and is in no name of a file; without the extra none of it is there."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1", "tensorflow", needs="cudnn; extra == 'and-cuda'\nProvides-Extra: and-cuda")
    write_wheel(wheels, "9.3", "cudnn")
    tensorflow, cudnn = Package("tensorflow", "2.18.1"), Package("cudnn", "9.3")
    for distribution, packages in (("tensorflow", (tensorflow,)), ("tensorflow[and-cuda]", (cudnn, tensorflow))):
        environment = replace(TINY_UNCAPPED, distribution=distribution)
        path = locks.make_lock(environment, Path(sys.executable), bench.lock_folder)
        assert locks.read_lock_of(environment, path).packages == packages
        assert all(hashes for hashes in locks.read_hashes(path).values())
        assert f"# distribution: {distribution}\n" in path.read_text(encoding="utf-8")
        assert not MACHINE.search(path.read_text(encoding="utf-8"))
    assert [each.name.partition("-py")[0] for each in sorted(bench.lock_folder.iterdir())] == [
        "tensorflow-2.18.1",
        "tensorflow-and-cuda-2.18.1",
    ]


def test_the_command_that_makes_a_lock_can_be_pasted() -> None:
    """A shell takes brackets for a pattern of files."""
    command = locks.command(Environment("2.15.1", distribution="tensorflow[and-cuda]"))
    assert command == "tfmatrix lock 2.15.1 --python 3.10 --distribution 'tensorflow[and-cuda]'"


def test_a_keras_that_is_named_is_locked_whatever_tensorflow_asks_for(bench: Bench) -> None:
    """An older Keras kept beside a newer TensorFlow tells whose a change is; the lock has its hash like any other."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1", needs="keras<3")
    write_wheel(wheels, "3.5.0", "keras")
    with pytest.raises(Unavailable, match=r"No solution found.*keras"):
        locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder)
    path = locks.make_lock(
        replace(TINY_UNCAPPED, further=(Package("keras", "3.5.0"),)), Path(sys.executable), bench.lock_folder
    )
    assert locks.read_lock(path).packages == (Package("keras", "3.5.0"), Package("tensorflow-cpu", "2.18.1"))
    assert all(hashes for hashes in locks.read_hashes(path).values())


def test_any_other_package_is_held_and_never_added(bench: Bench) -> None:
    """A package that is installed anyway is installed at the version that is named; another one is not installed."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1", needs="mine<3")
    for version in ("1.0", "2.0", "3.0"):
        write_wheel(wheels, version, "mine")
    write_wheel(wheels, "1.0", "kears")
    path = locks.make_lock(_holding("mine", "1.0"), Path(sys.executable), bench.lock_folder)
    assert locks.read_lock(path).packages == (Package("mine", "1.0"), Package("tensorflow-cpu", "2.18.1"))
    with pytest.raises(Unavailable, match=r"No solution found.*mine"):
        locks.make_lock(_holding("mine", "3.0"), Path(sys.executable), bench.lock_folder)
    with pytest.raises(Unavailable, match=r"it installs no kears, so there is nothing to hold at 1\.0"):
        locks.make_lock(_holding("kears", "1.0"), Path(sys.executable), bench.lock_folder)


def _holding(*packages: str) -> Environment:
    return replace(TINY_UNCAPPED, further=(Package(*packages),))


def test_what_can_be_held_at_once_is_found(bench: Bench) -> None:
    """All of it where that goes; else each that goes with those before it."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1", needs="mine")
    write_wheel(wheels, "1.0", "mine", needs="other<2")
    for version in ("1.0", "2.0"):
        write_wheel(wheels, version, "other")
    mine, old, new = Package("mine", "1.0"), Package("other", "1.0"), Package("other", "2.0")
    assert locks.holdable(TINY_UNCAPPED, [mine, old]) == (mine, old)
    assert locks.holdable(TINY_UNCAPPED, [mine, new]) == (mine,)
    assert locks.holdable(TINY_UNCAPPED, []) == ()
    assert list(bench.lock_folder.iterdir()) == []
    with pytest.raises(Unavailable, match="cannot be locked"):
        locks.holdable(replace(TINY_UNCAPPED, tensorflow="2.19.1"), [mine])


def test_the_files_of_a_long_name_are_called_by_its_digest(tmp_path: Path) -> None:
    """Many packages held would give a name that no file has; each choice still has a file of its own."""
    many = tuple(Package(f"package-{number}", "1.0") for number in range(30))
    first, second = (locks.stem(replace(TINY_UNCAPPED, further=some)) for some in (many, many[1:]))
    assert first != second
    assert first.startswith("tensorflow-cpu-2.18.1+30-packages-")
    (tmp_path / f"{first}.txt").touch()


def test_a_nightly_build_of_keras_stands_in_for_its_releases(bench: Bench) -> None:
    """It has a name of its own, and what it is imported as too: neither is locked beside the other."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1", needs="keras>=3.5")
    write_wheel(wheels, "3.5.0", "keras")
    write_wheel(wheels, "3.7.0.dev2024110803", "keras_nightly")
    write_wheel(wheels, "2.21.0.dev20251118", "tf_nightly_cpu", needs="keras-nightly>=3.6.0.dev0")
    day = Package("keras", "3.7.0.dev2024110803")
    environment = replace(TINY_UNCAPPED, further=(day,))
    path = locks.make_lock(environment, Path(sys.executable), bench.lock_folder)
    assert path.name.startswith("tensorflow-cpu-2.18.1+keras-3.7.0.dev2024110803-py3")
    own = Package("keras-nightly", day.version)
    assert locks.read_lock_of(environment, path).packages == (own, Package("tensorflow-cpu", "2.18.1"))
    nightly = Environment("2.21.0.dev20251118", distribution="tf-nightly-cpu", python=TINY.python)
    released = replace(nightly, further=(Package("keras", "3.5.0"),))
    for one, keras in ((nightly, own), (released, released.further[0])):
        lock = locks.read_lock(locks.make_lock(one, Path(sys.executable), bench.lock_folder))
        assert lock.packages == (keras, Package("tf-nightly-cpu", nightly.tensorflow))
    with pytest.raises(Unavailable, match=r"does not hold keras-nightly 3\.7\.0\.dev2024110803"):
        locks.read_lock_of(environment, locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder))


@pytest.mark.parametrize("version", ["2.18.1", "2.19.0.dev2024092709"])
def test_what_a_keras_2_needs_of_tensorflow_is_the_one_of_its_environment(bench: Bench, version: str) -> None:
    """Builds of a day ask for a TensorFlow of a day, and releases for a release."""
    wheels = bench.lock_folder.parent / "wheels"
    write_wheel(wheels, "2.18.1")
    write_wheel(wheels, "2.18.1", "tensorflow")
    write_wheel(wheels, "2.19.0.dev20240927", "tf_nightly_cpu")
    write_wheel(wheels, "2.19.0.dev20240927", "tf_nightly")
    write_wheel(wheels, "2.18.1", "tf_keras", needs="tensorflow>=2.18")
    write_wheel(wheels, "2.19.0.dev2024092709", "tf_keras_nightly", needs="tf-nightly>=2.19.0.dev0")
    day = Environment("2.19.0.dev20240927", distribution="tf-nightly-cpu", python=TINY.python)
    for one in (TINY_UNCAPPED, day):
        environment = replace(one, further=(Package("tf-keras", version),))
        lock = locks.read_lock_of(environment, locks.make_lock(environment, Path(sys.executable), bench.lock_folder))
        named = {Package(one.distribution, one.tensorflow), catalogue.as_installed(*environment.further)}
        beside = {Package("tensorflow", "2.18.1")} if (one, version) == (TINY_UNCAPPED, "2.18.1") else set()
        assert {*lock.packages} == named | beside


def test_making_a_lock_twice_gives_the_same_bytes(bench: Bench) -> None:
    """An unchanged resolution keeps its digest, so nothing that rests on it becomes stale."""
    first = locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder).read_bytes()
    assert locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder).read_bytes() == first


def test_a_lock_is_of_the_requirements_that_it_was_made_for(bench: Bench) -> None:
    """What a project needs is locked with the release and stands in the lock, which is none for other requirements."""
    write_wheel(bench.lock_folder.parent / "wheels", "1.2", "mine")
    wanted = replace(TINY_UNCAPPED, requirements=("mine>=1",), constraints=("mine<2",))
    path = locks.find_or_make_lock(wanted, [bench.lock_folder])
    lock = locks.read_lock(path)
    assert Package("mine", "1.2") in lock.packages
    assert lock.requires == locks.requires(wanted) == ("mine>=1", "-c mine<2")
    assert locks.find_or_make_lock(wanted, [bench.lock_folder]) == path
    assert not locks.has_lock(replace(wanted, requirements=("mine>=1", "other")), [bench.lock_folder])
    with pytest.raises(Unavailable, match=r"has no lock file for these requirements; `tfmatrix lock 2\.18\.1"):
        locks.find_lock(replace(wanted, requirements=()), [bench.lock_folder])


def test_a_lock_of_tfmatrix_s_own_is_none_for_a_project_with_requirements() -> None:
    """What comes with tfmatrix holds no package of a project's."""
    assert locks.has_lock(Environment("2.15.1"), [])
    assert not locks.has_lock(Environment("2.15.1", requirements=("pandas",)), [])


def test_a_requirement_that_cannot_be_met_is_the_reason(bench: Bench) -> None:
    """What the resolver says of a project's requirement is why the environment is unavailable; no lock is written."""
    wanted = replace(TINY_UNCAPPED, python=PYTHON, requirements=("nowhere>=1",))
    with pytest.raises(Unavailable, match=r"2\.18\.1 on Python .* cannot be locked: No solution found.*nowhere"):
        locks.find_or_make_lock(wanted, [bench.lock_folder])
    assert list(bench.lock_folder.iterdir()) == []


@pytest.mark.parametrize("version", catalogue.RELEASES)
def test_every_release_has_a_committed_lock(version: str) -> None:
    """Each listed release has a lock of today's kind for Python 3.10 that holds that release."""
    lock = locks.read_lock_of(Environment(version), locks.find_lock(Environment(version), []))
    assert lock.kind == "today"


@pytest.mark.parametrize("version", catalogue.OLD_RELEASES)
def test_every_old_release_has_a_committed_lock(version: str) -> None:
    """Each has a lock for the Python that it takes beside Python 3.10, with what builds what has to be built."""
    found = catalogue.release(version)
    python = found.python_beside("3.10")
    wanted = catalogue.parse_environment(version, distribution="tensorflow-cpu", python=python)
    lock = locks.read_lock_of(wanted, locks.find_lock(wanted, []))
    assert lock.kind == "today"
    needed = {*found.built, *(locks.BUILDERS if found.built else ())}
    assert needed <= {package.name for package in lock.packages}


def test_what_has_no_wheel_is_locked_only_where_a_release_names_it(bench: Bench) -> None:
    """A package that is offered as source alone is refused; a release that says that it builds it locks its source."""
    wheels = bench.lock_folder.parent / "wheels"
    write_source(wheels, "gast", "0.2.2")
    for builder in locks.BUILDERS:
        write_wheel(wheels, "1.0", builder)
    write_wheel(wheels, "2.18.1", needs="gast==0.2.2")
    with pytest.raises(Unavailable, match=r"2\.18\.1 on Python .* cannot be locked: No solution found.*gast"):
        locks.make_lock(TINY_UNCAPPED, Path(sys.executable), bench.lock_folder)
    for capped, version in (("numpy", "1.18.5"), ("protobuf", "3.19.6"), ("h5py", "2.10.0")):
        write_wheel(wheels, version, capped)
    write_wheel(wheels, "1.15.5", "tensorflow", needs="gast==0.2.2")
    wanted = Environment("1.15.5", distribution="tensorflow", python=PYTHON)
    path = locks.make_lock(wanted, Path(sys.executable), bench.lock_folder)
    names = {package.name for package in locks.read_lock(path).packages}
    assert {"gast", "setuptools", "wheel", "tensorflow"} <= names


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_committed_lock_names_no_registry_and_no_machine(path: Path) -> None:
    """No committed lock holds an address, a path, an option of an index or a package without hashes."""
    text = path.read_text(encoding="utf-8")
    assert not MACHINE.search(text)
    assert len(locks.read_lock(path).packages) > 20


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_committed_lock_is_called_what_it_holds(path: Path) -> None:
    """A lock file's name, its header and the TensorFlow that it locks agree."""
    header = dict(re.findall(r"^# (\w+): (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    environment = catalogue.parse_environment(
        header["environment"], distribution=header["distribution"], python=header["python"]
    )
    assert path.stem == locks.stem(environment)
    assert locks.read_lock_of(environment, path)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_committed_lock_keeps_to_the_caps(path: Path) -> None:
    """A cap that was added since is in the lock too: one that was made before it has to be made anew."""
    packages = {package.name: package.version for package in locks.read_lock(path).packages}
    version = packages.get("tensorflow-cpu") or packages["tensorflow"]
    for cap in map(Requirement, catalogue.release(version).caps):
        assert cap.specifier.contains(packages[cap.name])
