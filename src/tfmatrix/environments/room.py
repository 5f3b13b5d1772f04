"""Room on disk: what environments take, and what is free where they are made."""

from __future__ import annotations

import shutil
from pathlib import Path

ENVIRONMENT_GB = 1.2
"""What one environment takes: its files are copies."""


def needed_gb(environments: int) -> float:
    """Return what so many environments take, in GB as disks are sold by."""
    return round(ENVIRONMENT_GB * environments, 1)


def free_gb(root: Path) -> float:
    """Return what is free where the environments of a project's folder are made, in GB as disks are sold by."""
    folder = next(one for one in (root / ".nox", root, *root.parents) if one.is_dir())
    return round(shutil.disk_usage(folder).free / 1e9, 1)
