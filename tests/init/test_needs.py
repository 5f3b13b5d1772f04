"""What a project is used with: TensorFlow, Python, other requirements, nox."""

from __future__ import annotations

import pytest

from tfmatrix.environments import catalogue
from tfmatrix.init import needs
from tfmatrix.pins.files import read_project

from .conftest import Write

Files = dict[str, str | bytes]
OLDEST, NEWEST, BEFORE = catalogue.RELEASES[0], catalogue.RELEASES[-1], catalogue.RELEASES[-2]


def project(*dependencies: str, more: str = "") -> str:
    """Return a pyproject.toml."""
    return f"[project]\nname = 'a'\nversion = '1'\ndependencies = {list(dependencies)}\n{more}"


PINNED: dict[str, tuple[Files, str, str]] = {
    "requirement": ({"requirements.txt": "tensorflow==2.12.1\n"}, "2.12.1", "2.12.1 in requirements.txt, line 1"),
    "another patch": ({"requirements.txt": "\ntensorflow-cpu==2.15.0\n"}, "2.15.0", "requirements.txt, line 2"),
    "unknown patch": ({"requirements.txt": "tensorflow==2.15.9\n"}, "2.15.1", "nearest known release"),
    "candidate": ({"requirements.txt": "tensorflow==2.16.0rc0\n"}, "2.16.2", "nearest known release"),
    "too old": ({"requirements.txt": "tensorflow==1.12.0\n"}, catalogue.KNOWN[0], "nearest known release"),
    "old": ({"requirements.txt": "tensorflow==1.15.5\n"}, "1.15.5", "1.15.5 in requirements.txt"),
    "old range": ({"requirements.txt": "tensorflow<2\n"}, "1.15.5", "the newest that tensorflow<2 in"),
    "project": ({"pyproject.toml": project("tensorflow==2.9.3")}, "2.9.3", "project.dependencies[0]"),
    "poetry": ({"pyproject.toml": "[tool.poetry.dependencies]\ntensorflow = '2.9.3'\n"}, "2.9.3", "pyproject.toml"),
    "range": ({"requirements.txt": "tensorflow>=2.10,<2.13\n"}, "2.12.1", "the newest that tensorflow>=2.10,<2.13 in"),
    "caret": ({"pyproject.toml": "[tool.poetry.dependencies]\ntensorflow = '~2.13'\n"}, "2.13.1", "the newest that"),
    "two": ({"requirements.txt": "tensorflow==2.12.1\n", "uv.lock": ""}, "2.12.1", "requirements.txt"),
    "Dockerfile": ({"Dockerfile": "FROM tensorflow/tensorflow:2.13.0-gpu\n"}, "2.13.0", "2.13.0 in Dockerfile, line 1"),
    "setup": ({"setup.py": "setup(install_requires=['tensorflow==2.11.1'])\n"}, "2.11.1", "setup.py, line 1"),
}


@pytest.mark.parametrize(("files", "baseline", "why"), PINNED.values(), ids=PINNED)
def test_the_baseline_is_what_is_pinned(write: Write, files: Files, baseline: str, why: str) -> None:
    """It is that release or the nearest that is known, and the next minor and the newest are asked about."""
    root = write(files)
    found = needs.releases(root, read_project(root))
    assert found.baseline == baseline
    assert why in found.why
    assert found.versions[0] == baseline
    assert found.versions[-1] == NEWEST
    assert found.versions[1].split(".")[:2] > baseline.split(".")[:2] or baseline.startswith(("2.8", "2.9"))
    assert len(found.versions) == 3


def test_of_two_pins_the_oldest_counts_and_both_are_told(write: Write) -> None:
    """From the oldest all would move."""
    root = write({"requirements.txt": "tensorflow==2.15.1\n", "requirements-gpu.txt": "tensorflow==2.9.3\n"})
    found = needs.releases(root, read_project(root))
    assert found.baseline == "2.9.3"
    assert "requirements.txt, line 1 has 2.15.1, mend one of them" in found.why


