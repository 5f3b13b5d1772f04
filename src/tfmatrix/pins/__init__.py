"""The lines of a user's project that pin TensorFlow: finding them, and changing their version and nothing else."""

from tfmatrix.pins.applying import apply, unified_diff
from tfmatrix.pins.commands import Command
from tfmatrix.pins.finding import Pin
from tfmatrix.pins.planning import Changes, Edit, plan_changes

__all__ = [
    "Changes",
    "Command",
    "Edit",
    "Pin",
    "apply",
    "plan_changes",
    "unified_diff",
]
