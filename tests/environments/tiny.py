"""A wheel of no content that calls itself TensorFlow, and locks of it."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tfmatrix.environments import locks, uv
from tfmatrix.records import Environment

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
TINY = Environment("2.15.1", python=PYTHON)
TINY_UNCAPPED = Environment("2.18.1", python=PYTHON)  # a release without caps, so that it resolves on its own


@dataclass(frozen=True)
class Bench:
    """Where a test makes the tiny environment."""

    folder: Path
    lock_folder: Path
    wheel_digest: str

    def write_lock(self, digest: str | None = None, *, more: str = "") -> Path:
        """Write the lock of the tiny environment, by default with the right hash."""
        path = self.lock_folder / f"{locks.stem(TINY)}.txt"
        line = f"tensorflow-cpu==2.15.1 --hash=sha256:{digest or self.wheel_digest}"
        path.write_text(f"# kind: today\n{line}\n{more}", encoding="utf-8")
        return path


def create_venv(folder: Path, interpreter: Path) -> None:
    """Make an empty virtual environment, as the noxfile does through nox."""
    uv.run(["venv", "--clear", "--python", str(interpreter), str(folder)], failing="no venv")


def write_wheel(folder: Path, version: str) -> str:
    """Write a wheel of one empty module and return its SHA-256."""
    wheel = folder / f"tensorflow_cpu-{version}-py3-none-any.whl"
    info = f"tensorflow_cpu-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
