"""Kill a run a hundred times: ``python -m soak [KILLS] [SEED]`` in the tests' folder."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .killing import Soak


def main(kills: int = 100, seed: int = 0) -> None:
    """Kill so many times, and tell after each ten."""
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder) / "project", seed)
        while soak.kills < kills:
            soak.go_on(min(10, kills - soak.kills))
            sys.stdout.write(f"{soak.kills} kills, {soak.reports} reports the same as the undisturbed one\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
