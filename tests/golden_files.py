"""Golden files: whole reports that were read and found good; a change of one is reviewed as a diff.

``TFMATRIX_REWRITE_GOLDENS=1 nox -s tests -- tests/report`` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
REWRITE = "TFMATRIX_REWRITE_GOLDENS"


def assert_golden(name: str, text: str) -> None:
    """Compare a text with a golden file, every character of it, or write it anew where that is asked for."""
    assert_file(FOLDER / name, text)


def assert_file(path: Path, text: str) -> None:
    """Compare a text with that of a file that is made and committed, or write the file anew where that is asked for."""
    if os.environ.get(REWRITE) == "1":
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} is another one; {REWRITE}=1 writes it anew"
