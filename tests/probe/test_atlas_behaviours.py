"""The pieces of Python of the atlas: what can be told of them without TensorFlow."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import tfmatrix

PIECES = json.loads((Path(tfmatrix.__file__).parent / "probe" / "atlas" / "behaviour.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_one_expression_with_a_plain_name(name: str) -> None:
    """It uses NumPy and TensorFlow alone, and its name is no pattern and no path."""
    assert re.fullmatch(r"[a-z0-9_.]+", name)
    tree = ast.parse(PIECES[name], mode="eval")
    own = {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    own |= {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    used = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}
    assert used - own <= {"np", "tf", "list", "str", "repr", "range", "float"}


def test_each_piece_is_there_once() -> None:
    """Two names of one piece would be one finding told twice."""
    assert len(set(PIECES.values())) == len(PIECES)
