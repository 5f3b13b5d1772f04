"""Having an environment made: by nox, the only thing that makes one."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tfmatrix.config import Config
from tfmatrix.environments import making
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment, InstalledEnvironment

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def find(environment: Environment, config: Config) -> InstalledEnvironment | None:
    """Return the environment as it stands, or None where it is not made."""
    folder = making.folder_of(environment, config.root / ".nox")
    return making.installed(environment, folder, [config.root / "locks"])


def make(environment: Environment, config: Config) -> InstalledEnvironment:
    """Run the nox session that makes an environment; raises ``Unavailable`` with the reason where it fails."""
    noxfile = config.root / "noxfile.py"
    if not noxfile.is_file():
        raise Unavailable(f"there is no noxfile.py in {config.root}, whose sessions make environments.")
    session = f"environment({environment.name})"
    command = [sys.executable, "-m", "nox", "--no-color", "-f", str(noxfile), "-s", session]
    answer = subprocess.run(
        command,
        cwd=config.root,
        env={**os.environ, **_choices(environment)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    found = find(environment, config)
    if answer.returncode or found is None:
        raise Unavailable(_reason(answer.stdout + answer.stderr, environment))
    return found


def _choices(environment: Environment) -> dict[str, str]:
    """Return the variables that tell the noxfile of an environment that the configuration does not name."""
    return {
        "TFMATRIX_VERSIONS": environment.name,
        "TFMATRIX_PYTHON": environment.python,
        "TFMATRIX_DISTRIBUTION": environment.distribution,
    }


def _reason(output: str, environment: Environment) -> str:
    """Return what the session said when it gave up, else the last line that nox wrote."""
    lines = [_ESCAPES.sub("", line).strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        _, found, reason = line.partition(f"{environment.name} is unavailable: ")
        if found:
            return f"{reason.rstrip('.')}."  # nox ends what it is told with a full stop of its own
    return f"nox failed: {lines[-1] if lines else 'it said nothing'}"
