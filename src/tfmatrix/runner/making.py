"""Having an environment made: by nox, the only thing that makes one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from tfmatrix import alone
from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks, making
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment, InstalledEnvironment
from tfmatrix.runner.events import Locking

GRACE = 10.0
"""Seconds in which a supervisor that was let go ends what it held."""

SESSIONS = Path(alone.__file__).with_name("sessions.py")
"""The noxfile whose session makes environments, whatever noxfile the project has."""

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def find(environment: Environment, config: Config) -> InstalledEnvironment | None:
    """Return the environment as it stands, or None where it is not made."""
    folder = making.folder_of(environment, config.root / ".nox")
    return making.installed(environment, folder, [config.root / "locks"])


def lock_missing(environments: Iterable[Environment], config: Config) -> Iterator[Locking]:
    """Have each environment be locked that has no lock file that fits; tell of it before.

    What can't be locked is left without: why is said where the environment is made. It comes before a question's scope
    is asked for, which is of the locks that there are then.
    """
    folders = [config.root / "locks"]
    for environment in environments:
        if not locks.has_lock(environment, folders):
            yield Locking(environment)
            with contextlib.suppress(Unavailable):
                locks.find_or_make_lock(environment, folders)


class Maker:
    """Has environments made, one at a time; what it started can be ended from another thread, and ends with it."""

    def __init__(self, config: Config) -> None:
        """Make environments of a configuration's project."""
        self._config = config
        self._lock = threading.Lock()
        self._held: int | None = None
        """The end of a pipe that keeps the supervisor of what is being made."""
        self._stopped = False

    def make(self, environment: Environment) -> InstalledEnvironment:
        """Run the nox session that makes an environment; raises ``Unavailable`` with the reason where it fails."""
        folder = self._config.root / ".nox"
        command = [
            *alone.command("nox"), "--no-color", "-f", str(SESSIONS), "--envdir", str(folder),
            "-s", f"environment({environment.name})",
        ]  # fmt: skip
        code, output = self._run(command, {**os.environ, **_choices(environment, self._config)})
        found = find(environment, self._config)
        if code or found is None:
            raise Unavailable(_reason(output, environment))
        return found

    def stop(self) -> None:
        """End what is being made, and make nothing more."""
        with self._lock:
            self._stopped = True
        self._let_go()

    def _run(self, command: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str]:
        """Run a command under a supervisor; return exit code and output. None of it outlives this process."""
        limit = self._config.environment_timeout
        with tempfile.TemporaryFile() as output:
            supervisor = self._start(command, variables, output)
            try:
                supervisor.wait(limit)
            except subprocess.TimeoutExpired:
                raise Unavailable(
                    f"making it took more than {limit:g} s; run again, or raise environment_timeout."
                ) from None
            finally:
                self._let_go()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    supervisor.wait(GRACE)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(
                        supervisor.pid, signal.SIGKILL
                    )  # where the supervisor itself was killed, what it held goes on
            output.seek(0)
            return supervisor.returncode, output.read().decode("utf-8", "replace")

    def _start(
        self, command: Sequence[str], variables: Mapping[str, str], output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Unavailable("the run was stopped before it was made.")
            reading, self._held = os.pipe()
            try:
                return subprocess.Popen(
                    [*alone.command("tfmatrix.runner.supervisor"), *command],
                    cwd=self._config.root,
                    env=dict(variables),
                    stdin=reading,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # a group of its own; Ctrl-C is for this process to answer
                )
            finally:
                os.close(reading)

    def _let_go(self) -> None:
        with self._lock:
            if self._held is not None:
                os.close(self._held)
                self._held = None


def _choices(environment: Environment, config: Config) -> dict[str, str]:
    """Return the variables that tell the sessions whose they are, and of what the configuration does not name."""
    return {
        "TFMATRIX_ROOT": str(config.root.absolute()),
        "TFMATRIX_VERSIONS": environment.name,
        "TFMATRIX_PYTHON": environment.python,
        "TFMATRIX_DISTRIBUTION": catalogue.configured_distribution(environment),
    }


def _reason(output: str, environment: Environment) -> str:
    """Return what the session said when it gave up, else the last line that nox wrote."""
    lines = [_ESCAPES.sub("", line).strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        _, found, reason = line.partition(f"{environment.name} is unavailable: ")
        if found:
            return f"{reason.rstrip('.')}."  # nox ends what it is told with a full stop of its own
    return f"nox failed: {lines[-1] if lines else 'it said nothing'}"
