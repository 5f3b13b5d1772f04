"""What a project declares that its models need besides TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.errors import UserError
from tfmatrix.pins.declared import Declared, declared


def read(root: Path, *lines: str) -> Declared:
    """Return what lines of requirements declare."""
    return declared(root, lines, "requirements")


def test_requirements_are_read_as_pip_reads_them_and_tensorflow_is_set_aside(tmp_path: Path) -> None:
    """Files name files, comments and hashes are left out, TensorFlow is set aside with its place, and all is sorted."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements.txt").write_text(
        "# what it needs\n-r requirements/more.txt\ntensorflow[and-cuda]==2.15.1\nPandas >= 2  # tables\n"
        f"six==1.17.0 \\\n    --hash=sha256:{'a' * 64}\n--extra-index-url https://example.org\n",
        encoding="utf-8",
    )
    (tmp_path / "requirements" / "more.txt").write_text("-c limits.txt\nscikit_learn\n", encoding="utf-8")
    (tmp_path / "requirements" / "limits.txt").write_text("numpy<2\ntensorflow<3\n", encoding="utf-8")
    found = read(tmp_path, "-r requirements.txt", "pandas>=2", 'tf-nightly; python_version < "3.12"')
    assert found.requirements == ("pandas>=2", "scikit-learn", "six==1.17.0")
    assert found.constraints == ("numpy<2",)
    assert found.set_aside == (
        "tensorflow[and-cuda]==2.15.1 (requirements.txt)",
        'tf-nightly; python_version < "3.12" (requirements)',
    )


@pytest.mark.parametrize(
    ("line", "expected"), [(".", ("numpy",)), ("-e .", ("numpy",)), (".[plot, train]", ("numpy", "rich", "tqdm>4"))]
)
def test_the_project_itself_is_what_it_depends_on(tmp_path: Path, line: str, expected: tuple[str, ...]) -> None:
    """A point stands for the dependencies in pyproject.toml, with the extras behind it."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "mine"\ndependencies = ["numpy", "tensorflow>=2.9"]\n'
        '[project.optional-dependencies]\nplot = ["rich"]\ntrain = ["tqdm>4"]\n',
        encoding="utf-8",
    )
    found = read(tmp_path, line)
    assert found.requirements == expected
    assert found.set_aside == ("tensorflow>=2.9 (pyproject.toml)",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pandas>>2", "has 'pandas>>2', which is no requirement"),
        ("git+https://example.org/mine.git", "which is an address or a path; write a package of the index"),
        ("mine @ https://example.org/mine.whl", "an address, of which no lock can hold a hash"),
        ("./wheels/mine.whl", "which is an address or a path"),
        ("--pre", "has '--pre', an option that no lock can hold"),
        ("-r gone.txt", "names gone.txt, and there is no such file"),
        ("-r round.txt", "the files name each other in a circle"),
        (".[gone]", "has no extra 'gone'; there are none"),
    ],
)
def test_what_no_lock_can_hold_is_one_sentence(tmp_path: Path, line: str, told: str) -> None:
    """An address, a path, an option, a file that is gone and a circle are the user's to mend."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\n', encoding="utf-8")
    (tmp_path / "round.txt").write_text("-r round.txt\n", encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read(tmp_path, line)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_dependencies_that_are_worked_out_are_not_known(tmp_path: Path) -> None:
    """A project whose dependencies only its build knows says so in one sentence."""
    (tmp_path / "pyproject.toml").write_text('[project]\ndynamic = ["dependencies"]\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"pyproject\.toml does not say what the project depends on"):
        read(tmp_path, ".")
