"""The plan of an exchange: who writes, who reads, and what their keys cover."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from building import lock_of, make_project
from tfmatrix.errors import UserError
from tfmatrix.keys import SEED_LIMIT
from tfmatrix.questions.exchange.formats import FORMATS
from tfmatrix.questions.exchange.plan import ExchangePlan, digest_of, make_exchange_plan
from tfmatrix.records import Environment
from tfmatrix.tables import PROBE

VERSIONS = ["2.15.1", "2.16.2", "2.21.0"]
MODELS = {"net": "def build(): pass\n", "graph": "def variables(): pass\n", "stream": "def draws(): pass\n"}


def planned(
    folder: Path, formats: tuple[str, ...] = ("keras", "saver"), more: str = "", **choices: Any
) -> ExchangePlan:
    """Return the plan of a project with a Keras model, a functional one, and one without weights."""
    settings: dict[str, Any] = {"versions": VERSIONS, "modes": ["tf2", "v1"], **choices}
    return make_exchange_plan(make_project(folder, MODELS, more, **settings).overridden(models=list(MODELS)), formats)


def test_each_model_is_written_in_the_formats_of_its_kind(tmp_path: Path) -> None:
    """A format is tried in its own modes and on the models of its kind, in every release."""
    found = [(w.form.name, w.writer.cell.mode, w.writer.cell.model.name) for w in planned(tmp_path).written]
    assert list(dict.fromkeys(found)) == [("keras", "tf2", "net"), ("keras", "v1", "net"), ("saver", "v1", "graph")]
    assert len(found) == 3 * len(VERSIONS)


def test_each_launch_is_exchanged_by_itself(tmp_path: Path) -> None:
    """What is written under a launch is read under the same, and each has keys of its own."""
    plan = planned(
        tmp_path, ("keras",), more="launches.single = { intra_op = 1 }", versions=VERSIONS[:1], modes=["tf2"]
    )
    assert [written.writer.cell.launch.name for written in plan.written] == ["default", "single"]
    read = [plan.reader(written, plan.environments[0], "a") for written in plan.written]
    assert [expected.cell.launch.name for expected in read] == ["default", "single"]
    assert len({expected.key for expected in (*read, *(written.writer for written in plan.written))}) == 4


def test_a_policy_about_nothing_is_the_users_to_mend(tmp_path: Path) -> None:
    """A rule about a model that does not exist is refused, as it is for a matrix."""
    rule = '[[tool.tfmatrix.policy.rules]]\nmodel = "nobody"\nratio = 40'
    with pytest.raises(UserError, match="no model 'nobody'"):
        planned(tmp_path, more=rule)


def test_what_is_written_is_read_by_itself_and_every_later_release(tmp_path: Path) -> None:
    """Nobody reads what a later release wrote; there is no baseline that every release is read in."""
    plan = planned(tmp_path)
    names = {e.name: [r.name for r in plan.readers(e)] for e in plan.environments}
    assert names == {"2.15.1": VERSIONS, "2.16.2": VERSIONS[1:], "2.21.0": VERSIONS[2:]}


def test_both_ways_every_release_reads_what_any_wrote(tmp_path: Path) -> None:
    """A rollback is read by an older release; what a later one reads is the same trial either way."""
    plan = planned(tmp_path)
    both = make_exchange_plan(plan.config, ("keras", "saver"), both_ways=True)
    assert {tuple(r.name for r in both.readers(e)) for e in both.environments} == {tuple(VERSIONS)}
    assert [written.writer.key for written in both.written] == [written.writer.key for written in plan.written]
    later = plan.reader(plan.written[0], Environment("2.21.0"), "a").key
    assert both.reader(both.written[0], Environment("2.21.0"), "a").key == later


def test_a_readers_key_covers_both_locks_and_what_it_reads(tmp_path: Path) -> None:
    """Another lock of either side, another artefact, format or reader is another trial."""
    plan = planned(tmp_path)
    written, other = plan.written[0], plan.written[len(VERSIONS)]
    environment = Environment("2.16.2")
    keys = {
        plan.reader(written, environment, "a").key,
        plan.reader(written, environment, "b").key,
        plan.reader(written, Environment("2.21.0"), "a").key,
        plan.reader(other, environment, "a").key,
    }
    for version in ("2.15.1", "2.16.2"):
        lock_of(tmp_path, Environment(version)).write_text("# kind: today\n# another\n", encoding="utf-8")
        again = make_exchange_plan(plan.config, ("keras", "saver"))
        keys.add(again.reader(again.written[0], environment, "a").key)
    assert len(keys) == 6


@pytest.mark.parametrize("seed", [7, SEED_LIMIT - 1])
def test_a_reader_draws_under_another_seed_than_the_writer(tmp_path: Path, seed: int) -> None:
    """Initial weights of the reader's are not the writer's, at the largest seed either."""
    plan = planned(tmp_path, seed=seed)
    written = plan.written[0]
    read = plan.reader(written, written.writer.cell.environment, "a")
    assert read.seed != written.writer.seed
    assert 0 <= read.seed < SEED_LIMIT


def test_mistakes_get_a_sentence(tmp_path: Path) -> None:
    """A format that does not exist, and models that have none of those chosen, are the user's to mend."""
    with pytest.raises(UserError, match=r"no format 'h6'; there are weights\.h5, "):
        planned(tmp_path, ("keras", "h6"))
    with pytest.raises(UserError, match="none of the chosen models"):
        planned(tmp_path, ("saver",), modes=["tf2"])


def test_the_formats_are_those_of_the_probe() -> None:
    """The host's table has the rows of the probe's, in its order, with the same kind, engines and contents."""
    tree = ast.parse((PROBE / "exchange.py").read_text(encoding="utf-8"))
    assigned = {
        ast.unparse(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
    }  # fmt: skip
    engines = {"BOTH": ("eager", "graph"), "EAGER": ("eager",), "GRAPH": ("graph",)}
    table = assigned["FORMATS"]
    assert isinstance(table, ast.Dict)
    rows = []
    for key, row in zip(table.keys, table.values, strict=True):
        assert isinstance(key, ast.Constant)
        assert isinstance(row, ast.Call)
        kind, named, whole = row.args[:3]
        holds = "model" if ast.literal_eval(whole) else "weights"
        rows.append((key.value, ast.literal_eval(kind), engines[ast.unparse(named)], holds))
    assert ast.literal_eval(assigned["(BOTH, EAGER, GRAPH)"]) == tuple(engines.values())
    assert rows == [(form.name, form.kind, form.engines, form.holds) for form in FORMATS]


def test_the_digest_of_a_folder_is_that_of_names_and_bytes(tmp_path: Path) -> None:
    """Another byte, another name or another file gives another digest; no folder gives none."""
    folder = tmp_path / "folder"
    assert digest_of(folder) == ""
    digests = set()
    for name, content in (("a", b"1"), ("a", b"2"), ("sub/b", b"2")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        digests.add(digest_of(folder))
    assert len(digests) == 3
