"""The rows of modes and of kinds of model: each names code that exists, and is the one that the host reads."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from tfmatrix import cli, config, tables
from tfmatrix.models.files import kind_of
from tfmatrix.questions.exchange.formats import FORMATS

from .adopted import engines, kinds, loading, modes, optimizers, outcomes, recorder, saveable, trial

SOURCE = Path(tables.__file__).parent
README = SOURCE.parents[1] / "README.md"

EVERY_MODE = pytest.mark.parametrize("mode", modes.MODES.values(), ids=list(modes.MODES))
EVERY_KIND = pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=list(kinds.KINDS))

del saveable  # imported for the rows that name it


@EVERY_MODE
def test_a_mode_names_an_engine_and_makers_that_exist(mode: Any) -> None:
    """The words of a mode's row are those of the probe's tables, and its engine can be made as the row says."""
    assert {mode.optimizers, mode.keras_optimizers} <= set(optimizers.MAKERS)
    engine = engines.ENGINES[mode.engine]
    if mode.engine_options:
        assert engine((1, 1), **mode.engine_options).options == mode.engine_options
    assert engine.eager == mode.v2_behavior  # without it nothing runs eagerly


def test_both_engines_do_the_same_things() -> None:
    """Whatever an engine has for others, every other engine has too."""
    first, *others = engines.ENGINES.values()
    offered = {name for name in vars(first) if not name.startswith("_")}
    for other in others:
        assert offered <= {*vars(other), "session"}


@EVERY_MODE
def test_host_and_probe_agree_on_a_mode(mode: Any) -> None:
    """The host has the mode under its name, with the same columns."""
    host = tables.MODES[mode.name]
    assert (host.name, host.summary, host.default, host.engine) == (mode.name, mode.summary, mode.default, mode.engine)


def test_the_modes_that_run_by_default_are_those_of_the_rows() -> None:
    """The configuration asks for the modes whose rows say so, and the first of all is one of them."""
    assert list(tables.MODES) == list(modes.MODES)
    assert config.Config().modes == tuple(mode.name for mode in modes.MODES.values() if mode.default)
    assert config.Config().modes[0] == next(iter(modes.MODES))


@EVERY_MODE
def test_a_mode_can_be_chosen(mode: Any) -> None:
    """Each mode of the table can be named in a configuration."""
    assert config.Config().overridden(modes=[mode.name]).modes == (mode.name,)


@pytest.mark.parametrize("command", ["run", "report", "recipes", "exchange"])
def test_help_lists_every_mode(command: str) -> None:
    """The help of --modes has each mode with its line, and says which run by default."""
    shown = CliRunner().invoke(cli.commands, [command, "--help"]).output
    text = " ".join(shown.split())
    assert ",".join(config.Config().modes) + " by default" in text
    for mode in modes.MODES.values():
        assert f"{mode.name} ({mode.summary})".replace(" ", "") in text.replace(" ", "")


@EVERY_MODE
def test_the_readme_lists_every_mode(mode: Any) -> None:
    """The README's table of modes has the mode with its line."""
    assert f"| `{mode.name}` | {mode.summary} |" in README.read_text(encoding="utf-8")


@EVERY_KIND
def test_a_kind_names_code_that_exists(kind: Any) -> None:
    """What a kind's row names can be imported and called."""
    places = [place for place in (kind.observe, kind.drawn, kind.ops, kind.saveable) if place]
    assert all(callable(kinds.code(place)) for place in places)
    assert {*kind.needs} <= {*kind.functions, *loading.CONSTANTS, "data"}
    assert set(kind.tiers) <= {recorder.NATIVE, recorder.START, recorder.INJECTED}


def test_kinds_share_no_mark() -> None:
    """A function makes a file a model of one kind only."""
    marks = [mark for kind in kinds.KINDS.values() for mark in kind.marks]
    assert len(marks) == len(set(marks))


@EVERY_KIND
def test_host_and_probe_agree_on_a_kind(kind: Any, tmp_path: Path) -> None:
    """The host finds the kind of a file by the same functions, without running it."""
    assert list(tables.KINDS) == list(kinds.KINDS)
    path = tmp_path / "m.py"
    for mark in kind.marks:
        path.write_text(f"def {mark}(): ...\n", encoding="utf-8")
        assert kind_of(path) == kind.name
    path.write_text("def ", encoding="utf-8")
    assert kind_of(path) == ""


