"""Exit codes, the same for every command."""

SAME, CHANGED, INCOMPLETE, OUR_FAULT = 0, 1, 2, 125
"""Same or accepted; an unaccepted difference; usage, incomplete or nothing to compare; our own failure."""
