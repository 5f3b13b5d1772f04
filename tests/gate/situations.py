"""Situations of pins: what the last commit has, and what is staged; and what uv would install from either."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pins.projects import write
from stub_index import write_wheel
from tfmatrix.environments import uv
from tfmatrix.environments.locks import PLATFORM

PYTHON = "3.10"
Files = Mapping[str, str]
Truth = Mapping[str, frozenset[str]]
"""What uv is given, and what it would install of what moves with TensorFlow; ``refused`` where it installs nothing."""

_WATCHED = re.compile(
    r"^ \+ ((?:intel-)?(?:tensorflow(?!-text)|tf-nightly|tf-keras|keras(?!-cv)|numpy)\S*.*)$", re.MULTILINE
)
TABLE = '[tool.tfmatrix]\nversions = ["2.15.1", "2.16.2"]\n'


@dataclass(frozen=True)
class Situation:
    """A project before and after a change is staged."""

    name: str
    before: Files
    staged: Files
    red: str = ""
    """What is told of it where uv has nothing to say of it, or says nothing against it; a pattern."""
    moves: bool = False
    """Whether it moves what is installed by a tool that is not there to be asked."""


def _pair(name: str, both: Iterable[Files], red: str = "", *, moves: bool = False) -> Situation:
    """Return the situation of two projects."""
    before, staged = both
    return Situation(name, before, staged, red, moves)


def truth(files: Files) -> Truth:
    """Return what uv would install from each of a project's files that something is installed from."""
    return _truth(tuple(sorted(files.items())))


@functools.cache
def _truth(files: tuple[tuple[str, str], ...]) -> Truth:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, dict(files))
        return {" ".join(words): _would(words, root) for words in _typed(dict(files))}


def _typed(files: Files) -> Iterator[tuple[str, ...]]:
    """Yield what is given to ``uv pip install`` for each file, extra and group."""
    named = {one[1] for text in files.values() for one in re.findall(r"^(-c) (\S+)", text, re.MULTILINE)}
    for name, text in files.items():
        base = name.rpartition("/")[2]
        if base == "pyproject.toml" and "uv.lock" not in files:
            if re.search(r"^dependencies", text, re.MULTILINE):
                yield ("-r", name)
            yield from (
                ("-r", name, "--extra", extra) for extra in re.findall(r"^(\w+) = \[.*# an extra", text, re.MULTILINE)
            )
            yield from (
                ("--group", f"{name}:{group}") for group in re.findall(r"^(\w+) = \[.*# a group", text, re.MULTILINE)
            )
        elif base.endswith((".txt", ".in")) and name not in named and "constraints" not in base:
            compiled = base.endswith(".in") and name.removesuffix(".in") + ".txt" in files
            if name.startswith(("requirements", "dev-requirements")) and not compiled:
                yield ("-r", name)
        elif base in {"uv.lock", "pylock.toml"}:
            yield (base,)


def _would(words: tuple[str, ...], root: Path) -> frozenset[str]:
    if words == ("uv.lock",):
        exported = ("export", "--frozen", "--all-extras", "--all-groups", "--no-emit-project", "--no-hashes", "--quiet")
        (root / "of-lock.txt").write_text(_uv(*exported, root=root).stdout, encoding="utf-8")
        words = ("-r", "of-lock.txt")
    elif words == ("pylock.toml",):
        words = ("-r", "pylock.toml")
    target = ("--dry-run", "--target", str(root / "target"), "--python-version", PYTHON, "--python-platform", PLATFORM)
    ran = _uv("pip", "install", *words, *target, root=root)
    return frozenset({"refused"} if ran.returncode else _WATCHED.findall(ran.stderr))


