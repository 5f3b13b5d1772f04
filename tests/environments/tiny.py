"""A wheel of no content that calls itself TensorFlow, and locks of it."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
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


def write_wheel(folder: Path, version: str, name: str = "tensorflow_cpu", *, needs: str = "") -> str:
    """Write a wheel of one small module, which may need another package, and return its SHA-256."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    need = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        "tiny.py": "one = 1\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n{need}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
        rows = [f"{inside},sha256={recorded(text)},{len(text)}" for inside, text in files.items()]
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def write_source(folder: Path, name: str, version: str) -> None:
    """Write a package of one small module as its source alone, to be built by setuptools."""
    told = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"
    files = {
        "PKG-INFO": told,
        "setup.py": f"from setuptools import setup\nsetup(name={name!r}, version={version!r}, py_modules=[{name!r}])\n",
        f"{name}.py": "one = 1\n",
    }
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for inside, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{inside}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode("utf-8")))


def recorded(text: str) -> str:
    """Return a digest as a RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8")).digest()).rstrip(b"=").decode("ascii")
