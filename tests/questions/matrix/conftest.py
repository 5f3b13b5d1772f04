"""The report of a small matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix.questions.matrix import summary
from tfmatrix.questions.matrix.judge import compare_all

from .stored import make_plan, store_of


@pytest.fixture(autouse=True)
def _one_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the goldens the same from one release of tfmatrix to the next."""
    monkeypatch.setattr(summary, "__version__", "0.0.0")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> summary.Report:
    """Return the report of the small matrix, made once."""
    folder = tmp_path_factory.mktemp("matrix")
    plan = make_plan(folder)
    with pytest.MonkeyPatch.context() as patched, store_of(plan, folder / "store.sqlite") as store:
        patched.setattr(summary, "__version__", "0.0.0")
        return summary.summarise(compare_all(plan, store))


@pytest.fixture
def matrix_folder(tmp_path: Path) -> Path:
    """Return a folder for a matrix of a test's own."""
    folder = tmp_path / "matrix"
    folder.mkdir()
    return folder