@pytest.mark.parametrize("pinned", [NEWEST, "2.99.0"])
def test_from_the_newest_the_one_before_it_is_asked_about(write: Write, pinned: str) -> None:
    """There is nothing newer, and with one release there is no comparison."""
    root = write({"requirements.txt": f"tensorflow=={pinned}\n"})
    found = needs.releases(root, read_project(root))
    assert (found.baseline, found.versions) == (NEWEST, (BEFORE, NEWEST))
    assert "no newer release is known" in found.why


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "nothing pins TensorFlow"),
        ({"requirements.txt": "tensorflow\n"}, "tensorflow in requirements.txt, line 1 leaves it open"),
        ({"requirements.txt": "tensorflow<1\n"}, "tensorflow<1 in requirements.txt, line 1 leaves it open"),
    ],
)
def test_where_nothing_pins_it_the_baseline_is_a_guess(write: Write, files: Files, said: str) -> None:
    """And it is called one."""
    root = write(files)
    found = needs.releases(root, read_project(root))
    assert (found.baseline, found.versions) == (BEFORE, (BEFORE, NEWEST))
    assert found.why == f"a guess, since {said}: write what you use today"


def requires(python: str) -> str:
    """Return a pyproject.toml that says which Pythons it is for."""
    return project(more=f"requires-python = '{python}'\n")


NONE: dict[str, str] = {}
PYTHONS: dict[str, tuple[Files, tuple[str, ...], str, dict[str, str], str]] = {
    "nothing": ({}, ("2.9.3", "2.15.1"), "3.10", NONE, "nothing says which"),
    "own": ({".python-version": "3.11.4\n"}, ("2.15.1", "2.16.2"), "3.11", NONE, ".python-version"),
    "own, too new for one": (
        {".python-version": "cpython-3.12\n"}, ("2.15.1", NEWEST), "3.12", {"2.15.1": "3.11"}, ".python-version"
    ),
    "own, too old for one": ({".python-version": "3.8\n"}, ("2.9.3", "2.15.1"), "3.8", {"2.15.1": "3.9"}, ".python-v"),
    "own, none": ({".python-version": "pypy3.10\n"}, ("2.15.1",), "3.10", NONE, "nothing says which"),
    "allowed": ({"pyproject.toml": requires(">=3.9")}, ("2.15.1",), "3.10", NONE, "project.requires-python is >=3.9"),
    "newer": ({"pyproject.toml": requires(">=3.11")}, ("2.15.1",), "3.11", NONE, "requires-python is >=3.11"),
    "old": ({"pyproject.toml": requires("<3.10")}, ("2.9.3", "2.16.2"), "3.9", NONE, "requires-python is <3.10"),
    "too old": ({"pyproject.toml": requires("<3.9")}, ("2.9.3", "2.15.1"), "3.7", {"2.15.1": "3.9"}, "is <3.9"),
    "unknown": ({"pyproject.toml": requires(">=3.99")}, ("2.15.1",), "3.10", NONE, "allows none that is known"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "versions", "own", "others", "where"), PYTHONS.values(), ids=PYTHONS)
def test_the_python_is_the_projects_but_for_versions_that_do_not_run_on_it(  # noqa: PLR0917  # a row of the table
    write: Write, files: Files, versions: tuple[str, ...], own: str, others: dict[str, str], where: str
) -> None:
    """It is 3.10 where that is allowed and nothing else is said; a version that runs on none such has the next one."""
    root = write(files)
    found = needs.python(root, read_project(root), needs.Releases(versions[0], versions, ""))
    assert (found.own.value, found.others) == (own, others)
    assert where in found.own.where


