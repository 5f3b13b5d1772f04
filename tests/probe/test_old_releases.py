"""What old releases lack, and do otherwise: told as such, and kept from what is observed; `wide` runs real ones."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from .adopted import kinds, modes, op_seeds, outcomes


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ImportError("cannot import name 'pywrap_tfe' from 'a' (/b)", name="tensorflow_core.python"), "Unsupported"),
        (ModuleNotFoundError("No module named 'c'", name="tensorflow.python.framework.op_callbacks"), "Unsupported"),
        (ModuleNotFoundError("No module named 'd'", name="d"), "ModuleNotFoundError"),
        (ImportError("no name at all"), "ImportError"),
    ],
)
def test_what_the_probe_needs_of_a_release_may_be_lacking(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, expected: str
) -> None:
    """A part of TensorFlow that is not there leaves out what needs it, with a sentence; any other is our mistake."""

    def lacking(*_: Any) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", lacking)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # which it is, is what is tested
        kinds.code("ops.steps.keras")
    assert type(caught.value).__name__ == expected
    if expected == "Unsupported":
        assert str(caught.value).startswith("this release lacks what that needs: ")
        assert "(" not in str(caught.value)


def release(monkeypatch: pytest.MonkeyPatch, *, enabled: bool, **names: Any) -> list[str]:
    """Have TensorFlow be a release of this behaviour and these experimental names; return what it is told."""
    told: list[str] = []
    v1 = SimpleNamespace(disable_v2_behavior=lambda: told.append("off"))
    config = SimpleNamespace(experimental=SimpleNamespace(**names))
    monkeypatch.setattr(modes, "tf", SimpleNamespace(compat=SimpleNamespace(v1=v1), config=config))
    monkeypatch.setattr(modes, "tf2", SimpleNamespace(enabled=lambda: enabled))
    monkeypatch.setattr(op_seeds, "COUNT_OPS", False)
    return told


@pytest.mark.parametrize("name", [name for name, mode in modes.MODES.items() if mode.v2_behavior])
def test_a_mode_of_version_2_is_not_there_in_version_1(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is unsupported, whatever else the release has; a graph is there."""
    told = release(monkeypatch, enabled=False)
    with pytest.raises(outcomes.Unsupported, match=r"^this release is of TensorFlow 1, and does not behave"):
        modes.set_up(modes.MODES[name])
    modes.set_up(modes.MODES["v1"])
    assert told == ["off"]


@pytest.mark.parametrize("name", [name for name, mode in modes.MODES.items() if mode.op_determinism])
def test_a_mode_of_op_determinism_is_not_there_before_2_8(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is unsupported, and what is without op determinism is not."""
    release(monkeypatch, enabled=True)
    with pytest.raises(outcomes.Unsupported, match=r"^this release has no tf\.config\.experimental\.enable_op_det"):
        modes.set_up(modes.MODES[name])
    modes.set_up(modes.MODES["tf2-default"])


class Graph:
    """A graph of a release whose seeds count operations."""

    operations = 0

    @property
    def _last_id(self) -> int:
        return self.operations


@pytest.mark.parametrize("count", [True, False])
def test_operations_of_the_probe_are_not_counted(monkeypatch: pytest.MonkeyPatch, count: bool) -> None:
    """A draw behind them has the seed that it has without them, one within another too; other releases are left be."""
    graph, kind = Graph(), type("Kind", (Graph,), {"_last_id": Graph.__dict__["_last_id"]})
    graph.__class__ = kind
    v1 = SimpleNamespace(get_default_graph=lambda: graph)
    stand_in = SimpleNamespace(executing_eagerly=lambda: False, compat=SimpleNamespace(v1=v1))
    for name, value in (("tf", stand_in), ("Graph", kind), ("COUNT_OPS", count)):
        monkeypatch.setattr(op_seeds, name, value)
    op_seeds.leave_own_out()
    graph.operations = 3
    with op_seeds.uncounted():
        graph.operations += 4
        with op_seeds.uncounted():
            graph.operations += 2
    assert graph._last_id == (3 if count else 9)
    graph.operations += 1
    assert graph._last_id == (4 if count else 10)
