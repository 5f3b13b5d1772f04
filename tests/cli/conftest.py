"""Commands, run in a folder of the test's own, with probes that have no TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix import cli
from tfmatrix.runner import probe

from .project import Said

FAKE = Path(__file__).parents[1] / "runner" / "fake_probe.py"


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs a command in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(probe, "PROBE", FAKE)

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tfmatrix", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code, *capsys.readouterr())

    return command
