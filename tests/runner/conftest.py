"""A run whose probes are programs without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from building import install, plan_of
from tfmatrix.plan import Plan
from tfmatrix.runner import probe

FAKE = Path(__file__).parent / "fake_probe.py"


@pytest.fixture
def fake_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """Return a function of model names that returns a plan whose environments are made and whose probes are fakes."""
    monkeypatch.setattr(probe, "PROBE", FAKE)

    def planned(models: Iterable[str], variables: Mapping[str, str] | None = None, **choices: Any) -> Plan:
        listed = ", ".join(f'{name} = "{value}"' for name, value in (variables or {}).items())
        plan = plan_of(tmp_path, models, f"launches.default = {{ variables = {{ {listed} }} }}", **choices)
        for environment in plan.environments:
            install(environment, plan.config)
        return plan

    return planned
