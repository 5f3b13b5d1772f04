"""Mutants are tested where cosmic-ray is installed, by `nox -s mutants` before it tries any."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("cosmic_ray") else ["test_mutants.py"]
