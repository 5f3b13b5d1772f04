"""What a probe finds and runs besides itself: the packages of its environment, and what a launch asks for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfmatrix.runner.launching import FLAGS

from .client import PROBE, Server

BARE = {"TFMATRIX_START": json.dumps({"bare": True})}


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Return the Python of a virtual environment that says of its packages and of a sitecustomize when it ran them."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "made")], check=True)
    (site,) = (tmp_path / "made").glob("lib/python*/site-packages")
    (site / "found.pth").write_text("import found\n", encoding="utf-8")
    (site / "found.py").write_text(f"open({str(tmp_path / 'packages')!r}, 'w')\n", encoding="utf-8")
    (site / "sitecustomize.py").write_text(f"open({str(tmp_path / 'customized')!r}, 'w')\n", encoding="utf-8")
    return tmp_path / "made" / "bin" / "python"


def test_nobodys_sitecustomize_is_run(python: Path, tmp_path: Path) -> None:
    """The environment's packages are found as ever, and what a machine runs at each start of Python is not run."""
    with Server(str(python), **BARE) as server:
        assert server.description["can_fork"]
    assert (tmp_path / "packages").exists()
    assert not (tmp_path / "customized").exists()


def test_a_sitecustomize_that_a_launch_asks_for_is_run(python: Path, tmp_path: Path) -> None:
    """Where a launch sets PYTHONPATH, which is in its key, what lies there is run at the start."""
    (tmp_path / "asked").mkdir()
    text = f"open({str(tmp_path / 'launched')!r}, 'w')\n"
    (tmp_path / "asked" / "sitecustomize.py").write_text(text, encoding="utf-8")
    with Server(str(python), PYTHONPATH=str(tmp_path / "asked"), **BARE):
        pass
    assert (tmp_path / "launched").exists()
    assert not (tmp_path / "customized").exists()


def test_host_and_probe_start_it_with_the_same_flags() -> None:
    """The probe starts itself again, for fixed addresses or without a fork, as the host started it."""
    tree = ast.parse((PROBE / "process_start.py").read_text(encoding="utf-8"))
    named = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    assert ast.literal_eval(named["FLAGS"]) == FLAGS
