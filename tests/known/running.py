"""Running a change's script in its environments."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tfmatrix import config
from tfmatrix.environments import catalogue
from tfmatrix.records import Environment, InstalledEnvironment, Launch
from tfmatrix.runner import launching, making
from tfmatrix.tables import SWITCHES
from truth.explained import PRELUDES

from .changes import ROOT, Change, Printed

DISTRIBUTION, PYTHON = "tensorflow-cpu", "3.10"


class ScriptFailed(Exception):
    """A script did not end well; the message says where, and the end of what it wrote."""


def environment_of(name: str) -> Environment:
    """Return the environment of a name, the same one whatever the project asks for."""
    return catalogue.parse_environment(name, distribution=DISTRIBUTION, python=PYTHON)


@cache
def installed(name: str) -> InstalledEnvironment:
    """Return an environment, made where it is not, from a lock in the project where none comes with tfmatrix."""
    settings, environment = config.load(ROOT), environment_of(name)
    for _ in making.lock_missing([environment], settings):
        pass
    return making.find(environment, settings) or making.Maker(settings).make(environment)


def run(script: Path, name: str, switch: str = "") -> str:
    """Return the last line that a script prints in an environment, with a switch thrown.

    Raises ``ScriptFailed`` where it does not end well.
    """
    chosen = SWITCHES[switch].variables if switch else ()
    variables = launching.variables(Launch(variables=chosen), environment_of(name), "0", ROOT)
    prelude = f"import tensorflow as tf\n{PRELUDES[switch]}\n" if switch in PRELUDES else ""
    program = f"{prelude}import runpy\nrunpy.run_path({str(script)!r}, run_name='__main__')"
    command = [installed(name).interpreter, "-c", program]
    ran = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ScriptFailed(f"{script.name} in {name} {switch}: {ran.stderr[-2000:]}")
    return ran.stdout.strip().splitlines()[-1]


def printed(change: Change) -> Printed:
    """Return what a change's script prints before it, after it, and with it undone."""
    undone = run(change.script, change.undone or change.after, change.undo) if change.undo else ""
    return Printed(run(change.script, change.before), run(change.script, change.after), undone)


def environments(changes: Iterable[Change]) -> list[str]:
    """Return the names of the environments that some changes need, each once."""
    return list(dict.fromkeys(name for one in changes for name in (one.before, one.after, one.undone) if name))
