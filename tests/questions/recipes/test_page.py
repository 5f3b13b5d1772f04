"""The report on recipes: a reader's answer first, every failure with what is to blame and what mends it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from building import MACHINE_OF_TESTS
from golden_files import assert_golden
from questions.recipes.worlds import audited as audited_by
from questions.recipes.worlds import facts, inhabit, project
from tfmatrix.questions.recipes import page, summary
from tfmatrix.questions.recipes.summary import Data, summarise
from tfmatrix.report.document import report_id
from tfmatrix.store.store import Store


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    """Yield the data of an audit of two releases in a world without TensorFlow, made once."""
    folder = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patched, Store(folder / "store.sqlite") as store:
        inhabit(patched, facts)
        patched.setattr(summary, "__version__", "0.0.0")
        found = summarise(audited_by(project(folder), store))
        yield found | {"machine": {**asdict(MACHINE_OF_TESTS), "id": "0" * 64}, "id": "12345678"}


@pytest.fixture
def audited(shared: Data) -> Data:
    """Return the data, for a test to change."""
    return copy.deepcopy(shared)


def test_the_report_is_what_it_was(audited: Data) -> None:
    """The whole report, as it was read and found good."""
    assert_golden("recipes.md", page.render(audited))


def test_the_id_is_the_digest_of_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number is another report."""
    inhabit(monkeypatch, facts)
    with Store(tmp_path / "store.sqlite") as store:
        data = summarise(audited_by(project(tmp_path, ["2.15.1"]), store))
    assert data["id"] == report_id(data)
    assert data["id"] != report_id({**data, "trials": 0})


def test_what_is_missing_is_no_pass(audited: Data) -> None:
    """A cell of which nothing is known has a question mark, and the report says that it is incomplete."""
    cell = next(c for c in audited["cells"] if (c["recipe"], c["environment"]) == ("set-random-seed", "2.15.1"))
    cell |= {"verdict": "missing", "agreeing": 0, "tried": 0}
    audited["unanswered"] = ["2.15.1: not tried as often as meant: set-random-seed[keras-mlp]"]
    text = page.render(audited)
    row = next(line for line in text.splitlines() if line.startswith("| `set-random-seed` "))
    assert [part.strip() for part in row.split("|")][2:4] == ["yes 3/3", "?"]
    assert "**Incomplete.**" in text


def test_words_from_elsewhere_are_shown_as_text(audited: Data) -> None:
    """A message cannot break a table or bring markup of its own."""
    for cell in audited["cells"]:
        if cell["verdict"] == "failed":
            cell["first"]["message"] = "r.py, line 6: Error: a | b <script>\x1b[31m `c`"
    text = page.render(audited)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "a \\| b &lt;script&gt; \\`c\\`" in text


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["1", "2", "3", "4", "5"], "all 5 releases"),
        (["1", "2", "3"], "1 to 3"),
        (["1", "2", "4"], "1, 2, 4"),
        (["5", "3", "4", "1"], "1, 3 to 5"),
        (["4"], "4"),
    ],
)
def test_versions_are_told_as_a_reader_says_them(names: list[str], told: str) -> None:
    """Three releases or more without a gap are a range; all are all."""
    data = {"environments": [{"name": name} for name in "12345"]}
    assert page.versions(data, names) == told