POETRY = "[tool.poetry.dependencies]\npython = '^3.10'\ntensorflow = '2.9.3'\n"
REQUIREMENTS: dict[str, tuple[Files, list[str]]] = {
    "none": ({}, []),
    "TensorFlow alone": ({"requirements.txt": "tensorflow==2.9.3\nkeras\nnumpy<2\nnox\n"}, []),
    "more": ({"requirements.txt": "tensorflow==2.9.3\npandas\n"}, ["-r requirements.txt"]),
    "named by it": ({"requirements.txt": "-r base.txt\n", "base.txt": "pandas\n"}, ["-r requirements.txt"]),
    "for work": ({"requirements-dev.txt": "pandas\n", "requirements/test.txt": "pandas\n"}, []),
    "of another name": (
        {"requirements/run.txt": "-r more.txt\nx\n", "requirements/more.txt": "y\n", "requirements-gpu.txt": "z\n"},
        ["-r requirements/run.txt", "-r requirements-gpu.txt"],
    ),
    "compiled": ({"requirements.in": "pandas\n", "requirements.txt": "pandas==2.2.0\n"}, ["-r requirements.in"]),
    "project": ({"pyproject.toml": project("tensorflow==2.9.3", "pandas")}, ["."]),
    "project alone": ({"pyproject.toml": project("tensorflow==2.9.3")}, []),
    "both": (
        {"pyproject.toml": project("pandas"), "requirements.txt": "scipy\n", "sub/pyproject.toml": project("x")},
        [".", "-r requirements.txt"],
    ),
}


@pytest.mark.parametrize(("files", "wanted"), REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_other_requirements_are_those_that_models_are_run_with(write: Write, files: Files, wanted: list[str]) -> None:
    """TensorFlow, what it brings, tools, and files for work on the project are none."""
    root = write(files)
    assert [one.line for one in needs.requirements(root, read_project(root))] == wanted


def test_what_is_required_is_told_in_few_words(write: Write) -> None:
    """Of many packages three are named."""
    root = write({"requirements.txt": "e\nd\nc\nb\na\n"})
    (told,) = needs.requirements(root, read_project(root))
    assert (told.has, told.refusal) == ("it has a, b, c and 2 more", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (POETRY, []),
        (POETRY + "pandas = '*'\n", ["pyproject.toml has pandas in Poetry's own table"]),
        ("[project]\nname = 'a'\ndynamic = ['version']\n", []),
        ("[project]\nname = 'a'\ndynamic = ['dependencies']\n", ["does not say what the project depends on"]),
    ],
)
def test_what_the_word_for_the_project_does_not_stand_for_is_told(write: Write, text: str, said: list[str]) -> None:
    """Neither Poetry's table nor what is computed is read by `.`."""
    root = write({"pyproject.toml": text})
    found = needs.requirements(root, read_project(root))
    assert [one.has for one in found] == [""] * len(said)
    assert all(part in one.refusal for part, one in zip(said, found, strict=True))


@pytest.mark.parametrize("line", ["./wheels/a.whl", "a @ https://example.org/a.zip", "git+https://example.org/a"])
def test_what_no_lock_can_hold_is_told(write: Write, line: str) -> None:
    """It would have every command refuse the table that was just written."""
    root = write({"requirements.txt": f"pandas\n{line}\n"})
    (told,) = needs.requirements(root, read_project(root))
    assert told.has == ""
    assert "address" in told.refusal


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({}, ""),
        ({"requirements.txt": "pandas\n"}, ""),
        ({"noxfile.py": ""}, "noxfile.py"),
        ({"requirements-dev.txt": "nox>=2024\n"}, "requirements-dev.txt"),
        ({"requirements-dev.txt": "nox-poetry\nnoxious\n"}, ""),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['nox', {include-group = 'x'}]\nx = []\n"}, "pyproject.toml"),
    ],
)
def test_a_project_uses_nox_where_it_has_a_noxfile_or_requires_it(write: Write, files: Files, where: str) -> None:
    """The place is told."""
    root = write(files)
    assert needs.uses_nox(root, read_project(root)) == where
