"""Inputs are tried without the network."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _one_index(_from_stub_index: None) -> None:
    """Have every command resolve from one index."""