def _uv(*words: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [uv.program(), *words, "--python", sys.executable, "--no-python-downloads"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def lock(project: str) -> str:
    """Return the uv.lock of a pyproject.toml."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {"pyproject.toml": project})
        ran = _uv("lock", "--quiet", root=Path(folder))
        assert not ran.returncode, ran.stderr
        return (Path(folder) / "uv.lock").read_text(encoding="utf-8")


def _quoted(lines: str) -> str:
    return "[" + ", ".join(f"'{line}'" for line in lines.splitlines()) + "]"


def _project(more: str) -> Files:
    head = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\n'
    return {"pyproject.toml": f"{head}{more}\n{TABLE}"}


FORMS: Mapping[str, Callable[[str], Files]] = {
    "requirements.txt": lambda lines: {"requirements.txt": lines},
    "dev-requirements.txt": lambda lines: {"dev-requirements.txt": lines, "requirements.txt": "rich\n"},
    "a folder of requirements": lambda lines: {"requirements/prod/base.txt": lines},
    "a file that another names": lambda lines: {"requirements.txt": "-r more/deps.pip\nrich\n", "more/deps.pip": lines},
    "dependencies": lambda lines: _project(f"dependencies = {_quoted(lines)}\n"),
    "an extra": lambda lines: _project(f"[project.optional-dependencies]\ngpu = {_quoted(lines)}  # an extra\n"),
    "a group": lambda lines: _project(f"[dependency-groups]\ntrain = {_quoted(lines)}  # a group\n"),
}
"""Ways in which a project can have requirements."""

CHANGES = {
    "exact": ("tensorflow==2.12.1", "tensorflow==2.15.1"),
    "compatible": ("tensorflow~=2.12.0", "tensorflow~=2.15.0"),
    "prefix": ("tensorflow==2.12.*", "tensorflow==2.15.*"),
    "range": ("tensorflow>=2.12,<2.13", "tensorflow>=2.15,<2.16"),
    "excluded": ("tensorflow<2.16", "tensorflow<2.16,!=2.15.1"),
    "arbitrary": ("tensorflow===2.12.1", "tensorflow===2.15.1"),
    "back": ("tensorflow==2.15.1", "tensorflow==2.12.1"),
    "in": ("rich", "rich\ntensorflow==2.15.1"),
    "out": ("rich\ntensorflow==2.15.1", "rich"),
    "rocm": ("tensorflow==2.12.1", "tensorflow-rocm==2.15.0.0"),
    "rocm moves": ("tensorflow-rocm==2.12.0.560", "tensorflow-rocm==2.15.0.0"),
    "intel": ("tensorflow==2.15.1", "intel-tensorflow==2.15.0"),
    "beside": ("tensorflow==2.15.1", "tensorflow==2.15.1\nintel-tensorflow==2.15.0"),
    "two beside": ("tensorflow==2.15.1", "tensorflow==2.15.1\ntensorflow-cpu==2.15.1"),
    "nightly": ("tensorflow==2.21.0", "tf-nightly==2.22.0.dev20261101"),
    "another distribution": ("tensorflow-cpu==2.11.1", "tensorflow-gpu==2.11.1"),
    "keras": ("tensorflow==2.16.2\nkeras==3.5.0", "tensorflow==2.16.2\nkeras==3.12.0"),
    "keras, a bound": ("tensorflow==2.16.2", "tensorflow==2.16.2\nkeras<3.6"),
    "numpy": ("tensorflow==2.15.1", "tensorflow==2.15.1\nnumpy<1.24"),
    "numpy with it": ("tensorflow==2.12.1\nnumpy==1.23.5", "tensorflow==2.15.1\nnumpy<1.24"),
    "tf-keras": ("tensorflow==2.15.1", "tensorflow==2.15.1\ntf-keras==2.15.0"),
    "brought": ("tensorflow-text==2.12.0", "tensorflow-text==2.15.0"),
    "marker": (
        'tensorflow==2.15.1; sys_platform == "win32"\ntensorflow==2.12.1; sys_platform == "linux"',
        'tensorflow==2.12.1; sys_platform == "win32"\ntensorflow==2.15.1; sys_platform == "linux"',
    ),
    "marker, a range": (
        'tensorflow==2.15.1; sys_platform == "win32"\ntensorflow>=2.12,<2.13; sys_platform == "linux"',
        'tensorflow==2.15.1; sys_platform == "win32"\ntensorflow>=2.16,<2.17; sys_platform == "linux"',
    ),
    "old pin behind a marker": (
        "tensorflow==2.12.1",
        'tensorflow==2.12.1; python_version < "3.8"\ntensorflow==2.15.1; python_version >= "3.8"',
    ),
    "for another system": ("tensorflow==2.15.1", 'tensorflow==2.15.1\nnumpy<1.24; sys_platform == "win32"'),
    "cannot be": ("tensorflow==2.15.1", "tensorflow==2.15.1\nkeras==3.5.0"),
    "not there": ("tensorflow==2.15.1", "tensorflow==2.15.7"),
    "spelled": ("tensorflow==2.15.1", "TensorFlow == 2.15.1"),
    "the same by a range": ("tensorflow~=2.15.0", "tensorflow==2.15.1"),
    "other packages": ("tensorflow==2.15.1\nrequests==2.31.0", "tensorflow==2.15.1\nrequests==2.34.2"),
    "newest both": ("tensorflow>=2.12", "tensorflow>=2.15"),
}
"""Lines of requirements that are committed, and those that are staged."""

_WHOLE = ("requirements.txt", "dependencies")
"""The forms in which every change is tried."""

_FEW = (
    "exact", "range", "excluded", "in", "out", "rocm", "beside", "keras, a bound", "numpy", "brought", "marker",
    "marker, a range", "old pin behind a marker", "for another system", "cannot be", "other packages", "newest both",
)  # fmt: skip
"""The changes that are tried in the others."""

_PIN = "tensorflow==2.15.1\n"

SEEN: dict[str, tuple[Files, str]] = {
    "Dockerfile, pip": (
        {"Dockerfile": "FROM python:3.10\n\nRUN pip install tensorflow==2.9.3\n"},
        r"Dockerfile, line 3, pins 2\.9\.3",
    ),
    "Dockerfile, over lines": (
        {"docker/Dockerfile.gpu": "FROM python\nRUN pip install -U \\\n    rich tensorflow \\\n    pytest\n"},
        r"docker/Dockerfile\.gpu, line 2, names TensorFlow",
    ),
    "Dockerfile, image": (
        {"Dockerfile": "FROM tensorflow/tensorflow:2.9.3-gpu\n"},
        r"Dockerfile, line 1, pins 2\.9\.3",
    ),
    "Dockerfile, NVIDIA's": (
        {"x.dockerfile": "FROM nvcr.io/nvidia/tensorflow:23.03-tf2-py3\n"},
        r"line 1, pins 23\.03",
    ),
    "workflow": ({".github/workflows/ci.yml": "steps:\n- run: pip install 'tensorflow<2.13'\n"}, r"line 2, pins 2\.13"),
    "workflow, image": ({".github/workflows/ci.yml": "container: tensorflow/tensorflow:2.9.3\n"}, r"pins 2\.9\.3"),
    "compose": (
        {"docker-compose.yml": "services:\n  a:\n    image: tensorflow/tensorflow:2.9.3\n"},
        r"line 3, pins 2\.9\.3",
    ),
    "GitLab": ({".gitlab-ci.yml": "test:\n  script:\n  - uv pip install tensorflow==2.9.3\n"}, r"pins 2\.9\.3"),
    "setup.cfg": (
        {"setup.cfg": "[options]\ninstall_requires =\n    rich\n    tensorflow\n"},
        r"setup\.cfg, line 4, names TensorFlow",
    ),
    "setup.py": (
        {"setup.py": "setup(install_requires=[\n    'tensorflow>=2.9',\n])\n"},
        r"setup\.py, line 2, pins 2\.9",
    ),
    "tox.ini": ({"tox.ini": "[testenv]\ndeps =\n    tensorflow-cpu~=2.9.0\n"}, r"tox\.ini, line 3, pins 2\.9\.0"),
    "noxfile": ({"noxfile.py": "session.install('tensorflow')\n"}, r"noxfile\.py, line 1, names TensorFlow"),
    "pixi.toml": (
        {"pixi.toml": '[dependencies]\ntensorflow = "2.9.*"\n'},
        r"pixi\.toml, dependencies\.tensorflow, pins 2\.9",
    ),
    "pixi.toml, PyPI": ({"pixi.toml": '[pypi-dependencies]\ntensorflow = { version = "==2.9.3" }\n'}, r"pins 2\.9\.3"),
    "tool.pixi": (
        {"pyproject.toml": '[tool.tfmatrix]\n[tool.pixi.dependencies]\ntensorflow = "2.9.3"\n'},
        r"tool\.pixi\.dependencies\.tensorflow, pins 2\.9\.3",
    ),
    "hatch.toml": ({"hatch.toml": '[envs.default]\ndependencies = ["tensorflow==2.9.3"]\n'}, r"pins 2\.9\.3"),
    "pixi.lock": ({"pixi.lock": "- pypi: https://x.org/tensorflow-2.9.3-cp310-cp310-linux.whl\n"}, r"pins 2\.9\.3"),
    "conda-lock.yml": (
        {"conda-lock.yml": "url: https://x.org/linux-64/tensorflow-2.9.3-cpu_py310h_0.conda\n"},
        r"line 1, pins 2\.9\.3",
    ),
    "Makefile": ({"Makefile": "install:\n\tpip install tensorflow==2.9.3\n"}, r"Makefile, line 2, pins 2\.9\.3"),
    "a script": ({"scripts/install.sh": "conda install -y tensorflow=2.9\n"}, r"pins 2\.9"),
    "another file of requirements": (
        {"deploy/deps.txt": "tensorflow==2.9.3\n"},
        r"deploy/deps\.txt, line 1, pins 2\.9\.3",
    ),
    "requirements below": (
        {"service/requirements.txt": "tensorflow\n"},
        r"service/requirements\.txt, line 1, names TensorFlow",
    ),
    "a project below": (
        {"service/pyproject.toml": '[project]\ndependencies = ["tensorflow==2.9.3"]\n'},
        r"pins 2\.9\.3",
    ),
    "a notebook": ({"a.ipynb": '{"source": ["!pip install tensorflow==2.9.3"]}\n'}, r"a\.ipynb, line 1, pins 2\.9\.3"),
    "conda, below": ({"envs/environment.yml": "dependencies:\n- tensorflow=2.9.3\n"}, r"pins 2\.9\.3"),
    "devcontainer": ({".devcontainer/Dockerfile": "FROM x\nRUN uv add tensorflow\n"}, r"line 2, names TensorFlow"),
    "meta.yaml": ({"recipe/meta.yaml": "requirements:\n  run:\n    - tensorflow >=2.9.3\n"}, r"pins 2\.9\.3"),
}
"""Files that mention TensorFlow and are not read, and what is told of each."""

FREE = {
    "prose": {"notes.txt": "We use tensorflow, and had tensorflow 2.9 before.\ntensorflow\n"},
    "readme": {"README.md": "pip install tensorflow==2.9.3\n"},
    "commented out": {"Dockerfile": "FROM python\n# RUN pip install tensorflow==2.9.3\n"},
    "imports": {"setup.py": "import tensorflow as tf\nfrom tensorflow import keras\n"},
    "another package": {"setup.cfg": "[options]\ninstall_requires =\n    tensorflow-datasets==4.9.3\n"},
    "an address": {"Makefile": "docs:\n\tcurl https://www.tensorflow.org/versions/r2.9/api_docs\n"},
    "a label": {".github/workflows/ci.yml": "name: TensorFlow 2\njobs:\n  a:\n    runs-on: tensorflow-matrix\n"},
    "a keyword": {"pyproject.toml": f'[project]\nname = "x"\nversion = "1"\nkeywords = ["tensorflow"]\n{TABLE}'},
    "an environment": {"venv39/pyvenv.cfg": "", "venv39/requirements.txt": "tensorflow==2.9.3\n"},
    "a bound that holds": {"setup.cfg": "[options]\ninstall_requires =\n    numpy>=1.20\n"},
}
"""Files that say nothing of what is installed."""


def situations(folder: Path) -> Iterator[Situation]:
    """Yield every situation; ``folder`` takes what is installed from a path."""
    for form, make in FORMS.items():
        for change in CHANGES if form in _WHOLE else _FEW:
            old, new = CHANGES[change]
            yield Situation(f"{form}: {change}", make(f"{old}\n"), make(f"{new}\n"))
    for change in (each for each in _FEW if each != "cannot be"):
        before, staged = (_locked(lines) for lines in CHANGES[change])
        yield Situation(f"uv.lock: {change}", before, staged)
    for name, (files, red) in SEEN.items():
        yield Situation(name, {"requirements.txt": _PIN}, {"requirements.txt": _PIN, **files}, red)
        yield Situation(
            f"{name}, before too", {"requirements.txt": _PIN, **files}, {"requirements.txt": _PIN, **files}, red
        )
    for name, files in FREE.items():
        yield Situation(name, {"requirements.txt": _PIN}, {"requirements.txt": _PIN, **files})
    yield from _addresses(folder)
    yield from _several_files()
    yield from _other_tools()


def _locked(lines: str) -> Files:
    files = FORMS["dependencies"](f"{lines}\n")
    return {**files, "uv.lock": lock(files["pyproject.toml"])}


def _addresses(folder: Path) -> Iterator[Situation]:
    """Yield what comes from an address or a path."""
    folder.mkdir()
    old, new = (
        write_wheel(folder, "tensorflow", version, ["numpy<2", "keras<2.16"]) for version in ("2.12.1", "2.15.1")
    )
    for name, line in {
        "a wheel": "{path}",
        "a wheel's address": "{uri}",
        "a name at an address": "tensorflow @ {uri}",
    }.items():
        texts = [f"{line.format(path=wheel, uri=wheel.as_uri())}\n" for wheel in (old, new)]
        yield Situation(name, {"requirements.txt": texts[0]}, {"requirements.txt": texts[1]}, "no release")
        yield Situation(
            f"{name}, in place of a pin", {"requirements.txt": _PIN}, {"requirements.txt": texts[1]}, "no release"
        )
    sources = [
        _project(f"dependencies = ['tensorflow']\n[tool.uv.sources]\ntensorflow = {{ path = '{wheel}' }}\n")
        for wheel in (old, new)
    ]
    yield Situation("tool.uv.sources", sources[0], sources[1], "no release")
    both = [{**files, "uv.lock": lock(files["pyproject.toml"])} for files in sources]
    yield _pair("tool.uv.sources, locked", both, "no release")
    for version in ("2.12.1", "2.15.1"):
        (folder / f"{version}.txt").write_text(f"tensorflow=={version}\n", encoding="utf-8")
    for option in ("-r", "-c"):
        texts = [f"{option} {(folder / f'{version}.txt').as_uri()}\ntensorflow\n" for version in ("2.12.1", "2.15.1")]
        yield Situation(
            f"{option} of an address", {"requirements.txt": texts[0]}, {"requirements.txt": texts[1]}, "each day|line 1"
        )
    lying = [
        {"requirements.txt": "-e ./lib\n", "lib/pyproject.toml": text}
        for text in (
            '[project]\nname = "lib"\nversion = "1"\ndependencies = ["tensorflow==2.12.1"]\n',
            '[project]\nname = "lib"\nversion = "1"\ndependencies = ["tensorflow==2.15.1"]\n',
        )
    ]
    yield Situation("a project that lies within", lying[0], lying[1], r"lib/pyproject\.toml")
    head = '[project]\nname = "lib"\nversion = "1"\n'
    both = [
        {"requirements.txt": "tensorflow==2.15.1\n./lib\n", "lib/pyproject.toml": f"{head}dependencies = ['{numpy}']\n"}
        for numpy in ("numpy", "numpy<1.24")
    ]
    yield _pair("what a project that lies within needs", both)
    git = "tensorflow @ git+https://localhost:1/tensorflow@v2.{}"
    yield Situation(
        "git", {"requirements.txt": git.format(12)}, {"requirements.txt": git.format(15)}, "cannot be resolved"
    )


def _several_files() -> Iterator[Situation]:
    """Yield what several files say together."""
    old, new = "tensorflow==2.12.1\n", "tensorflow==2.15.1\n"
    one = {"requirements.txt": new}
    both = [{"requirements.txt": first, "requirements-dev.txt": second} for first, second in ((old, new), (new, old))]
    yield _pair("a swap", both)
    bound = "tensorflow\n-c constraints.txt\n"
    bounds = [{"requirements.txt": bound, "constraints.txt": each} for each in (old, new)]
    yield _pair("a constraint", bounds)
    unnamed = {**one, "constraints.txt": old}
    yield Situation("a constraint that nothing names", one, unnamed, r"constraints\.txt, line 1, says")
    elsewhere = {**one, "requirements/base.txt": "numpy<1.24\n"}
    yield Situation("numpy elsewhere", one, elsewhere, r"requirements/base\.txt, line 1, says")
    image = {**one, "Dockerfile": "RUN pip install 'numpy<1.24'\n"}
    yield Situation("numpy in a Dockerfile", one, image, "says numpy<1.24")
    compiled = [
        {"requirements.in": loose, "requirements.txt": exact}
        for loose, exact in (("tensorflow\n", old), ("tensorflow>=2\n", old), ("tensorflow\n", new), (new, old))
    ]
    yield Situation("the input of a compiled file", compiled[0], compiled[1])
    yield Situation("a compiled file", compiled[0], compiled[2])
    yield Situation("an input that was not compiled", compiled[0], compiled[3], r"requirements\.in, line 1, says")
    hidden = {"requirements.txt": new, "pyproject.toml": TABLE + 'ignored-pins = ["requirements.txt"]\n'}
    more = {**one, "requirements-dev.txt": "-r requirements.txt\npytest\n"}
    yield Situation("a file more", one, more)
    yield Situation("a file less", more, one)
    other = {**one, "requirements-old.txt": "tensorflow-text==2.12.0\n"}
    yield Situation("a file more, with another", one, other)
    yield Situation("a file less, with another", other, one)
    yield Situation(
        "a file more, with NumPy", one, {**more, "requirements-dev.txt": "-r requirements.txt\nnumpy<1.25\n"}
    )
    yield Situation("a pin that is hidden", one, hidden, "no TensorFlow is pinned")
    other = {"requirements.txt": new, "pyproject.toml": TABLE + 'python = "3.11"\n'}
    yield Situation("another Python of the evidence", one, other, moves=True)
    files = ({**one, ".python-version": f"{python}\n"} for python in ("3.10", "3.12"))
    yield _pair("Python's file", files, red=r"\.python-version says 3\.12")
    project = _project(f"dependencies = {_quoted(new)}\n")
    for python in (">=3.12", "==3.11.*"):
        text = project["pyproject.toml"].replace(">=3.10", python)
        yield Situation(f"Python {python}", project, {"pyproject.toml": text}, "Python")


_POETRY = """[tool.poetry]
name = "x"
version = "1"
description = ""
authors = []
package-mode = false
[tool.poetry.dependencies]
python = ">=3.10,<3.12"
"""

_LOCKS = {
    "poetry.lock": ('[[package]]\nname = "{}"\nversion = "{}"\n', ""),
    "pdm.lock": ('[[package]]\nname = "{}"\nversion = "{}"\n', ""),
    "pylock.toml": ('[[packages]]\nname = "{}"\nversion = "{}"\n', 'lock-version = "1.0"\ncreated-by = "x"\n'),
    "requirements.txt": ("{}=={} --hash=sha256:" + 64 * "a" + "\n", ""),
}
"""A package of a lock, and the head of the lock."""


def _other_tools() -> Iterator[Situation]:
    """Yield what other tools than uv install."""
    for name, (one, two) in {
        "tilde": ("tensorflow = '~2.12'", "tensorflow = '~2.15'"),
        "exact": ("tensorflow = '2.12.1'", "tensorflow = '2.15.1'"),
        "caret": ("tensorflow = '^2.12,<2.13'", "tensorflow = '^2.15,<2.16'"),
        "by Python": (
            "tensorflow = [{version='2.15.1', python='<3.9'}, {version='2.12.1', python='>=3.9'}]",
            "tensorflow = [{version='2.12.1', python='<3.9'}, {version='2.15.1', python='>=3.9'}]",
        ),
    }.items():
        before, staged = ({"pyproject.toml": f"{_POETRY}{line}\n{TABLE}"} for line in (one, two))
        yield Situation(f"Poetry, {name}", before, staged, moves=True)
    for name, (one, two, red) in {
        "a prefix": ("tensorflow=2.12", "tensorflow=2.15", "leaves the version to conda"),
        "exact": ("tensorflow=2.12.1", "tensorflow=2.15.1", "leaves keras and numpy to conda"),
        "another build": ("tensorflow=2.15.1", "tensorflow-mkl=2.15.1", "another build"),
        "Keras alone": ("keras=2.12", "keras=2.15", "leaves TensorFlow to conda"),
        "NumPy": (f"{_PIPPED}- numpy=1.23.5", f"{_PIPPED}- numpy=1.26", "leaves the version to conda"),
        "a build": (f"{_WHOLE_CONDA}=eigen_*", f"{_WHOLE_CONDA}=mkl_*", "build"),
    }.items():
        before, staged = ({"environment.yml": f"dependencies:\n- python=3.10\n- {line}\n"} for line in (one, two))
        yield Situation(f"conda, {name}", before, staged, red)
    whole = [
        f"dependencies:\n- python=3.10\n- tensorflow={versions[0]}\n- keras={versions[1]}\n- numpy={versions[2]}\n"
        for versions in (_OLD, _NEW)
    ]
    yield _pair("conda, all of it", ({"environment-gpu.yml": text} for text in whole), moves=True)
    pip = (
        {"environment.yml": f"dependencies:\n- pip:\n  - tensorflow=={version}\n"} for version in ("2.12.1", "2.15.1")
    )
    yield _pair("conda, by pip", pip, moves=True)
    for name, (entry, head) in _LOCKS.items():
        old, new, other = ({name: _lock(entry, head, each)} for each in (_OLD, _NEW, (*_NEW[:2], "1.23.5")))
        yield Situation(f"{name}, moved", old, new, moves=True)
        yield Situation(f"{name}, NumPy alone", new, other, moves=True)
    packages = '{{"default": {{"tensorflow": {{"version": "=={}"}}, "keras": {{"version": "=={}"}}}}}}'
    old, new = ({"Pipfile.lock": packages.format(*each)} for each in (_OLD, _NEW))
    yield Situation("Pipfile.lock, moved", old, new, moves=True)
    pipfiles = ({"Pipfile": f"[packages]\ntensorflow = '~={version}'\n"} for version in ("2.12.0", "2.15.0"))
    yield _pair("Pipfile", pipfiles, red="has no lock")
    git = _lock(*_LOCKS["poetry.lock"], _NEW[:1]) + '[package.source]\ntype = "{}"\nurl = "https://x.org/tensorflow"\n'
    before, staged = ({"poetry.lock": git.format(kind)} for kind in ("legacy", "git"))
    yield Situation("poetry.lock, git", before, staged, "no release")
    locked = _locked(_PIN.strip())
    registry = re.search(r'name = "tensorflow"\nversion = "2.15.1"\nsource = (\{.*\})', locked["uv.lock"])
    assert registry
    source = registry[0].replace(registry[1], '{ git = "https://x.org/t?rev=a#b" }')
    of_git = locked["uv.lock"].replace(registry[0], source)
    yield Situation("uv.lock, git", locked, {**locked, "uv.lock": of_git}, "no release|cannot be resolved")
    moved = _project("dependencies = ['tensorflow==2.16.2']\n")
    yield Situation("uv.lock, left behind", locked, {**locked, **moved}, r"pyproject\.toml, line 5, .* says")


_OLD, _NEW = ("2.12.1", "2.12.0", "1.23.5"), ("2.15.1", "2.15.0", "1.26.4")
"""Versions of TensorFlow, Keras and NumPy that go together."""

_PIPPED = "pip:\n  - tensorflow==2.15.1\n"
_WHOLE_CONDA = "keras=2.15.0\n- numpy=1.26.4\n- tensorflow=2.15.1"


def _lock(entry: str, head: str, versions: Sequence[str]) -> str:
    names = ("tensorflow", "keras", "numpy")
    return head + "".join(entry.format(name, version) for name, version in zip(names, versions, strict=False))
