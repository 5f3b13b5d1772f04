"""Running uv: which program, in which environment, and what it said when it failed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from uv import find_uv_bin

from tfmatrix.errors import Unavailable

# Variables with which a shell would silently change what a lock means or whether its hashes are looked at.
_NOT_OURS = frozenset(
    {
        "UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE", "UV_EXCLUDE_NEWER", "UV_FORK_STRATEGY",
        "UV_NO_BINARY", "UV_NO_VERIFY_HASHES", "UV_OVERRIDE", "UV_PRERELEASE", "UV_PYTHON", "UV_RESOLUTION",
        "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH",
    }
)  # fmt: skip

# What uv puts before a statement; the escape is its multiplication sign.
_MARK = re.compile(r"\s*(\u00d7|╰─▶|├─▶|error:|Caused by:|cause:)\s*")


def program() -> str:
    """Return the path of the uv that was installed with this package.

    Raises ``Unavailable`` where its program is gone.
    """
    try:
        return os.fsdecode(find_uv_bin())
    except FileNotFoundError:
        raise Unavailable("the program of the package uv is missing; reinstall it with pip install uv.") from None


def run(arguments: Sequence[str], *, failing: str, stdin: str = "", folder: Path | None = None) -> str:
    """Run uv, in a folder if one is given, and return its standard output.

    Raises ``Unavailable`` where uv fails: ``failing`` (what was not to be had) and uv's own reason.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    environment["NO_COLOR"] = "1"
    answer = subprocess.run(
        [program(), *arguments], input=stdin, capture_output=True, encoding="utf-8", errors="replace",
        env=environment, check=False, cwd=folder,
    )  # fmt: skip
    if answer.returncode:
        raise Unavailable(f"{failing}: {reason(answer.stderr)}")
    return answer.stdout


def from_wheels(built: Sequence[str]) -> list[str]:
    """Return the options by which uv takes wheels only, but for packages that it is to build from their source."""
    return ["--only-binary", ":all:", *(part for package in built for part in ("--no-binary", package))]


def reason(stderr: str) -> str:
    """Return what uv says first and last, its statement and the root of it, without a registry's address."""
    kept: list[str] = []
    for line in stderr.splitlines():
        if not line.strip() or line.lstrip().startswith(("hint:", "warning:")):
            continue
        # A new statement begins flush left or with a mark; what is merely indented goes on with the last one.
        if kept and line.startswith(" ") and not _MARK.match(line):
            kept[-1] += " " + line.strip(" │|")
        else:
            kept.append(_MARK.sub("", line).strip(" │|"))
    said = ": ".join(dict.fromkeys([*kept[:1], *kept[-1:]])) or "uv failed without a word"
    return re.sub(r"\w+://[^\s`'\")]+", "the package index", said)
