"""A run whose probes are programs without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from building import install, plan_of
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.runner import making, on_worker, probe

from .clusters import QUIET

FAKE = Path(__file__).parent / "fake_probe.py"

NOXFILE = """
import json, os, pathlib, nox

@nox.session(venv_backend="none")
@nox.parametrize("name", [nox.param(name, id=name) for name in ["2.15.1", "2.16.2"]])
def environment(session, name):
    {body}
"""


@pytest.fixture
def fake_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """Return a function of models that returns a plan whose environments are made and whose probes are fakes."""
    monkeypatch.setattr(probe, "PROBE", FAKE)

    def planned(
        models: Iterable[str] | Mapping[str, str], variables: Mapping[str, str] | None = None, **choices: Any
    ) -> Plan:
        listed = ", ".join(f'{name} = "{value}"' for name, value in (variables or {}).items())
        plan = plan_of(tmp_path, models, f"launches.default = {{ variables = {{ {listed} }} }}", **choices)
        for environment in plan.environments:
            install(environment, plan.config)
        return plan

    return planned


@pytest.fixture
def nox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function of a session's body that writes the noxfile by which environments are made."""
    for name in ("NOXSESSION", "NOXFORCEVERBOSE", "NOXPYTHON", "NOXEXTRAPYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(making, "SESSIONS", tmp_path / "noxfile.py")

    def write(body: str) -> None:
        (tmp_path / "noxfile.py").write_text(NOXFILE.format(body=body), encoding="utf-8")

    return write


@pytest.fixture
def worker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have workers keep what they need in the test's folder, with the environments of the test's project."""
    folder = tmp_path / "of workers"
    folder.mkdir()
    (tmp_path / ".nox").mkdir()
    (folder / "environments").symlink_to(tmp_path / ".nox")
    monkeypatch.setenv(on_worker.FOLDER, str(folder))
    return folder


@pytest.fixture
def cluster(worker_folder: Path) -> Iterator[Callable[..., LocalCluster]]:
    """Return a function that starts a cluster on this machine, of workers that are threads unless it says otherwise."""
    del worker_folder  # they find it by a variable
    started = []

    def start(workers: int = 2, **choices: Any) -> LocalCluster:
        made = LocalCluster(  # type: ignore[no-untyped-call]  # Dask's functions have no types
            n_workers=workers,
            dashboard_address=":0",
            **{"processes": False, "silence_logs": 50, "threads_per_worker": 1, **choices},
        )
        started.append(made)
        return made

    with dask.config.set(QUIET):
        yield start
        for one in started:
            one.close()