def test_formats_are_of_kinds_that_are_saved_and_of_engines() -> None:
    """Each format of the exchange belongs to a kind that can be saved and to engines that exist."""
    assert {form.kind for form in FORMATS} == {kind.name for kind in kinds.KINDS.values() if kind.saveable}
    assert {engine for form in FORMATS for engine in form.engines} == set(engines.ENGINES)


def test_a_model_of_given_states_has_no_other_seeds() -> None:
    """A model that draws nothing from seeds has nothing to draw again, and that is said."""
    with pytest.raises(outcomes.Unsupported, match="draws nothing from seeds"):
        trial._record_seeds(
            kinds.KINDS["streams"], SimpleNamespace(), SimpleNamespace(recorder=recorder.Recorder()), [1]
        )


def test_a_tier_that_the_row_does_not_name_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that records a tier which its row does not promise is our fault, and told as one."""
    path = tmp_path / "m.py"
    path.write_text("def draws(): ...\n", encoding="utf-8")
    engine = engines.EagerEngine((1, 1))
    engine.evaluate = lambda make: {"x": 1.0}
    setting = SimpleNamespace(recorder=recorder.Recorder(), engine=engine, tier=recorder.NATIVE)
    errors = SimpleNamespace(UnimplementedError=OSError, InvalidArgumentError=OSError)
    monkeypatch.setattr(engines, "tf", SimpleNamespace(errors=errors))
    monkeypatch.setattr(trial, "Setting", lambda request, scratch: setting)
    monkeypatch.setattr(trial, "find_beside", lambda path: None)
    monkeypatch.setattr(trial, "record_seed", lambda recorder, tier: None)
    request = {"path": str(path), "variant": "", "purpose": "train"}
    assert trial.observe(request, "", None).tiers == {recorder.NATIVE}
    row = kinds.KINDS["streams"]._replace(tiers=[recorder.INJECTED])
    monkeypatch.setitem(kinds.KINDS, "streams", row)
    setting.recorder = recorder.Recorder()
    with pytest.raises(RuntimeError, match="a streams model recorded a tier that its kind does not have"):
        trial.observe(request, "", None)


def test_a_row_is_read_whole() -> None:
    """A row that lacks a column, or has one too many, is refused where it is read."""
    row = json.loads((tables.PROBE / "modes.json").read_text(encoding="utf-8"))["tf2"]
    assert modes.Mode("tf2", **row) == modes.MODES["tf2"]
    with pytest.raises(TypeError):
        modes.Mode("tf2", **{**row, "more": 1})
    with pytest.raises(TypeError):
        modes.Mode("tf2", **{name: value for name, value in row.items() if name != "engine"})


def conditions(path: Path) -> list[str]:
    """Return the comparisons of a file that depend on the name of a mode, or of a kind of model."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.MatchValue):
            compared, about = [node.value], ""
        elif isinstance(node, ast.Compare):
            compared, about = [node.left, *node.comparators], ast.unparse(node)
        else:
            continue
        words = {part.value for one in compared for part in ast.walk(one) if isinstance(part, ast.Constant)}
        if words & set(tables.MODES) or (words & set(tables.KINDS) and "kind" in about):
            found.append(f"{path.name}:{node.lineno if hasattr(node, 'lineno') else 0}: {ast.unparse(node)}")
    return found


def test_nothing_depends_on_the_name_of_a_mode_or_a_kind() -> None:
    """What differs from mode to mode, and from kind to kind, is a column of its row."""
    files = [path for path in SOURCE.rglob("*.py") if "recipes/models" not in path.as_posix()]
    assert [line for path in files for line in conditions(path)] == []


@pytest.mark.parametrize("condition", ["mode == 'v1'", "x.mode in ('tf2', 'v1')", "kind != 'keras'"])
def test_such_a_condition_would_be_found(tmp_path: Path, condition: str) -> None:
    """A comparison with the name is seen, whatever stands beside it."""
    path = tmp_path / "m.py"
    path.write_text(f"if {condition}:\n    pass\n", encoding="utf-8")
    assert conditions(path)
