"""Having environments made: nox makes one, or there is a reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from building import install, installed, plan_of
from tfmatrix.environments import making as environments
from tfmatrix.errors import Unavailable
from tfmatrix.plan import Plan
from tfmatrix.runner import making

NOXFILE = """
import json, os, pathlib, nox

@nox.session(venv_backend="none")
@nox.parametrize("name", [nox.param(name, id=name) for name in ["2.15.1"]])
def environment(session, name):
    {body}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of which no environment is made."""
    return plan_of(tmp_path, versions=["2.15.1"])


@pytest.fixture
def nox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function of a session's body that writes the project's noxfile."""
    for name in ("NOXSESSION", "NOXFORCEVERBOSE", "NOXPYTHON", "NOXEXTRAPYTHON"):
        monkeypatch.delenv(name, raising=False)

    def write(body: str) -> None:
        (tmp_path / "noxfile.py").write_text(NOXFILE.format(body=body), encoding="utf-8")

    return write


def test_an_environment_that_is_made_is_found_and_one_that_is_not_is_none(plan: Plan) -> None:
    """An environment is found by its stamp, and not where there is none."""
    assert making.find(plan.baseline, plan.config) is None
    install(plan.baseline, plan.config)
    assert making.find(plan.baseline, plan.config) == installed(plan.baseline, plan.config)


def test_without_a_noxfile_an_environment_is_unavailable(plan: Plan) -> None:
    """Where the project has no noxfile, the reason says so."""
    with pytest.raises(Unavailable, match=r"there is no noxfile\.py in "):
        making.make(plan.baseline, plan.config)


def test_what_the_session_makes_is_returned(plan: Plan, nox: Callable[[str], None], tmp_path: Path) -> None:
    """Nox is told which environment is wanted, and the one that it made is returned."""
    install(plan.baseline, plan.config)
    folder = environments.folder_of(plan.baseline, tmp_path / ".nox")
    folder.rename(tmp_path / "aside")
    tell = "pathlib.Path('told').write_text(json.dumps({k: v for k, v in os.environ.items() if 'TFMATRIX' in k}))"
    nox(f"pathlib.Path('aside').rename({str(folder)!r}); {tell}")
    assert making.make(plan.baseline, plan.config) == installed(plan.baseline, plan.config)
    assert json.loads((tmp_path / "told").read_text(encoding="utf-8")) == {
        "TFMATRIX_VERSIONS": "2.15.1",
        "TFMATRIX_PYTHON": "3.10",
        "TFMATRIX_DISTRIBUTION": "tensorflow-cpu",
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("session.error('2.15.1 is unavailable: no Python 3.10; install it.')", r"^no Python 3\.10; install it\.$"),
        ("raise RuntimeError('boom')", "^nox failed: "),
        ("pass", "^nox failed: "),
    ],
    ids=["says why", "fails", "makes nothing"],
)
def test_a_session_that_makes_nothing_is_a_reason(
    plan: Plan, nox: Callable[[str], None], body: str, reason: str
) -> None:
    """A session that gives up, fails, or ends well without an environment leaves it unavailable, with one line."""
    nox(body)
    with pytest.raises(Unavailable, match=reason) as refused:
        making.make(plan.baseline, plan.config)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
